#!/usr/bin/env python3
"""librdkafka as a client of the proxy: does the list of ../README.md and prints what it saw, one JSON line a step."""

import argparse
import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicCollection, TopicPartition, libversion
from confluent_kafka import admin as ka
from observe import observe

RECORDS, MORE, PARTITIONS, PATIENCE = 300, 30, 3, 30


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--bootstrap", required=True)
    p.add_argument("--prefix", required=True, help="of all topics, groups and transactional ids")
    p.add_argument("--mode", choices=["conform", "observe"], default="conform")
    p.add_argument("--seconds", type=float, default=10, help="of observe")
    p.add_argument("--stop-file", default="", help="ends observe before, once it is there")
    p.add_argument("--interval-ms", type=float, default=20, help="between two bursts of observe")
    p.add_argument("--burst", type=int, default=1, help="records at a time, of observe")
    p.add_argument("--values", choices=["numbers", "json", "avro", "protobuf"], default="numbers", help="numbers, or framed trades")
    p.add_argument("--schema-id", type=int, default=0, help="in the frame of values")
    p.add_argument("--group-protocol", choices=["classic", "consumer"], default="classic", help="of the group of observe")
    p.add_argument("--renew-file", default="", help="has the consumer of observe leave its group, once it is there, and another one join")
    p.add_argument("--producer", choices=["idempotent", "plain", "transactional"], default="idempotent")
    p.add_argument("--timeout-ms", type=int, default=0, help="of requests; 0: as the client has it")
    return p.parse_args()


class Client:
    def __init__(self, args):
        self.args = args
        self.common = {"bootstrap.servers": args.bootstrap, "client.id": args.prefix}
        self.admin = ka.AdminClient(self.common)

    def name(self, what):
        return f"{self.args.prefix}-{what}"

    def topic(self, what, partitions=PARTITIONS, **config):
        name = self.name(what)
        self.admin.create_topics([ka.NewTopic(name, partitions, 3, config=config)])[name].result(PATIENCE)
        return name

    def producer(self, **config):
        return Producer(self.common | {"acks": "all", "enable.idempotence": True, "linger.ms": 5} | config)

    def consumer(self, group, **config):
        own = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False, "topic.metadata.refresh.interval.ms": 1000}
        if config.get("group.protocol") != "consumer":  # with which the broker says how often
            own["heartbeat.interval.ms"] = 500
        return Consumer(self.common | own | config)

    def read(self, topic, n, **config):
        """The first n records of a topic, without a group."""
        c = self.consumer(self.name("nobody"), **config)
        c.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
        out = take([c], n)
        c.close()
        return out

    def produce(self, topic, values, **config):
        p, failed = self.producer(**config), []
        for i, v in enumerate(values):
            p.produce(topic, key=str(i % 10), value=v, headers={"n": str(i)}, on_delivery=lambda e, _: e and failed.append(str(e)))
        p.flush(PATIENCE)
        if failed:
            raise RuntimeError(f"{len(failed)} records were not acknowledged: {failed[0]}")

    def brokers(self):
        return sorted(f"{b.host}:{b.port}" for b in self.admin.list_topics(timeout=PATIENCE).brokers.values())

    def compressed(self, codec):
        topic = self.topic(codec)
        self.produce(topic, numbered(RECORDS), **{"compression.type": codec})
        got = self.read(topic, RECORDS)
        last, ordered = {}, True
        for m in got:
            n = int(m.value().split(b" ")[0])
            ordered = ordered and n > last.get(m.partition(), -1) and dict(m.headers())["n"] == str(n).encode()
            last[m.partition()] = n
        return {"received": len(got), "distinct": len({m.value() for m in got}), "ordered": ordered}

    def transactions(self):
        topic = self.topic("tx")
        p = self.producer(**{"transactional.id": self.name("tx")})
        p.init_transactions(PATIENCE)
        for batch, end in (("a", p.commit_transaction), ("b", p.abort_transaction), ("c", p.commit_transaction)):
            p.begin_transaction()
            for i in range(5):
                p.produce(topic, key=str(i), value=f"{batch}{i}")
            p.flush(PATIENCE)
            end(PATIENCE)
        committed = self.read(topic, 10, **{"isolation.level": "read_committed"})
        return {"committed": texts(committed), "uncommitted": len(self.read(topic, 15, **{"isolation.level": "read_uncommitted"}))}

    def exactly_once(self):
        """Takes what was committed, writes it elsewhere and commits both as one; the first try is aborted."""
        out, group = self.topic("out"), self.name("eos")
        for attempt in ("abort", "commit"):
            c = self.consumer(group, **{"isolation.level": "read_committed"})
            c.subscribe([self.name("tx")])
            p = self.producer(**{"transactional.id": self.name("eos")})
            p.init_transactions(PATIENCE)
            p.begin_transaction()
            for m in take([c], 10):
                p.produce(out, key=m.key(), value="out-" + m.value().decode())
            positions = c.position(c.assignment())
            p.send_offsets_to_transaction(positions, c.consumer_group_metadata(), PATIENCE)
            p.flush(PATIENCE)
            (p.commit_transaction if attempt == "commit" else p.abort_transaction)(PATIENCE)
            kept = [o.offset for o in c.committed(positions, PATIENCE)] == [o.offset for o in positions]
            c.close()
        return {"out": texts(self.read(out, 10, **{"isolation.level": "read_committed"})), "committed": kept}

    def group(self, protocol):
        topic, group = self.topic(protocol), self.name(protocol)
        members = [self.consumer(group, **{"group.protocol": protocol}) for _ in range(2)]
        for c in members:
            c.subscribe([topic])
        until(lambda: [c.poll(0.1) for c in members] and all(c.assignment() for c in members) and sum(len(c.assignment()) for c in members) == PARTITIONS)
        self.produce(topic, numbered(RECORDS))
        got = take(members, RECORDS)
        seen = {"received": len(got), "distinct": len({m.value() for m in got}), "members": sum(1 for c in members if c.assignment())}
        for c in members:
            c.commit(asynchronous=False)
            c.close()
        self.produce(topic, numbered(MORE))
        c = self.consumer(group, **{"group.protocol": protocol})
        c.subscribe([topic])
        seen["resumed"] = len(take([c], MORE))
        c.commit(asynchronous=False)
        state = self.admin.describe_consumer_groups([group])[group].result(PATIENCE)
        seen["described"] = [state.state.name.lower(), len(state.members)]
        c.close()
        return seen | self.forget(group)

    def forget(self, group):
        committed = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(PATIENCE)
        ids = lambda: [g.group_id for g in self.admin.list_consumer_groups().result(PATIENCE).valid]
        seen = {"listed": group in ids(), "committed": sum(o.offset for o in committed.topic_partitions)}
        self.admin.delete_consumer_groups([group])[group].result(PATIENCE)
        return seen | {"gone": group not in ids()}

    def administer(self):
        name = self.topic("admin", 2, **{"retention.ms": "60000"})
        seen = {"again": error(lambda: self.topic("admin")), "retention": ["60000", "120000"]}
        until(lambda: self.retention(name) == "60000")
        entry = ka.ConfigEntry("retention.ms", "120000", incremental_operation=ka.AlterConfigOpType.SET)
        change = ka.ConfigResource(ka.ResourceType.TOPIC, name, incremental_configs=[entry])
        self.admin.incremental_alter_configs([change])[change].result(PATIENCE)
        until(lambda: self.retention(name) == "120000")
        self.admin.create_partitions([ka.NewPartitions(name, PARTITIONS)])[name].result(PATIENCE)
        until(lambda: len(self.described(name).partitions) == PARTITIONS)
        p = self.producer()
        for i in range(5):
            p.produce(name, value=str(i), partition=0)
        p.flush(PATIENCE)
        seen["offsets"] = [self.offset(name, ka.OffsetSpec.earliest()), self.offset(name, ka.OffsetSpec.latest())]
        self.admin.delete_records([TopicPartition(name, 0, 2)])
        until(lambda: self.offset(name, ka.OffsetSpec.earliest()) == 2)
        seen["unknown"] = error(lambda: self.described(self.name("nothing")))
        acl = ka.AclBinding(ka.ResourceType.TOPIC, name, ka.ResourcePatternType.LITERAL, "User:a", "*", ka.AclOperation.READ, ka.AclPermissionType.ALLOW)
        seen["acls"] = error(lambda: self.admin.create_acls([acl])[acl].result(PATIENCE))
        cluster = self.admin.describe_cluster().result(PATIENCE)
        seen["cluster"] = sorted(f"{n.host}:{n.port}" for n in cluster.nodes)
        self.admin.delete_topics([name])[name].result(PATIENCE)
        until(lambda: name not in self.admin.list_topics(timeout=PATIENCE).topics)
        return seen

    def retention(self, topic):
        r = ka.ConfigResource(ka.ResourceType.TOPIC, topic)
        return self.admin.describe_configs([r])[r].result(PATIENCE)["retention.ms"].value

    def described(self, topic):
        return self.admin.describe_topics(TopicCollection([topic]))[topic].result(PATIENCE)

    def offset(self, topic, at):
        tp = TopicPartition(topic, 0)
        return self.admin.list_offsets({tp: at})[tp].result(PATIENCE).offset

    def steps(self):
        yield "brokers", self.brokers
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            yield "produce " + codec, lambda codec=codec: self.compressed(codec)
        yield "transactions", self.transactions
        yield "exactly once", self.exactly_once
        yield "group classic", lambda: self.group("classic")
        yield "group consumer", lambda: self.group("consumer")
        yield "admin", self.administer


def numbered(n):
    return [f"{i} {'value ' * 20}" for i in range(n)]


def texts(messages):
    return sorted(m.value().decode() for m in messages)


def take(consumers, n):
    """n records, and any that come soon after."""
    out, end = [], time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for c in consumers:
            m = c.poll(0.05)
            if m is not None:
                if m.error():
                    raise KafkaException(m.error())
                out.append(m)
        if len(out) == n:
            end = min(end, time.monotonic() + 0.3)
    return out


def until(true):
    """Waits for something that becomes true: one broker may know later than another, and says so by an error."""
    end, last = time.monotonic() + PATIENCE, "it is not so"
    while time.monotonic() < end:
        try:
            if true():
                return
        except KafkaException as e:
            last = e
        time.sleep(0.05)
    raise TimeoutError(f"it did not come to be within {PATIENCE} s: {last}")


def error(call):
    try:
        call()
    except KafkaException as e:
        return e.args[0].code()
    return 0


def main():
    args = arguments()
    if args.mode == "observe":
        return observe(args)
    client = Client(args)
    print(json.dumps({"step": "client", "saw": "librdkafka " + libversion()[0]}), flush=True)
    for name, run in client.steps():
        try:
            print(json.dumps({"step": name, "saw": run()}), flush=True)
        except Exception as e:  # one step that fails must not hide the others
            print(json.dumps({"step": name, "error": f"{type(e).__name__}: {e}"}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

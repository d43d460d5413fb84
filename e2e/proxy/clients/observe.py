"""The loop of librdkafka.py --mode observe: writes numbers, reads them, and prints one JSON line for whatever happens."""

import base64
import json
import os
import threading
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from shape import value

PATIENCE, QUIET = 30, 8


def observe(args):
    o = Observer(args)
    o.create()
    writer = threading.Thread(target=o.write_transactions if args.producer == "transactional" else o.write)
    writer.start()
    o.read(writer)
    writer.join()
    o.tell("end", **o.seen)
    return 0


class Observer:
    def __init__(self, args):
        self.args, self.began, self.lock = args, time.monotonic(), threading.Lock()
        self.topic = args.prefix + "-observe"
        self.seen = {"sent": 0, "acked": 0, "received": 0}
        self.fatal, self.last = False, self.began
        self.common = {"bootstrap.servers": args.bootstrap, "client.id": args.prefix, "topic.metadata.refresh.interval.ms": 1000, "error_cb": lambda e: self.failed("client", e)}
        if args.timeout_ms:
            self.common |= {"socket.timeout.ms": args.timeout_ms}

    def tell(self, event, **what):
        with self.lock:
            print(json.dumps({"at_ms": round((time.monotonic() - self.began) * 1000), "event": event} | what), flush=True)

    def failed(self, call, e, **more):
        if isinstance(e, KafkaException):
            e = e.args[0]
        self.fatal = self.fatal or isinstance(e, KafkaError) and (e.fatal() or e.code() == KafkaError._FATAL)
        self.tell("error", call=call, error=f"{e.name()}: {e.str()}" if isinstance(e, KafkaError) else str(e), **more)

    def create(self):
        try:
            admin = AdminClient(self.common)  # which would take what it was asked with it
            admin.create_topics([NewTopic(self.topic, 3, 3)])[self.topic].result(30)
        except Exception as e:
            self.failed("create topic", e)

    def producer(self, **more):
        own = {"acks": "all", "linger.ms": 10 if self.args.burst > 1 else 0, "delivery.timeout.ms": 60000}
        if self.args.producer == "plain":
            own |= {"enable.idempotence": False, "max.in.flight.requests.per.connection": 1}
        else:
            own |= {"enable.idempotence": True}
        if self.args.timeout_ms:
            own |= {"request.timeout.ms": self.args.timeout_ms}
        return Producer(self.common | own | more)

    def bursts(self, idle):
        """Numbers to write, some at each interval; idle is called until the next are due."""
        due = time.monotonic()
        while time.monotonic() < self.began + self.args.seconds and not os.path.exists(self.args.stop_file):
            first = self.seen["sent"]
            self.seen["sent"] += self.args.burst
            yield range(first, first + self.args.burst)
            due += self.args.interval_ms / 1000
            while (left := due - time.monotonic()) > 0:
                idle(left)
            due = max(due, time.monotonic())

    def delivered(self, n, keep=None):
        sent = time.monotonic()

        def done(e, m):
            took = round((time.monotonic() - sent) * 1000)
            if e:
                self.failed("produce", e, n=n, took_ms=took)
            elif keep is not None:
                keep.append((n, took, m))
            else:
                self.acked(n, took, m)

        return done

    def acked(self, n, took, m):
        self.seen["acked"] += 1
        self.last = time.monotonic()
        # None: the broker had the record already, and no longer knew where.
        self.tell("acked", n=n, took_ms=took, partition=m.partition(), offset=-1 if m.offset() is None else m.offset())

    def write(self):
        p = self.producer()
        for numbers in self.bursts(lambda wait: self.serve(p, wait)):
            if self.fatal:  # this one writes no more
                p.flush(1)
                p, self.fatal = self.producer(), False
            for n in numbers:
                try:
                    p.produce(self.topic, key=str(n % 10), value=value(self.args, n), on_delivery=self.delivered(n))
                except KafkaException as e:
                    self.failed("produce", e, n=n)
        p.flush(60)

    def serve(self, p, wait):
        try:
            p.poll(wait)
        except KafkaException as e:  # a fatal one
            self.failed("client", e)

    def write_transactions(self):
        p = None
        for numbers in self.bursts(time.sleep):
            try:
                if p is None:
                    p = self.producer(**{"transactional.id": self.topic, "transaction.timeout.ms": 60000})
                    p.init_transactions(PATIENCE)
                self.transaction(p, numbers)
            except KafkaException as e:
                self.failed("transaction", e)
                p = self.over(p, e.args[0])

    def over(self, p, e):
        """Goes on with the producer, or without it."""
        if e.fatal() or not e.txn_requires_abort():
            return None
        try:
            p.abort_transaction(PATIENCE)
            return p
        except KafkaException as e:
            self.failed("transaction", e)
            return None

    def transaction(self, p, numbers):
        """Writes some numbers and commits them with an offset, as one."""
        p.begin_transaction()
        kept = []
        for n in numbers:
            p.produce(self.topic, key=str(n % 10), value=value(self.args, n), on_delivery=self.delivered(n, kept))
        group = Consumer({"bootstrap.servers": self.args.bootstrap, "client.id": "metadata", "group.id": self.topic + "-tx"})
        p.send_offsets_to_transaction([TopicPartition(self.topic, 0, numbers[0])], group.consumer_group_metadata(), PATIENCE)
        group.close()
        p.commit_transaction(PATIENCE)
        for k in kept:
            self.acked(*k)

    def consumer(self):
        own = {"group.id": self.topic, "auto.offset.reset": "earliest", "auto.commit.interval.ms": 300, "group.protocol": self.args.group_protocol}
        if self.args.group_protocol == "classic":  # with the other one the broker says how often
            own |= {"heartbeat.interval.ms": 500, "session.timeout.ms": 6000}
        if self.args.producer != "transactional":
            own |= {"isolation.level": "read_uncommitted"}
        c = Consumer(self.common | own)
        c.subscribe([self.topic])
        return c

    def renewed(self):
        """Says whether the consumer is to leave, and another one to join."""
        try:
            os.remove(self.args.renew_file)
        except FileNotFoundError:
            return False
        return True

    def read(self, writer):
        c = self.consumer()
        # What is acknowledged is read, too, unless it is not to be had.
        while writer.is_alive() or self.seen["received"] < self.seen["acked"] and time.monotonic() < self.last + QUIET:
            if self.renewed():
                c.close()
                c = self.consumer()
            self.receive(c.poll(0.2))
        c.close()

    def receive(self, m):
        if m is None:
            return
        if m.error():
            self.failed("consume", m.error())
            return
        self.seen["received"] += 1
        self.last = time.monotonic()
        value = None if m.value() is None else base64.b64encode(m.value()).decode()
        self.tell("received", partition=m.partition(), offset=m.offset(), value=value, timestamp=m.timestamp()[1])

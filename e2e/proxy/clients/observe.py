"""The loop of librdkafka.py --mode observe: writes numbers, reads them, and prints one JSON line for whatever happens."""

import json
import os
import time

from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic

PATIENCE = 30


def observe(args):
    began = time.monotonic()

    def tell(event, **what):
        print(json.dumps({"at_ms": round((time.monotonic() - began) * 1000), "event": event} | what), flush=True)

    common = {"bootstrap.servers": args.bootstrap, "client.id": args.prefix, "error_cb": lambda e: tell("error", call="client", error=named(e))}
    topic = args.prefix + "-observe"
    try:
        admin = AdminClient(common)  # which would take what it was asked with it
        admin.create_topics([NewTopic(topic, 3, 3)])[topic].result(30)
    except Exception as e:
        tell("error", call="create topic", error=named(e.args[0]) if isinstance(e.args[0], KafkaError) else str(e))
    producer = Producer(common | {"enable.idempotence": True, "acks": "all", "linger.ms": 0, "delivery.timeout.ms": 120000})
    consumer = Consumer(common | {"group.id": args.prefix + "-observe", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    seen = {"sent": 0, "acked": 0, "received": 0}

    def delivered(n):
        def done(e, m):
            if e:
                tell("error", call="produce", n=n, error=named(e))
            else:
                seen["acked"] += 1
                tell("acked", n=n, partition=m.partition(), offset=m.offset())

        return done

    def receive(wait):
        m = consumer.poll(wait)
        if m is None:
            return
        if m.error():
            tell("error", call="consume", error=named(m.error()))
            return
        seen["received"] += 1
        value = m.value()
        tell("received", partition=m.partition(), offset=m.offset(), value=None if value is None else value.decode(errors="backslashreplace"))

    while time.monotonic() < began + args.seconds and not os.path.exists(args.stop_file):
        producer.produce(topic, key=str(seen["sent"] % 10), value=str(seen["sent"]), on_delivery=delivered(seen["sent"]))
        seen["sent"] += 1
        due = began + seen["sent"] * args.interval_ms / 1000
        while True:
            producer.poll(0)
            receive(min(max(due - time.monotonic(), 0), 0.2))
            if time.monotonic() >= due:
                break
    producer.flush(60)
    # What is acknowledged is read, too, unless it is not to be had.
    while seen["received"] < seen["acked"] and time.monotonic() < began + args.seconds + PATIENCE:
        receive(0.5)
    consumer.close()
    tell("end", **seen)
    return 0


def named(e):
    return f"{e.name()}: {e.str()}"

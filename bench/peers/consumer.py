"""consumer.py BROKERS TOPIC TABLE RECORDS BATCH CATALOG S3 KEY SECRET

A peer of the projector: the shortest consumer that one would write in Python, librdkafka's batches through pyarrow to an
append of pyiceberg. It keeps its place nowhere: killed, it would lose rows or double them."""

import io
import sys
import time

import pyarrow as pa
import pyarrow.json as pj
from confluent_kafka import Consumer, TopicPartition
from pyiceberg.catalog import load_catalog

SCHEMA = pa.schema([("id", pa.string()), ("run", pa.string()), ("kind", pa.string()), ("seq", pa.int64()), ("ts", pa.int64()), ("value", pa.float64())])


def main(brokers: str, topic: str, name: str, records: int, batch: int, catalog: str, s3: str, key: str, secret: str) -> None:
    lake = load_catalog(
        "bench", type="rest", uri=catalog,
        **{"s3.endpoint": s3, "s3.access-key-id": key, "s3.secret-access-key": secret, "s3.region": "us-east-1"},
    )
    table = lake.create_table(name, schema=SCHEMA)
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": name, "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.min.bytes": 1})
    consumer.assign([TopicPartition(topic, p, 0) for p in consumer.list_topics(topic).topics[topic].partitions])
    got, values = 0, []
    while got < records:
        for message in consumer.consume(50_000, 1.0):
            if message.error():
                raise SystemExit(f"reading {topic}: {message.error()}")
            values.append(message.value())
        if len(values) >= batch or got + len(values) >= records:
            rows = pj.read_json(io.BytesIO(b"\n".join(values)), parse_options=pj.ParseOptions(explicit_schema=SCHEMA))
            began = time.monotonic()
            table.append(rows)
            print(f"committed after ms {round(1000 * (time.monotonic() - began))}", flush=True)
            got, values = got + len(values), []
    consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), *sys.argv[6:])

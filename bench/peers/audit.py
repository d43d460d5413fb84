"""audit.py BROKERS TOPIC REGISTRY TABLE JARS CATALOG S3 KEY SECRET

A peer of the audit: the same comparison of a topic with a table in PySpark. Of both sides counts, sums and a digest for each
bucket of keys, then the records of the buckets that differ, joined by their key. Prints one line of JSON behind "found "."""

import glob
import json
import sys
import time
import urllib.request

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.avro.functions import from_avro

KEY = "trade_id"
COLUMNS = [KEY, "symbol", "timestamp", "price", "quantity"]
BUCKETS = 65_536
NEEDED = ("iceberg-", "spark-sql-kafka", "spark-token-provider", "spark-avro", "kafka-clients", "commons-pool2")  # the rest is Spark's own


def session(jars: str, catalog: str, s3: str, key: str, secret: str) -> SparkSession:
    lake = "spark.sql.catalog.lake"
    settings = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.memory": "2g", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC",
        "spark.jars": ",".join(jar for jar in glob.glob(jars + "/*.jar") if jar.rsplit("/", 1)[1].startswith(NEEDED)),
        lake: "org.apache.iceberg.spark.SparkCatalog", lake + ".type": "rest", lake + ".uri": catalog,
        lake + ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO", lake + ".s3.endpoint": s3, lake + ".s3.access-key-id": key,
        lake + ".s3.secret-access-key": secret, lake + ".s3.path-style-access": "true", lake + ".client.region": "us-east-1",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def schema(registry: str, topic: str) -> str:
    with urllib.request.urlopen(f"{registry}/subjects/{topic}-value/versions/latest", timeout=10) as answer:
        return json.load(answer)["schema"]


def log(spark: SparkSession, brokers: str, topic: str, avro: str) -> DataFrame:
    """The records, without Confluent's frame."""
    records = spark.read.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic).load()
    trades = records.select(from_avro(f.expr("substring(value, 6)"), avro).alias("t"))
    return trades.select(*[f"t.{c}" for c in COLUMNS])


def marked(rows: DataFrame) -> DataFrame:
    return rows.withColumn("bucket", f.pmod(f.xxhash64(KEY), f.lit(BUCKETS))).withColumn("digest", f.xxhash64(*COLUMNS).cast("decimal(20,0)"))


def buckets(rows: DataFrame) -> tuple[dict[int, tuple], float]:
    """Count, sums and digest of each bucket, and how long it took to read them."""
    began = time.monotonic()
    out = marked(rows).groupBy("bucket").agg(f.count("*"), f.sum("price"), f.sum("quantity"), f.sum(f.col("price") * f.col("quantity")), f.sum("digest")).collect()
    return {row[0]: tuple(row[1:]) for row in out}, time.monotonic() - began


def records(rows: DataFrame, differ: list[int], side: str) -> DataFrame:
    """Of the buckets that differ each key, how often it is there, and the sum of its digests."""
    some = marked(rows).where(f.col("bucket").isin(differ))
    return some.groupBy(KEY).agg(f.count("*").alias(side + "_n"), f.min("digest").alias(side + "_low"), f.max("digest").alias(side + "_high"))


def main(brokers: str, topic: str, registry: str, table: str, jars: str, *lake: str) -> None:
    spark = session(jars, *lake)
    began = time.monotonic()
    sent, stored = log(spark, brokers, topic, schema(registry, topic)), spark.table("lake." + table).select(*COLUMNS)
    of_log, log_s = buckets(sent)
    of_table, table_s = buckets(stored)
    differ = sorted(b for b in of_log.keys() | of_table.keys() if of_log.get(b) != of_table.get(b))
    both = records(sent, differ, "log").join(records(stored, differ, "table"), KEY, "full_outer")
    wrong = both.agg(
        f.count_if(f.col("table_n").isNull()), f.count_if(f.col("table_n") > f.col("log_n")),
        f.count_if((f.col("table_low") != f.col("log_low")) | (f.col("table_high") != f.col("log_high"))), f.count_if(f.col("log_n").isNull()),
    ).collect()[0]
    lost, doubled, altered, phantom = wrong
    print("found " + json.dumps({
        "records": sum(b[0] for b in of_log.values()), "rows": sum(b[0] for b in of_table.values()),
        "lost": lost, "doubled": doubled, "altered": altered, "phantom": phantom,
        "log_s": log_s, "table_s": table_s, "all_s": time.monotonic() - began,
    }), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

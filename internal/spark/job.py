"""job.py JOB RESULTS   runs the SQL of a job on Spark and writes a line of JSON for each query."""

import json
import os
import sys
import time

# Spark hands times to Python in the zone of this process.
os.environ["TZ"] = "UTC"
time.tzset()

from pyspark.sql import SparkSession  # noqa: E402

from results import result  # noqa: E402


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        job = json.load(f)
    builder = SparkSession.builder
    for name, value in job["conf"].items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()

    def ask(sql):
        frame = spark.sql(sql)
        return frame.columns, frame.collect()

    with open(sys.argv[2], "w", encoding="utf-8") as out:

        def tell(said):
            out.write(json.dumps(said) + "\n")
            out.flush()

        views = [(s["view"], f"SELECT * FROM {s['table']} VERSION AS OF {s['id']}") for s in job["snapshots"] or []]
        views += [(v["name"], v["sql"]) for v in job["views"] or []]
        for name, sql in views:
            made = result(name, lambda: ask(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {sql}"))
            if "error" in made:
                tell(made)
        for q in job["queries"] or []:
            tell(result(q["name"], lambda: ask(q["sql"])))
    spark.stop()


if __name__ == "__main__":
    main()

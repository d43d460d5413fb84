"""duck.py JOB LAKE PRELUDE   runs the SQL of a job of internal/spark on DuckDB and prints its results as JSON.

LAKE is a file like the settings' lake: of kind sql, whose tables become views named as in its SQLite file, or rest, which
DuckDB attaches. PRELUDE is SQL to run first.
"""

import json
import sqlite3
import sys
from pathlib import Path

import duckdb
from duckdb_extensions import import_extension

# Both engines write their values down in the same way.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "internal" / "spark"))
from results import result  # noqa: E402


def connect(prelude):
    con = duckdb.connect(config={"autoinstall_known_extensions": False})
    for extension in ("avro", "httpfs", "iceberg"):
        import_extension(extension, con=con)
        con.execute("LOAD " + extension)
    con.execute("SET TimeZone = 'UTC'")
    con.execute(Path(prelude).read_text(encoding="utf-8"))
    return con


def open_sql(con, lake):
    """Gives what reads a table as it was."""
    files = {}
    catalog = sqlite3.connect(f"file:{lake['URI']}?mode=ro", uri=True)
    for namespace, name, location in catalog.execute("SELECT table_namespace, table_name, metadata_location FROM iceberg_tables"):
        table = f"{namespace}.{name}"
        files[table] = location.removeprefix("file://")
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {namespace}")
        con.execute(f"CREATE VIEW {table} AS SELECT * FROM iceberg_scan('{files[table]}')")
    return lambda table, snapshot: f"SELECT * FROM iceberg_scan('{files[table]}', snapshot_from_id => {snapshot})"


def open_rest(con, lake):
    """Gives what reads a table as it was."""
    s3 = lake["Properties"]
    con.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID '{s3['s3.access-key-id']}', SECRET '{s3['s3.secret-access-key']}', REGION '{s3['s3.region']}',"
        f" ENDPOINT '{s3['s3.endpoint'].removeprefix('http://')}', URL_STYLE 'path', USE_SSL false)"
    )
    con.execute(f"ATTACH '' AS faultline (TYPE iceberg, ENDPOINT '{lake['URI']}', AUTHORIZATION_TYPE 'none')")
    con.execute("USE faultline.chaos")
    return lambda table, snapshot: f"SELECT * FROM faultline.{table} AT (VERSION => {snapshot})"


def main():
    job, lake = (json.loads(Path(p).read_text(encoding="utf-8")) for p in sys.argv[1:3])
    con = connect(sys.argv[3])
    then = {"sql": open_sql, "rest": open_rest}[lake["Kind"]](con, lake)

    def ask(sql):
        # By way of arrow, which needs no module for the zone of a time.
        found = con.execute(sql).to_arrow_table()
        return found.column_names, zip(*(column.to_pylist() for column in found.columns))

    said = []
    views = [(s["view"], then(s["table"], s["id"])) for s in job["snapshots"] or []]
    views += [(v["name"], v["sql"]) for v in job["views"] or []]
    for name, sql in views:
        made = result(name, lambda: ask(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {sql}"))
        if "error" in made:
            said.append(made)
    said += [result(q["name"], lambda: ask(q["sql"])) for q in job["queries"] or []]
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

"""duck.py JOB CATALOG PRELUDE   runs the SQL of a job of internal/spark on DuckDB and prints its results as JSON.

CATALOG is the SQLite file of a SQL catalog, whose tables become views named as in it; PRELUDE is SQL to run first.
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


def connect(catalog, prelude):
    con = duckdb.connect(config={"autoinstall_known_extensions": False})
    for extension in ("avro", "httpfs", "iceberg"):
        import_extension(extension, con=con)
        con.execute("LOAD " + extension)
    con.execute("SET TimeZone = 'UTC'")
    con.execute(Path(prelude).read_text(encoding="utf-8"))
    tables = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
    files = {}
    for namespace, name, location in tables.execute("SELECT table_namespace, table_name, metadata_location FROM iceberg_tables"):
        files[f"{namespace}.{name}"] = location.removeprefix("file://")
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {namespace}")
        con.execute(f"CREATE VIEW {namespace}.{name} AS SELECT * FROM iceberg_scan('{files[f'{namespace}.{name}']}')")
    return con, files


def main():
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    con, files = connect(sys.argv[2], sys.argv[3])

    def ask(sql):
        # By way of arrow, which needs no module for the zone of a time.
        found = con.execute(sql).to_arrow_table()
        return found.column_names, zip(*(column.to_pylist() for column in found.columns))

    said = []
    views = [
        (s["view"], f"SELECT * FROM iceberg_scan('{files[s['table']]}', snapshot_from_id => {s['id']})") for s in job["snapshots"] or []
    ]
    views += [(v["name"], v["sql"]) for v in job["views"] or []]
    for name, sql in views:
        made = result(name, lambda: ask(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {sql}"))
        if "error" in made:
            said.append(made)
    said += [result(q["name"], lambda: ask(q["sql"])) for q in job["queries"] or []]
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Reads every table of the given namespaces with two Iceberg engines that share no code with Faultline.

pyiceberg reads all rows of each table through the catalog (a SQLite file or REST). With --check no key may be there
twice, and DuckDB must count the same rows and snapshots in the same files. It ends with 1 when a namespace is missing
or empty, a table cannot be read, or a check does not hold; with 2 for wrong arguments.
"""

import argparse
import json
import os
import sys

import duckdb
from duckdb_extensions import import_extension
from pyiceberg.catalog import load_catalog

WATERMARK = "faultline.watermark"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--catalog-uri", required=True, help="sqlite:////abs/catalog.db or http://host:port")
    p.add_argument("--catalog-name", default="faultline", help="a SQL catalog's tables are stored under its name")
    p.add_argument("--warehouse", help="location, for a SQL catalog")
    p.add_argument("--namespace", action="append", default=[], help="may be given several times")
    p.add_argument("--expect", action="append", default=[], metavar="NAMESPACE.TABLE", help="must be there")
    p.add_argument("--key", action="append", default=[], metavar="NAMESPACE.TABLE=COLUMN,...", help="a table's natural key")
    p.add_argument("--s3", help="endpoint of the S3 server")
    p.add_argument("--s3-key", default="")
    p.add_argument("--s3-secret", default="")
    p.add_argument("--s3-region", default="us-east-1")
    p.add_argument("--check", action="store_true", help="check keys, and against DuckDB")
    p.add_argument("--duckdb", action="append", default=[], metavar="LOCATION", help="a table that DuckDB reads without the catalog: its newest metadata file")
    p.add_argument("--json", action="store_true", help="print one JSON document")
    args = p.parse_args()
    if not args.namespace and not args.duckdb:
        p.error("nothing to read: write --namespace NAME or --duckdb LOCATION")
    for k in args.key:
        if "=" not in k:
            p.error(f"--key {k}: write NAMESPACE.TABLE=COLUMN,...")
    args.keys = dict(k.split("=", 1) for k in args.key)
    if not args.catalog_uri.startswith(("sqlite:", "http:", "https:")):
        p.error("--catalog-uri: write sqlite:////absolute/path or http://host:port")
    if args.catalog_uri.startswith("sqlite:"):
        # SQLite would make an empty catalog of a wrong path.
        path = args.catalog_uri.removeprefix("sqlite:///")
        if not os.path.isfile(path):
            p.error(f"--catalog-uri: there is no file {path}; write sqlite:////absolute/path with four slashes")
    return args


def open_catalog(args):
    properties = {"type": "sql" if args.catalog_uri.startswith("sqlite:") else "rest", "uri": args.catalog_uri}
    if args.warehouse:
        properties["warehouse"] = args.warehouse
    if args.s3:
        properties |= {
            "s3.endpoint": args.s3,
            "s3.access-key-id": args.s3_key,
            "s3.secret-access-key": args.s3_secret,
            "s3.region": args.s3_region,
            "s3.path-style-access": "true",
        }
    if properties["type"] == "sql":
        # A reader makes no tables in somebody's catalog.
        properties["init_catalog_tables"] = "false"
    return load_catalog(args.catalog_name, **properties)


def open_duckdb(args):
    con = duckdb.connect()
    con.execute("SET autoinstall_known_extensions=false")
    for extension in ("avro", "httpfs", "iceberg"):
        import_extension(extension, con=con)
        con.execute("LOAD " + extension)
    if args.s3:
        scheme, _, endpoint = args.s3.partition("://")
        values = [args.s3_key, args.s3_secret, args.s3_region, endpoint]
        key, secret, region, endpoint = ("'" + v.replace("'", "''") + "'" for v in values)
        con.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID {key}, SECRET {secret}, REGION {region}, ENDPOINT {endpoint},"
            f" URL_STYLE 'path', USE_SSL {'true' if scheme == 'https' else 'false'})"
        )
    return con


def key_of(name, table, columns, args):
    """The columns that tell a row from every other one; none when the table names none."""
    if name in args.keys:
        return args.keys[name].split(",")
    for prefix in ("", "source_"):
        place = [prefix + c for c in ("topic", "partition", "offset")]
        if set(place) <= set(columns):
            return place + [c for c in (prefix + "index", "index") if c in columns][:1]
    return sorted(table.schema().identifier_field_names())


def doubled(rows, key):
    """How many rows have a key that an earlier row had."""
    missing = [c for c in key if c not in rows.column_names]
    if missing:
        raise ValueError(f"key column {', '.join(missing)} is not in the table: {', '.join(rows.column_names)}")
    return rows.num_rows - rows.group_by(key).aggregate([]).num_rows


def read(name, catalog, con, args):
    table = catalog.load_table(name)
    rows = table.scan().to_arrow()
    report = {"table": name, "rows": rows.num_rows, "snapshots": len(table.snapshots()), "columns": rows.column_names}
    report["location"] = table.location()
    current = table.current_snapshot()
    if current is not None and current.summary is not None and WATERMARK in current.summary.additional_properties:
        report["watermark"] = current.summary[WATERMARK]
    if not args.check:
        return report, []
    problems = []
    report["key"] = key_of(name, table, rows.column_names, args)
    if report["key"]:
        report["doubled"] = doubled(rows, report["key"])
        if report["doubled"]:
            problems.append(f"{report['doubled']} rows have a key ({', '.join(report['key'])}) that another row has")
    metadata = table.metadata_location.removeprefix("file://")
    # A table without a snapshot has no file that DuckDB could scan.
    report["duckdb_rows"] = 0
    if current is not None:
        report["duckdb_rows"] = con.execute("SELECT count(*) FROM iceberg_scan(?)", [metadata]).fetchone()[0]
    snapshots = con.execute("SELECT count(*) FROM iceberg_snapshots(?)", [metadata]).fetchone()[0]
    if report["duckdb_rows"] != rows.num_rows:
        problems.append(f"pyiceberg reads {rows.num_rows} rows, DuckDB {report['duckdb_rows']}")
    if snapshots != report["snapshots"]:
        problems.append(f"pyiceberg sees {report['snapshots']} snapshots, DuckDB {snapshots}")
    return report, problems


def without_catalog(con, location):
    """What DuckDB makes of the newest metadata file below a table's location."""
    con.execute("SET unsafe_enable_version_guessing=true")
    return con.execute("SELECT count(*) FROM iceberg_scan(?)", [location]).fetchone()[0]


def names_in(catalog, args):
    """The tables to read, and what is missing of those that must be there."""
    names, problems = [], []
    for namespace in args.namespace:
        try:
            found = sorted(".".join(t) for t in catalog.list_tables(namespace))
        except Exception as e:
            problems.append(f"listing namespace {namespace}: {type(e).__name__}: {e}")
            continue
        if not found:
            problems.append(f"namespace {namespace} has no table")
        names += found
    problems += [f"{want} is not in the catalog" for want in args.expect if want not in names]
    return names, problems


def line(report):
    text = f"{report['table']}: {report.get('rows', '?')} rows, {report.get('snapshots', '?')} snapshots"
    if report.get("key"):
        text += f", key {','.join(report['key'])} doubled {report.get('doubled', '?')}"
    if "duckdb_rows" in report:
        text += f", DuckDB {report['duckdb_rows']} rows"
    return text + f"; {', '.join(report.get('columns', []))}"


def main():
    args = arguments()
    # Who reads with DuckDB alone must not wait for a catalog.
    catalog = open_catalog(args) if args.namespace else None
    con = open_duckdb(args) if args.check or args.duckdb else None
    names, problems = names_in(catalog, args)
    reports = []
    for name in names:
        # One unreadable table must not hide the state of the others.
        try:
            report, wrong = read(name, catalog, con, args)
        except Exception as e:
            report, wrong = {"table": name}, [f"cannot be read: {type(e).__name__}: {e}"]
        report["problems"] = wrong
        reports.append(report)
        problems += [f"{name}: {w}" for w in wrong]
        if not args.json:
            print(line(report))
    for location in args.duckdb:
        try:
            print(f"{location}: DuckDB {without_catalog(con, location)} rows", file=sys.stderr)
        except Exception as e:
            problems.append(f"{location}: DuckDB cannot read it: {type(e).__name__}: {e}")
    if args.json:
        print(json.dumps({"ok": not problems, "tables": reports, "problems": problems}, indent=2))
    for problem in problems:
        print("ERROR: " + problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

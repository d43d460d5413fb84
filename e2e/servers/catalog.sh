#!/usr/bin/env bash
# catalog.sh   Apache Iceberg's REST catalog on SQLite, warehouse on the S3 server. Needs prepare.sh; s3.sh before the first table.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
mkdir -p "$DATA/catalog"
t0=$(now)
launch catalog "127.0.0.1:$CATALOG_PORT" -- "$(command -v java)" -Xms48m -Xmx256m "${JVM[@]}" \
  -cp "$CACHE/maven/catalog/classes:$(jars catalog)/*" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  RestCatalog 127.0.0.1 "$CATALOG_PORT" catalog-impl=org.apache.iceberg.jdbc.JdbcCatalog \
  uri="jdbc:sqlite:file:$DATA/catalog/catalog.db" jdbc.schema-version=V1 clients=1 warehouse="$E2E_WAREHOUSE" \
  io-impl=org.apache.iceberg.aws.s3.S3FileIO s3.endpoint="http://127.0.0.1:$S3_PORT" s3.path-style-access=true \
  s3.access-key-id="$E2E_S3_KEY" s3.secret-access-key="$E2E_S3_SECRET" client.region=us-east-1
await catalog 60 http_ok "http://127.0.0.1:$CATALOG_PORT/v1/config"
say "catalog up in $(since "$t0") s"

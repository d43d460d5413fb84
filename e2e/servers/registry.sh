#!/usr/bin/env bash
# registry.sh   Apicurio Registry with the Confluent API, stored in an H2 file, global compatibility BACKWARD. Needs prepare.sh.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
APP=$CACHE/maven/registry/app
JAR=$(find "$APP" -maxdepth 2 \( -name quarkus-run.jar -o -name '*-runner.jar' \) -print -quit)
[ -n "$JAR" ] || die "no runnable jar in $APP; remove $CACHE/maven and run prepare.sh again"
mkdir -p "$DATA/registry"
URL=http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7
t0=$(now)
launch registry "127.0.0.1:$REGISTRY_PORT" -- "$(command -v java)" -Xms48m -Xmx256m "${JVM[@]}" \
  -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port="$REGISTRY_PORT" \
  -Dquarkus.management.host=127.0.0.1 -Dquarkus.management.port=$((REGISTRY_PORT + 1)) \
  -Dapicurio.storage.kind=sql -Dapicurio.storage.sql.kind=h2 -Dapicurio.datasource.url="jdbc:h2:file:$DATA/registry/db" \
  -Dquarkus.otel.enabled=false -jar "$JAR"
await registry 90 http_ok "$URL/subjects"
# Its own default is NONE, with which an incompatible schema would be taken in silence.
curl -fsS -m 10 -o /dev/null -X PUT -H 'Content-Type: application/vnd.schemaregistry.v1+json' -d '{"compatibility":"BACKWARD"}' "$URL/config" ||
  die "setting the registry's compatibility ended with an error, see $LOGS/registry.log"
say "registry up in $(since "$t0") s"

#!/usr/bin/env bash
# fetch.sh   fetches the peers of make bench-integrity by package name: from Maven the Iceberg sink of Kafka Connect, and what Spark needs
#   for Kafka and Avro; from PyPI what ../integrity.txt names. Spark itself, and Iceberg's runtime for it, are those of e2e/queries/spark.sh.
#   Needs e2e/servers/prepare.sh. Prints the folder of the jars and the python that has the packages, Spark's among them.
# shellcheck source-path=SCRIPTDIR source=../../e2e/servers/lib.sh
source "$(dirname "$0")/../../e2e/servers/lib.sh"
BENCH=$HERE/../../bench
ICEBERG=1.12.0 SPARK=4.1.1 SCALA=2.13
M=$CACHE/bench-$KAFKA_VERSION-$ICEBERG-$SPARK

# jars NAME group:artifact:version...   resolves a class path into $M/NAME.
fetch() {
  local name=$1 c g a v
  shift
  [ -f "$M/$name/.done" ] && return 0
  mkdir -p "$M/$name"
  {
    echo "<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>$name</artifactId><version>1</version><packaging>pom</packaging><dependencies>"
    for c in "$@"; do
      IFS=: read -r g a v <<<"$c"
      echo "<dependency><groupId>$g</groupId><artifactId>$a</artifactId><version>$v</version></dependency>"
    done
    echo '</dependencies></project>'
  } >"$M/$name/pom.xml"
  say "fetching the peer $name"
  mvn -q -B -s "$CACHE/maven/settings.xml" -f "$M/$name/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$M/$name" \
    >"$LOGS/maven-$name.log" 2>&1 || { tail -20 "$LOGS/maven-$name.log" >&2; die "Maven ended with an error, see above"; }
  touch "$M/$name/.done"
}
fetch connect "org.apache.kafka:connect-runtime:$KAFKA_VERSION" "org.apache.kafka:connect-json:$KAFKA_VERSION" \
  "org.apache.iceberg:iceberg-kafka-connect:$ICEBERG" "org.apache.iceberg:iceberg-aws:$ICEBERG" "org.apache.iceberg:iceberg-aws-bundle:$ICEBERG" \
  "org.apache.iceberg:iceberg-parquet:$ICEBERG" org.apache.hadoop:hadoop-client-api:3.4.2 org.apache.hadoop:hadoop-client-runtime:3.4.2 \
  org.apache.logging.log4j:log4j-slf4j-impl:2.25.3
fetch spark-kafka "org.apache.spark:spark-sql-kafka-0-10_$SCALA:$SPARK" "org.apache.spark:spark-avro_$SCALA:$SPARK"
PYTHON=$("$HERE/../readers/venv.sh" "$BENCH/integrity.txt")
# {"python": "/…/bin/python", "submit": …, "jars": "a.jar,b.jar"}
HAVE=$("$HERE/../queries/spark.sh")
JARS=$(sed -E 's/.*"jars": "([^"]*)".*/\1/' <<<"$HAVE")
for jar in ${JARS//,/ }; do ln -sf "$jar" "$M/spark-kafka/"; done
# A line in a .pth lets one environment see what is installed in another.
sites() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
sites "$(sed -E 's/.*"python": "([^"]*)".*/\1/' <<<"$HAVE")" >"$(sites "$PYTHON")/spark.pth"
echo "$M"
echo "$PYTHON"

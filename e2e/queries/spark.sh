#!/usr/bin/env bash
# spark.sh   fetches Spark from PyPI and Iceberg's runtime for it from Maven Central, both pinned, and prints where they
# are: {"python", "submit", "jars"}. What is there already is not fetched again. Needs Java 17, Maven and Python 3.10.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../servers/lib.sh
source "$HERE/../servers/lib.sh"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
need java:default-jdk-headless mvn:maven
PYTHON=$("$HERE/../readers/venv.sh" "$HERE/spark.txt")
ARTIFACTS=(
  "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:$ICEBERG_VERSION"
  "org.apache.iceberg:iceberg-aws-bundle:$ICEBERG_VERSION" # S3
  org.xerial:sqlite-jdbc:3.50.3.0 # the embedded catalog is a SQLite file
)
DIR=$CACHE/spark-jars
mkdir -p "$DIR"
jars=()
for artifact in "${ARTIFACTS[@]}"; do
  IFS=: read -r _ name version <<<"$artifact"
  jar=$DIR/$name-$version.jar
  if [ ! -s "$jar" ]; then
    part=$(mktemp -d "$DIR/part.XXXXXX") # a jar that is there is whole
    (cd "$part" && mvn -q -B dependency:copy -Dartifact="$artifact" -DoutputDirectory="$part") >"$LOGS/spark-maven.log" 2>&1 ||
      { tail -20 "$LOGS/spark-maven.log" >&2; die "fetching $artifact ended with an error, see above"; }
    mv "$part/$(basename "$jar")" "$jar"
    rmdir "$part"
  fi
  jars+=("$jar")
done
printf '{"python": "%s", "submit": "%s", "jars": "%s"}\n' "$PYTHON" "$(dirname "$PYTHON")/spark-submit" "$(IFS=,; echo "${jars[*]}")"

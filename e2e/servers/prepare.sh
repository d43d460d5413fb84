#!/usr/bin/env bash
# prepare.sh   fetches what the lab servers run on, by package name, into $E2E_CACHE; does nothing when it is there.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
need java:default-jdk-headless javac:default-jdk-headless mvn:maven curl:curl jq:jq kcat:kcat
command -v go >/dev/null || die "go is needed to build the S3 server; install Go and run this again"
M=$CACHE/maven
STAMP=$M/.kafka-$KAFKA_VERSION-registry-$REGISTRY_VERSION-iceberg-$ICEBERG_VERSION

dependency() { # group:artifact:version[:type:classifier]
  local g a v t c
  IFS=: read -r g a v t c <<<"$1"
  echo "<dependency><groupId>$g</groupId><artifactId>$a</artifactId><version>$v</version>${t:+<type>$t</type>}${c:+<classifier>$c</classifier>}</dependency>"
}
module() { # NAME coordinate...
  local name=$1 c
  shift
  mkdir -p "$M/$name"
  {
    echo '<project><modelVersion>4.0.0</modelVersion><parent><groupId>e2e</groupId><artifactId>servers</artifactId><version>1</version></parent>'
    echo "<artifactId>$name</artifactId><dependencies>"
    for c in "$@"; do dependency "$c"; done
    echo '</dependencies></project>'
  } >"$M/$name/pom.xml"
}

# Some poms name repositories of their own: everything goes to Maven's default one, whose address Maven itself tells.
settings() {
  local central
  central=$(mvn -q -B help:evaluate -Dexpression='project.repositories[0].url' -DforceStdout 2>/dev/null | grep -o 'https\?://[^[:cntrl:]]*' | head -1)
  [ -n "$central" ] || die "Maven does not tell its default repository; check its settings and the network"
  printf '<settings><mirrors><mirror><id>c</id><mirrorOf>*</mirrorOf><url>%s</url></mirror></mirrors></settings>\n' "$central" >"$M/settings.xml"
}

maven() {
  mvn -q -B -s "$M/settings.xml" "$@" >"$LOGS/maven.log" 2>&1 || { tail -20 "$LOGS/maven.log" >&2; die "Maven ended with an error, see above"; }
}

# One reactor instead of one Maven per server: they would share the local repository, which is not made for that.
java_parts() {
  [ -f "$STAMP" ] && return 0
  rm -rf "$M" && mkdir -p "$M"
  echo '<project><modelVersion>4.0.0</modelVersion><groupId>e2e</groupId><artifactId>servers</artifactId><version>1</version><packaging>pom</packaging><modules><module>kafka</module><module>catalog</module></modules></project>' >"$M/pom.xml"
  module kafka "org.apache.kafka:kafka_2.13:$KAFKA_VERSION" org.apache.logging.log4j:log4j-slf4j-impl:2.25.3
  module catalog "org.apache.iceberg:iceberg-core:$ICEBERG_VERSION" "org.apache.iceberg:iceberg-core:$ICEBERG_VERSION:jar:tests" \
    "org.apache.iceberg:iceberg-aws:$ICEBERG_VERSION" "org.apache.iceberg:iceberg-aws-bundle:$ICEBERG_VERSION" \
    org.eclipse.jetty.ee10:jetty-ee10-servlet:12.0.34 org.xerial:sqlite-jdbc:3.50.3.0 org.slf4j:slf4j-simple:2.0.17 \
    org.apache.hadoop:hadoop-client-api:3.4.2 org.apache.hadoop:hadoop-client-runtime:3.4.2
  settings
  maven -T 2 -f "$M/pom.xml" dependency:copy-dependencies -DincludeScope=runtime
  mkdir -p "$(jars registry)" "$M/registry/app"
  # By itself: its parent's pom is not published, so it cannot be a dependency.
  (cd "$M/registry" && maven dependency:copy -DoutputDirectory="$(jars registry)" \
    -Dartifact="io.apicurio:apicurio-registry-app:$REGISTRY_VERSION:tar.gz:all")
  tar -xzf "$(jars registry)"/*-all.tar.gz -C "$M/registry/app"
  javac -cp "$(jars catalog)/*" -d "$M/catalog/classes" "$HERE/RestCatalog.java" || die "compiling RestCatalog.java ended with an error"
  touch "$STAMP"
}
s3_part() {
  [ -x "$CACHE/bin/versitygw-$VERSITYGW_VERSION" ] && return 0
  GOBIN=$CACHE/bin go install "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW_VERSION" >"$LOGS/go.log" 2>&1 ||
    { tail -20 "$LOGS/go.log" >&2; die "building versitygw ended with an error, see above"; }
  mv "$CACHE/bin/versitygw" "$CACHE/bin/versitygw-$VERSITYGW_VERSION"
}
t0=$(now)
(java_parts && say "Java parts ready after $(since "$t0") s") & java=$!
(s3_part && say "S3 server ready after $(since "$t0") s") & s3=$!
ok=0
wait $java || ok=1
wait $s3 || ok=1
exit $ok

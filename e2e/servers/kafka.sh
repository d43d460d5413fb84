#!/usr/bin/env bash
# kafka.sh CLUSTER RECORD NODES PORT [VIA]   starts a cluster of 1 or 3 combined KRaft nodes, with records RECORD-1 … RECORD-n;
#   node i listens on PORT+i-1, its controller on PORT+10+i-1. With VIA it listens on PORT+20+i-1, too, and tells whoever comes there that it is
#   on VIA+i-1: for a proxy or recorder there that rewrites no address. Brokers then talk among themselves on PORT+70+i-1, so that either way in
#   has its network threads for clients alone. Needs prepare.sh.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
[ $# = 4 ] || [ $# = 5 ] || die "usage: kafka.sh CLUSTER RECORD NODES PORT [VIA]"
NAME=$1 RECORD=$2 N=$3 PORT=$4 VIA=${5:-}
[ "$N" = 1 ] || [ "$N" = 3 ] || die "a cluster has 1 or 3 nodes, not $N"
D=$DATA/kafka/$NAME
mkdir -p "$D"
JAVA=$(command -v java)
CP="$(jars kafka)/*"
# Any 16 bytes will do, but each cluster needs its own: a client that meets the wrong one must notice.
CLUSTER_ID=$(printf 'faultline-%-6.6s' "$NAME" | base64 | tr '+/' '-_' | tr -d '=')
REPLICAS=$N ISR=$((N == 3 ? 2 : 1))
cat >"$D/log4j2.properties" <<Y
status = warn
appender.c.type = Console
appender.c.name = c
appender.c.layout.type = PatternLayout
appender.c.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.c.ref = c
Y
voters="" boot=""
for ((i = 1; i <= N; i++)); do
  voters+="${voters:+,}$i@127.0.0.1:$((PORT + 10 + i - 1))"
  boot+="${boot:+,}127.0.0.1:$((PORT + i - 1))"
done

properties() { # NODE
  local via="" advertised="" protocol="" among=PLAINTEXT
  if [ -n "$VIA" ]; then
    local own=,AMONG://127.0.0.1:$((PORT + 70 + $1 - 1))
    among=AMONG protocol=,AMONG:PLAINTEXT,VIA:PLAINTEXT
    via=$own,VIA://127.0.0.1:$((PORT + 20 + $1 - 1)) advertised=$own,VIA://127.0.0.1:$((VIA + $1 - 1))
  fi
  cat <<Y
node.id=$1
process.roles=broker,controller
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$((PORT + $1 - 1)),CONTROLLER://127.0.0.1:$((PORT + 10 + $1 - 1))$via
advertised.listeners=PLAINTEXT://127.0.0.1:$((PORT + $1 - 1))$advertised
inter.broker.listener.name=$among
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT$protocol
log.dirs=$D/$1
auto.create.topics.enable=false
default.replication.factor=$REPLICAS
min.insync.replicas=$ISR
offsets.topic.replication.factor=$REPLICAS
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$REPLICAS
transaction.state.log.min.isr=$ISR
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$REPLICAS
share.coordinator.state.topic.min.isr=$ISR
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=3000
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
controller.socket.timeout.ms=2000
unclean.leader.election.enable=false
Y
}
format() { # NODE
  "$JAVA" -Xmx96m "${JVM[@]}" -Dlog4j2.configurationFile="$D/log4j2.properties" -cp "$CP" \
    kafka.tools.StorageTool format -t "$CLUSTER_ID" -c "$D/$1.properties" >"$LOGS/$RECORD-$1-format.log" 2>&1 ||
    { tail -5 "$LOGS/$RECORD-$1-format.log" >&2; die "formatting node $1 of $NAME ended with an error, see above"; }
}
# derive NODE   formats it as node 1 was: only two ids differ, and a JVM for each is the longest part of a start.
derive() {
  local dir_id
  dir_id=F$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)
  cp -r "$D/1" "$D/$1"
  sed -i -e "s/^node.id=.*/node.id=$1/" -e "s/^directory.id=.*/directory.id=$dir_id/" "$D/$1/meta.properties"
}
registered() { [ "$(kcat -b "$boot" -L -m 5 | grep -c '^  broker ')" = "$N" ]; }

t0=$(now)
for ((i = 1; i <= N; i++)); do properties "$i" >"$D/$i.properties"; done
[ -f "$D/1/meta.properties" ] || format 1
for ((i = 2; i <= N; i++)); do [ -f "$D/$i/meta.properties" ] || derive "$i"; done
for ((i = 1; i <= N; i++)); do
  launch "$RECORD-$i" "127.0.0.1:$((PORT + i - 1))" -- "$JAVA" -Xms160m -Xmx192m -XX:MaxDirectMemorySize=96m "${JVM[@]}" \
    -Dlog4j2.configurationFile="$D/log4j2.properties" -cp "$CP" kafka.Kafka "$D/$i.properties"
done
# Ready is what a client sees: every broker registered and unfenced.
await "$RECORD-1" 90 registered
for ((i = 1; i <= N; i++)); do alive "$RECORD-$i" || die "$RECORD-$i ended while starting, see $LOGS/$RECORD-$i.log"; done
say "Kafka $NAME: $N node(s) up in $(since "$t0") s"

#!/usr/bin/env bash
# compose.sh up|down   the same servers as containers of docker-compose.yml, with process records.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
FILE=$HERE/../../docker-compose.yml
MARK=$E2E_HOME/compose.up # says which project down.sh is to remove
PROJECT=faultline-e2e-$E2E_PORT
export E2E_KAFKA_1_PORT=$KAFKA_PORT E2E_KAFKA_2_PORT=$((KAFKA_PORT + 1)) E2E_KAFKA_3_PORT=$((KAFKA_PORT + 2))
export E2E_CHAOS_PORT=$CHAOS_PORT E2E_SOLO_PORT=$SOLO_PORT E2E_REGISTRY_PORT=$REGISTRY_PORT E2E_S3_PORT=$S3_PORT E2E_CATALOG_PORT=$CATALOG_PORT
export E2E_S3_KEY E2E_S3_SECRET

# The record holds the container's main process as this machine sees it. Its command starts the same container again, attached.
record() { # SERVICE ADDR
  local id pid
  id=$(docker compose -p "$PROJECT" -f "$FILE" ps -q "$1")
  pid=$(docker inspect -f '{{.State.Pid}}' "$id")
  [ -r "/proc/$pid/stat" ] || die "the process of container $1 is not on this machine: Docker runs elsewhere or in a virtual machine; use E2E_SERVERS=lab"
  write_record "$1" "$pid" "$2" "$LOGS/$1.log" "$HERE" 2 "PATH=$PATH" "HOME=$HOME" "$(command -v docker)" start --attach "$id"
}
up() {
  command -v docker >/dev/null || die "E2E_SERVERS=compose needs Docker; install it or use E2E_SERVERS=lab"
  docker compose version >/dev/null 2>&1 || die "E2E_SERVERS=compose needs Docker's compose plugin; install it or use E2E_SERVERS=lab"
  docker info >/dev/null 2>&1 || die "no Docker engine answers; start it, or set DOCKER_HOST, or use E2E_SERVERS=lab"
  [ "$E2E_NODES" = 3 ] || die "E2E_SERVERS=compose has three nodes only; unset E2E_NODES or use E2E_SERVERS=lab"
  need jq:jq curl:curl kcat:kcat
  printf '%s' "$PROJECT" >"$MARK"
  docker compose -p "$PROJECT" -f "$FILE" up --detach --wait --wait-timeout 300 >"$LOGS/compose.log" 2>&1 ||
    { tail -20 "$LOGS/compose.log" >&2; die "docker compose did not bring every server up, see above"; }
  # Docker calls a broker healthy when it listens; ready is what a client sees.
  local end=$((SECONDS + 60))
  until [ "$(kcat -b "127.0.0.1:$KAFKA_PORT" -L -m 5 2>/dev/null | grep -c '^  broker ')" = 3 ]; do
    [ $SECONDS -lt $end ] || die "the three brokers did not find each other in 60 s; docker compose -p $PROJECT logs tells why"
    sleep 0.5
  done
  curl -fsS -m 10 -o /dev/null -X PUT -H 'Content-Type: application/vnd.schemaregistry.v1+json' -d '{"compatibility":"BACKWARD"}' \
    "http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7/config" || die "setting the registry's compatibility ended with an error"
  for i in 1 2 3; do record "kafka-$i" "127.0.0.1:$((KAFKA_PORT + i - 1))"; done
  record chaos-1 "127.0.0.1:$CHAOS_PORT"
  record solo-1 "127.0.0.1:$SOLO_PORT"
  record registry "127.0.0.1:$REGISTRY_PORT"
  record s3 "127.0.0.1:$S3_PORT"
  record catalog "127.0.0.1:$CATALOG_PORT"
}
down() {
  [ -f "$MARK" ] || return 0
  docker compose -p "$(cat "$MARK")" -f "$FILE" down --volumes --timeout 15 >"$LOGS/compose-down.log" 2>&1 ||
    { tail -20 "$LOGS/compose-down.log" >&2; die "docker compose did not remove its containers, see above"; }
  rm -f "$MARK"
}
case ${1:-} in up) up ;; down) down ;; *) die "usage: compose.sh up|down" ;; esac

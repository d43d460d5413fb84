#!/usr/bin/env bash
# up.sh   starts every server of the end-to-end tests on 127.0.0.1 and prints their addresses; see README.md for variables.
#   It fails, with all it started stopped again, when it cannot have one of them.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
case ${E2E_SERVERS:=lab} in lab | compose) ;; *) die "E2E_SERVERS is lab or compose, not $E2E_SERVERS" ;; esac
[ "$E2E_NODES" = 1 ] || [ "$E2E_NODES" = 3 ] || die "E2E_NODES is 1 or 3, not $E2E_NODES"

running=0 gone=0
for r in "$RECORDS"/*.json; do
  [ -f "$r" ] || continue
  if alive "$(basename "$r" .json)"; then running=$((running + 1)); else gone=$((gone + 1)); fi
done
if [ $running -gt 0 ]; then
  if [ $gone -gt 0 ] || [ ! -f "$ENV_FILE" ]; then die "$running servers of $E2E_HOME run and $gone do not; run down.sh first"; fi
  say "the servers of $E2E_HOME are already up"
  cat "$ENV_FILE"
  exit 0
fi
t0=$(now)
rm -rf "$DATA" "$LOGS" "$RECORDS" "$ENV_FILE"
mkdir -p "$DATA" "$LOGS" "$RECORDS"
parts=()
on_exit() {
  local code=$?
  if [ $code != 0 ]; then
    say "stopping what was started"
    for p in "${parts[@]}"; do kill "$p" 2>/dev/null || true; done
    for p in "${parts[@]}"; do wait "$p" 2>/dev/null || true; done
    "$HERE/down.sh" || true
  fi
  exit $code
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$E2E_SERVERS" = compose ]; then
  "$HERE/compose.sh" up
else
  "$HERE/prepare.sh"
  say "ready to start after $(since "$t0") s"
  "$HERE/kafka.sh" k2 kafka "$E2E_NODES" "$KAFKA_PORT" & parts+=($!)
  "$HERE/kafka.sh" chaos chaos 1 "$CHAOS_PORT" & parts+=($!)
  "$HERE/kafka.sh" solo solo 1 "$SOLO_PORT" & parts+=($!)
  "$HERE/registry.sh" & parts+=($!)
  "$HERE/s3.sh" & parts+=($!)
  "$HERE/catalog.sh" & parts+=($!)
  bad=0
  for p in "${parts[@]}"; do wait "$p" || bad=1; done
  [ $bad = 0 ] || die "not every server came up, see above and $LOGS"
  for r in "$RECORDS"/*.json; do
    n=$(basename "$r" .json)
    say "  $n pid $(pid_of "$n") rss $(rss_mb "$n") MiB"
  done
fi

boot=""
for ((i = 0; i < E2E_NODES; i++)); do boot+="${boot:+,}127.0.0.1:$((KAFKA_PORT + i))"; done
cat >"$ENV_FILE" <<Y
E2E_SERVERS=$E2E_SERVERS
E2E_HOME=$E2E_HOME
E2E_RECORDS=$RECORDS
E2E_KAFKA=$boot
E2E_SOLO_KAFKA=127.0.0.1:$SOLO_PORT
E2E_CHAOS_KAFKA=127.0.0.1:$CHAOS_PORT
E2E_REGISTRY=http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7
E2E_CATALOG=http://127.0.0.1:$CATALOG_PORT
E2E_S3=http://127.0.0.1:$S3_PORT
E2E_S3_KEY=$E2E_S3_KEY
E2E_S3_SECRET=$E2E_S3_SECRET
E2E_WAREHOUSE=$E2E_WAREHOUSE
Y
say "all up in $(since "$t0") s"
cat "$ENV_FILE"

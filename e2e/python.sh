#!/usr/bin/env bash
# python.sh [PYTEST ARGUMENTS]   starts a sandbox with all that the methodology's examples need, and a pipeline, and runs the
# tests of clients/python on them. Needs bin/, Python 3.10 and, for a limit of memory, root.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
unset FAULTLINE_HOME FAULTLINE_PLATFORM FAULTLINE_KAFKA_BROKERS FAULTLINE_KAFKA_PREFIX
die() {
  printf 'ERROR: %s\n' "$*" >&2
  exit 1
}
[ -x "$ROOT/bin/faultlined" ] || die "bin/faultlined is not there; run make build first"
PYTHON=$("$ROOT/e2e/readers/venv.sh" "$ROOT/clients/python/requirements-e2e.txt")
"$PYTHON" -m pip -q install --no-deps --force-reinstall "$ROOT/clients/python" >&2 || die "installing clients/python ended with an error, see above"
DIR=$(mktemp -d)
PIDS=()
end() {
  status=$?
  for pid in "${PIDS[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if [ "$status" != 0 ]; then tail -n 20 "$DIR"/*.log >&2 || true; fi
  rm -rf "$DIR"
  exit "$status"
}
trap end EXIT
# serve NAME FILE COMMAND...   starts a part and waits for the file that it writes once it serves.
serve() {
  name=$1 file=$2
  shift 2
  "$@" >"$DIR/$name.log" 2>&1 &
  PIDS=($! "${PIDS[@]}") # the last is ended first
  for _ in $(seq 240); do
    if [ -e "$file" ]; then return; fi
    kill -0 "$!" 2>/dev/null || die "$name ended: $(tail -n 3 "$DIR/$name.log")"
    sleep 0.5
  done
  die "$name does not serve after 120 s"
}
cd "$DIR"
export FAULTLINE_HOME=$DIR/home
serve sandbox "$FAULTLINE_HOME/sandbox/platform.yaml" "$ROOT/bin/faultlined" sandbox up --links --kafka-proxy --memory-limit ingestion=256MiB --cpu-limit query=50%
serve up "$FAULTLINE_HOME/up.yaml" "$ROOT/bin/faultlined" up
cd "$ROOT/clients/python" # not home: each test has its own folder of code
for folder in tests/unit tests/e2e tests/methodology; do
  "$PYTHON" -m pytest -p no:cacheprovider -v -rs "$folder" "$@"
done
left=$("$ROOT/bin/faultline" ledger list)
grep -q 'no fault is in place' <<<"$left" || die "a fault is left: $left"

#!/usr/bin/env bash
# halt.sh ...   measures how quickly faults go, with Chaos Toolkit beside, and on three real brokers too where Java is. Arguments go to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=$(e2e/readers/venv.sh bench/toolkit.txt)
BENCH_CHAOS=$(dirname "$PYTHON")/chaos
export BENCH_CHAOS
if command -v java >/dev/null; then exec bench/real.sh -halt "$@"; fi
echo "no Java: measuring without real brokers" >&2
exec go run ./bench -halt "$@"

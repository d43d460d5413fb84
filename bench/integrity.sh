#!/usr/bin/env bash
# integrity.sh ...   measures projector and audit on a real Kafka, REST catalog and S3, with Kafka Connect, pyiceberg and Spark beside.
#   E2E_PORT, default 29000, is the base of the ports; $E2E_CACHE keeps the downloads. Arguments go to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."
export E2E_CACHE=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e/cache} E2E_PORT=${E2E_PORT:-29000}
E2E_HOME=$(mktemp -d)
export E2E_HOME
trap 'e2e/servers/down.sh; rm -rf "$E2E_HOME"' EXIT
e2e/servers/prepare.sh
{ read -r BENCH_PEERS; read -r BENCH_PYTHON; } < <(bench/peers/fetch.sh)
export BENCH_PEERS BENCH_PYTHON
e2e/servers/kafka.sh bench kafka 1 $((E2E_PORT + 1))
e2e/servers/s3.sh
e2e/servers/catalog.sh
export E2E_CATALOG=http://127.0.0.1:$((E2E_PORT + 61)) E2E_S3=http://127.0.0.1:$((E2E_PORT + 51)) E2E_S3_KEY=faultline E2E_S3_SECRET=faultline-e2e
go run ./bench -integrity -brokers "127.0.0.1:$((E2E_PORT + 1))" "$@"

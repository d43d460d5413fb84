#!/usr/bin/env bash
# real.sh ...   runs the bench with three real brokers beside the embedded Kafka; e2e/servers/three.sh tells of its variables. Arguments go to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC2016 # three.sh tells the address
exec e2e/servers/three.sh bash -c 'exec go run ./bench -brokers "$E2E_KAFKA" "$@"' bench "$@"

#!/usr/bin/env bash
# real.sh ...   runs the bench with three real brokers on 127.0.0.1 beside the embedded Kafka. Arguments go to the bench.
#   E2E_PORT, default 28000, is the base of their ports; $E2E_CACHE keeps the downloads, as for e2e/servers.
set -euo pipefail
cd "$(dirname "$0")/.."
export E2E_CACHE=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e/cache} E2E_PORT=${E2E_PORT:-28000}
E2E_HOME=$(mktemp -d)
export E2E_HOME
trap 'e2e/servers/down.sh; rm -rf "$E2E_HOME"' EXIT
first=$((E2E_PORT + 1))
e2e/servers/prepare.sh
e2e/servers/kafka.sh k2 kafka 3 "$first"
go run ./bench -brokers "127.0.0.1:$first,127.0.0.1:$((first + 1)),127.0.0.1:$((first + 2))" "$@"

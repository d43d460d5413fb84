#!/usr/bin/env bash
# three.sh COMMAND...   runs a command beside three real brokers of its own on 127.0.0.1, and ends them with it. The command finds them in
#   E2E_KAFKA and their records in E2E_RECORDS. E2E_PORT, default 28000, is the base of the ports; $E2E_CACHE keeps the downloads.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export E2E_CACHE=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e/cache} E2E_PORT=${E2E_PORT:-28000}
E2E_HOME=$(mktemp -d)
export E2E_HOME E2E_RECORDS=$E2E_HOME/records
trap '"$HERE/down.sh"; rm -rf "$E2E_HOME"' EXIT
first=$((E2E_PORT + 1))
"$HERE/prepare.sh"
"$HERE/kafka.sh" k2 kafka 3 "$first"
export E2E_KAFKA=127.0.0.1:$first,127.0.0.1:$((first + 1)),127.0.0.1:$((first + 2))
"$@"

#!/usr/bin/env bash
# three.sh COMMAND...   runs a command beside three real brokers of its own on 127.0.0.1, and ends them with it. The command finds them in
#   E2E_KAFKA and their records in E2E_RECORDS; whoever comes to E2E_BEHIND is told that the brokers are at E2E_VIA, where the command may listen.
#   With E2E_WITH=registry there is a schema registry, too, at E2E_REGISTRY.
#   E2E_PORT, default 28000, is the base of the ports; $E2E_CACHE keeps the downloads.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export E2E_CACHE=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e/cache} E2E_PORT=${E2E_PORT:-28000}
E2E_HOME=$(mktemp -d)
export E2E_HOME E2E_RECORDS=$E2E_HOME/records
trap '"$HERE/down.sh"; rm -rf "$E2E_HOME"' EXIT
three() { echo "127.0.0.1:$1,127.0.0.1:$(($1 + 1)),127.0.0.1:$(($1 + 2))"; }
first=$((E2E_PORT + 1)) via=$((E2E_PORT + 31))
"$HERE/prepare.sh"
"$HERE/kafka.sh" k2 kafka 3 "$first" "$via"
E2E_KAFKA=$(three "$first") E2E_BEHIND=$(three $((first + 20))) E2E_VIA=$(three "$via")
export E2E_KAFKA E2E_BEHIND E2E_VIA
if [ "${E2E_WITH:-}" = registry ]; then
  "$HERE/registry.sh"
  export E2E_REGISTRY=http://127.0.0.1:$((E2E_PORT + 41))/apis/ccompat/v7
fi
"$@"

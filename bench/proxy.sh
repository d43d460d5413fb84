#!/usr/bin/env bash
# proxy.sh ...   measures what the Kafka proxy costs, on three real brokers, with Toxiproxy beside it. Arguments go to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."
export E2E_CACHE=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e/cache}
VERSION=v2.12.0
export BENCH_TOXIPROXY=$E2E_CACHE/bin/toxiproxy-$VERSION
if [ ! -x "$BENCH_TOXIPROXY" ]; then
  mkdir -p "$E2E_CACHE/bin"
  GOBIN=$E2E_CACHE/bin go install "github.com/Shopify/toxiproxy/v2/cmd/server@$VERSION"
  mv "$E2E_CACHE/bin/server" "$BENCH_TOXIPROXY"
fi
# shellcheck disable=SC2016 # three.sh tells the addresses
exec e2e/servers/three.sh bash -c 'exec go run ./bench -proxy -brokers "$E2E_KAFKA" -via "$E2E_VIA" -behind "$E2E_BEHIND" "$@"' bench "$@"

#!/usr/bin/env bash
# tables.sh COMMAND...   runs a command beside an Iceberg REST catalog on an S3 server, both its own on 127.0.0.1, and ends them with it. The
#   command finds them in E2E_CATALOG and E2E_S3, whose key is in E2E_S3_KEY and E2E_S3_SECRET.
#   E2E_PORT, default 29000, is the base of the ports; $E2E_CACHE keeps the downloads.
set -euo pipefail
export E2E_CACHE=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e/cache} E2E_PORT=${E2E_PORT:-29000}
E2E_HOME=$(mktemp -d)
export E2E_HOME
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
trap '"$HERE/down.sh"; rm -rf "$E2E_HOME"' EXIT
"$HERE/prepare.sh"
"$HERE/s3.sh"
"$HERE/catalog.sh"
export E2E_S3_KEY E2E_S3_SECRET E2E_CATALOG=http://127.0.0.1:$CATALOG_PORT E2E_S3=http://127.0.0.1:$S3_PORT
"$@"

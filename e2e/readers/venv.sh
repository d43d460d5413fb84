#!/usr/bin/env bash
# venv.sh [REQUIREMENTS]   makes the Python environment of the readers, or of other requirements, under $E2E_HOME and prints its python.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
E2E_HOME=${E2E_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e}
mkdir -p "$E2E_HOME"
REQUIREMENTS=${1:-$HERE/requirements.txt}
VENV=${E2E_CACHE:-$E2E_HOME/cache}/venv
if [ $# -gt 0 ]; then VENV+=-$(basename "$1" .txt); fi
STAMP=$VENV/.requirements
die() {
  printf 'ERROR: %s\n' "$*" >&2
  exit 1
}
if ! cmp -s "$REQUIREMENTS" "$STAMP"; then
  command -v python3 >/dev/null || die "Python 3.10 or newer is needed; install python3 and python3-venv"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "Python 3.10 or newer is needed, this is $(python3 --version)"
  rm -rf "$VENV"
  # Debian keeps what venv needs in a package of its own.
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then die "Python's venv is missing; install python3-venv"; fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } >&2 ||
      die "installing python3-venv ended with an error"
  fi
  python3 -m venv "$VENV"
  "$VENV/bin/python" -m pip -q install -r "$REQUIREMENTS" >&2 || die "installing the requirements ended with an error, see above"
  cp "$REQUIREMENTS" "$STAMP"
fi
echo "$VENV/bin/python"

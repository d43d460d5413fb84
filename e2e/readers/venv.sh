#!/usr/bin/env bash
# venv.sh   makes the Python environment of the readers under $E2E_HOME and prints its python.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
E2E_HOME=${E2E_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e}
mkdir -p "$E2E_HOME"
VENV=${E2E_CACHE:-$E2E_HOME/cache}/venv
STAMP=$VENV/.requirements
die() {
  printf 'ERROR: %s\n' "$*" >&2
  exit 1
}
if ! cmp -s "$HERE/requirements.txt" "$STAMP"; then
  command -v python3 >/dev/null || die "the readers need Python 3.10 or newer; install python3 and python3-venv"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "the readers need Python 3.10 or newer, this is $(python3 --version)"
  rm -rf "$VENV"
  # Debian keeps what venv needs in a package of its own.
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then die "Python's venv is missing; install python3-venv"; fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } >&2 ||
      die "installing python3-venv ended with an error"
  fi
  python3 -m venv "$VENV"
  "$VENV/bin/python" -m pip -q install -r "$HERE/requirements.txt" >&2 || die "installing the readers' requirements ended with an error, see above"
  cp "$HERE/requirements.txt" "$STAMP"
fi
echo "$VENV/bin/python"

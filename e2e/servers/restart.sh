#!/usr/bin/env bash
# restart.sh NAME   starts a server that has ended again, from its record alone, as Faultline does.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
NAME=${1:-}
[ -f "$RECORDS/$NAME.json" ] || die "usage: restart.sh NAME; there are: $(cd "$RECORDS" && echo *.json)"
alive "$NAME" && die "$NAME is running (pid $(pid_of "$NAME"))"
mapfile -d '' -t cmd < <(jq -j '.command[] + "\u0000"' "$RECORDS/$NAME.json")
mapfile -d '' -t envs < <(jq -j '.env[] + "\u0000"' "$RECORDS/$NAME.json")
launch "$NAME" "$(field "$NAME" addr)" "${envs[@]}" -- "${cmd[@]}"
say "$NAME started, pid $(pid_of "$NAME")"

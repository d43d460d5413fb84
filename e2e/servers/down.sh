#!/usr/bin/env bash
# down.sh   ends every recorded server and removes its data, records and addresses. E2E_KEEP=1 keeps the data.
#   Downloads stay in $E2E_CACHE, logs in $E2E_HOME/logs until the next up.sh.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

names=()
for r in "$RECORDS"/*.json; do
  [ -f "$r" ] || continue
  n=$(basename "$r" .json)
  alive "$n" && names+=("$n")
done
[ ! -f "$E2E_HOME/compose.up" ] || "$HERE/compose.sh" down

# All are told first, then waited for: one by one, the last Kafka node would wait for a quorum that is gone.
signal_all() {
  for n in "${names[@]}"; do
    alive "$n" || continue
    kill "-$1" "$(pid_of "$n")" 2>/dev/null || continue
    kill -CONT "$(pid_of "$n")" 2>/dev/null || true # a stopped process acts on TERM only once it goes on
  done
}
left() { for n in "${names[@]}"; do alive "$n" && return 0; done; return 1; }
wait_gone() { # SECONDS
  local end=$((SECONDS + $1))
  while left && [ $SECONDS -lt $end ]; do sleep 0.1; done
}
if [ ${#names[@]} -gt 0 ]; then
  signal_all TERM
  wait_gone 15
  if left; then
    signal_all KILL
    wait_gone 5
  fi
  for n in "${names[@]}"; do alive "$n" && die "$n (pid $(pid_of "$n")) does not end, not even by SIGKILL"; done
  say "ended ${names[*]}"
fi
rm -rf "$RECORDS" "$ENV_FILE"
[ "${E2E_KEEP:-0}" = 1 ] || rm -rf "$DATA"

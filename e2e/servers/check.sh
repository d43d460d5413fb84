#!/usr/bin/env bash
# check.sh [BROKER]   breaks one of three running brokers (SIGKILL, SIGTERM, SIGSTOP) and sees it come back, with times. Lab servers only.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
B=${1:-kafka-2}
[ -f "$ENV_FILE" ] || die "no servers are up; run up.sh first"
# shellcheck disable=SC1090
source "$ENV_FILE"
[ "$E2E_SERVERS" = lab ] || die "check.sh is for E2E_SERVERS=lab"
ID=${B##*-}

meta() { kcat -b "$E2E_KAFKA" -L -J -m 5 2>/dev/null; }
# How many partitions lack a replica in sync. No answer is not zero.
under_replicated() { meta | jq -e -r '[.topics[].partitions[] | select((.isrs | length) < (.replicas | length))] | length'; }
whole() { [ "$(under_replicated)" = 0 ] && [ "$(meta | jq '.brokers | length')" = 3 ]; }
short() { local n; n=$(under_replicated) && [ "$n" -gt 0 ]; }
fenced() { meta | jq -e --argjson id "$ID" '[.brokers[].id] | index($id) == null' >/dev/null; }
within() { # SECONDS WHAT command...   prints how long it took
  local t end=$((SECONDS + $1)) what=$2
  shift 2
  t=$(now)
  until "$@" >/dev/null; do
    [ $SECONDS -lt $end ] || die "$what: not seen in time"
    sleep 0.1
  done
  say "  $what after $(since "$t") s"
}
gone() { ! alive "$B"; }

# A consumer group makes the brokers create their replicated topic of offsets.
timeout 20 kcat -b "$E2E_KAFKA" -G check nothing -e >/dev/null 2>&1 || true
within 60 "every partition in sync" whole
[ "$(meta | jq '[.topics[].partitions[]] | length')" -gt 0 ] || die "the brokers hold no replicated partition to look at"
for signal in KILL TERM STOP; do
  pid=$(pid_of "$B")
  say "$B: SIG$signal to pid $pid"
  kill "-$signal" "$pid"
  [ $signal = STOP ] || within 30 "process gone" gone
  within 30 "broker absent" fenced
  within 30 "partitions under-replicated" short
  if [ $signal = STOP ]; then kill -CONT "$pid"; else "$HERE/restart.sh" "$B"; fi
  within 90 "every partition in sync again" whole
done
say "ok"

# shellcheck shell=bash disable=SC2034 # settings are read by the scripts that source this
# What the server scripts share: settings, ports, downloads by package name, and
# processes that are known by their record. No server is started here.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
E2E_HOME=${E2E_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline-e2e}
mkdir -p "$E2E_HOME"
E2E_HOME=$(cd "$E2E_HOME" && pwd)
CACHE=${E2E_CACHE:-$E2E_HOME/cache} # downloads; outlive down.sh
DATA=$E2E_HOME/data                 # what servers store; removed by down.sh
LOGS=$E2E_HOME/logs                 # kept until the next up.sh
RECORDS=$E2E_HOME/records           # one process record per server process
ENV_FILE=$E2E_HOME/servers.env
mkdir -p "$CACHE" "$DATA" "$LOGS" "$RECORDS"

KAFKA_VERSION=4.3.1
REGISTRY_VERSION=3.0.9 # the newest whose classes run on Java 17
ICEBERG_VERSION=1.11.0
VERSITYGW_VERSION=v1.8.0

# Every port is an offset from one base, so that two runs can stand side by side.
E2E_PORT=${E2E_PORT:-27000}
E2E_NODES=${E2E_NODES:-3}
KAFKA_PORT=$((E2E_PORT + 1))     # node i listens on KAFKA_PORT+i-1, its controller 10 above
CHAOS_PORT=$((E2E_PORT + 21))
SOLO_PORT=$((E2E_PORT + 24))
REGISTRY_PORT=$((E2E_PORT + 41)) # and its management interface 1 above
S3_PORT=$((E2E_PORT + 51))
CATALOG_PORT=$((E2E_PORT + 61))

E2E_S3_KEY=faultline
E2E_S3_SECRET=faultline-e2e
BUCKET=lake
E2E_WAREHOUSE=s3://$BUCKET/warehouse

# Small heaps and a quick start: the servers share two cores with what is tested.
JVM=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError -Xshare:auto -Djava.awt.headless=true)

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2; }
die() {
  say "ERROR: $*"
  exit 1
}
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN{printf "%.1f", b-a}'; }

# need command:debian-package ...   installs what is missing, or says what to install.
need() {
  local c miss=()
  for c in "$@"; do command -v "${c%%:*}" >/dev/null || miss+=("${c#*:}"); done
  [ ${#miss[@]} = 0 ] && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "missing packages: ${miss[*]}; install them (Debian names) and run this again"
  fi
  say "installing ${miss[*]}"
  apt-get update -qq || die "apt-get update ended with an error"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${miss[@]}" >"$LOGS/apt.log" 2>&1 ||
    { tail -20 "$LOGS/apt.log" >&2; die "installing ${miss[*]} ended with an error, see above"; }
}

# jars MODULE   the folder prepare.sh resolved that module's class path into.
jars() { printf '%s/maven/%s/target/dependency' "$CACHE" "$1"; }

# start_time PID   field 22 of /proc/PID/stat; nothing for a process that is gone or a zombie.
start_time() {
  local s
  s=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  s=${s##*) } # the command name before it may hold spaces
  # shellcheck disable=SC2086
  set -- $s
  [ "$1" = Z ] || printf '%s' "${20}"
}
boot_id() { cat /proc/sys/kernel/random/boot_id; }

# write_record NAME PID ADDR LOG DIR ENV-COUNT env... command...
write_record() {
  local name=$1 pid=$2 addr=$3 log=$4 dir=$5 envs=$6
  shift 6
  jq -n --arg name "$name" --argjson pid "$pid" --arg start "$(start_time "$pid")" --arg boot "$(boot_id)" \
    --arg dir "$dir" --arg log "$log" --arg addr "$addr" --argjson n "$envs" \
    '{name:$name,pid:$pid,start_time:$start,boot_id:$boot,command:$ARGS.positional[$n:],env:$ARGS.positional[:$n],dir:$dir,log:$log,addr:$addr}' \
    --args -- "$@" >"$RECORDS/.$name.tmp"
  mv "$RECORDS/.$name.tmp" "$RECORDS/$name.json"
}

# launch NAME ADDR [KEY=VALUE ...] -- command...   starts it in a session of its own and records it.
# Nothing of this shell's environment goes along, so the record alone is enough to start it again.
launch() {
  local name=$1 addr=$2 log=$LOGS/$1.log envs=()
  shift 2
  while [ "$1" != -- ]; do
    envs+=("$1")
    shift
  done
  shift
  alive "$name" && die "$name is already running; run down.sh first"
  port_open "${addr%:*}" "${addr##*:}" && die "$name: $addr is taken by another process; set E2E_PORT to another base than $E2E_PORT"
  # An end between start and record would leave a process that nobody knows: it waits until the record is there.
  local ended=0
  trap 'ended=1' INT TERM
  (cd "$DATA" && exec setsid env -i "${envs[@]}" "$@" >>"$log" 2>&1 </dev/null) &
  write_record "$name" $! "$addr" "$log" "$DATA" ${#envs[@]} "${envs[@]}" "$@"
  trap - INT TERM
  [ $ended = 0 ] || exit 130
}

field() { jq -r ".$2" "$RECORDS/$1.json"; }
pid_of() { field "$1" pid; }
# alive NAME   true when the recorded process itself runs: a pid alone may belong to a stranger by now.
alive() {
  [ -f "$RECORDS/$1.json" ] || return 1
  local st
  st=$(start_time "$(pid_of "$1")")
  [ -n "$st" ] && [ "$st" = "$(field "$1" start_time)" ] && [ "$(boot_id)" = "$(field "$1" boot_id)" ]
}
rss_mb() { awk '/VmRSS/{printf "%d", $2/1024}' "/proc/$(pid_of "$1")/status"; }
port_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# await NAME SECONDS command...   until the command succeeds; dies with the log's end if the server does.
await() {
  local name=$1 end=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    alive "$name" || { tail -20 "$LOGS/$name.log" >&2; die "$name ended while starting, see the log above"; }
    [ $SECONDS -lt $end ] || { tail -20 "$LOGS/$name.log" >&2; die "$name: not ready in time ($*), see the log above"; }
    sleep 0.1
  done
}
http_ok() { curl -fsS -o /dev/null -m 2 "$1"; }

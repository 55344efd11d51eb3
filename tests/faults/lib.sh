# Shared by the fault tests: a private folder, servers on free ports, and their end whatever happens.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
souk=$root/build/release/souk
bench=$root/build/release/souk-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/souk-fault.XXXXXX")
server=
export SOUK_SERVER_KEY=sk_dev
# curl would ask a proxy for this machine's own address.
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

free_port() { python3 "$root/tests/faults/free_ports.py"; }
port=$(free_port)
admin=$(free_port)
export SOUK_URL=http://127.0.0.1:$port

start_server() {  # data folder, further flags...
  local data=$1
  shift
  "$souk" serve --dev --data "$data" --http "127.0.0.1:$port" --admin "127.0.0.1:$admin" "$@" 2>>"$work/server.log" &
  server=$!
  local i
  for i in $(seq 600); do
    kill -0 "$server" 2>/dev/null || { echo "the server ended at its start:" >&2; tail -5 "$work/server.log" >&2; return 1; }
    curl -fsS -o /dev/null "$SOUK_URL/readyz" 2>/dev/null && return 0
    sleep 0.05
  done
  echo "the server is not ready after 30 s" >&2
  return 1
}

stop_server() {  # signal
  [ -n "$server" ] || return 0
  kill -"${1:-TERM}" "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

call() {  # method, path, body, further curl arguments...
  # The body may be empty ("") when more arguments follow.
  local method=$1 path=$2 body=${3:-}
  shift $(($# < 3 ? $# : 3))
  curl -sS -m 20 -X "$method" "$SOUK_URL$path" -H "Authorization: Bearer sk_dev" -H "Content-Type: application/json" ${body:+-d "$body"} "$@"
}

fail() { echo "FAILED: $*" >&2; exit 1; }

cleanup_more() { :; }
cleanup() {
  local code=$?
  stop_server KILL
  cleanup_more || true
  [ $code -eq 0 ] || { echo "last lines of the server's log:" >&2; tail -5 "$work/server.log" >&2 2>/dev/null || true; }
  rm -rf "$work"
  exit $code
}
trap cleanup EXIT

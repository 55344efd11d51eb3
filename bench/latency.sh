#!/bin/bash
# Takes the latency of a checkout alone apart: how many journal syncs one order waits for and what
# one of them takes, in the same run. Needs a build; starts a node of its own on a folder of DATA's
# disk.   bench/latency.sh [DATA [SECONDS]]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${SOUK_BIN:-$root/build/release}
data=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/souk-latency.XXXXXX")
seconds=${2:-5}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
admin=$(free_port)
"$bin/souk" serve --dev --data "$data/node" --http "127.0.0.1:$port" --admin "127.0.0.1:$admin" >"$data/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
export SOUK_URL=http://127.0.0.1:$port SOUK_SERVER_KEY=sk_dev
for _ in $(seq 200); do
  curl -fsS -o /dev/null "$SOUK_URL/readyz" 2>/dev/null && break
  sleep 0.05
done
metric() { curl -fsS "http://127.0.0.1:$admin/metrics" | awk -v name="$1" '$1 ~ "^" name "([{]|$)" {sum += $2} END {printf "%.6f", sum}'; }

# The SKUs are made before, so that between the two readings there are checkouts only.
"$bin/souk-bench" run checkout --connections 1 --skus 1000 --warmup 0 --seconds 0.5 >/dev/null 2>&1
syncs=$(metric souk_journal_sync_seconds_count)
spent=$(metric souk_journal_sync_seconds_sum)
"$bin/souk-bench" run checkout --connections 1 --skus 1000 --warmup 0 --seconds "$seconds" --json "$data/run.json" >"$data/out" 2>/dev/null || { cat "$data/out"; exit 1; }
syncs=$(python3 -c "print($(metric souk_journal_sync_seconds_count) - $syncs)")
spent=$(python3 -c "print($(metric souk_journal_sync_seconds_sum) - $spent)")
grep -E '^(operation|checkout )' "$data/out"
python3 - "$data/run.json" "$syncs" "$spent" <<'P'
import json, sys

series = json.load(open(sys.argv[1]))["operations"]["checkout"]
syncs, spent = float(sys.argv[2]), float(sys.argv[3])
one = 1e3 * spent / syncs
mean = series["latency_us"]["mean"] / 1e3
print(f"one sync: {one:.3f} ms (mean); {syncs / series['count']:.2f} syncs an order, two of them before its answer")
print(f"mean latency {mean:.2f} ms = 2 syncs ({2 * one:.2f} ms) + {mean - 2 * one:.2f} ms")
green = mean <= 2 * one + 1
print("verdict:", "GREEN" if green else "RED", "(at most 2 syncs + 1 ms)")
sys.exit(0 if green else 1)
P

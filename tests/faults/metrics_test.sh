#!/usr/bin/env bash
# Prometheus' own linter has nothing to say about /metrics, and the promised series are there.
. "$(dirname "$0")/lib.sh"
start_server "$work/data"
call POST /v1/products '{"id":"tee","title":"Organic tee","sku":"TEE","price":{"amount":1999,"currency":"EUR"},"stock":5}' -o /dev/null
call GET '/v1/search?q=tee' '' -o /dev/null
sleep 0.5
curl -fsS "http://127.0.0.1:$admin/metrics" >"$work/metrics.txt"
promtool check metrics <"$work/metrics.txt" || fail "promtool complains"
for name in souk_http_requests_total souk_http_request_seconds_bucket souk_shard_queue_depth souk_journal_sync_seconds_bucket \
  souk_shard_applied_position souk_shard_holds souk_shard_publish_seconds_bucket souk_queue_wait_seconds_bucket; do
  grep -q "^$name" "$work/metrics.txt" || fail "no series $name"
done

# The sum over the shards of what a series says now.
sum_of() { curl -fsS "http://127.0.0.1:$admin/metrics" | awk -v name="$1{" 'index($0, name) == 1 {sum += $NF} END {print sum + 0}'; }
stop_server TERM
start_server "$work/data"
[ "$(sum_of souk_shard_index_bytes)" != 0 ] || fail "after a restart the index is said to take no memory"
echo "$(grep -c '^# TYPE' "$work/metrics.txt") metric families, no complaint"

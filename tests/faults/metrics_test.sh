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
  souk_shard_applied_position souk_shard_holds souk_shard_publish_seconds_bucket; do
  grep -q "^$name" "$work/metrics.txt" || fail "no series $name"
done
echo "$(grep -c '^# TYPE' "$work/metrics.txt") metric families, no complaint"

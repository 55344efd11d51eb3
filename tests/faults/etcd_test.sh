#!/usr/bin/env bash
# A node whose coordinator is etcd: orders go on while etcd is dead, and /readyz?verbose says so.
. "$(dirname "$0")/lib.sh"

etcd_port=$(free_port)
etcd_peer=$(free_port)
etcd=
start_etcd() {
  etcd --name a --logger=zap --data-dir "$work/etcd" --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$etcd_peer" --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" \
    --initial-cluster "a=http://127.0.0.1:$etcd_peer" >>"$work/etcd.log" 2>&1 &
  etcd=$!
}
cleanup_more() { [ -z "$etcd" ] || kill -9 "$etcd"; }
coordinator() { curl -fsS "$SOUK_URL/readyz?verbose=1" | jq -r '.checks.coordinator | .kind + " " + .state'; }
wait_for() {  # what coordinator() shall say
  local i
  for i in $(seq 200); do
    [ "$(coordinator)" = "$1" ] && return 0
    sleep 0.1
  done
  fail "the coordinator is '$(coordinator)', not '$1'"
}

# The second endpoint is the one that lives.
flags=(--coordinator etcd --etcd-endpoints "http://127.0.0.1:$(free_port),http://127.0.0.1:$etcd_port" --etcd-prefix shop)
if "$souk" serve --dev --data "$work/early" --http "127.0.0.1:$port" --admin "127.0.0.1:$admin" "${flags[@]}" 2>"$work/early.log"; then
  fail "a node started without its coordinator"
fi
grep -q "coordinator does not give the shard map" "$work/early.log" || fail "the refusal does not say why"

start_etcd
start_server "$work/data" "${flags[@]}"
wait_for "etcd ok"
ETCDCTL_API=3 etcdctl --endpoints "http://127.0.0.1:$etcd_port" get --keys-only shop/shards/catalog-0 | grep -q shop/shards/catalog-0 ||
  fail "the shards are not in etcd"

kill -9 "$etcd"
wait "$etcd" 2>/dev/null || true
wait_for "etcd unreachable"
created=$(call POST /v1/products '{"id":"a","title":"A","sku":"A","price":{"amount":500,"currency":"EUR"},"stock":5}' -o /dev/null -w '%{http_code}')
[ "$created" = 201 ] || fail "a product was answered $created while etcd was away"
ordered=$(call POST /v1/checkouts '{"lines":[{"sku":"A","quantity":2}],"customer":{"email":"a@example.org"},"payment":{"provider":"test","token":"tok_ok"}}' \
  -H "Idempotency-Key: k" -o /dev/null -w '%{http_code}')
[ "$ordered" = 201 ] || fail "an order was answered $ordered while etcd was away"

start_etcd
wait_for "etcd ok"
stop_server TERM
start_server "$work/data" "${flags[@]}"
[ "$(call GET /v1/inventory/A | jq .on_hand)" = 3 ] || fail "the stock after a restart is wrong"
echo "served through etcd's absence"

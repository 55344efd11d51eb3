#!/usr/bin/env bash
# A gateway that is started first begins no cluster: it waits for a node that holds data, and sells through it.
. "$(dirname "$0")/lib.sh"

etcd_port=$(free_port)
etcd_peer=$(free_port)
pids=()
cleanup_more() { for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; }
etcd --name a --logger=zap --log-level warn --data-dir "$work/etcd" --unsafe-no-fsync \
  --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
  --listen-peer-urls "http://127.0.0.1:$etcd_peer" --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" \
  --initial-cluster "a=http://127.0.0.1:$etcd_peer" >>"$work/etcd.log" 2>&1 &
pids+=($!)

start_node() {  # name, role, port
  "$souk" serve --dev --data "$work/$1" --http "127.0.0.1:$3" --admin "127.0.0.1:$(free_port)" --roles "$2" \
    --node-listen "127.0.0.1:$(free_port)" --etcd "http://127.0.0.1:$etcd_port" 2>>"$work/$1.log" >/dev/null &
  pids+=($!)
}
gateway=$(free_port)
data=$(free_port)
start_node gateway gateway "$gateway"
sleep 2
kill -0 "${pids[1]}" || fail "the gateway did not wait: $(tail -2 "$work/gateway.log")"
start_node data data "$data"
SOUK_URL=http://127.0.0.1:$gateway
for i in $(seq 300); do
  curl -fsS -o /dev/null "$SOUK_URL/readyz" 2>/dev/null && break
  sleep 0.1
done
holder=$(curl -fsS "http://127.0.0.1:$data/v1/cluster" -H 'Authorization: Bearer sk_dev' | jq -r .node)
primaries=$(call GET /v1/cluster | jq -r '[.shards[].primary] | unique | join(" ")')
[ "$primaries" = "$holder" ] || fail "the shards are led by '$primaries', not by the data node $holder"
for i in $(seq 100); do
  code=$(call POST /v1/products '{"id":"a","title":"Lamp","sku":"A","price":{"amount":500,"currency":"EUR"},"stock":3}' -o "$work/product" -w '%{http_code}')
  [ "$code" = 201 ] && break
  sleep 0.1
done
[ "$code" = 201 ] || fail "no product could be made through the gateway: $(cat "$work/product")"
code=$(call POST /v1/checkouts '{"lines":[{"sku":"A","quantity":1}],"customer":{"email":"a@example.org"},"payment":{"provider":"test","token":"tok_ok"}}' \
  -H 'Idempotency-Key: k1' -o "$work/order" -w '%{http_code}')
[ "$code" = 201 ] || fail "no order through the gateway: $code $(cat "$work/order")"
[ "$(call GET '/v1/search?q=lamp' | jq .found)" = 1 ] || fail "the gateway does not find the product: $(call GET '/v1/search?q=lamp')"
echo "a gateway alone holds nothing and sells"

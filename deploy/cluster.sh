#!/usr/bin/env bash
# A cluster to try, on this machine: etcd and three nodes, the demo catalog, and what to type. Ctrl-C ends it; the data
# stays in cluster-data/. The catalog is generated, imported once and known again by its id.
# Environment: CLUSTER_NODES (3), CLUSTER_REPLICAS (3), CLUSTER_PRODUCTS (20000), CLUSTER_PORT (8080, the first of 100 per node),
# CLUSTER_DATA (cluster-data), CLUSTER_CHECK=1 (kill a node, see that orders go on, stop).
set -euo pipefail
cd "$(dirname "$0")/.."

souk=$PWD/build/release/souk
nodes=${CLUSTER_NODES:-3}
replicas=${CLUSTER_REPLICAS:-3}
products=${CLUSTER_PRODUCTS:-20000}
base=${CLUSTER_PORT:-8080}
data=${CLUSTER_DATA:-cluster-data}
etcd_url=http://127.0.0.1:$((base + 3))
etcd_peer_url=http://127.0.0.1:$((base + 4))
mkdir -p "$data"

pids=()
stop() {
  trap - EXIT
  # The last ones have nobody to hand over to: not all at once.
  for pid in "${pids[@]:1}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]:1}"; do wait "$pid" 2>/dev/null || true; done
  [ ${#pids[@]} -eq 0 ] || { kill -TERM "${pids[0]}" 2>/dev/null || true; wait "${pids[0]}" 2>/dev/null || true; }
}
trap stop EXIT
trap 'exit 130' INT TERM

command -v etcd >/dev/null || { echo "cluster: etcd is missing (Debian: etcd-server)" >&2; exit 1; }
etcd --name souk --logger=zap --log-level warn --data-dir "$data/etcd" --listen-client-urls "$etcd_url" --advertise-client-urls "$etcd_url" \
  --listen-peer-urls "$etcd_peer_url" --initial-advertise-peer-urls "$etcd_peer_url" --initial-cluster "souk=$etcd_peer_url" \
  >"$data/etcd.log" 2>&1 &
pids+=($!)
wait_for() {  # what, seconds, command...
  local what=$1 tries=$(($2 * 10)) i
  shift 2
  for ((i = 0; i < tries; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "cluster: $what did not happen; see $data/*.log" >&2
  exit 1
}
wait_for "etcd's start" 20 curl -fsS "$etcd_url/health"

http_of() { echo $((base + 100 * ($1 - 1))); }
start_node() {
  local number=$1 http
  http=$(http_of "$number")
  "$souk" serve --dev --data "$data/node$number" --http "127.0.0.1:$http" --admin "127.0.0.1:$((http + 1))" \
    --node-listen "127.0.0.1:$((http + 2))" --etcd "$etcd_url" --replicas "$replicas" --zone "zone-$number" 2>>"$data/node$number.log" &
  pids+=($!)
  wait_for "the start of node $number" 60 curl -fsS "http://127.0.0.1:$http/readyz"
}
for number in $(seq "$nodes"); do start_node "$number"; done

url=http://127.0.0.1:$base
export SOUK_URL=$url SOUK_SERVER_KEY=sk_dev
complete() {  # every shard has its copies
  local number copies=0 wanted=$((6 * (replicas < nodes ? replicas : nodes)))
  for number in $(seq "$nodes"); do
    copies=$((copies + $(curl -fsS "http://127.0.0.1:$(($(http_of "$number") + 1))/metrics" | grep -c '^souk_shard_applied_position')))
  done
  [ "$copies" -ge "$wanted" ]
}
wait_for "every shard's copies" 60 complete
"$souk" generate --products "$products" --seed 1 | "$souk" import --import-id "demo-$products" -

sku=$(curl -fsS "$url/v1/search?q=*&filter_by=in_stock:true&sort_by=popularity:desc&per_page=1" -H "Authorization: Bearer pk_dev" |
  sed -n 's/.*"matched_skus":\["\([^"]*\)".*/\1/p')
checkout() {  # key, url
  curl -fsS "$2/v1/checkouts" -H 'Authorization: Bearer sk_dev' -H 'Content-Type: application/json' -H "Idempotency-Key: $1" --retry 8 --retry-delay 1 --retry-all-errors \
    -d "{\"lines\":[{\"sku\":\"$sku\",\"quantity\":1}],\"customer\":{\"email\":\"shopper@example.org\"},\"payment\":{\"provider\":\"test\",\"token\":\"tok_ok\"}}"
}

echo
echo "Souk serves $products products on $nodes nodes, each shard $replicas times:"
for number in $(seq "$nodes"); do
  echo "  node $number  http://127.0.0.1:$(http_of "$number")  metrics http://127.0.0.1:$(($(http_of "$number") + 1))/metrics  pid ${pids[$number]}"
done
cat <<TEXT
  server key  sk_dev     storefront key  pk_dev     etcd  $etcd_url

Any node answers anything:
  curl -s 'http://127.0.0.1:$(http_of "$nodes")/v1/search?q=jacket&facet_by=brand&per_page=3' -H 'Authorization: Bearer pk_dev'
Kill one, search and buy again:
  kill -9 ${pids[2]:-}

Ctrl-C ends it. The logs are in $data/.
TEXT

if [ "${CLUSTER_CHECK:-}" = 1 ]; then
  checkout "before-$$" "$url" | grep -q '"id":"ord_' || { echo "cluster: no order before the failure" >&2; exit 1; }
  victim=${pids[2]}
  kill -9 "$victim"
  wait "$victim" 2>/dev/null || true
  checkout "after-$$" "$url" | grep -q '"id":"ord_' || { echo "cluster: no order after the failure" >&2; exit 1; }
  echo "cluster: orders go on without node 2"
  exit 0
fi
wait

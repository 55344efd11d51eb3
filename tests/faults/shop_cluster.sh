# Nodes that share an etcd, for the tests that source this after lib.sh. Nodes are numbered; `url`, `pid_of` and
# `node_flags` tell of them.
pids=()
cleanup_more() { for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; }

start_etcd() {  # name; sets etcd_url
  local client peer
  client=$(free_port)
  peer=$(free_port)
  etcd --name a --logger=zap --log-level warn --data-dir "$work/etcd-$1" --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "a=http://127.0.0.1:$peer" >>"$work/etcd.log" 2>&1 &
  pids+=($!)
  etcd_url=http://127.0.0.1:$client
}

declare -A url pid_of port_of
launch_node() {  # number, further flags...; does not wait
  local number=$1
  shift
  [ -n "${url[$number]:-}" ] || url[$number]=http://127.0.0.1:$(free_port)
  [ -n "${port_of[$number]:-}" ] || port_of[$number]=$(free_port)
  "$souk" serve --dev --data "$work/node$number" --http "${url[$number]#http://}" --admin off \
    --node-listen "127.0.0.1:${port_of[$number]}" --etcd "$etcd_url" --replicas 2 "$@" 2>>"$work/node$number.log" &
  pid_of[$number]=$!
  pids+=($!)
}
wait_ready() {  # number
  local i
  for i in $(seq 600); do
    curl -fsS -m 5 -o /dev/null "${url[$1]}/readyz" 2>/dev/null && return 0
    kill -0 "${pid_of[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  fail "node $1 is not ready: $(tail -3 "$work/node$1.log")"
}
start_node() {
  launch_node "$@"
  wait_ready "$1"
}
wait_until() {  # what, seconds, command...
  local what=$1 i
  local tries=$(($2 * 5))
  shift 2
  for i in $(seq "$tries"); do
    "$@" && return 0
    sleep 0.2
  done
  call GET /v1/cluster | jq -c '.shards, .operations' >&2
  fail "$what did not happen"
}
all_copies() { [ "$(call GET /v1/cluster | jq '[.shards[] | select(.members < 2 or .state != "ok")] | length')" = 0 ]; }
node_id() { curl -fsS -m 5 "${url[$1]}/v1/cluster" -H 'Authorization: Bearer sk_dev' | jq -r .node; }

stock=100000
shop_py=$(dirname "${BASH_SOURCE[0]}")/shop.py
shop() { python3 "$shop_py" "$@"; }
fill_shop() {
  local number
  for number in $(seq 0 11); do
    call POST /v1/products "{\"id\":\"p$number\",\"title\":\"Thing $number\",\"sku\":\"SKU-$number\",\"price\":{\"amount\":500,\"currency\":\"EUR\"},\"stock\":$stock}" -f -o /dev/null
  done
}
begin_load() {  # name, threads, urls...
  load_name=$1
  rm -f "$work/stop"
  python3 "$shop_py" load "$work/$1.json" "$work/stop" "$@" &
  load=$!
  pids+=($load)
}
end_load() {
  touch "$work/stop"
  wait "$load"
  [ "$(jq '.failed | length' "$work/$load_name.json")" = 0 ] ||
    fail "requests failed for good: $(jq -c '.failed[:3]' "$work/$load_name.json")"
}

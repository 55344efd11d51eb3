#!/usr/bin/env bash
# Three nodes under load: copies are added, moved and removed, leadership is transferred, a node is drained, and the node
# that carries a move on is killed in the middle of it. No request fails for good: each is repeated under its key.
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

declare -A url pid_of
start_node() {  # number
  local number=$1 http i
  http=${url[$number]##*:}
  "$souk" serve --dev --data "$work/node$number" --http "127.0.0.1:$http" --admin "127.0.0.1:$(free_port)" \
    --node-listen "127.0.0.1:$(free_port)" --etcd "http://127.0.0.1:$etcd_port" --replicas 2 2>>"$work/node$number.log" &
  pid_of[$number]=$!
  pids+=($!)
  for i in $(seq 600); do
    curl -fsS -o /dev/null "${url[$number]}/readyz" 2>/dev/null && return 0
    sleep 0.1
  done
  fail "node $number is not ready after 60 s: $(tail -3 "$work/node$number.log")"
}
wait_until() {  # what, command...
  local what=$1 i
  shift
  for i in $(seq 300); do
    "$@" && return 0
    sleep 0.2
  done
  call GET /v1/cluster | jq -c '.shards, .operations' >&2
  fail "$what did not happen within 60 s"
}
cluster() { call GET /v1/cluster; }
of_shard() { cluster | jq -r --arg shard "$1" ".shards[] | select(.id == \$shard) | $2"; }
node_id() { curl -fsS "${url[$1]}/v1/cluster" -H 'Authorization: Bearer sk_dev' | jq -r .node; }

for number in 1 2 3; do url[$number]=http://127.0.0.1:$(free_port); done
for number in 1 2 3; do start_node "$number"; done
SOUK_URL=${url[1]}
declare -A id
for number in 1 2 3; do id[$number]=$(node_id "$number"); done
all_copies() { [ "$(cluster | jq '[.shards[] | select(.members < 2 or .state != "ok")] | length')" = 0 ]; }
wait_until "every shard having two copies" all_copies
# Nothing is moved but by hand from here on: not of a shard that somebody chose the place of.
even() { cluster | jq -e '([.nodes[].holds] | max - min <= 1) and (.operations == [])' >/dev/null; }
wait_until "copies lying evenly" even

# Checkouts at every node, each repeated under its key until it is answered.
call POST /v1/products '{"id":"a","title":"A","sku":"A","price":{"amount":500,"currency":"EUR"},"stock":100000}' -f -o /dev/null
load() {  # number
  local turn=0 try code target
  while [ ! -e "$work/stop" ]; do
    turn=$((turn + 1))
    for try in $(seq 60); do
      target=${url[$(((turn + try + $1) % 3 + 1))]}
      code=$(curl -sS -m 12 -o /dev/null -w '%{http_code}' "$target/v1/checkouts" -H 'Authorization: Bearer sk_dev' \
        -H 'Content-Type: application/json' -H "Idempotency-Key: load-$1-$turn" \
        -d '{"lines":[{"sku":"A","quantity":1}],"customer":{"email":"a@example.org"},"payment":{"provider":"test","token":"tok_ok"}}' 2>/dev/null) || true
      [ "$code" != 201 ] || break
      sleep 0.2
    done
    if [ "$code" = 201 ]; then echo ok >>"$work/orders"; else echo "$1-$turn $code" >>"$work/failed"; fi
  done
}
: >"$work/failed"
loads=()
for number in 1 2; do
  load "$number" &
  loads+=($!)
done

# The node that holds no copy of the shard, its leader, and its secondary.
shard=catalog-0
leader() { of_shard "$shard" .primary; }
holders() { of_shard "$shard" '.primary, .secondaries[], .learners[].node'; }
outsider() { for number in 1 2 3; do holders | grep -q "${id[$number]}" || echo "${id[$number]}"; done; }

plan=$(call POST "/v1/shards/$shard:add_replica" '{"dry_run":true}')
[ "$(jq -r .state <<<"$plan")" = planned ] || fail "a dry run answered $plan"
[ "$(cluster | jq '.operations | length')" = 0 ] || fail "a dry run began something"

spare=$(outsider)
"$souk" shard add-replica "$shard" --node "$spare" >/dev/null || fail "no replica was added"
[ "$(of_shard "$shard" .members)" = 3 ] || fail "$shard has not three members"
"$souk" shard remove-replica "$shard" --node "$spare" >/dev/null || fail "no replica was removed"
[ "$(of_shard "$shard" .members)" = 2 ] || fail "$shard has not two members again"

heir=$(of_shard "$shard" '.secondaries[0]')
"$souk" shard transfer-leader "$shard" --to "$heir" >/dev/null || fail "the leadership was not transferred"
[ "$(leader)" = "$heir" ] || fail "$heir does not lead"

spare=$(outsider)
from=$(leader)
"$souk" shard move "$shard" --from "$from" --to "$spare" >/dev/null || fail "the shard was not moved"
holders | grep -q "$from" && fail "$from still holds $shard"
[ "$(leader)" = "$spare" ] || fail "$spare does not lead"

# Whoever carries the move on dies in the middle of it; another one ends it.
spare=$(outsider)
from=$(leader)
victim=
for number in 1 2 3; do [ "${id[$number]}" != "$from" ] || victim=$number; done
for number in 1 2 3; do [ "$number" = "$victim" ] || SOUK_URL=${url[$number]}; done
operation=$(call POST "/v1/shards/$shard:move" "{\"from\":\"$from\",\"to\":\"$spare\"}" | jq -r .id)
kill -9 "${pid_of[$victim]}"
ended() { call GET "/v1/operations/$operation" | jq -e '.state == "done"' >/dev/null; }
wait_until "the end of the move whose node died" ended
holders | grep -q "$from" && fail "$from still holds $shard"
start_node "$victim"
wait_until "every shard having two copies again" all_copies

drained=${id[3]}
SOUK_URL=${url[1]}
"$souk" node drain "$drained" >/dev/null || fail "the node was not drained"
holds_nothing() { [ "$(cluster | jq --arg node "$drained" '.nodes[] | select(.id == $node) | .holds')" = 0 ]; }
wait_until "the drained node holding nothing" holds_nothing

# A copy tells of itself every few seconds: who led before may still say so.
has_heat() {
  call GET "/v1/shards/orders-0/heat" | jq -e '.primary as $p | .copies | map(select(.node == $p)) | .[0].commands_per_second > 0' >/dev/null
}
wait_until "the load having heat" has_heat

touch "$work/stop"
wait "${loads[@]}"
[ ! -s "$work/failed" ] || fail "requests failed for good: $(head -3 "$work/failed")"
orders=$(wc -l <"$work/orders")
# A hold becomes a sale after its order was answered; what the killed node had begun is another's once its lease is over.
sold() { call GET /v1/inventory/A | jq .sold; }
for i in $(seq 300); do
  [ "$(sold)" = "$orders" ] && break
  sleep 0.2
done
[ "$(sold)" = "$orders" ] || fail "$orders orders were answered, $(sold) units are sold"
echo "after $((i / 5)) s all is sold that was ordered: $orders orders went on while copies were added, moved and drained"

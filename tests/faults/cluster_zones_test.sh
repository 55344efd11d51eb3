#!/usr/bin/env bash
# Nodes with zones and one with an empty one: it counts as a zone of its own, copies are placed so, and `souk cluster` says it.
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

start_node() {  # name, zone, port
  "$souk" serve --dev --data "$work/$1" --http "127.0.0.1:$3" --admin "127.0.0.1:$(free_port)" --zone="$2" --replicas 2 \
    --node-listen "127.0.0.1:$(free_port)" --etcd "http://127.0.0.1:$etcd_port" 2>>"$work/$1.log" >/dev/null &
  pids+=($!)
  for i in $(seq 300); do
    curl -fsS -o /dev/null "http://127.0.0.1:$3/readyz" 2>/dev/null && return
    sleep 0.1
  done
  fail "node $1 does not start: $(tail -2 "$work/$1.log")"
}
id_of() { curl -fsS "http://127.0.0.1:$1/v1/cluster" -H 'Authorization: Bearer sk_dev' | jq -r .node; }
shards() { call GET /v1/cluster | jq -c "[.shards[] | [.primary] + .secondaries]"; }

first=$(free_port)
none=$(free_port)
second=$(free_port)
SOUK_URL=http://127.0.0.1:$first
start_node first a "$first"
start_node none "" "$none"
for i in $(seq 300); do
  [ "$(shards | jq 'map(length == 2) | all')" = true ] && break
  sleep 0.1
done
[ "$(shards | jq 'map(length == 2) | all')" = true ] || fail "the node with an empty zone gets no copies: $(shards)"
start_node second a "$second"
a=$(id_of "$first")
b=$(id_of "$second")
# The copies come to lie evenly, and no shard's two in zone a alone.
spread() { call GET /v1/cluster | jq --arg b "$b" '(.operations | length) == 0 and ([.shards[] | [.primary] + .secondaries | index($b)] | map(select(. != null)) | length >= 2)'; }
for i in $(seq 400); do
  [ "$(spread)" = true ] && break
  sleep 0.2
done
[ "$(spread)" = true ] || fail "the third node gets no copies: $(shards)"
[ "$(shards | jq --arg a "$a" --arg b "$b" 'map(select(length == 2) | index($a) != null and index($b) != null) | any')" = false ] ||
  fail "a shard has both copies in zone a: $(shards)"
# To people, that is to a terminal.
said=$(script -qec "$souk cluster --url $SOUK_URL" /dev/null </dev/null)
grep -q "without a zone, .*$(id_of "$none"); give all nodes --zone" <<<"$said" || fail "souk cluster does not say so: $said"
echo "a node without a zone is one of its own, and that is said"

#!/usr/bin/env bash
# Three nodes under checkouts and searches; one after the other is stopped by SIGTERM and started again, as an upgrade
# does. No request fails after repeating it, every order is there once. A node of an unknown wire version is kept out and
# says why, a data folder of an unknown format is refused. The control: all nodes are killed, and requests do fail.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/shop_cluster.sh"

start_etcd one
for number in 1 2 3; do launch_node "$number"; done
for number in 1 2 3; do wait_ready "$number"; done
SOUK_URL=${url[1]}
wait_until "every shard having two copies" 60 all_copies
fill_shop

begin_load upgrade 8 "${url[1]}" "${url[2]}" "${url[3]}"
sleep 1
for number in 1 2 3; do
  kill -TERM "${pid_of[$number]}"
  code=0
  wait "${pid_of[$number]}" || code=$?
  [ "$code" = 0 ] || fail "node $number ended with $code: $(tail -3 "$work/node$number.log")"
  start_node "$number"
  SOUK_URL=${url[$number]}
  # The next one may only go when this one carries its share again.
  wait_until "every shard having two copies after node $number" 60 all_copies
  sleep 1
done
end_load
shop check "${url[1]}" "$stock" 60 "$work/upgrade.json" >"$work/verdict" || fail "after the upgrade: $(cat "$work/verdict")"
report=$(jq -c '{orders: (.orders | length), searches, repeats, slowest}' "$work/upgrade.json")

# A version that shares no packets with this one.
SOUK_FAILPOINTS=peers.unknown_wire=on launch_node 4
wait_ready 4
told() {
  local number
  said=$(for number in 1 2 3 4; do
    curl -fsS -m 5 "${url[$number]}/v1/cluster" -H 'Authorization: Bearer sk_dev' | jq -r '.nodes[].last_error // empty'
  done)
  grep -q 'speaks wire versions' <<<"$said"
}
wait_until "a word about the unknown wire version" 20 told
begin_load beside 4 "${url[1]}" "${url[2]}" "${url[3]}"
sleep 2
end_load
[ "$(call GET /v1/cluster | jq '[.shards[] | select(.state != "ok")] | length')" = 0 ] || fail "a foreign node did harm"
kill -9 "${pid_of[4]}"

# A data folder of a version to come.
kill -TERM "${pid_of[3]}"
wait "${pid_of[3]}" || true
cp "$work/node3/format" "$work/format"
sed -i 's/[0-9]*$/99/' "$work/node3/format"
code=0
"$souk" serve --dev --data "$work/node3" --http "127.0.0.1:$(free_port)" --admin off >"$work/refusal" 2>&1 || code=$?
[ "$code" = 3 ] && grep -q 'has format 99' "$work/refusal" || fail "a newer data folder: code $code, $(cat "$work/refusal")"
cp "$work/format" "$work/node3/format"

# The control: without hand-over and with nobody left, what is asked does fail.
SOUK_URL=${url[1]}
for number in 1 2; do kill -9 "${pid_of[$number]}"; done
echo '{"failed":[]}' >"$work/control.json"
sed 's/^PATIENCE = .*/PATIENCE = 3/' "$(dirname "$0")/shop.py" >"$work/impatient.py"
rm -f "$work/stop"
python3 "$work/impatient.py" load "$work/control.json" "$work/stop" control 2 "${url[1]}" "${url[2]}" &
load=$!
sleep 5
touch "$work/stop"
wait "$load"
[ "$(jq '.failed | length' "$work/control.json")" -gt 0 ] || fail "no request failed although nobody was there"

echo "three nodes were replaced under load, 0 requests failed: $report"

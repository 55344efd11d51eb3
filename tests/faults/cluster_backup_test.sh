#!/usr/bin/env bash
# Three nodes under checkouts of several shards each; a backup in the middle. Restored into a node alone and into a
# cluster of two, every order in it is finished, and what is sold is what was ordered. Damaged backups, those of a newer
# version and clusters in use are refused. The control: taken without holding the shards still, it is wrong.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/shop_cluster.sh"

start_etcd origin
for number in 1 2 3; do launch_node "$number"; done
for number in 1 2 3; do wait_ready "$number"; done
SOUK_URL=${url[1]}
wait_until "every shard having two copies" 60 all_copies
fill_shop
origin=$(for number in 1 2 3; do node_id "$number"; done)

begin_load shop 12 "${url[1]}" "${url[2]}" "${url[3]}"
sleep 4
backup=$work/backup
"$souk" backup --url "${url[2]}" -o "$backup" >"$work/backup.json" 2>"$work/backup.progress" ||
  fail "no backup: $(cat "$work/backup.progress" "$work/backup.json")"
held=$(jq .held_ms "$work/backup.json")
[ -f "$backup/manifest" ] && [ ! -e "$backup.partial" ] || fail "the backup is not whole: $(ls "$work")"
"$souk" backup --url "${url[2]}" -o "$backup" 2>"$work/again" && fail "a backup was written over another one"
sleep 3
end_load
shop check "${url[1]}" "$stock" 60 "$work/shop.json" >"$work/verdict" || fail "the cluster itself: $(cat "$work/verdict")"
for number in 1 2 3; do kill -9 "${pid_of[$number]}"; done
wait "${pid_of[@]}" 2>/dev/null || true

# The state of every shard is that of the manifest.
"$souk" restore "$backup" --data "$work/alone" >"$work/restored" || fail "not restored: $(cat "$work/restored")"
wanted=$(awk '$1 == "shard" { print $2, $7, $8 }' "$backup/manifest" | sort)
found=$("$souk" replay --json --data "$work/alone" | jq -r '.shards[] | "\(.id) \(.position) \(.state_hash)"' | sort)
[ "$wanted" = "$found" ] || fail "restored: $found; the manifest says: $wanted"
[ "$(wc -l <<<"$wanted")" = 6 ] || fail "not six shards: $wanted"
grep -q "$(jq -r .node "$work/restored")" <<<"$origin" && fail "the restored node calls itself as one of the origin"

check_alone() {  # data folder
  start_server "$1" || return 2
  local code=0
  shop check "$SOUK_URL" "$stock" "$2" >"$work/verdict" || code=$?
  stop_server
  return $code
}
SOUK_URL=http://127.0.0.1:$port
check_alone "$work/alone" 40 || fail "restored into one node: $(cat "$work/verdict")"
orders=$(jq .orders "$work/verdict")
told=$(jq '.orders | length' "$work/shop.json")
[ "$orders" -gt 0 ] && [ "$orders" -lt "$told" ] || fail "$orders of $told orders: not in the middle of the load"

# What must be refused leaves nothing.
refuse() {  # what, expected text, backup, flags...
  local what=$1 text=$2 from=$3 code=0
  shift 3
  "$souk" restore "$from" --data "$work/refused" "$@" >"$work/refusal" 2>&1 || code=$?
  [ "$code" = 3 ] && grep -q "$text" "$work/refusal" || fail "$what: code $code, $(cat "$work/refusal")"
  [ ! -e "$work/refused" ] && [ ! -e "$work/refused.partial" ] || fail "$what: something is left"
}
broken=$work/broken
for file in catalog-1.state orders-0.journal manifest; do
  rm -rf "$broken"
  cp -r "$backup" "$broken"
  python3 - "$broken/$file" <<'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    data[len(data) // 2] ^= 4
    file.seek(0)
    file.write(data)
PY
  refuse "damaged $file" "$file" "$broken"
done
rm -rf "$broken"
cp -r "$backup" "$broken"
sed -i '1s/ 2$/ 9/' "$broken/manifest"
refuse "a newer backup" "newer Souk" "$broken"
rm "$broken/manifest"
refuse "an unfinished backup" "no finished backup" "$broken"
refuse "a cluster in use" "has shards already" "$backup" --etcd "$etcd_url"

# Into two nodes: one gets the backup, the other its copies from it.
start_etcd fresh
"$souk" restore "$backup" --data "$work/node4" --etcd "$etcd_url" --replicas 2 >"$work/restored" ||
  fail "not restored into a cluster: $(cat "$work/restored")"
for number in 4 5; do launch_node "$number"; done
for number in 4 5; do wait_ready "$number"; done
SOUK_URL=${url[5]}
wait_until "every shard having two copies" 60 all_copies
shop check "${url[5]}" "$stock" 40 >"$work/verdict" || fail "restored into two nodes: $(cat "$work/verdict")"
[ "$(jq .orders "$work/verdict")" = "$orders" ] || fail "restored into two nodes: $(cat "$work/verdict"), alone $orders orders"
# It is a cluster that works.
begin_load after 4 "${url[4]}" "${url[5]}"
sleep 2
end_load
shop check "${url[4]}" "$stock" 40 >"$work/verdict" || fail "after the restore: $(cat "$work/verdict")"
for number in 4 5; do kill -9 "${pid_of[$number]}"; done

# The control: the shards one after the other, while checkouts go on.
start_etcd control
export SOUK_FAILPOINTS=backup.careless=on
for number in 6 7; do launch_node "$number"; done
for number in 6 7; do wait_ready "$number"; done
unset SOUK_FAILPOINTS
SOUK_URL=${url[6]}
wait_until "every shard having two copies" 60 all_copies
fill_shop
begin_load careless 12 "${url[6]}" "${url[7]}"
sleep 2
"$souk" backup --url "${url[6]}" -o "$work/careless" >"$work/backup.json" 2>&1 || fail "no backup: $(cat "$work/backup.json")"
end_load
for number in 6 7; do kill -9 "${pid_of[$number]}"; done
"$souk" restore "$work/careless" --data "$work/control" >/dev/null || fail "the careless backup is not restored"
SOUK_URL=http://127.0.0.1:$port
code=0
check_alone "$work/control" 10 || code=$?
[ "$code" = 1 ] || fail "the careless backup was not found wrong (code $code): $(cat "$work/verdict")"

echo "$orders of $told orders are in the backup and whole in one node and in two; writes waited $held ms; the careless backup: $(jq -c '.wrong[0]' "$work/verdict")"

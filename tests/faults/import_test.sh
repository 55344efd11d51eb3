#!/usr/bin/env bash
# Feeds come in through the real commands: every data set at hand by its mapping, and a generated catalog through a pipe,
# repeated, and cut off by the death of the server.
. "$(dirname "$0")/lib.sh"
sets=${SOUK_DATA:-$root/../shared/data}

found() {  # number of products a search without words finds
  call GET '/v1/search?per_page=1' '' | python3 -c 'import json, sys; print(json.load(sys.stdin)["found"])'
}
stock_of() { call GET "/v1/inventory/$1" '' | python3 -c 'import json, sys; print(json.load(sys.stdin)["on_hand"])'; }
check_found() { [ "$(found)" = "$1" ] || fail "$2: search finds $(found) products, not $1"; }
exported() {  # everything but the two times, sorted, to a file
  "$souk" export -o "$work/export"
  sed 's/,"created_at".*//' "$work/export" | sort >"$work/$1.jsonl"
}
fresh_server() {  # name of the data folder
  stop_server
  start_server "$work/$1"
}

import_set() {  # data set
  local file=$sets/$1/products.jsonl.gz ok
  [ -r "$file" ] || { echo "skipped: no data set $1 under $sets (SOUK_DATA names another folder)"; return 0; }
  fresh_server "set-$1"
  ok=$("$souk" import --mapping "$root/deploy/mappings/$1.toml" "$file" 2>"$work/import.log" |
    python3 -c 'import json, sys; s = json.load(sys.stdin)["summary"]; assert s["failed"] == 0, s; print(s["ok"])') ||
    fail "$1: $(tail -3 "$work/import.log")"
  [ "$ok" -gt 0 ] || fail "$1: nothing was imported"
  [ -z "${2:-}" ] || [ "$ok" = "$2" ] || fail "$1: $ok products were imported, not $2"
  check_found "$ok" "$1"
  echo "$1: $ok products"
}
import_set icecat-chorus 19406
import_set esci-us-small 6764
import_set livostyle 2766
import_set bestbuy-phones 3291
import_set online-retail

count=20000
generate() { "$souk" generate --products $count --seed 7 2>/dev/null; }

fresh_server whole
generate | "$souk" import - --import-id pipe >/dev/null 2>&1 || fail "the import through a pipe failed"
check_found $count "pipe"
exported whole
sku=$(generate | head -1 | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["variants"][0]["sku"])' || true)
before=$(stock_of "$sku")
call POST "/v1/inventory/$sku/adjustments" '{"delta":5,"reason":"received"}' -H 'Idempotency-Key: import-test' -o /dev/null
generate | "$souk" import - --import-id pipe >/dev/null 2>&1 || fail "the repeated import failed"
[ "$(stock_of "$sku")" = $((before + 5)) ] || fail "a repeated line was done twice: $before + 5 became $(stock_of "$sku")"
check_found $count "repeated"

fresh_server cut
generate | "$souk" import - --import-id pipe >/dev/null 2>&1 &
import=$!
for _ in $(seq 200); do
  some=$(found)
  [ "$some" -gt 1000 ] && break
  sleep 0.02
done
stop_server KILL
wait $import && fail "the import did not notice that the server died"
start_server "$work/cut"
kept=$(found)
[ "$kept" -ge "$some" ] || fail "search found $some products before the server died and $kept after"
[ "$kept" -lt $count ] || echo "the server died too late to cut the import"
generate | "$souk" import - --import-id pipe >/dev/null 2>&1 || fail "the import after the death failed"
check_found $count "cut off and repeated"
exported cut
cmp -s "$work/whole.jsonl" "$work/cut.jsonl" || fail "the catalog differs from one that was imported in one go"
echo "$count products through a pipe, repeated, and cut off after $kept: the same catalog"

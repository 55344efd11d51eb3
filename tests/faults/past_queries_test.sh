#!/usr/bin/env bash
# What shoppers asked for is suggested after a restart in good order, and after a kill what was written before it; never
# what finds nothing that can be bought. A file that was damaged costs the suggestions only, not the start.
. "$(dirname "$0")/lib.sh"

suggested() { call GET "/v1/suggest?q=blue&types=query" | python3 -c 'import json,sys; print([s["text"] for s in json.load(sys.stdin)["suggestions"]])'; }
expect() { local now; now=$(suggested); [ "$now" = "$1" ] || fail "$2: $now is suggested, not $1"; }
search() { local i; for i in 1 2 3 4 5; do call GET "/v1/search?q=$1" >/dev/null; done; }

start_server "$work/data"
call PUT /v1/products/k '{"id":"k","title":"Blue kettle","sku":"K","price":{"amount":900,"currency":"EUR"},"stock":3}' >/dev/null
search blue+kettle
search blue+dragon+which+nobody+sells
expect "['blue kettle']" "before the restart"
stop_server TERM

start_server "$work/data"
expect "['blue kettle']" "after the restart"
call PUT /v1/inventory/K '{"on_hand":0}' >/dev/null
expect "[]" "sold out"
call PUT /v1/inventory/K '{"on_hand":3}' >/dev/null
stop_server KILL

start_server "$work/data"
expect "['blue kettle']" "after the kill"
stop_server TERM
printf 'not what it was' >"$work/data/past_queries"

start_server "$work/data"
expect "[]" "after the damage"
search blue+kettle
expect "['blue kettle']" "anew"
stop_server TERM
rm "$work/data/past_queries"

# Control: without what was kept, a restart forgets.
start_server "$work/data"
expect "[]" "without the file"
echo "past queries outlive restarts"

#!/usr/bin/env bash
# Wrong flags, folders and ports: one clear line on stderr, the documented exit code, nothing damaged. A full disk stops
# writes with 503 while reads go on.
. "$(dirname "$0")/lib.sh"

expect() {  # exit code, a word the message must hold, command...
  local wanted=$1 word=$2 code=0
  shift 2
  timeout 30 "$@" >"$work/out" 2>"$work/err" || code=$?
  [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted of: $* ($(cat "$work/err"))"
  [ "$(grep -c . "$work/err")" -le 2 ] || fail "more than a line on stderr of: $* ($(cat "$work/err"))"
  [ -z "$word" ] || grep -qi -- "$word" "$work/err" || fail "stderr of $* does not say '$word': $(cat "$work/err")"
}
serve() { echo "$souk serve --dev --http 127.0.0.1:$port --admin 127.0.0.1:$admin --data"; }

expect 2 "frobnicate" "$souk" serve --frobnicate
expect 2 "no command 'frobnicate' (see souk --help)" "$souk" frobnicate
expect 2 "no command 'heat-up' (see souk shard --help)" "$souk" shard heat-up
expect 2 "(see souk import --help)" "$souk" import
expect 2 "(see souk serve --help)" "$souk" serve --frobnicate
expect 2 "souk" "$souk"
expect 1 "127.0.0.1:1: " "$souk" search --url http://127.0.0.1:1 tee
expect 2 "ftp://shop" "$souk" export --url ftp://shop
expect 2 "/nope/x" "$souk" import /nope/x
expect 2 "/nope/x" "$souk" serve --config /nope/x
expect 3 "" "$souk" replay --data "$work/no-such-folder"
"$souk" --help | grep -q "Exit codes: 0 ok, 1 failed, 2 .*, 3 .*, 4 " || fail "souk --help does not list the exit codes"
expect 2 "http" "$souk" serve --dev --data "$work/x" --http not-an-address
expect 2 "loopback" "$souk" serve --dev --data "$work/x" --http 0.0.0.0:$port
echo "not a folder" >"$work/file"
expect 3 "" $(serve) "$work/file"
expect 3 "" $(serve) /proc/souk-cannot-write-here
[ "$(cat "$work/file")" = "not a folder" ] || fail "the file given as a data folder was damaged"

start_server "$work/data"
call POST /v1/products '{"id":"tee","title":"Organic tee","sku":"TEE","price":{"amount":1999,"currency":"EUR"},"stock":5}' -o /dev/null
# The same folder twice, then the same port twice.
other=$(free_port)
expect 3 "" "$souk" serve --dev --data "$work/data" --http "127.0.0.1:$other" --admin "127.0.0.1:$(free_port)"
expect 4 "$port" "$souk" serve --dev --data "$work/data2" --http "127.0.0.1:$port" --admin "127.0.0.1:$(free_port)"
call GET /v1/products/tee | grep -q Organic || fail "the running server was disturbed"
kill -TERM "$server"
code=0
wait "$server" || code=$?
server=
[ "$code" = 0 ] || fail "SIGTERM ended the server with $code"

# A folder written by a newer version is refused and left alone.
stop_server TERM
echo "souk data 999" >"$work/data/format"
cp -r "$work/data" "$work/before"
expect 3 "newer" $(serve) "$work/data"
diff -r "$work/before" "$work/data" >/dev/null || fail "a newer data folder was changed"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$work/small"
  cleanup_more() { umount "$work/small" 2>/dev/null; }
  mount -t tmpfs -o size=256m none "$work/small"
  printf 'free_bytes_min = "64MiB"\n' >"$work/config.toml"
  start_server "$work/small/data" --config "$work/config.toml"
  call POST /v1/products '{"id":"tee","title":"Organic tee","sku":"TEE","price":{"amount":1999,"currency":"EUR"},"stock":5}' -o /dev/null
  head -c 230M /dev/zero >"$work/small/ballast" || true
  sleep 2
  code=$(call POST /v1/inventory/TEE/adjustments '{"delta":1,"reason":"received"}' -H "Idempotency-Key: full-1" -o "$work/answer" -w '%{http_code}')
  [ "$code" = 503 ] && grep -q disk_full "$work/answer" || fail "a write on a full disk was answered $code: $(cat "$work/answer")"
  [ "$(call GET /v1/inventory/TEE '' -o /dev/null -w '%{http_code}')" = 200 ] || fail "reads stopped on a full disk"
  rm "$work/small/ballast"
  sleep 2
  code=$(call POST /v1/inventory/TEE/adjustments '{"delta":1,"reason":"received"}' -H "Idempotency-Key: full-1" -o "$work/answer" -w '%{http_code}')
  [ "$code" = 200 ] || fail "writes do not come back with the space: $code $(cat "$work/answer")"
  stop_server TERM
else
  echo "skipped the full disk: mounting a small one needs root"
fi
echo "all refusals are clear, nothing was damaged"

#!/usr/bin/env bash
# 10,000 concurrent checkouts for 100 units: exactly 100 orders and 9,900 clean refusals. A planted oversell turns it red.
. "$(dirname "$0")/lib.sh"

start_server "$work/data"
"$bench" run "$root/bench/scenarios/flash-sale.toml" --json "$work/sale.json" || fail "the verdict is red"
[ "$(jq .verdict.acknowledged "$work/sale.json")" = 100 ] || fail "not exactly 100 orders"
[ "$(jq .verdict.refused "$work/sale.json")" = 9900 ] || fail "not exactly 9,900 refusals"
[ "$(jq '[.operations.checkout.statuses | to_entries[] | select(.key != "201" and .key != "409")] | length' "$work/sale.json")" = 0 ] ||
  fail "answers other than 201 and 409: $(jq -c .operations.checkout.statuses "$work/sale.json")"
stop_server TERM

export SOUK_FAILPOINTS=catalog.oversell=on
start_server "$work/control"
if "$bench" run "$root/bench/scenarios/flash-sale.toml" --attempts 1000 --json "$work/control.json" >"$work/control.txt"; then
  cat "$work/control.txt"
  fail "control: the planted oversell was not seen"
fi
grep -q RED "$work/control.txt" || fail "control: no verdict"
echo "control: the planted oversell turns the verdict red, as it must"

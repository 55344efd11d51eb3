#!/usr/bin/env bash
# The node dies after each step of a checkout. After the restart either the order exists with its payment authorised (or
# captured), or there is no order, the payment is not authorised and nothing stays held. Asking again with the same key
# always gives an order, once.
. "$(dirname "$0")/lib.sh"

data=$work/data
body='{"lines":[{"sku":"A","quantity":2},{"sku":"B","quantity":1}],"customer":{"email":"crash@example.org"},"payment":{"provider":"test","token":"tok_ok"}}'
products='{"id":"a","title":"First","sku":"A","price":{"amount":500,"currency":"EUR"},"stock":1000}
{"id":"b","title":"Second","sku":"B","price":{"amount":250,"currency":"EUR"},"stock":1000}'

# The books of the payment company, a file of its own: `VERB PAYMENT AMOUNT CURRENCY`; the last line of a payment counts.
payment_states() { awk '{state[$2] = $1} END {for (p in state) print state[p]}' "$data/test_payments.log" 2>/dev/null | sort | uniq -c | awk '{print $2 "=" $1}' | tr '\n' ' '; }
orders_of() { call GET "/v1/orders?limit=250&customer=crash@example.org" | jq '.data | length'; }
level() { call GET "/v1/inventory/$1" | jq -r ".$2"; }
await_no_holds() {
  local i
  for i in $(seq 100); do
    [ "$(level A held)" = 0 ] && [ "$(level B held)" = 0 ] && return 0
    sleep 0.1
  done
  return 1
}

check_books() {  # step, orders there must be
  local step=$1 wanted=$2 orders
  await_no_holds || fail "$step: units stay held"
  orders=$(orders_of)
  [ "$orders" = "$wanted" ] || fail "$step: $orders orders, expected $wanted"
  [ "$(level A sold)" = $((2 * wanted)) ] || fail "$step: $(level A sold) units of A sold for $wanted orders"
  [ "$(level A on_hand)" = $((1000 - 2 * wanted)) ] || fail "$step: on hand of A does not fit"
  local paid
  touch "$data/test_payments.log"
  paid=$(awk '{state[$2] = $1} END {n = 0; for (p in state) if (state[p] != "V") n++; print n}' "$data/test_payments.log")
  [ "$paid" = "$wanted" ] || fail "$step: $paid payments stand for $wanted orders ($(payment_states))"
}

start_server "$data"
call POST "/v1/products:import?action=upsert" "$products" -H "Content-Type: application/x-ndjson" -o /dev/null
stop_server TERM

done_orders=0
for step in after_begin after_reserve after_authorize after_place after_answer after_commit_holds after_capture after_complete; do
  SOUK_FAILPOINTS=checkout.$step=abort start_server "$data"
  code=$(call POST /v1/checkouts "$body" -H "Idempotency-Key: crash-$step" -o /dev/null -w '%{http_code}' || true)
  # The failpoint may sit behind the answer: give it a moment to end the process.
  for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
  kill -0 "$server" 2>/dev/null && fail "$step: the failpoint was not reached (answer $code)"
  wait "$server" 2>/dev/null || true
  server=

  start_server "$data"
  # Whatever the restart made of it must be whole before anyone asks again.
  await_no_holds || fail "$step: units stay held after the restart"
  before=$(orders_of)
  if [ "$code" = 201 ] && [ "$before" != $((done_orders + 1)) ]; then fail "$step: an acknowledged order is lost"; fi
  check_books "$step, restarted" "$before"

  again=$(call POST /v1/checkouts "$body" -H "Idempotency-Key: crash-$step" -o "$work/again.json" -w '%{http_code}')
  [ "$again" = 201 ] || fail "$step: asking again was answered $again: $(cat "$work/again.json")"
  done_orders=$((done_orders + 1))
  check_books "$step, asked again" "$done_orders"
  echo "$step: first answer $code, after the restart $((before - done_orders + 1)) order, asked again: one order, books balance"
  stop_server TERM
done

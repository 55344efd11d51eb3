#!/usr/bin/env bash
# SIGTERM while checkouts run at full speed: every request that was begun gets its whole answer, who comes later is
# refused, the node ends with 0 within its drain time, and after the restart the orders are exactly the acknowledged
# ones. The control: with kill -9 instead, requests are cut off and orders appear that nobody was told of.
. "$(dirname "$0")/lib.sh"

cat >"$work/load.py" <<'PY'
"""Checkouts over kept connections until the server is gone. Usage: load.py PORT NAME. Prints one JSON object."""
import http.client, json, socket, sys, threading, time

port, name = int(sys.argv[1]), sys.argv[2]
orders, refused, cut, broken, lock = set(), 0, 0, [], threading.Lock()

def shop(number):
    global refused, cut
    turn = 0
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        except OSError:
            return                                  # nobody listens any more
        while True:
            turn += 1
            body = json.dumps({"lines": [{"sku": "A", "quantity": 1}], "customer": {"email": "load@example.org"},
                               "payment": {"provider": "test", "token": "tok_ok"}})
            request = (f"POST /v1/checkouts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_dev\r\n"
                       f"Content-Type: application/json\r\nIdempotency-Key: {name}-{number}-{turn}\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
            got = b""
            try:
                connection.sendall(request)
                reply = http.client.HTTPResponse(connection, method="POST")
                reply.begin()
                got = b"head"
                answer = json.loads(reply.read())
            except (OSError, http.client.HTTPException, ValueError) as failure:
                with lock:
                    cut += 1
                    if got: broken.append(str(failure))   # an answer that began must be whole
                break
            with lock:
                if reply.status == 201: orders.add(answer["id"])
                elif reply.status == 503: refused += 1
                else: broken.append(f"{reply.status} {answer}")
            if reply.getheader("Connection") == "close": break
        connection.close()

threads = [threading.Thread(target=shop, args=(number,)) for number in range(48)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps({"orders": sorted(orders), "refused": refused, "cut": cut, "broken": broken[:5]}))
PY

all_orders() {  # every order's id, one a line
  local after= page
  while :; do
    page=$(call GET "/v1/orders?limit=250${after:+&after=$after}")
    jq -r '.data[].id' <<<"$page"
    [ "$(jq .has_more <<<"$page")" = true ] || return 0
    after=$(jq -r '.next_cursor | @uri' <<<"$page")
  done
}

round() {  # signal
  local signal=$1
  rm -rf "$work/data"
  start_server "$work/data"
  call POST /v1/products '{"id":"a","title":"A","sku":"A","price":{"amount":500,"currency":"EUR"},"stock":10000000}' -o /dev/null
  python3 "$work/load.py" "$port" "$signal" >"$work/$signal.json" &
  local load=$!
  sleep 2
  local before=$SECONDS code=0
  kill -"$signal" "$server"
  wait "$server" || code=$?
  echo "$code" >"$work/$signal.code"
  echo $((SECONDS - before)) >"$work/$signal.seconds"
  server=
  # Nobody listens: a new connection is refused.
  if curl -s -m 5 -o /dev/null "$SOUK_URL/livez"; then fail "$signal: somebody still answers"; fi
  wait $load
  start_server "$work/data"
  for _ in $(seq 100); do [ "$(call GET /v1/inventory/A | jq .held)" = 0 ] && break; sleep 0.1; done
  all_orders | sort >"$work/$signal.orders"
  jq -r '.orders[]' "$work/$signal.json" | sort >"$work/$signal.told"
  [ -z "$(comm -13 "$work/$signal.orders" "$work/$signal.told")" ] || fail "$signal: acknowledged orders are lost"
  [ "$(uniq -d "$work/$signal.orders" | wc -l)" = 0 ] || fail "$signal: an order is there twice"
  [ "$(call GET /v1/inventory/A | jq .sold)" = "$(wc -l <"$work/$signal.orders")" ] || fail "$signal: units sold do not fit the orders"
  stop_server TERM
}

round TERM
told=$(wc -l <"$work/TERM.told")
[ "$told" -gt 100 ] || fail "too few orders to prove anything: $told"
[ "$(cat "$work/TERM.code")" = 0 ] || fail "the drained node ended with $(cat "$work/TERM.code")"
[ "$(cat "$work/TERM.seconds")" -le 20 ] || fail "draining took $(cat "$work/TERM.seconds") s"
[ "$(jq -c .broken "$work/TERM.json")" = '[]' ] || fail "answers were cut or wrong: $(jq -c .broken "$work/TERM.json")"
untold=$(comm -23 "$work/TERM.orders" "$work/TERM.told" | wc -l)
[ "$untold" = 0 ] || fail "$untold orders were made without an answer"
echo "drained in $(cat "$work/TERM.seconds") s: $told orders, each acknowledged; $(jq .refused "$work/TERM.json") refused, $(jq .cut "$work/TERM.json") found a closed connection"

round KILL
untold=$(comm -23 "$work/KILL.orders" "$work/KILL.told" | wc -l)
[ "$(jq .cut "$work/KILL.json")" -gt 0 ] || fail "control: kill -9 cut nothing off, so this test cannot see a cut"
[ "$untold" -gt 0 ] || fail "control: kill -9 left no order without an answer, so this test cannot see one"
echo "control: kill -9 cut off $(jq .cut "$work/KILL.json") requests, $untold of their orders exist"

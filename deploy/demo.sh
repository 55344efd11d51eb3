#!/usr/bin/env bash
# A shop to try: generates a catalog, serves it, and prints what to type. Ctrl-C ends it; the data stays in demo-data/.
# Environment: DEMO_PRODUCTS (20000), DEMO_PORT (8080), DEMO_ADMIN_PORT (8081), DEMO_DATA (demo-data), DEMO_CHECK=1 (try the printed commands, then stop).
set -euo pipefail
cd "$(dirname "$0")/.."

souk=build/release/souk
products=${DEMO_PRODUCTS:-20000}
port=${DEMO_PORT:-8080}
admin=${DEMO_ADMIN_PORT:-8081}
data=${DEMO_DATA:-demo-data}
url=http://127.0.0.1:$port

# curl would ask the proxy for this machine's own address.
curl=curl
if [ -n "${http_proxy:-}${all_proxy:-}${ALL_PROXY:-}" ]; then
  case ",${no_proxy:-${NO_PROXY:-}}," in
    *,127.0.0.1,* | *,'*',*) ;;
    *) curl="curl --noproxy 127.0.0.1" ;;
  esac
fi

"$souk" serve --dev --data "$data" --http "127.0.0.1:$port" --admin "127.0.0.1:$admin" 2>"$data.log" &
server=$!
stop() { kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
trap stop EXIT
trap 'exit 130' INT TERM

for _ in $(seq 300); do
  if ! kill -0 "$server" 2>/dev/null; then
    tail -3 "$data.log" >&2
    trap - EXIT
    wait "$server" && exit 1 || exit $?
  fi
  $curl -fsS "$url/readyz" >/dev/null 2>&1 && break
  sleep 0.1
done

export SOUK_URL=$url SOUK_SERVER_KEY=sk_dev
# The same catalog is not imported twice: an import that is known by its id is only confirmed.
"$souk" generate --products "$products" --seed 1 | "$souk" import --import-id "demo-$products" -

sku=$($curl -fsS "$url/v1/search?q=*&filter_by=in_stock:true&sort_by=popularity:desc&per_page=1" -H "Authorization: Bearer pk_dev" |
  sed -n 's/.*"matched_skus":\["\([^"]*\)".*/\1/p')
order_key=demo-$(date +%s)

search="$curl -s '$url/v1/search?q=jacket&facet_by=brand&per_page=3' -H 'Authorization: Bearer pk_dev'"
checkout="$curl -s $url/v1/checkouts -H 'Authorization: Bearer sk_dev' -H 'Content-Type: application/json' -H 'Idempotency-Key: $order_key' -d '{\"lines\":[{\"sku\":\"$sku\",\"quantity\":1}],\"customer\":{\"email\":\"shopper@example.org\"},\"payment\":{\"provider\":\"test\",\"token\":\"tok_ok\"}}'"
orders="$curl -s '$url/v1/orders?limit=1' -H 'Authorization: Bearer sk_dev'"

cat <<TEXT

Souk serves $products products at $url
  server key  sk_dev     storefront key  pk_dev     metrics  http://127.0.0.1:$admin/metrics

Search and buy in a browser: $url/

Search, buy, look at the order on the command line:

$search

$checkout

$orders

Ctrl-C ends it. The log is in $data.log.
TEXT

if [ "${DEMO_CHECK:-}" = 1 ]; then
  bash -c "$search" | grep -q '"found":[1-9]' || { echo "demo: the search found nothing" >&2; exit 1; }
  bash -c "$checkout" | grep -q '"id":"ord_' || { echo "demo: the checkout made no order" >&2; exit 1; }
  bash -c "$orders" | grep -q "\"sku\":\"$sku\"" || { echo "demo: the order is not listed" >&2; exit 1; }
  echo "demo: search, checkout and order work as printed"
  exit 0
fi
wait "$server"

#!/usr/bin/env bash
# The storefront page in a real browser: searches, refines, buys, by mouse, touch and keyboard, light and dark, against a
# server with a small catalog. Screenshots stay in build/screenshots. A page that stopped asking for news must fail.
. "$(dirname "$0")/lib.sh"

chromium=${CHROMIUM:-/usr/bin/chromium}
[ -x "$chromium" ] || fail "there is no $chromium (deploy/install-dependencies.sh installs it)"
# Out of the source tree, and only again when what is needed changed.
place=$root/build/web-tests
mkdir -p "$place"
if ! cmp -s "$root/tests/web/package-lock.json" "$place/node_modules/.of-lock"; then
  cp "$root"/tests/web/{package.json,package-lock.json,.npmrc} "$place"
  (cd "$place" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error >/dev/null) || fail "npm ci"
  cp "$root/tests/web/package-lock.json" "$place/node_modules/.of-lock"
fi
cp "$root"/tests/web/*.mjs "$place"

start_server "$work/data"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$SOUK_URL/")" = 200 ] || fail "the program was built without the page"
export SOUK_SHOTS=$root/build/screenshots CHROMIUM=$chromium
# The browser's own files go to the test's folder.
export TMPDIR=$work HOME=$work
cd "$place"
node load.mjs
node --test --test-reporter=spec --test-concurrency=1 search.test.mjs suggest.test.mjs live.test.mjs buy.test.mjs page.test.mjs >"$work/out" 2>&1 || {
  tail -80 "$work/out" >&2
  fail "the page"
}
grep -E '^. (tests|pass|fail) ' "$work/out"

# Control: the same test must see a page whose prices and stock do not change any more.
SOUK_SHOTS=$work/control SOUK_WEB_CONTROL=frozen node --test --test-name-pattern='^live' search.test.mjs >"$work/control.out" 2>&1 &&
  fail "a page that never asks again passed"
grep -q "locator('.card\[data-id=p-2\]').locator('.stock.out')" "$work/control.out" || fail "the control failed for another reason: $(tail -30 "$work/control.out")"
echo "the control was caught"

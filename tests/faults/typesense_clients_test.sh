#!/usr/bin/env bash
# Typesense's own clients, as npm gives them, against a node: the client library and InstantSearch's adapter.
. "$(dirname "$0")/lib.sh"

command -v node >/dev/null && command -v npm >/dev/null || { echo "SKIPPED: node and npm are not installed"; exit 0; }
# The packages are installed outside of the source tree, so that nothing is left there.
cp -r "$root/tests/clients" "$work/clients"
rm -rf "$work/clients/node_modules"
cd "$work/clients"
if ! npm ci --ignore-scripts --prefer-offline >"$work/npm.log" 2>&1; then
  grep -qE "ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH" "$work/npm.log" && { echo "SKIPPED: no npm registry can be reached"; exit 0; }
  cat "$work/npm.log" >&2
  fail "npm ci"
fi
start_server "$work/data"
npm test >"$work/clients.log" 2>&1 || { cat "$work/clients.log" >&2; fail "a client test"; }
grep -E "^# (tests|pass|fail) " "$work/clients.log"
stop_server TERM

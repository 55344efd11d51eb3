#!/usr/bin/env bash
# The demo prints three commands that work as printed, and ends cleanly.
. "$(dirname "$0")/lib.sh"
cd "$root"
DEMO_PRODUCTS=2000 DEMO_PORT=$port DEMO_ADMIN_PORT=$admin DEMO_DATA=$work/demo DEMO_CHECK=1 deploy/demo.sh || fail "the demo's commands do not work"

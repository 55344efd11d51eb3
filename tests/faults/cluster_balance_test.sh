#!/usr/bin/env bash
# A hot node is relieved by --balance act, and only by that; see cluster_balance.py.
exec python3 "$(dirname "$0")/cluster_balance.py"

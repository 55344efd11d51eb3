#!/usr/bin/env bash
# The searches of one request see one state, also of shards on other nodes; see cluster_multi_search.py.
exec timeout -k 10 200 python3 "$(dirname "$0")/cluster_multi_search.py"

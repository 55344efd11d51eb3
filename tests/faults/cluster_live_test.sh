#!/usr/bin/env bash
# A live query is told of changes on shards of other nodes, also after one of them was killed; see cluster_live.py.
exec timeout -k 10 200 python3 "$(dirname "$0")/cluster_live.py"

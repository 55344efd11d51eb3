#!/usr/bin/env bash
# Shards are split while three nodes serve; see cluster_split.py.
exec python3 "$(dirname "$0")/cluster_split.py"

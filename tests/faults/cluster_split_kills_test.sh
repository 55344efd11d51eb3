#!/usr/bin/env bash
# A node dies at each step of a split; see cluster_split_kills.py.
exec python3 "$(dirname "$0")/cluster_split_kills.py"

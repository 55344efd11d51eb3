#!/usr/bin/env bash
# Late copies and backups of a split shop; see cluster_split_copies.py.
exec python3 "$(dirname "$0")/cluster_split_copies.py"

#!/usr/bin/env bash
# Copies come to lie evenly, and a dead node's checkouts are taken up; see cluster_spread.py.
exec python3 "$(dirname "$0")/cluster_spread.py"

#!/usr/bin/env bash
# Rules of searches are the same at every node; see cluster_rules.py.
exec python3 "$(dirname "$0")/cluster_rules.py"

#!/usr/bin/env bash
# A restarted node is ready when its copies are members again; see cluster_ready.py.
exec python3 "$(dirname "$0")/cluster_ready.py"

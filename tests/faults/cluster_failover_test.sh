#!/usr/bin/env bash
# Nodes are killed and stopped under load, and once more with a planted fault that must be found (CONTROL=0 leaves that out): cluster_failover.py.
CONTROL=${CONTROL-1} exec timeout -k 10 300 python3 "$(dirname "$0")/cluster_failover.py"

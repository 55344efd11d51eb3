#!/usr/bin/env bash
# Nodes are killed and stopped under load: cluster_failover.py. CONTROL=1 adds the run with the planted fault.
exec timeout -k 10 300 python3 "$(dirname "$0")/cluster_failover.py"

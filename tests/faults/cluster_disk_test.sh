#!/usr/bin/env bash
# A disk fails, a power cut, a clock that jumps: cluster_disk.py.
exec timeout -k 10 300 python3 "$(dirname "$0")/cluster_disk.py"

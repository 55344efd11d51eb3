#!/usr/bin/env python3
"""What three copies cost against one, at equal CPU per node.

Three nodes over etcd on this machine, each limited to NODE_CPU (0.5) of one core by the CPU controller of cgroups (v1's
cpu.cfs_quota_us, or v2's cpu.max); etcd and the generator are not limited. Once with --replicas 1 and once with
--replicas 3: checkouts in a closed loop over CONNECTIONS (32), then stock changes one at a time for the latency.
SECONDS_EACH (8). Needs root.   bench/cluster/replicas.py"""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "faults"))
from cluster import Cluster, Failure, main, say  # noqa: E402
from quota import Quota  # noqa: E402

NODE_CPU = float(os.environ.get("NODE_CPU", "0.5"))
SECONDS = float(os.environ.get("SECONDS_EACH", "8"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "32"))


def load(cluster, scenario):
    cluster.start_load(dict(scenario, skus=1000), seconds=SECONDS, rate=0, retry=20, seed=cluster.runs + 1)
    result = cluster.finish_load()
    if not result["verdict"]["green"]:
        raise Failure("the verdict is red: %s" % result["verdict"]["violations"][:3])
    return result


def one(replicas):
    cluster = Cluster(3, replicas)
    quotas = []
    try:
        cluster.start_all()
        time.sleep(3)
        quotas = [Quota(node.process.pid, NODE_CPU) for node in cluster.nodes]
        many = load(cluster, {"base": "checkout", "connections": CONNECTIONS})["operations"]["checkout"]
        single = load(cluster, {"base": "checkout", "checkout": 0.0, "stock_change": 1.0, "connections": 3})["operations"]["stock_change"]
        figures = {"replicas": replicas, "leads": {number: len(led) for number, led in cluster.leads().items()},
                   "checkouts_per_s": many["per_second"], "checkout_p50_ms": many["latency_us"]["p50"] / 1e3,
                   "checkout_p99_ms": many["latency_us"]["p99"] / 1e3, "change_p50_ms": single["latency_us"]["p50"] / 1e3,
                   "change_p99_ms": single["latency_us"]["p99"] / 1e3}
        say(json.dumps(figures))
        return figures
    finally:
        cluster.close()
        for quota in quotas:
            quota.close()


def measure():
    alone = one(1)
    copied = one(3)
    print(json.dumps({"node_cpu": NODE_CPU, "throughput_share": copied["checkouts_per_s"] / max(alone["checkouts_per_s"], 1e-9),
                      "added_p50_ms": copied["change_p50_ms"] - alone["change_p50_ms"], "load_average": os.getloadavg()[0]}, indent=1))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("replicas.py: limiting CPU needs root")
    main(measure)

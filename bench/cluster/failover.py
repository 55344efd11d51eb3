#!/usr/bin/env python3
"""How long a shard acknowledges nothing after kill -9 of the node that leads it.

NODES (3) nodes over etcd on this machine, every shard REPLICAS (3) times. Stock changes of single SKUs at a constant rate through all
nodes, repeated under their keys until settled. KILLS (20) times the node that leads the most is killed, and started again
3 s later. Failover of a shard: from the kill to the first write it acknowledged that was to be sent after the kill.
Followed: p99 of the writes of shards of which the killed node had a copy that did not lead, in the 3 s after the kill (such
a shard waits until the lost member is out); others: of shards of which it had none, and of these the ones whose first
try was answered: the rest lost the killed node as its gateway; all against the p99 of all in the 2 s before it.   bench/cluster/failover.py [--json FILE]"""
import csv
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "faults"))
from cluster import Cluster, main, say  # noqa: E402

NODES = int(os.environ.get("NODES", "3"))
REPLICAS = int(os.environ.get("REPLICAS", "3"))
KILLS = int(os.environ.get("KILLS", "20"))
RATE = float(os.environ.get("RATE", "100"))
SCENARIO = {"base": "checkout", "checkout": 0.0, "stock_change": 1.0, "skus": 200, "connections": 320, "try_seconds": 1.0}


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, max(0, int(-(-q * len(values) // 1)) - 1))] if values else float("nan")


def held_by(cluster, node):
    """The shards of which the node has a copy."""
    facts = cluster.facts()
    held = set()
    for name, shard in facts["shards"].items():
        copies = [shard["primary"]] + list(shard["secondaries"])
        if any(cluster.node_named(copy, facts) is node for copy in copies):
            held.add(name)
    return held


def wait_even(cluster):
    """Copies that lie where the nodes came up first would leave no shard without one on a killed node."""
    def even():
        copies = [len(held_by(cluster, node)) for node in cluster.nodes]
        return max(copies) - min(copies) <= 1

    cluster.wait("copies lying evenly", 90, even)
    say("copies: %s" % [len(held_by(cluster, node)) for node in cluster.nodes])


def kill_some(cluster, kills):
    """Several kills under one load; (failovers in ms, latencies before, of followed shards, of others and of others at living gateways after, result)."""
    cluster.start_load(SCENARIO, seconds=11 * kills + 2, rate=RATE, retry=30)
    time.sleep(3)
    noted = []
    for _ in range(kills):
        victim = cluster.leader_of_most()
        led = set(cluster.leads()[victim.number])
        held = held_by(cluster, victim)
        at = time.time()
        cluster.kill(victim)
        noted.append((at * 1e6, led, held))
        time.sleep(3)
        cluster.start(victim)
        cluster.wait_copies(75)
        time.sleep(max(0, at + 10 - time.time()))
    result = cluster.finish_load(120)
    failovers, before, after, living, followed = [], [], [], [], []
    with open(cluster.report + ".csv") as lines:
        samples = [(float(row["intended_unix_us"]), float(row["latency_us"]), row["shards"], int(row["tries"])) for row in csv.DictReader(lines) if row["shards"]]
    for at, led, held in noted:
        first = {}
        for intended, latency, shard, tries in samples:
            if at <= intended <= at + 3e6 and shard not in led:
                (followed if shard in held else after).append(latency)
                if shard not in held and tries == 1:
                    living.append(latency)
            elif at - 2e6 <= intended < at:
                before.append(latency)
            if intended >= at and shard in led:
                first[shard] = min(first.get(shard, float("inf")), intended + latency - at)
        failovers += [time_us / 1e3 for time_us in first.values()]
    return failovers, before, followed, after, living, result


def measure():
    cluster = Cluster(NODES, REPLICAS)
    cluster.start_all()
    wait_even(cluster)
    failovers, before, followed, after, living, result = kill_some(cluster, KILLS)
    verdict = result["verdict"]
    figures = {
        "kills": KILLS,
        "failovers": len(failovers),
        "failover_ms": {"p50": quantile(failovers, 0.5), "p99": quantile(failovers, 0.99), "max": max(failovers, default=None)},
        "before_p99_ms": quantile(before, 0.99) / 1e3,
        "followed_p99_ms": quantile(followed, 0.99) / 1e3,
        "others_p99_ms": quantile(after, 0.99) / 1e3,
        "others_living_gateway_p99_ms": quantile(living, 0.99) / 1e3,
        "others_living_gateway_ratio": quantile(living, 0.99) / max(quantile(before, 0.99), 1e-9),
        "others": len(after),
        "others_living_gateway": len(living),
        "others_ratio": quantile(after, 0.99) / max(quantile(before, 0.99), 1e-9),
        "failed_after_retry": sum(one["failed_after_retry"] for one in result["operations"].values()),
        "verdict": "GREEN" if verdict["green"] else "RED",
        "violations": verdict["violations"][:5],
        "load_average": os.getloadavg()[0],
    }
    print(json.dumps(figures, indent=1))
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w") as out:
            json.dump(figures, out)
    say("done")
    cluster.close()


if __name__ == "__main__":
    main(measure)

#!/usr/bin/env python3
"""How long a new copy of a shop takes to catch up, and what the shop feels of it.

Two nodes over etcd on this machine, one copy of each shard. PRODUCTS (1000000) generated products are imported at the first
node; stock changes and searches go there at RATE (100) a second, first alone, then while the second node gets a copy of every
shard from it, until all are members. Prints the seconds of the catch-up and the p99 of both parts. Where there are two cores or
more, each node has one for itself, as two machines would (the generator runs beside the first node); PIN=0: all share all.
bench/cluster/catch_up.py"""
import csv
import json
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "faults"))
import subprocess  # noqa: E402

from cluster import BUILD, Cluster, expect, main, say  # noqa: E402
from failover import quantile  # noqa: E402

PRODUCTS = int(os.environ.get("PRODUCTS", "1000000"))
RATE = float(os.environ.get("RATE", "100"))
ALONE = 10
PIN = os.environ.get("PIN", "1") == "1" and len(os.sched_getaffinity(0)) > 1
LOADED = float(os.environ.get("LOADED", "60"))  # how long the load goes on after it


class TwoNodes(Cluster):
    def urls(self):
        return self.url_of(self.nodes[0])

    def souk(self, *words, seconds=900):
        done = subprocess.run([os.path.join(BUILD, "souk"), *words, "--url", self.url_of(self.nodes[0])], capture_output=True, text=True,
                              env=dict(os.environ, SOUK_SERVER_KEY="sk_dev"), timeout=seconds)
        expect(done.returncode == 0, "souk %s: %s%s" % (" ".join(words), done.stdout[-500:], done.stderr[-500:]))
        return done.stdout


def pin(process, core):
    """All threads there are; those to come are made by them."""
    if PIN:
        for thread in os.listdir("/proc/%d/task" % process.pid):
            os.sched_setaffinity(int(thread), {sorted(os.sched_getaffinity(0))[core]})


def resident_mb(process):
    with open("/proc/%d/status" % process.pid) as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def measure():
    cluster = TwoNodes(2, 1)
    cluster.start_etcd()
    cluster.start(cluster.nodes[0])
    feed = os.path.join(cluster.work, "feed.jsonl")
    subprocess.run([os.path.join(BUILD, "souk"), "generate", "--products", str(PRODUCTS), "--seed", "1", "-o", feed], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    at = time.monotonic()
    cluster.souk("import", feed)
    os.unlink(feed)
    say("%d products imported in %.1f s" % (PRODUCTS, time.monotonic() - at))
    time.sleep(5)
    pin(cluster.nodes[0].process, 0)
    shards = sorted(cluster.facts()["shards"])
    cluster.start_load({"base": "checkout", "checkout": 0.0, "stock_change": 0.5, "search": 0.5, "skus": 2000, "connections": 32},
                       seconds=ALONE + LOADED, rate=RATE, retry=20)
    time.sleep(ALONE)
    begin = time.time()
    # Not earlier: after some seconds copies would be spread to it by themselves.
    cluster.start(cluster.nodes[1])
    pin(cluster.nodes[1].process, 1)
    name = cluster.read(cluster.url_of(cluster.nodes[1]) + "/v1/cluster")["node"]
    running = [subprocess.Popen([os.path.join(BUILD, "souk"), "shard", "add-replica", shard, "--node", name, "--url",
                                 cluster.url_of(cluster.nodes[0])], stdout=subprocess.DEVNULL,
                                env=dict(os.environ, SOUK_SERVER_KEY="sk_dev")) for shard in shards]
    for one in running:
        expect(one.wait(600) == 0, "a copy was not added")
    end = time.time()
    say("caught up after %.1f s; resident %s MB" % (end - begin, [resident_mb(node.process) for node in cluster.nodes]))
    time.sleep(3)
    cluster.finish_load(300)
    with open(cluster.report + ".csv") as lines:
        samples = [(float(row["intended_unix_us"]) / 1e6, float(row["latency_us"]) / 1e3, row["kind"]) for row in csv.DictReader(lines)]
    figures = {"products": PRODUCTS, "catch_up_s": end - begin, "load_average": os.getloadavg()[0]}
    for kind in sorted({kind for _, _, kind in samples}):
        before = [ms for at, ms, one in samples if one == kind and begin - ALONE + 2 <= at < begin]
        during = [ms for at, ms, one in samples if one == kind and begin <= at <= end]
        figures[kind] = {"p50_ms": [quantile(before, 0.5), quantile(during, 0.5)], "p99_ms": [quantile(before, 0.99), quantile(during, 0.99)],
                         "samples": [len(before), len(during)]}
    print(json.dumps(figures, indent=1))
    for first in range(0, int(end - begin) + 1, 5):
        part = [(ms, kind) for at, ms, kind in samples if begin + first <= at < begin + first + 5]
        p99 = {kind: round(quantile([ms for ms, one in part if one == kind] or [0], 0.99), 1) for kind in ("search", "stock_change")}
        print("p99 in ms, seconds %d to %d: %s" % (first, first + 5, p99))
    slow = sorted((round(at - begin, 3), round(ms), kind) for at, ms, kind in samples if begin <= at <= end and ms > 100)
    print("over 100 ms, seconds after the beginning: %s" % slow[:40])
    cluster.close()


if __name__ == "__main__":
    main(measure)

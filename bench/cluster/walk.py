#!/usr/bin/env python3
"""A walk by cursor through all hits over several nodes, each page asked of another one, while prices and stocks change.

NODES (3) nodes over etcd on this machine, every shard REPLICAS (1) times, PRODUCTS (1000000) generated products. CHANGES (500) a
second go through all nodes. Prints what `souk-bench walk` prints, once in the order of relevance and once by price.
The control, pages by their numbers, is walked when PRODUCTS is 100,000 at most: it must find products twice.
bench/cluster/walk.py"""
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "faults"))
from cluster import BUILD, Cluster, expect, main, say  # noqa: E402

NODES = int(os.environ.get("NODES", "3"))
REPLICAS = int(os.environ.get("REPLICAS", "1"))
PRODUCTS = int(os.environ.get("PRODUCTS", "1000000"))
CHANGES = os.environ.get("CHANGES", "500")


def run(cluster, binary, *words):
    done = subprocess.run([os.path.join(BUILD, binary), *words, "--url", cluster.urls() if binary == "souk-bench" else
                           cluster.url_of(cluster.nodes[0])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, SOUK_SERVER_KEY="sk_dev"), timeout=900)
    return done.returncode, done.stdout, done.stderr


def measure():
    cluster = Cluster(NODES, REPLICAS)
    cluster.start_all()

    def spread():
        led = [len(shards) for shards in cluster.leads().values()]
        return max(led) - min(led) <= 1

    cluster.wait("shards led by all nodes", 120, spread)
    feed = os.path.join(cluster.work, "feed.jsonl")
    subprocess.run([os.path.join(BUILD, "souk"), "generate", "--products", str(PRODUCTS), "--seed", "1", "-o", feed], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    at = time.monotonic()
    code, out, err = run(cluster, "souk", "import", feed)
    expect(code == 0, "the import: " + out[-500:] + err[-500:])
    os.unlink(feed)
    say("%d products imported in %.1f s; leaders of shards by node: %s" % (
        PRODUCTS, time.monotonic() - at, {node: len(led) for node, led in cluster.leads().items()}))
    time.sleep(float(os.environ.get("REST", "5")))
    pids = [word for node in cluster.nodes for word in ("--pid", str(node.process.pid))]
    for order in ([], ["--sort-by", "price:asc"]):
        code, out, err = run(cluster, "souk-bench", "walk", "--changes", CHANGES, *order, *pids)
        say("walk %s\n%s" % (" ".join(order), out))
        expect(code == 0, "the walk is red: " + err[-500:])
    if PRODUCTS <= 100_000:
        code, out, err = run(cluster, "souk-bench", "walk", "--changes", "2000", "--sort-by", "price:asc", "--by-number")
        say("control\n" + out)
        expect(code != 0, "pages by number have no product twice")


if __name__ == "__main__":
    main(measure)

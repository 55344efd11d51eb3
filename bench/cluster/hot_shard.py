#!/usr/bin/env python3
"""What two more nodes with copies of a hot shard add to its searches, and what a split of it adds to its writes.

One catalog shard on three nodes over etcd, each limited to NODE_CPU (0.3) of one core by the CPU controller of cgroups; etcd
and the generator are not limited. Searches and stock changes with Zipf 1.1 in a closed loop over CONNECTIONS (24): with the
shard on one node, with copies on all three, and after half of its slots were split off and moved to the second node. Each
load goes to the nodes that hold the shard. SECONDS_EACH (8), PRODUCTS (5000). DIRECT=0: changes go to any
of the nodes, not to the one that leads the product's shard. Needs root.
bench/cluster/hot_shard.py [searches] [split]"""
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "faults"))
from cluster import BUILD, Cluster, Failure, expect, main, say  # noqa: E402
from quota import Quota  # noqa: E402

NODE_CPU = float(os.environ.get("NODE_CPU", "0.3"))
SECONDS = float(os.environ.get("SECONDS_EACH", "8"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "24"))
PRODUCTS = int(os.environ.get("PRODUCTS", "5000"))


class HotCluster(Cluster):
    """Load goes to `targets`."""
    targets = None

    def urls(self):
        return ",".join(self.url_of(node) for node in self.targets or self.nodes)

    def souk(self, *words):
        done = subprocess.run([os.path.join(BUILD, "souk"), *words, "--url", self.url_of(self.nodes[0])], capture_output=True, text=True,
                              env=dict(os.environ, SOUK_SERVER_KEY="sk_dev"), timeout=120)
        expect(done.returncode == 0, "souk %s: %s%s" % (" ".join(words), done.stdout, done.stderr))
        return done.stdout

    def name_of(self, node):
        return self.read(self.url_of(node) + "/v1/cluster")["node"]


def throughput(cluster, scenario, targets, operation):
    cluster.targets = targets
    cluster.start_load(dict(scenario, skus=PRODUCTS, connections=CONNECTIONS, zipf=1.1), seconds=SECONDS, rate=0, retry=20,
                       seed=cluster.runs + 1)
    result = cluster.finish_load()
    if not result["verdict"]["green"]:
        raise Failure("the verdict is red: %s" % result["verdict"]["violations"][:3])
    one = result["operations"][operation]
    figures = {"per_second": one["per_second"], "p99_ms": one["latency_us"]["p99"] / 1e3, "failed": one["failed_after_retry"]}
    say("%s at %d nodes: %s" % (operation, len(targets), json.dumps(figures)))
    return figures


def settled(cluster, seconds=14):
    """Whether nothing is moved for so long: copies that lie unevenly are moved after some idle seconds."""
    def seen():
        view = cluster.read(cluster.url_of(cluster.nodes[0]) + "/v1/cluster")
        return view["operations"], {name: shard["primary"] for name, shard in cluster.facts()["shards"].items()}

    first = seen()
    for _ in range(seconds):
        time.sleep(1)
        if first[0] or seen() != first:
            return False
    return True


SEARCH = {"base": "search", "search": 1.0}
# A client that knows the map; "direct": false shows the hop from a gateway to the owner.
CHANGE = {"base": "checkout", "checkout": 0.0, "stock_change": 1.0, "direct": os.environ.get("DIRECT", "1") == "1"}


def measure():
    wanted = sys.argv[1:] or ["searches", "split"]
    cluster = HotCluster(3, 1, flags=["--catalog-shards", "1", "--order-shards", "1"])
    cluster.start_all()
    feed = os.path.join(cluster.work, "feed.jsonl")
    subprocess.run([os.path.join(BUILD, "souk"), "generate", "--products", str(PRODUCTS), "--seed", "1", "-o", feed], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cluster.souk("import", feed)
    quotas = [Quota(node.process.pid, NODE_CPU) for node in cluster.nodes]
    try:
        names = [cluster.name_of(node) for node in cluster.nodes]
        holder = cluster.leader_of_most()
        others = [node for node in cluster.nodes if node is not holder]
        if "searches" in wanted:
            one = throughput(cluster, SEARCH, [holder], "search")
            for node in others:
                cluster.souk("shard", "add-replica", "catalog-0", "--node", names[node.number])
            three = throughput(cluster, SEARCH, cluster.nodes, "search")
            say("searches: %.2f times" % (three["per_second"] / one["per_second"]))
            for node in others:
                cluster.souk("shard", "remove-replica", "catalog-0", "--node", names[node.number])
        if "split" in wanted:
            cluster.wait("rest", 120, lambda: settled(cluster))
            facts = cluster.facts()
            one = throughput(cluster, CHANGE, [cluster.node_named(facts["shards"]["catalog-0"]["primary"], facts)], "stock_change")
            cluster.souk("shard", "split", "catalog-0")
            child = max(name for name in cluster.facts()["shards"] if name.startswith("catalog-"))

            def leads(shard):
                facts = cluster.facts()
                return cluster.node_named(facts["shards"][shard]["primary"], facts)

            def apart():
                """Copies are spread by themselves, in whatever way; what lies still in different nodes is measured."""
                if leads("catalog-0") is leads(child):
                    to = next(node for node in cluster.nodes if node is not leads(child))
                    try:
                        cluster.souk("shard", "move", child, "--from", names[leads(child).number], "--to", names[to.number])
                    except Failure as failure:
                        say("%s: it was spread meanwhile" % failure)
                return settled(cluster) and leads("catalog-0") is not leads(child)

            cluster.wait("the two shards at different nodes", 180, apart)
            two = throughput(cluster, CHANGE, [leads("catalog-0"), leads(child)], "stock_change")
            say("writes after a split: %.2f times" % (two["per_second"] / one["per_second"]))
    finally:
        cluster.close()
        for quota in quotas:
            quota.close()


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("hot_shard.py: limiting CPU needs root")
    main(measure)

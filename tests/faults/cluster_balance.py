#!/usr/bin/env python3
"""Three nodes, one copy of each shard, all of them moved to the first node by hand: it is hot. While balancing only
proposes, every node says what would help and nothing is done, however long it lasts. Then the nodes are started again one
after the other with `--balance act`: the load comes to lie on several nodes, no request fails, and once nobody is too hot
nothing is moved to and fro."""
import json
import os
import time

from cluster import MIXED, Cluster, expect, main, say
from cluster_split import call

RATE = float(os.environ.get("RATE", "150"))
HOT_FOR = 5
SETTINGS = "balance_seconds = %d\n" % HOT_FOR


def led(cluster):
    facts = cluster.facts()
    counts = {node.number: 0 for node in cluster.nodes}
    for shard in facts["shards"].values():
        counts[cluster.node_named(shard["primary"], facts).number] += 1
    return counts


def state(cluster, number=0):
    return call(cluster.url_of(cluster.nodes[number]), "GET", "/v1/cluster")[1] or {}


def gather(cluster):
    """Every shard to the first node by hand, those that are there already over another one: what a person placed is not spread."""
    url = cluster.url_of(cluster.nodes[0])

    def bring(name, node):
        def there():
            now = cluster.facts()
            shard = now["shards"][name]
            if cluster.node_named(shard["primary"], now) is node and not shard["secondaries"] + shard["learners"]:
                return not state(cluster)["operations"]
            if not state(cluster)["operations"]:
                call(url, "POST", "/v1/shards/%s:move" % name, {"from": shard["primary"], "to": node_id(cluster, node)})
            return False
        cluster.wait("%s at node %d" % (name, node.number), 40, there)

    for name in sorted(cluster.facts()["shards"]):
        facts = cluster.facts()
        if cluster.node_named(facts["shards"][name]["primary"], facts) is cluster.nodes[0]:
            bring(name, cluster.nodes[1])
        bring(name, cluster.nodes[0])


def node_id(cluster, node):
    facts = cluster.facts()
    for name in facts["nodes"]:
        if cluster.node_named(name, facts) is node:
            return name
    return None


def test():
    cluster = Cluster(nodes=3, replicas=1, flags=["--balance", "propose", "--catalog-shards", "2", "--order-shards", "1"])
    settings = os.path.join(cluster.work, "balance.toml")
    with open(settings, "w") as out:
        out.write(SETTINGS)
    cluster.flags += ["--config", settings]
    cluster.start_all()
    cluster.wait("copies lying evenly", 60, lambda: max(led(cluster).values()) == 1 and not state(cluster)["operations"])
    gather(cluster)
    expect(led(cluster)[0] == 3, "the shards are not all at the first node: %s" % led(cluster))

    cluster.start_load(dict(MIXED, search=0.5, checkout=0.3), seconds=float(os.environ.get("SECONDS_OF_LOAD", "100")), rate=RATE, retry=30)
    cluster.wait("a proposal at every node", 30, lambda: all(state(cluster, node.number).get("proposals") for node in cluster.nodes))
    say("proposed: %s" % json.dumps(state(cluster)["proposals"][0]))
    # The control: who only proposes does nothing, though it was hot for long.
    time.sleep(3 * HOT_FOR)
    expect(led(cluster)[0] == 3 and not state(cluster)["operations"], "something was moved by a balancer that may only propose")

    cluster.flags[1] = "act"
    for node in cluster.nodes:
        cluster.kill(node, 15)
        cluster.start(node)
    begin = time.monotonic()
    cluster.wait("leaders on several nodes", 60, lambda: led(cluster)[0] < 3)
    say("leaders after %.0f s: %s" % (time.monotonic() - begin, led(cluster)))

    def calm():
        """Nothing proposed and nothing under way for as long as it takes to act twice."""
        since = time.monotonic()
        while time.monotonic() - since < 2 * HOT_FOR + 2:
            now = state(cluster)
            if now.get("operations") or now.get("proposals"):
                return False
            time.sleep(0.5)
        return True
    cluster.wait("calm", 60, calm)
    settled = led(cluster)
    result = cluster.finish_load()
    cluster.check_load(result)
    say("calm with leaders %s" % settled)
    cluster.close()


if __name__ == "__main__":
    main(test)

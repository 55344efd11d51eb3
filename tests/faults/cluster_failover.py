#!/usr/bin/env python3
"""Three nodes under mixed load: the node that leads the most is killed and comes back, another one is paused, then all
three are killed at once. Nothing may be lost, oversold or, after the client's repeats, refused."""
import os
import time

from cluster import MIXED, Cluster, expect, main, say
from cluster_split import call

RATE = float(os.environ.get("RATE", "60"))


def faults(cluster):
    victim = cluster.leader_of_most()
    say("kill -9 of node %d, which leads %s" % (victim.number, cluster.leads()[victim.number]))
    cluster.kill(victim)
    time.sleep(4)
    cluster.start(victim)
    say("node %d is back" % victim.number)
    cluster.wait_copies(40)
    other = cluster.nodes[(victim.number + 1) % len(cluster.nodes)]
    say("node %d stands still for 3 s" % other.number)
    cluster.pause(other)
    time.sleep(3)
    cluster.go_on(other)
    cluster.wait_copies(40)
    say("kill -9 of all nodes at once")
    for node in cluster.nodes:
        node.process.kill()
    for node in cluster.nodes:
        node.process.wait()
    for node in cluster.nodes:
        cluster.start(node, wait=False)
    for node in cluster.nodes:
        cluster.wait("node %d's start" % node.number, 60, lambda node=node: cluster.ready(node))
    say("all are back")


def survives():
    cluster = Cluster()
    cluster.start_all()
    say("3 nodes, every shard 3 times: %s" % cluster.leads())
    cluster.start_load(MIXED, seconds=28, rate=RATE, retry=25)
    time.sleep(2)
    faults(cluster)
    result = cluster.finish_load()
    cluster.check_load(result)
    cluster.wait_copies(40)
    cluster.check_equal_copies()
    cluster.close()


def lead_all(cluster, node):
    """Hands every shard to one node, what it leads already over another one: what a person placed is not evened out. Who leads
    all goes on taking orders while the others stand still."""
    def hand(shard, to):
        def done():
            facts = cluster.facts()
            if cluster.node_named(facts["shards"][shard]["primary"], facts) is to:
                return not cluster.read(cluster.url_of(node) + "/v1/cluster")["operations"]
            name = next(each for each in facts["nodes"] if cluster.node_named(each, facts) is to)
            call(cluster.url_of(node), "POST", "/v1/shards/%s:transfer_leader" % shard, {"to": name})
            time.sleep(0.2)
            return False
        cluster.wait("node %d leading %s" % (to.number, shard), 30, done)

    for shard in sorted(cluster.facts()["shards"]):
        facts = cluster.facts()
        if cluster.node_named(facts["shards"][shard]["primary"], facts) is node:
            hand(shard, next(each for each in cluster.nodes if each is not node))
        hand(shard, node)


def control():
    """With what is not on every member answered as committed, a killed primary takes orders along."""
    cluster = Cluster(failpoints="replica.commit_alone=on")
    cluster.start_all()
    lead_all(cluster, cluster.nodes[0])
    cluster.start_load(MIXED, seconds=8, rate=RATE, retry=15)
    time.sleep(2)
    victim = cluster.leader_of_most()
    others = [node for node in cluster.nodes if node is not victim]
    for node in others:
        cluster.pause(node)
    time.sleep(0.7)
    # What they were sent dies with them, and what the victim has on disk stays away.
    for node in [victim] + others:
        cluster.kill(node)
    for node in others:
        cluster.start(node, wait=False)
    violations = cluster.finish_load(180)["verdict"]["violations"]
    expect(violations, "control: orders answered before they were copied were not missed")
    say("control: " + "; ".join(violations[:2]))
    say("control: with commits of one copy alone the verdict is red, as it must be")
    cluster.close()


if __name__ == "__main__":
    main(survives)
    if os.environ.get("CONTROL") == "1":
        main(control)

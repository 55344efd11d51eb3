#!/usr/bin/env python3
"""A node dies at each step of a split, as the one that leads the shard or as one that follows: the others carry the split
on, under checkouts, searches and stock reads at all nodes. Every product is found exactly once all the while, every order
is stored once, the copies are equal.

A node's failpoints are those it was started with; each is of one shard, so all are armed from the beginning and a node that
catches up with a split passes none. KILLS=all (make chaos) runs the long list."""
import os
import sys
import time

from cluster import MIXED, Cluster, expect, main, say
from cluster_split import call, check_watchers, put_products, split, wait_done, watch

RATE = float(os.environ.get("RATE", "40"))
DIED = 99  # what a failpoint ends a process with

# (service, which copy dies, where): one split each.
SHORT = [
    ("catalog", "leader", "split.propose"),             # the mark is set, the record in no journal
    ("catalog", "leader", "split.forked.leading"),      # the record is committed, the child in memory alone
    ("orders", "follower", "split.forked.following"),
    ("orders", "leader", "split.applied"),              # every copy has the child, the coordinator does not know
]
LONG = SHORT + [
    ("catalog", "leader", "split.marked"),
    ("catalog", "leader", "split.saved"),
    ("catalog", "leader", "split.applied"),
    ("catalog", "leader", "split.parted"),              # all is done but for the word that it is
    ("catalog", "follower", "split.forked.following"),
    ("catalog", "follower", "split.saved"),
    ("orders", "leader", "split.propose"),
    ("orders", "leader", "split.forked.leading"),
    ("orders", "leader", "split.saved"),
    ("orders", "leader", "split.parted"),
    ("orders", "follower", "split.saved"),
    ("catalog", "all", "split.saved"),                  # as if the power were cut just then
    ("orders", "all", "split.saved"),
]


def armed(cluster, node, kills, names):
    """The failpoints of those kills that are this node's."""
    mine = [index for index, kill in enumerate(kills) if kill[1] == "all" or index % len(cluster.nodes) == node.number]
    return ",".join("%s.%s=abort" % (kills[index][2], names[index]) for index in mine if names[index])


def names_of(kills):
    """The shard that each kill's split is of: each another one, so that a node which catches up passes no failpoint."""
    count = {"catalog": 0, "orders": 0}
    names = []
    for service, _, _ in kills:
        names.append("%s-%d" % (service, count[service]))
        count[service] += 1
    return names


def lead(cluster, shard, node, other):
    """Makes the node the shard's leader by an operator's word, so that it stays: a leadership that nobody placed goes to a node
    that has come back and leads less. What leads already is let go to the other node first."""
    def give(to):
        facts = cluster.facts()
        name = next(each for each in facts["nodes"] if cluster.node_named(each, facts) is to)
        status, operation = call(cluster.url_of(to), "POST", "/v1/shards/%s:transfer_leader" % shard, {"to": name})
        if status != 422:
            expect(status in (200, 202), "the transfer of %s: %d %s" % (shard, status, operation))
            wait_done(cluster, operation, 20)
        return status != 422

    if not give(node):
        expect(give(other) and give(node), "%s is led by %s" % (shard, cluster.facts()["shards"][shard]))


def one_kill(cluster, number, kill, shard):
    """Splits the shard; those of its copies that have to die do. Gives them."""
    _, who, failpoint = kill
    chosen = cluster.nodes[number % len(cluster.nodes)]
    other = cluster.nodes[(number + 1) % len(cluster.nodes)]
    cluster.wait_copies(60)
    if who != "all":
        lead(cluster, shard, *((chosen, other) if who == "leader" else (other, chosen)))
    begin = time.monotonic()
    operation = split(cluster, shard, node=other.number)
    victims = cluster.nodes if who == "all" else [chosen]
    cluster.wait("the death of %s" % [node.number for node in victims], 20,
                 lambda: any(not node.alive for node in victims))
    # A copy that had not heard of the commit when the others died passes the failpoint only after their return: the power is
    # cut for it too.
    time.sleep(1 if who == "all" else 0)
    for node in victims:
        if who == "all" and node.alive:
            cluster.kill(node)
        else:
            expect(node.process.returncode == DIED, "node %d ended with %d" % (node.number, node.process.returncode))
    return operation, victims, begin


def survives(kills):
    cluster = Cluster(flags=["--catalog-shards", "4", "--order-shards", "4"])
    names = names_of(kills)
    for node in cluster.nodes:
        node.environment = {"SOUK_FAILPOINTS": armed(cluster, node, kills, names)}
    cluster.start_etcd()
    for node in cluster.nodes:
        cluster.start(node)
    cluster.wait_copies()
    put_products(cluster)
    stop, watchers = watch(cluster)
    cluster.start_load(MIXED, seconds=float(os.environ.get("SECONDS_EACH", "6")) * len(kills), rate=RATE, retry=28)
    for number, kill in enumerate(kills):
        operation, victims, begin = one_kill(cluster, number, kill, names[number])
        shard, names[number] = names[number], ""
        for node in cluster.nodes:
            node.environment = {"SOUK_FAILPOINTS": armed(cluster, node, kills, names)}
        if len(victims) == 1:
            wait_done(cluster, operation, 30)
        for node in victims:
            cluster.start(node, wait=False)
        wait_done(cluster, operation, 60)
        say("%s: its %s died at %s; split %.1f s after it was asked for%s" % (
            shard, kill[1], kill[2], time.monotonic() - begin, "" if len(victims) == 1 else ", everybody's return included"))
    for node in cluster.nodes:
        cluster.wait("node %d's start" % node.number, 60, lambda node=node: cluster.ready(node))
    cluster.wait_copies(60)
    result = cluster.finish_load()
    check_watchers(stop, watchers)
    cluster.check_load(result)
    cluster.check_equal_copies(60)
    expect(len(cluster.facts()["shards"]) == 8 + len(kills), "the shards are %s" % sorted(cluster.facts()["shards"]))
    cluster.close()


def main_of(arguments):
    kills = LONG if os.environ.get("KILLS") == "all" or "all" in arguments else SHORT
    # One after the other in one cluster; a long list in several, so that a failure is not far from its cause.
    for at in range(0, len(kills), 4):
        survives(kills[at:at + 4])


if __name__ == "__main__":
    main(lambda: main_of(sys.argv[1:]))

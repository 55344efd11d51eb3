#!/usr/bin/env python3
"""Three nodes in network namespaces: the leading node is cut off from its peers in one direction, then from everything
both ways; etcd dies for 10 s; a disk becomes slow. Under mixed load with the verdict on, and nothing refused in the end."""
import os
import sys
import time

from cluster import MIXED, expect, main, say
from cluster_net import NetCluster, SlowDisk, why_not

RATE = float(os.environ.get("RATE", "50"))


def during(cluster, seconds, fault, heal):
    """One run of load with a fault in its middle; the result."""
    cluster.start_load(MIXED, seconds=seconds, rate=RATE, retry=25, seed=cluster.runs + 1)
    time.sleep(3)
    fault()
    heal()
    result = cluster.finish_load()
    cluster.check_load(result)
    cluster.wait_copies(60)
    cluster.check_equal_copies()
    return result


def partitions():
    cluster = NetCluster()
    disk = SlowDisk(cluster, cluster.nodes[2])
    cluster.start_all()
    say("3 nodes in namespaces of their own: %s" % cluster.leads())

    def one_way():
        victim = cluster.leader_of_most()
        say("node %d is not heard by its peers, for 6 s" % victim.number)
        for node in cluster.nodes:
            if node is not victim:
                cluster.rule(victim.number, node.number, loss=1)
        time.sleep(6)

    def both_ways():
        victim = cluster.leader_of_most()
        say("node %d is cut off from everything, for 6 s" % victim.number)
        cluster.rule(victim.number, "*", loss=1)
        cluster.rule("*", victim.number, loss=1)
        time.sleep(6)

    during(cluster, 16, one_way, cluster.heal)
    during(cluster, 16, both_ways, cluster.heal)

    def without_etcd():
        say("etcd is dead for 10 s")
        cluster.kill_etcd()
        time.sleep(10)

    result = during(cluster, 18, without_etcd, cluster.start_etcd)
    gap = result["timeline"]["writes"]["longest_gap_ms"]
    expect(gap < 3000, "writes stood still for %.0f ms while etcd was away" % gap)

    def slow():
        say("every fsync of node 2 takes 200 ms more, for 5 s")
        disk.slow(200)
        time.sleep(5)

    during(cluster, 12, slow, disk.heal)
    cluster.close()


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print("skipped: " + reason)
        sys.exit(0)
    main(partitions)

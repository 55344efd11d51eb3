#!/usr/bin/env python3
"""Three nodes, every shard three times. A node is killed until the others go on without it, and comes back: /readyz says yes
only once it is a member of every shard again, so that whoever restarts one node after the other, waiting for each, never
takes the second copy away. Had it said yes at once it would have been wrong: it was seen saying no while it was none."""
import time
import urllib.error

from cluster import MIXED, Cluster, expect, main, say


def member_of(cluster, node):
    """(shards that it is a member of, all shards)"""
    facts = cluster.facts()
    held = 0
    for shard in facts["shards"].values():
        held += any(cluster.node_named(name, facts) is node for name in [shard["primary"]] + shard["secondaries"])
    return held, len(facts["shards"])


def test():
    cluster = Cluster(nodes=3, replicas=3)
    cluster.start_all()
    cluster.start_load(MIXED, seconds=25, rate=60, retry=20)
    node = cluster.nodes[1]
    shown = 0
    for how in (9, 15):
        cluster.kill(node, how)
        cluster.wait("the others going on without it", 20, lambda: member_of(cluster, node)[0] == 0)
        cluster.start(node, wait=False)
        too_early = refused = 0
        begin = time.monotonic()
        while True:
            expect(time.monotonic() - begin < 60, "the node is not ready after 60 s")
            try:
                held, shards = member_of(cluster, node)
                cluster.read_text(cluster.url_of(node) + "/readyz")
            except urllib.error.HTTPError as error:
                expect(error.code == 503, "/readyz says %d" % error.code)
                refused += 1
                too_early += held < shards
                continue
            except OSError:
                time.sleep(0.02)
                continue
            break
        held, shards = member_of(cluster, node)
        expect(held == shards, "the node says it is ready and is a member of %d of %d shards" % (held, shards))
        shown += too_early
        say("ready after %.1f s, %d times not yet" % (time.monotonic() - begin, refused))
    expect(shown > 0, "it was never asked while it was no member: nothing was shown")
    cluster.check_load(cluster.finish_load())
    cluster.close()


if __name__ == "__main__":
    main(test)

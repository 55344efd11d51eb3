#!/usr/bin/env python3
"""Four nodes that start one after the other, two copies of each shard: under load the copies come to lie evenly, leaders
too, and no request fails. Then a node that drives a checkout dies after the payment was authorized and does not come back:
another takes the checkout up within seconds, it becomes one order."""
import json
import os
import time
import urllib.error
import urllib.request

from cluster import MIXED, Cluster, expect, main, say
from cluster_split import call

RATE = float(os.environ.get("RATE", "40"))
TAKEN_UP = 15  # seconds; without a sign of its death it would be 27


def held(cluster):
    """(copies, leaders) by node number."""
    facts = cluster.facts()
    copies = {node.number: 0 for node in cluster.nodes}
    leaders = dict(copies)
    for shard in facts["shards"].values():
        leaders[cluster.node_named(shard["primary"], facts).number] += 1
        for name in [shard["primary"]] + shard["secondaries"]:
            copies[cluster.node_named(name, facts).number] += 1
    return copies, leaders


def checkout(cluster, node, key):
    body = {"lines": [{"sku": "D", "quantity": 1}], "customer": {"email": "d@example.org"},
            "payment": {"provider": "test", "token": "tok_ok"}}
    request = urllib.request.Request(cluster.url_of(node) + "/v1/checkouts", data=json.dumps(body).encode(), method="POST", headers={
        "Authorization": "Bearer sk_dev", "Content-Type": "application/json", "Idempotency-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def spreads(cluster):
    cluster.start_load(MIXED, seconds=30, rate=RATE, retry=20)
    begin = time.monotonic()

    def even():
        copies, leaders = held(cluster)
        return (max(copies.values()) - min(copies.values()) <= 1 and max(leaders.values()) <= 3 and min(leaders.values()) >= 1)

    say("copies and leaders at first: %s, %s" % held(cluster))
    try:
        cluster.wait("copies lying evenly", 60, even)
    finally:
        say("copies and leaders: %s, %s" % held(cluster))
    say("even after %.0f s" % (time.monotonic() - begin))
    result = cluster.finish_load()
    cluster.check_load(result)
    cluster.wait("rest", 30, lambda: not call(cluster.url_of(cluster.nodes[0]), "GET", "/v1/cluster")[1]["operations"])
    expect(even(), "copies and leaders do not stay even: %s, %s" % held(cluster))


def taken_up(cluster):
    doomed, other = cluster.nodes[3], cluster.nodes[0]
    body = {"id": "d", "title": "D", "sku": "D", "price": {"amount": 500, "currency": "EUR"}, "stock": 10}
    cluster.wait("a product", 20, lambda: call(cluster.url_of(other), "POST", "/v1/products", body)[0] in (200, 201))
    cluster.kill(doomed)
    doomed.environment = {"SOUK_FAILPOINTS": "checkout.after_authorize=abort"}
    cluster.start(doomed)
    cluster.wait_copies(60)
    for turn in range(20):
        key = "doomed-%d" % turn
        status, answer = checkout(cluster, doomed, key)
        if not doomed.alive:
            break
    cluster.wait("the death of the driver", 10, lambda: not doomed.alive)
    begin = time.monotonic()
    said = {}
    while True:
        status, answer = checkout(cluster, other, key)
        said[status] = said.get(status, 0) + 1
        if status == 201:
            break
        expect(time.monotonic() - begin < TAKEN_UP, "after %d s the checkout of a dead node is still %s" % (TAKEN_UP, answer))
        time.sleep(0.3)
    say("its checkout is an order after %.1f s; the answers were %s" % (time.monotonic() - begin, said))
    first = answer["id"]
    expect(checkout(cluster, other, key)[1]["id"] == first, "the repeat got another order")
    cluster.wait("the unit being sold once", 20, lambda: call(cluster.url_of(other), "GET", "/v1/inventory/D")[1].get("sold") == 1)


def test():
    cluster = Cluster(nodes=4, replicas=2)
    cluster.start_all()
    spreads(cluster)
    taken_up(cluster)
    cluster.close()


if __name__ == "__main__":
    main(test)

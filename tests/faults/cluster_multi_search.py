#!/usr/bin/env python3
"""Three nodes, one copy of each shard: every node asks others for most shards. While stocks and prices change through all of
them, all searches of one request agree in every unit and every position, on both routes and also when a node has forgotten
what it kept for them. With the keeping switched off on the asked node they do not."""
import http.client
import json
import threading
import time

from cluster import Cluster, expect, main, say
from cluster_split import call

PRODUCTS = 40
SEARCHES = 10
REQUESTS = 150


class Writer(threading.Thread):
    """Adds units to the products, one after the other, until it is told to stop."""

    def __init__(self, node, first):
        super().__init__(daemon=True)
        self.node, self.first = node, first
        self.written = 0
        self.stopping = False
        self.start()

    def run(self):
        connection = http.client.HTTPConnection(self.node.host, self.node.http, timeout=10)
        while not self.stopping:
            sku = "L%d" % ((self.first + 7 * self.written) % PRODUCTS)
            key = "more-%d-%d" % (id(self), self.written)
            try:
                connection.request("POST", "/v1/inventory/%s/adjustments" % sku, '{"delta":1,"reason":"received"}', {
                    "Authorization": "Bearer sk_dev", "Content-Type": "application/json", "Idempotency-Key": key})
                answer = connection.getresponse()
                answer.read()
                self.written += answer.status in (200, 201)
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.05)


def agreeing(cluster, node, typesense):
    """Whether all searches of a request saw the same; what the first one saw."""
    if typesense:
        search = {"collection": "products", "q": "lamp", "query_by": "title", "per_page": PRODUCTS}
        status, body = call(cluster.url_of(node), "POST", "/multi_search", {"searches": [search] * SEARCHES})
    else:
        search = {"q": "lamp", "per_page": PRODUCTS}
        status, body = call(cluster.url_of(node), "POST", "/v1/multi_search", {"searches": [search] * SEARCHES})
    expect(status == 200, "answered %d" % status)
    seen = []
    for page in body["results"]:
        expect(page.get("found") == PRODUCTS, "a page without some products: " + json.dumps(dict(page, hits=[])))
        seen.append(([hit["document"] for hit in page["hits"]], page.get("consistency")))
    return all(each == seen[0] for each in seen), seen[0]


def ask(cluster, node, what):
    """How many requests had searches that differ; REQUESTS on each route."""
    writers = [Writer(each, 13 * number) for number, each in enumerate(cluster.nodes)]
    mixed, states = 0, 0
    for typesense in (False, True):
        last = None
        for _ in range(REQUESTS):
            agree, seen = agreeing(cluster, node, typesense)
            mixed += not agree
            states += seen != last
            last = seen
    for writer in writers:
        writer.stopping = True
    for writer in writers:
        writer.join()
    say("%s: %d of %d requests mixed, %d different states seen, %d changes" % (
        what, mixed, 2 * REQUESTS, states, sum(writer.written for writer in writers)))
    expect(states > REQUESTS, "hardly anything changed")
    return mixed


def wait_for_all(cluster):
    """Until every node finds every product: a copy that is just being made may be behind for a moment."""
    for node in cluster.nodes:
        cluster.wait("all products at node %d" % node.number, 60, lambda: call(
            cluster.url_of(node), "GET", "/v1/search?q=lamp")[1].get("found") == PRODUCTS)


def restart(cluster, node, failpoints):
    cluster.kill(node)
    node.environment = {"SOUK_FAILPOINTS": failpoints} if failpoints else {}
    cluster.start(node)
    wait_for_all(cluster)


def test():
    cluster = Cluster(nodes=3, replicas=1)
    cluster.start_all()
    cluster.wait("shards led by all nodes", 120, lambda: min(len(shards) for shards in cluster.leads().values()) > 0)
    for number in range(PRODUCTS):
        body = {"id": "l%d" % number, "title": "Lamp %d" % number, "sku": "L%d" % number, "stock": 5,
                "price": {"amount": 100 + number, "currency": "EUR"}}
        cluster.wait("a product", 20, lambda: call(cluster.url_of(cluster.nodes[number % 3]), "PUT", "/v1/products/l%d" % number,
                                                   body)[0] in (200, 201))
    wait_for_all(cluster)
    asked = cluster.nodes[0]
    expect(ask(cluster, asked, "as it is") == 0, "searches of one request differ")

    # The 20th search that comes back finds nothing kept: the whole request is made again.
    restart(cluster, cluster.nodes[1], "search.instant_lost=on@20")
    expect(ask(cluster, asked, "a node forgot once") == 0, "searches of one request differ")

    restart(cluster, asked, "search.no_instant=on")
    expect(ask(cluster, asked, "control") > 0, "nothing differs without the keeping either: this test sees nothing")
    cluster.close()


if __name__ == "__main__":
    main(test)

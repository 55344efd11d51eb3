#!/usr/bin/env python3
"""Three nodes, two copies of each shard: every node lacks some shards. A live query on each node follows ten products while
their stock is changed through the other nodes, and still does after a node was killed."""
import http.client
import json
import threading
import time

from cluster import Cluster, expect, main, say
from cluster_split import call

PRODUCTS = 10
TOLD_WITHIN = 5  # seconds; 0.5 at rest
TOLD_AFTER_KILL = 30


class Live(threading.Thread):
    """Keeps the page as the events tell it: units by product."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.units = {}
        self.node = node
        self.connection = http.client.HTTPConnection(node.host, node.http, timeout=60)
        self.connection.request("GET", "/v1/search/stream?q=lamp&sort_by=price:asc", headers={"Authorization": "Bearer pk_dev"})
        self.answer = self.connection.getresponse()
        expect(self.answer.status == 200, "a live query was answered %d" % self.answer.status)
        self.start()

    def take(self, hit):
        document = hit["document"]
        self.units[document["id"]] = document["availability"]["available"]

    def run(self):
        try:
            while line := self.answer.readline():
                if not line.startswith(b"data: "):
                    continue
                data = json.loads(line[6:])
                if "hits" in data:
                    self.units = {}
                    for hit in data["hits"]:
                        self.take(hit)
                elif "hit" in data:
                    self.take(data["hit"])
                elif "id" in data:
                    self.units.pop(data["id"], None)
        except (OSError, http.client.HTTPException):
            pass  # its node was killed


def put(cluster, node, number, stock):
    body = {"id": "l%d" % number, "title": "Lamp %d" % number, "sku": "L%d" % number, "stock": stock,
            "price": {"amount": 100 + number, "currency": "EUR"}}
    cluster.wait("a product", 20, lambda: call(cluster.url_of(node), "PUT", "/v1/products/l%d" % number, body)[0] in (200, 201))


def told(cluster, streams, wanted, seconds):
    begin = time.monotonic()
    for live in streams:
        cluster.wait("node %d's live query: %s" % (live.node.number, wanted), seconds, lambda: live.units == wanted)
    return time.monotonic() - begin


def test():
    cluster = Cluster(nodes=3, replicas=2)
    cluster.start_all()
    wanted = {}
    for number in range(PRODUCTS):
        wanted["l%d" % number] = 5
        put(cluster, cluster.nodes[number % 3], number, 5)
    streams = [Live(node) for node in cluster.nodes]
    told(cluster, streams, wanted, TOLD_WITHIN)
    for number in range(PRODUCTS):
        put(cluster, cluster.nodes[(number + 1) % 3], number, number)
        wanted["l%d" % number] = number
    say("changes through other nodes were told everywhere within %.2f s" % told(cluster, streams, wanted, TOLD_WITHIN))

    cluster.kill(cluster.nodes[2])
    for number in range(PRODUCTS):
        put(cluster, cluster.nodes[number % 2], number, 50 + number)
        wanted["l%d" % number] = 50 + number
    seconds = told(cluster, streams[:2], wanted, TOLD_AFTER_KILL)
    say("and %.2f s after the last change behind a killed node" % seconds)
    cluster.close()


if __name__ == "__main__":
    main(test)

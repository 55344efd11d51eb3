#!/usr/bin/env python3
"""Two nodes that hold different shards. Rules of searches that are written at one are obeyed at the other, moments later and
wherever the products are; they outlive the kill of the node that wrote them, and of both. While one is killed, the other takes
changes, and the killed one knows them when it is back."""
import json
import urllib.request

from cluster import Cluster, expect, main, say


def send(url, method, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer sk_dev", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
        return json.loads(text) if text else None


def found(node, params):
    page = send(node.url + "/v1/search?num_typos=0&drop_tokens_threshold=0&sort_by=id:asc&" + params, "GET")
    if page["coverage"]["fraction"] < 1:
        return None
    return [hit["document"]["id"] for hit in page["hits"]]


def test():
    cluster = Cluster(nodes=2, replicas=1)
    cluster.start_all()
    one, two = cluster.nodes
    cluster.wait("both nodes leading shards of products", 60, lambda: all(
        any(shard.startswith("catalog") for shard in led) for led in cluster.leads().values()))
    ids = ["p%02d" % i for i in range(40)]
    for number, name in enumerate(ids):
        send(one.url + "/v1/products/" + name, "PUT",
             {"id": name, "title": "Television" if number % 2 else "Radio", "sku": name, "stock": 1,
              "price": {"amount": 100, "currency": "EUR"}})
    televisions = ids[1::2]

    send(one.url + "/v1/synonyms/tv", "PUT", {"synonyms": ["tv", "television"]})
    send(one.url + "/v1/curations/tv", "PUT",
         {"rule": {"query": "tv"}, "includes": [{"id": "p00", "position": 2}], "excludes": [{"id": "p03"}]})
    wanted = ["p01", "p00"] + televisions[2:]

    def obeyed(node):
        return lambda: found(node, "q=tv&per_page=50") == wanted
    for node in (one, two):
        cluster.wait("node %d obeying" % node.number, 5, obeyed(node))
    for page in range(1, 8):
        pages = [found(node, "q=tv&per_page=3&page=%d" % page) for node in (one, two)]
        expect(pages[0] == pages[1] == wanted[3 * page - 3:3 * page], "page %d differs: %s" % (page, pages))
    say("rules are obeyed at the node that did not write them")

    cluster.kill(one, 9)
    send(two.url + "/v1/synonyms/sets", "PUT", {"root": "set", "synonyms": ["radio"]})
    cluster.start(one)
    cluster.wait("the killed node knowing what was written meanwhile", 20,
                 lambda: len(send(one.url + "/v1/synonyms", "GET")["data"]) == 2)
    cluster.wait("the killed node obeying", 20, obeyed(one))
    expect(found(one, "q=set&per_page=50") == ids[0::2], "the synonym is not obeyed")

    for node in (one, two):
        cluster.kill(node, 9)
    for node in (one, two):
        cluster.start(node)
    for node in (one, two):
        cluster.wait("node %d obeying after a kill of both" % node.number, 20, obeyed(node))
    send(two.url + "/v1/curations/tv", "DELETE")
    cluster.wait("the rule being gone at the other", 5, lambda: found(one, "q=tv&per_page=50") == televisions)
    say("rules outlive kills")
    cluster.close()


if __name__ == "__main__":
    main(test)

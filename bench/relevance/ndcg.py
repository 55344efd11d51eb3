#!/usr/bin/env python3
"""How good the order of hits is, by judged queries: NDCG@10 and recall@100 per configuration of search parameters.

Imports a judged data set into a node and asks every query over HTTP. Without --url it starts build/release/souk itself on a
data folder of its own and stops it in the end.

bench/relevance/ndcg.py [--data FOLDER] [--set icecat|esci ...] [--config NAME=PARAMS ...] [--url URL] [--no-import] [--weights]
                        [--json FILE] [--per-query]

--config gives search parameters as a query string, "flat=query_by=title,description&query_by_weights=1,1"; the node's own
defaults always come first as "default". --weights adds a grid of field weights, and then the figure of a configuration that
was chosen on one random half of the queries and scored on the other (mean of 200 splits) is what may be quoted: the best of a
grid is chosen on the very queries it is scored on.

A product without a judgement counts as irrelevant. Gains are the ratings themselves; for recall a product is relevant from a
rating of 2 on. Queries without any product of a rating above 0 are left out."""
import argparse
import gzip
import itertools
import json
import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
DEFAULT_DATA = os.path.join(ROOT, "..", "shared", "data")
FOLDERS = {"icecat": "icecat-chorus", "esci": "esci-us-small"}
TEXT_MAX = 16000


def text(value):
    return " ".join(str(value or "").split())[:TEXT_MAX]


def money(cents):
    return {"amount": max(int(cents), 1), "currency": "USD"}


def icecat_product(row):
    attributes = {}
    for name, value in row.items():
        if name.startswith("attr_t_") and text(value):
            attributes[name[7:]] = text(value)[:900]
        elif name.startswith("attr_n_"):
            attributes[name[7:]] = value
        elif name.startswith("attr_b_"):
            attributes[name[7:]] = bool(value)
    if text(row.get("name")):
        attributes["model"] = text(row["name"])
    if row.get("ean"):
        attributes["ean"] = [str(one) for one in row["ean"]]
    return {"id": row["id"], "title": text(row["title"]), "description": text(row.get("short_description")), "brand": text(row["supplier"]),
            "attributes": attributes, "sku": row["id"], "price": money(row["price"]), "stock": 5}


def esci_product(row):
    attributes = {"color": text(row["color"])[:900]} if text(row.get("color")) else {}
    product = {"id": row["asin"], "title": text(row["title"]), "description": text("%s %s" % (row.get("bullet_points") or "", row.get("description") or "")),
               "brand": text(row.get("brand")), "attributes": attributes, "sku": row["asin"], "price": money(round((row.get("price") or 1) * 100)),
               "stock": 5}
    if row.get("category"):
        product["categories"] = [" > ".join(text(level) for level in row["category"])]
    if row.get("rating"):
        product["rating"] = row["rating"]
        product["rating_count"] = int(row.get("rating_count") or 0)
    return product


MAKERS = {"icecat": icecat_product, "esci": esci_product}


class Node:
    """A souk over HTTP; started here unless a URL is given."""

    def __init__(self, url):
        self.process = None
        self.folder = None
        self.url = url
        if url is None:
            self.start()

    def start(self):
        binary = os.path.join(ROOT, "build", "release", "souk")
        if not os.path.exists(binary):
            print("skipped: no %s; `make build` first" % binary)
            sys.exit(0)
        self.folder = tempfile.mkdtemp(prefix="souk-relevance-")
        ports = []
        for _ in range(2):
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                ports.append(one.getsockname()[1])
        log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen([binary, "serve", "--dev", "--data", os.path.join(self.folder, "data"), "--http", "127.0.0.1:%d" % ports[0],
                                         "--admin", "127.0.0.1:%d" % ports[1]], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.url = "http://127.0.0.1:%d" % ports[0]
        for _ in range(200):
            try:
                self.ask("/readyz")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise SystemExit("the node does not get ready, see %s" % log.name)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, data=body, headers={"Authorization": "Bearer sk_dev", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def load(self, products):
        body = "\n".join(json.dumps(one) for one in products).encode()
        lines = self.ask("/v1/products:import?action=upsert", body).decode().strip().split("\n")
        failed = [line for line in lines if '"ok":false' in line]
        if failed:
            raise SystemExit("%d products were refused: %s" % (len(failed), failed[0][:300]))

    def best(self, query, params):
        fields = dict(q=query, per_page="100", highlight_fields="none", include_fields="id")
        fields.update(params)
        answer = json.loads(self.ask("/v1/search?" + urllib.parse.urlencode(fields)))
        return [hit["document"]["id"] for hit in answer["hits"]]


def judgements(folder):
    gains = {}
    for line in open(os.path.join(folder, "qrels.tsv"), encoding="utf-8"):
        query, _, product, rating = line.rstrip("\n").split("\t")
        gains.setdefault(query, {})[product] = float(rating)
    queries = {}
    for line in open(os.path.join(folder, "queries.tsv"), encoding="utf-8"):
        number, words = line.rstrip("\n").split("\t")
        if any(gain > 0 for gain in gains.get(number, {}).values()):
            queries[number] = words
    return queries, gains


def dcg(gains):
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))


def score(hits, gains):
    """NDCG@10 and recall@100 of one query."""
    relevant = {product for product, gain in gains.items() if gain >= 2}
    ideal = dcg(sorted(gains.values(), reverse=True))
    return dcg([gains.get(product, 0) for product in hits[:10]]) / ideal, len(relevant & set(hits[:100])) / len(relevant) if relevant else None


def grid(fields):
    """Weights per field, the title's always the reference."""
    for title, brand, attributes, description in itertools.product((15,), (2, 5, 8, 15), (2, 4, 8, 15), (1, 2, 4, 8, 15)):
        weights = dict(title=title, brand=brand, attributes=attributes, description=description, sku=12, categories=6, tags=5)
        yield ("weights %d/%d/%d/%d" % (title, brand, attributes, description),
               {"query_by": ",".join(fields), "query_by_weights": ",".join(str(weights[field]) for field in fields)})


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def cross_validated(results):
    """Mean NDCG@10 on the half that the configuration was not chosen on."""
    queries = sorted(next(iter(results.values())))
    dice = random.Random(1)
    scores = []
    for _ in range(200):
        dice.shuffle(queries)
        chosen_on, scored_on = queries[:len(queries) // 2], queries[len(queries) // 2:]
        best = max(results, key=lambda name: mean(results[name][query][0] for query in chosen_on))
        scores.append(mean(results[best][query][0] for query in scored_on))
    return mean(scores)


def measure(node, name, folder, configs, options):
    with gzip.open(os.path.join(folder, "products.jsonl.gz"), "rt", encoding="utf-8") as lines:
        products = [MAKERS[name](json.loads(line)) for line in lines]
    if not options.no_import:
        node.load(products)
    queries, gains = judgements(folder)
    results = {}
    for config, params in configs:
        results[config] = {query: score(node.best(words, params), gains[query]) for query, words in queries.items()}
    shown = sorted(results, key=lambda one: -mean(pair[0] for pair in results[one].values()))[:10] if len(results) > 20 else list(results)
    if "default" not in shown:
        shown.insert(0, "default")
    figures = {}
    print("%s: %d products, %d queries" % (name, len(products), len(queries)))
    for config in shown:
        figures[config] = {"ndcg10": round(mean(pair[0] for pair in results[config].values()), 4),
                           "recall100": round(mean(pair[1] for pair in results[config].values() if pair[1] is not None), 4)}
        print("  %-40s NDCG@10 %.4f  recall@100 %.4f" % (config, figures[config]["ndcg10"], figures[config]["recall100"]))
    if options.per_query:
        for query, words in queries.items():
            print("    %-50s %s" % (words[:50], "  ".join("%.3f/%.2f" % (results[config][query][0], results[config][query][1] or 0) for config in shown)))
    if len(results) > 1:
        figures["cross_validated"] = round(cross_validated(results), 4)
        print("  of %d, chosen on one half, scored on the other: NDCG@10 %.4f" % (len(results), figures["cross_validated"]))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=DEFAULT_DATA, help="folder of the judged sets (default ../shared/data)")
    parser.add_argument("--set", action="append", choices=sorted(FOLDERS), help="icecat, esci; both without it")
    parser.add_argument("--config", action="append", default=[], help="NAME=PARAMS, a query string of /v1/search")
    parser.add_argument("--url", help="a running node, which must hold nothing else; one set only")
    parser.add_argument("--no-import", action="store_true", help="the node holds the set already")
    parser.add_argument("--weights", action="store_true", help="try a grid of field weights")
    parser.add_argument("--per-query", action="store_true")
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    if options.url and len(options.set or FOLDERS) > 1:
        parser.error("--url takes one --set: sets in one node would answer each other's queries")

    configs = [("default", {})]
    for config in options.config:
        name, _, params = config.partition("=")
        configs.append((name, dict(urllib.parse.parse_qsl(params))))
    if options.weights:
        configs += grid(["title", "sku", "brand", "categories", "tags", "attributes", "description"])
    figures = {}
    for name in options.set or sorted(FOLDERS):
        folder = os.path.join(options.data, FOLDERS[name])
        if not os.path.exists(os.path.join(folder, "products.jsonl.gz")):
            print("skipped: %s is not there" % folder)
            continue
        node = Node(options.url)
        try:
            figures[name] = measure(node, name, folder, configs, options)
        finally:
            node.stop()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)


if __name__ == "__main__":
    main()

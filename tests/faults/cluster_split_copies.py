#!/usr/bin/env python3
"""After a split, with journals trimmed: a new node gets a copy of the children by checkpoint; a backup is restored into one
node, two and five. Everywhere the same products, stock, ledgers and orders, and a checkout's key still has its first answer."""
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from cluster import BUILD, Cluster, Failure, Node, expect, free_ports, main, say
from cluster_split import call, split, wait_done

PRODUCTS = 60
ORDERS = 40
SETTINGS = "journal_keep_bytes = 0\nmaterialise_seconds = 1\nleft_copies_seconds = 2\n"


def key_call(url, key, sku):
    body = {"lines": [{"sku": sku, "quantity": 1}], "customer": {"email": "c@example.org"},
            "payment": {"provider": "test", "token": "tok_ok"}}
    request = urllib.request.Request(url + "/v1/checkouts", data=json.dumps(body).encode(), method="POST", headers={
        "Authorization": "Bearer sk_dev", "Content-Type": "application/json", "Idempotency-Key": key})
    for _ in range(40):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        except OSError as error:
            status, text = 0, str(error)
        time.sleep(0.25)
    return status, text


def patient(url, path):
    for _ in range(60):
        status, body = call(url, "GET", path)
        if status == 200:
            return body
        time.sleep(0.2)
    expect(False, "%s%s: %d %s" % (url, path, status, body))


def fill(url):
    for i in range(PRODUCTS):
        body = {"id": "c-%d" % i, "title": "Copied %d" % i, "brand": "Copied", "sku": "C-%d" % i,
                "price": {"amount": 500 + i, "currency": "EUR"}, "stock": 20}
        for _ in range(20):
            status, answer = call(url, "POST", "/v1/products", body)
            if status in (200, 201):
                break
            time.sleep(0.1)
        expect(status in (200, 201), "product %d: %d %s" % (i, status, answer))


def order_some(url, begin, answers):
    for i in range(begin, begin + ORDERS):
        status, text = key_call(url, "copied-%d" % i, "C-%d" % (i % PRODUCTS))
        expect(status == 201, "checkout %d: %d %s" % (i, status, text))
        answers["copied-%d" % i] = ("C-%d" % (i % PRODUCTS), text)


def everything(url):
    """What a shop shows of all that was put and ordered."""
    view = {}
    page = patient(url, "/v1/search?q=*&filter_by=brand:=Copied&per_page=250&require_full_coverage=true")
    view["found"] = sorted(hit["document"]["id"] for hit in page["hits"])
    for i in range(PRODUCTS):
        product = patient(url, "/v1/products/c-%d" % i)
        view["p%d" % i] = (product["title"], json.dumps(product.get("variants"), sort_keys=True))
        level = patient(url, "/v1/inventory/C-%d" % i)
        view["s%d" % i] = tuple(level.get(name) for name in ("on_hand", "held", "sold", "available"))
        ledger = patient(url, "/v1/inventory/C-%d/ledger?limit=50" % i)
        view["l%d" % i] = [(one.get("delta"), one.get("reason"), one.get("reference")) for one in ledger["data"]]
    return view


def check_same(wanted, answers, url, where):
    got = everything(url)
    wrong = [name for name in wanted if got[name] != wanted[name]]
    expect(not wrong, "%s: %s" % (where, [(name, wanted[name], got[name]) for name in wrong[:2]]))
    for key, (sku, first) in answers.items():
        status, text = key_call(url, key, sku)
        expect(status == 201 and json.loads(text) == json.loads(first), "%s: the key %s answers %d %s instead of %s" % (
            where, key, status, text, first))
        order = patient(url, "/v1/orders/" + json.loads(first)["id"])
        expect(order["id"] == json.loads(first)["id"], "%s: another order" % where)
    # A checkout opens its order and reserves at once (checkout_saga.hpp): a repeat holds units until it is told of the first.
    for _ in range(100):
        if all(patient(url, "/v1/inventory/C-%d" % i)["held"] == wanted["s%d" % i][1] for i in range(PRODUCTS)):
            break
        time.sleep(0.1)
    again = everything(url)
    changed = [(name, wanted[name], again[name]) for name in wanted if again[name] != wanted[name]]
    expect(not changed, "%s: the repeats changed %s" % (where, changed[:3]))
    say("%s: %d products, their stock and ledgers, %d orders and the answers of their keys are the same" % (
        where, PRODUCTS, len(answers)))


def run(*command):
    done = subprocess.run([os.path.join(BUILD, "souk")] + list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(os.environ, SOUK_SERVER_KEY="sk_dev"), timeout=60)
    expect(done.returncode == 0, "souk %s: %s" % (" ".join(command), done.stdout))
    return done.stdout


def joins_by_checkpoint(cluster):
    """A node that was not there at the split gets copies of the children; then it is the only one left of them."""
    ports = free_ports(3)
    late = Node(len(cluster.nodes), "127.0.0.1", ports, os.path.join(cluster.work, "node%d" % len(cluster.nodes)))
    cluster.nodes.append(late)
    cluster.start(late)
    facts = cluster.facts()
    name = next(each for each in facts["nodes"] if cluster.node_named(each, facts) is late)
    url = cluster.url_of(cluster.nodes[0])
    for child in ("catalog-2", "orders-1"):
        if name not in [facts["shards"][child]["primary"]] + facts["shards"][child]["secondaries"]:
            status, answer = call(url, "POST", "/v1/shards/%s:add_replica" % child, {"node": name})
            expect(status in (200, 202), "a copy of %s: %d %s" % (child, status, answer))
        try:
            cluster.wait("node %d being a member of %s" % (late.number, child), 40,
                         lambda child=child: name in cluster.facts()["shards"][child]["secondaries"])
        except Failure as failure:
            raise Failure("%s: %s; %s" % (failure, cluster.facts()["shards"][child], call(url, "GET", "/v1/cluster")[1]["operations"]))

        def equal(child=child):
            copies = cluster.holdings().get(child, {})
            return late.number in copies and len(set(copies.values())) == 1

        cluster.wait("equal copies of %s" % child, 20, equal)
        status, answer = call(url, "POST", "/v1/shards/%s:transfer_leader" % child, {"to": name})
        expect(status in (200, 202), "the transfer of %s: %d %s" % (child, status, answer))
        cluster.wait("node %d leading %s" % (late.number, child), 20,
                     lambda child=child: cluster.facts()["shards"][child]["primary"] == name)
    say("a node that was not there at the split leads both children")


def restored(backup, count, wanted, answers):
    cluster = Cluster(nodes=count, replicas=min(2, count))
    cluster.start_etcd()
    run("restore", backup, "--data", cluster.nodes[0].folder, "--etcd", cluster.etcd_url, "--replicas", str(cluster.replicas))
    for node in cluster.nodes:
        cluster.start(node)
    cluster.wait_copies(60)
    check_same(wanted, answers, cluster.url_of(cluster.nodes[-1]), "restored into %d" % count)
    cluster.close()


def test():
    cluster = Cluster(nodes=3, replicas=2, flags=["--catalog-shards", "2", "--order-shards", "1"])
    settings = os.path.join(cluster.work, "short.toml")
    with open(settings, "w") as out:
        out.write(SETTINGS)
    cluster.flags += ["--config", settings]
    cluster.start_all()
    url = cluster.url_of(cluster.nodes[1])
    answers = {}
    fill(url)
    order_some(url, 0, answers)
    for shard in ("catalog-0", "orders-0"):
        wait_done(cluster, split(cluster, shard))
    # At once: finished orders of the child and old ledger entries, copied or not.
    order_some(url, ORDERS, answers)
    time.sleep(3)  # saved and trimmed

    def sold():
        return sum(patient(url, "/v1/inventory/C-%d" % i)["sold"] for i in range(PRODUCTS)) == len(answers)

    cluster.wait("all being sold that is ordered", 20, sold)
    wanted = everything(url)
    check_same(wanted, answers, url, "after the split")
    joins_by_checkpoint(cluster)
    check_same(wanted, answers, cluster.url_of(cluster.nodes[3]), "led by a late copy")
    backup = os.path.join(cluster.work, "backup")
    run("backup", "--url", url, "-o", backup)
    for node in cluster.nodes:
        cluster.kill(node)
    for count in (1, 2, 5):
        restored(backup, count, wanted, answers)
    cluster.close()


if __name__ == "__main__":
    main(test)

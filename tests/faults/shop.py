"""Customers and auditors of a shop, for the fault tests.

  shop.py load REPORT STOP NAME THREADS URL...   checkouts of several SKUs and searches at all nodes until the file STOP
                                         is there; each request is repeated, a checkout under its key, until it
                                         succeeds or 60 s are over. Writes what came of it to REPORT.
  shop.py check URL STOCK SECONDS [REPORT]   waits so long for everything begun to be finished, then compares orders with
                                         inventory: sold = ordered, nothing held, on hand = STOCK - sold; with
                                         REPORT: the orders are those of the report, each once. Exit 1: they differ."""
import http.client
import json
import os
import random
import sys
import threading
import time
import urllib.parse

SKUS = ["SKU-%d" % number for number in range(12)]
HEADERS = {"Authorization": "Bearer sk_dev", "Content-Type": "application/json"}
PATIENCE = 60


class Shopper(threading.Thread):
    def __init__(self, name, number, urls, stop):
        super().__init__()
        self.label, self.number, self.urls, self.stop_file = name, number, urls, stop
        self.random = random.Random(number)
        self.connections = {}
        self.orders, self.failed, self.searches, self.repeats, self.slowest = [], [], 0, 0, 0.0

    def ask(self, url, method, path, body=None, key=None):
        """Status and document; status 0: no whole answer."""
        headers = dict(HEADERS)
        if key:
            headers["Idempotency-Key"] = key
        connection = self.connections.get(url)
        try:
            if connection is None:
                where = urllib.parse.urlsplit(url)
                connection = http.client.HTTPConnection(where.hostname, where.port, timeout=12)
                self.connections[url] = connection
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            self.connections.pop(url, None)
            return 0, None

    def until_done(self, wanted, method, path, body=None, key=None):
        begin = time.monotonic()
        turn = self.random.randrange(len(self.urls))
        while True:
            status, answer = self.ask(self.urls[turn % len(self.urls)], method, path, body, key)
            took = time.monotonic() - begin
            if status == wanted:
                self.slowest = max(self.slowest, took)
                return answer
            if took > PATIENCE:
                self.failed.append("%s %s %s: %s %s" % (method, path, key, status, answer))
                return None
            self.repeats += 1
            turn += 1
            time.sleep(0.1)

    def run(self):
        turn = 0
        while not os.path.exists(self.stop_file):
            turn += 1
            if turn % 4 == 0:
                page = self.until_done(200, "GET", "/v1/search?q=*&per_page=5")
                if page is not None:
                    self.searches += 1
                    if page.get("found") != len(SKUS):
                        self.failed.append("a search found %s of %d" % (page.get("found"), len(SKUS)))
                continue
            lines = [{"sku": sku, "quantity": self.random.randint(1, 2)} for sku in self.random.sample(SKUS, 3)]
            body = json.dumps({"lines": lines, "customer": {"email": "load@example.org"},
                               "payment": {"provider": "test", "token": "tok_ok"}})
            answer = self.until_done(201, "POST", "/v1/checkouts", body, "%s-%d-%d" % (self.label, self.number, turn))
            if answer is not None:
                self.orders.append(answer["id"])


def load(report, stop, name, threads, *urls):
    shoppers = [Shopper(name, number, urls, stop) for number in range(int(threads))]
    for shopper in shoppers:
        shopper.start()
    for shopper in shoppers:
        shopper.join()
    with open(report, "w") as out:
        json.dump({"orders": [order for shopper in shoppers for order in shopper.orders],
                   "failed": [text for shopper in shoppers for text in shopper.failed],
                   "searches": sum(shopper.searches for shopper in shoppers),
                   "repeats": sum(shopper.repeats for shopper in shoppers),
                   "slowest": round(max(shopper.slowest for shopper in shoppers), 3)}, out)


def read(auditor, path):
    answer = auditor.until_done(200, "GET", path)
    if answer is None:
        raise SystemExit("cannot read: " + auditor.failed[-1])
    return answer


def all_orders(auditor):
    orders, after = [], ""
    while True:
        page = read(auditor, "/v1/orders?limit=250" + after)
        orders += page["data"]
        if not page["has_more"]:
            return orders
        after = "&after=" + urllib.parse.quote(page["next_cursor"])


def differences(auditor, stock):
    orders = all_orders(auditor)
    ordered = dict.fromkeys(SKUS, 0)
    for order in orders:
        for line in order["lines"]:
            ordered[line["sku"]] += line["quantity"]
    wrong = []
    for sku in SKUS:
        entry = read(auditor, "/v1/inventory/" + sku)
        if entry["held"] != 0:
            wrong.append("%s: %d held" % (sku, entry["held"]))
        if entry["sold"] != ordered[sku]:
            wrong.append("%s: %d ordered, %d sold" % (sku, ordered[sku], entry["sold"]))
        if entry["on_hand"] != stock - entry["sold"]:
            wrong.append("%s: %d on hand, %d sold of %d" % (sku, entry["on_hand"], entry["sold"], stock))
    return orders, wrong


def check(url, stock, seconds, report=None):
    auditor = Shopper("audit", 0, [url], "/nonexistent")
    end = time.monotonic() + float(seconds)
    while True:
        orders, wrong = differences(auditor, int(stock))
        if not wrong or time.monotonic() > end:
            break
        time.sleep(0.5)
    ids = [order["id"] for order in orders]
    if len(ids) != len(set(ids)):
        wrong.append("an order is listed twice")
    if report:
        with open(report) as file:
            told = json.load(file)["orders"]
        lost, unknown = set(told) - set(ids), set(ids) - set(told)
        if lost:
            wrong.append("%d acknowledged orders are lost, such as %s" % (len(lost), sorted(lost)[0]))
        if unknown:
            wrong.append("%d orders nobody was told of, such as %s" % (len(unknown), sorted(unknown)[0]))
        if len(told) != len(set(told)):
            wrong.append("two checkouts got the same order")
    statuses = {}
    for order in orders:
        statuses[order["status"]] = statuses.get(order["status"], 0) + 1
    print(json.dumps({"orders": len(ids), "statuses": statuses, "wrong": wrong}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    {"load": load, "check": check}[sys.argv[1]](*sys.argv[2:])

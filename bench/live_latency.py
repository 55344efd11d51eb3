#!/usr/bin/env python3
"""How long a live query waits for what was committed.

    souk serve --dev --data DIR --http 127.0.0.1:PORT &
    bench/live_latency.py http://127.0.0.1:PORT [--changes 1000] [--streams 1] [--every-ms 50]

Imports 1,000 products, opens live queries on the first page of them, and adjusts the stock of the
first hit again and again. Tells, for the first of the streams, from the request's first byte to the
event, and from the answer (which comes after the commit) to the event; negative when the event was
there first."""

import argparse
import http.client
import json
import threading
import time
import urllib.parse

KEY = {"Authorization": "Bearer sk_dev", "Content-Type": "application/json"}


class Stream(threading.Thread):
    """Notes when each number of units was told."""

    def __init__(self, host, port):
        super().__init__(daemon=True)
        self.seen = {}
        self.ready = threading.Event()
        self.connection = http.client.HTTPConnection(host, port, timeout=60)
        self.connection.request("GET", "/v1/search/stream?q=shoe&sort_by=price:asc", headers=KEY)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()

    def run(self):
        while line := self.answer.readline():
            now = time.perf_counter()
            if not line.startswith(b"data: "):
                continue
            data = json.loads(line[6:])
            if "hits" in data:
                self.ready.set()
            elif "hit" in data and data["hit"]["document"]["id"] == "p0":
                self.seen[data["hit"]["document"]["availability"]["available"]] = now


def percentiles(values):
    values = sorted(values)
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))] * 1000
    return f"p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, max {values[-1] * 1000:.2f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--every-ms", type=float, default=50)
    parser.add_argument("--products", type=int, default=1000)
    options = parser.parse_args()
    where = urllib.parse.urlsplit(options.url)
    client = http.client.HTTPConnection(where.hostname, where.port, timeout=60)

    def ask(method, target, body, headers=None):
        client.request(method, target, body, {**KEY, **(headers or {})})
        answer = client.getresponse()
        text = answer.read()
        assert answer.status < 300, (answer.status, text)
        return json.loads(text) if text.startswith(b"{") else None

    lines = "".join(
        json.dumps({"id": f"p{i}", "title": f"Red shoe {i}", "sku": f"s{i}", "stock": 10,
                    "price": {"amount": 100 + i, "currency": "EUR"}}) + "\n"
        for i in range(options.products))
    client.request("POST", "/v1/products:import?action=upsert", lines,
                   {**KEY, "Content-Type": "application/x-ndjson"})
    client.getresponse().read()

    streams = [Stream(where.hostname, where.port) for _ in range(options.streams)]
    for stream in streams:
        stream.start()
    for stream in streams:
        assert stream.ready.wait(10)
    run = time.time_ns()
    sent, answered = {}, {}
    for number in range(options.changes):
        begin = time.perf_counter()
        entry = ask("POST", "/v1/inventory/s0/adjustments",
                    '{"delta":1,"reason":"received","reference":"live"}',
                    {"Idempotency-Key": f"live-{run}-{number}"})
        answered[entry["available"]] = time.perf_counter()
        sent[entry["available"]] = begin
        time.sleep(max(0.0, begin + options.every_ms / 1000 - time.perf_counter()))
    time.sleep(2)

    for name, stream in (("first", streams[0]), ("last", streams[-1])):
        told = [units for units in sent if units in stream.seen]
        print(f"{name} of {options.streams} streams: {len(told)} of {len(sent)} states told one by "
              f"one, the last {'told' if max(sent) in stream.seen else 'MISSED'}")
        print("  request to event:", percentiles([stream.seen[u] - sent[u] for u in told]))
        print("  answer to event: ", percentiles([stream.seen[u] - answered[u] for u in told]))


if __name__ == "__main__":
    main()

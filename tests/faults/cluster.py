"""A cluster of real processes to break: etcd and nodes on free loopback ports, load with a verdict, and what the nodes
hold in the end. Everything started here is ended here, by pid."""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cluster_facts  # noqa: E402
from free_ports import free_ports  # noqa: E402, F401

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SOUK_BIN", os.path.join(ROOT, "build", "release"))
started = time.monotonic()
# Of a node's own copies; its API asks the leaders.
GAUGE = re.compile(r'^souk_shard_(applied_position|state_hash)\{shard="([^"]+)"\} (\S+)$', re.M)


class Failure(Exception):
    """What the test found wrong."""


def say(text):
    print("%6.1f s  %s" % (time.monotonic() - started, text), flush=True)


def expect(condition, text):
    if not condition:
        raise Failure(text)


def get_text(url, timeout=5):
    request = urllib.request.Request(url, headers={"Authorization": "Bearer sk_dev"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read().decode()


class Node:
    def __init__(self, number, host, ports, folder):
        self.number = number
        self.host = host
        self.http, self.admin, self.peer = ports
        self.folder = folder
        self.process = None
        self.paused = False
        self.environment = {}

    url = property(lambda self: "http://%s:%d" % (self.host, self.http))
    alive = property(lambda self: self.process is not None and self.process.poll() is None)


class Cluster:
    """`flags`: further arguments of `souk serve`; `failpoints`: SOUK_FAILPOINTS of every node."""

    def __init__(self, nodes=3, replicas=3, flags=(), failpoints="", parent=None):
        self.work = tempfile.mkdtemp(prefix="souk-cluster.", dir=parent or os.environ.get("TMPDIR", "/tmp"))
        self.replicas = replicas
        self.flags = list(flags)
        self.failpoints = failpoints
        self.etcd = None
        self.bench = None
        self.runs = 0
        self.etcd_host = self.hosts(nodes)[1]
        self.etcd_ports = free_ports(2)
        self.nodes = []
        for number, host in enumerate(self.hosts(nodes)[0]):
            self.nodes.append(Node(number, host, free_ports(3), os.path.join(self.work, "node%d" % number)))
        atexit.register(self.close)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    # Where things run; a subclass puts them into network namespaces.
    def hosts(self, nodes):
        return ["127.0.0.1"] * nodes, "127.0.0.1"

    def inside(self, number):
        """What to put before a node's command; None: of etcd and the clients."""
        return []

    def url_of(self, node, admin=False):
        return "http://%s:%d" % (node.host, node.admin if admin else node.http)

    etcd_url = property(lambda self: "http://%s:%d" % (self.etcd_host, self.etcd_ports[0]))

    def read(self, url):
        return json.loads(self.read_text(url))

    def read_text(self, url):
        return get_text(url)

    def facts(self):
        return cluster_facts.facts(self.etcd_url)

    # Starting and ending.
    def start_etcd(self):
        client = self.etcd_url
        peer = "http://%s:%d" % (self.etcd_host, self.etcd_ports[1])
        with open(os.path.join(self.work, "etcd.log"), "ab") as log:
            self.etcd = subprocess.Popen(
                self.inside(None) + ["etcd", "--name", "a", "--logger=zap", "--log-level", "warn", "--data-dir",
                                     os.path.join(self.work, "etcd"), "--unsafe-no-fsync", "--listen-client-urls", client,
                                     "--advertise-client-urls", client, "--listen-peer-urls", peer,
                                     "--initial-advertise-peer-urls", peer, "--initial-cluster", "a=" + peer],
                stdout=log, stderr=log)
        self.wait("etcd's start", 20, lambda: self.facts() is not None)

    def kill_etcd(self):
        self.etcd.kill()
        self.etcd.wait()
        self.etcd = None

    def start(self, node, wait=True):
        environment = dict(os.environ, SOUK_SERVER_KEY="sk_dev", SOUK_PUBLIC_KEY="pk_dev", **node.environment)
        # A node on another address than loopback takes its keys from the environment, and no failpoints.
        dev = ["--dev"]
        if not node.host.startswith("127."):
            settings = os.path.join(self.work, "settings.toml")
            if not os.path.exists(settings):  # others may be reading it
                with open(settings + ".new", "w") as out:
                    out.write("test_payments = true\n")
                os.replace(settings + ".new", settings)
            dev = ["--config", settings]
        expect(dev == ["--dev"] or not self.failpoints, "failpoints need nodes on loopback")
        if self.failpoints:
            environment["SOUK_FAILPOINTS"] = self.failpoints
        with open(os.path.join(self.work, "node%d.log" % node.number), "ab") as log:
            node.process = subprocess.Popen(
                self.inside(node.number) + [os.path.join(BUILD, "souk"), "serve"] + dev + ["--data", node.folder,
                                            "--http", "%s:%d" % (node.host, node.http),
                                            "--admin", "%s:%d" % (node.host, node.admin),
                                            "--node-listen", "%s:%d" % (node.host, node.peer), "--etcd", self.etcd_url,
                                            "--replicas", str(self.replicas), "--zone", "zone-%d" % node.number] + self.flags,
                stdout=log, stderr=log, env=environment)
        node.paused = False
        if wait:
            self.wait("node %d's start" % node.number, 60, lambda: self.ready(node))

    def ready(self, node):
        expect(node.alive, "node %d ended: %s" % (node.number, self.log_end(node)))
        try:
            return self.read(self.url_of(node) + "/readyz") is not None
        except (OSError, ValueError):
            return False

    def kill(self, node, how=signal.SIGKILL):
        node.process.send_signal(how)
        node.process.wait()

    def pause(self, node):
        node.process.send_signal(signal.SIGSTOP)
        node.paused = True

    def go_on(self, node):
        node.process.send_signal(signal.SIGCONT)
        node.paused = False

    def start_all(self):
        self.start_etcd()
        for node in self.nodes:
            self.start(node)
        self.wait_copies()

    def close(self):
        processes = [node.process for node in self.nodes] + [self.etcd, self.bench]
        for process in processes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if os.environ.get("KEEP"):
            say("kept " + self.work)
        else:
            shutil.rmtree(self.work, ignore_errors=True)

    def log_end(self, node, lines=6):
        try:
            with open(os.path.join(self.work, "node%d.log" % node.number), errors="replace") as log:
                return "\n" + "".join(log.readlines()[-lines:])
        except OSError:
            return ""

    # Looking.
    def wait(self, what, seconds, condition):
        end = time.monotonic() + seconds
        last = None
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (OSError, ValueError, KeyError) as error:
                last = error
            time.sleep(0.05)
        raise Failure("%s: not within %d s%s" % (what, seconds, " (%s)" % last if last else ""))

    def node_named(self, name, facts):
        fact = facts["nodes"].get(name)
        if fact is None:
            return None
        for node in self.nodes:
            if (fact.get("host"), fact.get("port")) == (node.host, node.peer):
                return node
        return None

    def leads(self):
        """Shards led, by node number."""
        facts = self.facts()
        result = {node.number: [] for node in self.nodes}
        for shard, one in facts["shards"].items():
            node = self.node_named(one["primary"], facts)
            if node is not None:
                result[node.number].append(shard)
        return result

    def leader_of_most(self):
        led = self.leads()
        return self.nodes[max(led, key=lambda number: len(led[number]))]

    def copies_text(self):
        return {name: 1 + len(shard["secondaries"]) for name, shard in self.facts()["shards"].items()}

    def wait_copies(self, seconds=60):
        wanted = min(self.replicas, sum(1 for node in self.nodes if node.alive))

        def complete():
            shards = self.copies_text()
            return shards and all(count >= wanted for count in shards.values())

        try:
            self.wait("%d copies of every shard" % wanted, seconds, complete)
        except Failure as failure:
            raise Failure("%s: %s" % (failure, self.copies_text()))

    def holdings(self):
        """Per shard: {node number: (position, state hash)} of the nodes that say so."""
        result = {}
        for node in self.nodes:
            if not node.alive or node.paused:
                continue
            gauges = {}
            for name, shard, value in GAUGE.findall(self.read_text(self.url_of(node, admin=True) + "/metrics")):
                gauges.setdefault(shard, {})[name] = int(float(value))
            for shard, values in gauges.items():
                result.setdefault(shard, {})[node.number] = (values["applied_position"], values["state_hash"])
        return result

    def resident_mb(self):
        """The smallest and the largest of the nodes that run."""
        sizes = []
        for node in self.nodes:
            if node.alive:
                with open("/proc/%d/status" % node.process.pid) as status:
                    sizes += [int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS")]
        return min(sizes), max(sizes)

    def check_equal_copies(self, seconds=30):
        """Of the nodes that are members: every copy at one position, and their hashes equal there."""
        def still():
            holdings = self.holdings()
            return holdings and all(
                len(copies) >= min(self.replicas, len(self.nodes)) and len({position for position, _ in copies.values()}) == 1
                for copies in holdings.values())

        try:
            self.wait("all copies at one position", seconds, still)
        except Failure as failure:
            raise Failure("%s: %s" % (failure, self.holdings()))
        for shard, copies in self.holdings().items():
            if len({position for position, _ in copies.values()}) == 1:
                expect(len({state for _, state in copies.values()}) == 1, "the copies of %s differ: %s" % (shard, copies))
        say("the copies of %d shards are equal" % len(self.holdings()))

    # Load.
    def urls(self):
        return ",".join(self.url_of(node) for node in self.nodes)

    def start_load(self, scenario, seconds, rate, retry=20, seed=1, more=()):
        """souk-bench in the background; `scenario`: a dictionary of its keys."""
        self.runs += 1
        name = os.path.join(self.work, "load%d" % self.runs)
        with open(name + ".toml", "w") as out:
            for key, value in scenario.items():
                out.write("%s = %s\n" % (key, json.dumps(value)))
        self.report = name
        with open(name + ".txt", "wb") as out:
            self.bench = subprocess.Popen(
                self.inside(None) + [os.path.join(BUILD, "souk-bench"), "run", name + ".toml", "--url", self.urls(), "--seconds",
                                     str(seconds), "--warmup", "1", "--rate", str(rate), "--retry", str(retry), "--seed", str(seed),
                                     "--json", name + ".json", "--html", name + ".html", "--samples", name + ".csv"] + list(more),
                stdout=out, stderr=open(name + ".err", "wb"), env=dict(os.environ, SOUK_SERVER_KEY="sk_dev"))
        self.wait("the load's beginning", 60, self.loading)

    def loading(self):
        expect(self.bench.poll() is None, "souk-bench ended: " + self.load_text())
        with open(self.report + ".err", errors="replace") as text:
            return "answers" in text.read()

    def load_text(self):
        text = ""
        for suffix in (".txt", ".err"):
            with open(self.report + suffix, errors="replace") as one:
                text += one.read()[-3000:]
        return text

    def finish_load(self, seconds=120):
        """The result; None if it has none. The verdict is the caller's to judge."""
        try:
            self.bench.wait(seconds)
        except subprocess.TimeoutExpired:
            self.bench.kill()
            self.bench.wait()
            raise Failure("souk-bench does not end: " + self.load_text())
        try:
            with open(self.report + ".json") as result:
                return json.load(result)
        except (OSError, ValueError):
            raise Failure("souk-bench gave no result: " + self.load_text())

    def check_load(self, result, failures=0):
        verdict = result["verdict"]
        expect(verdict["green"], "the verdict is red: " + "; ".join(verdict["violations"][:5]))
        failed = {kind: one["failed_after_retry"] for kind, one in result["operations"].items() if one["failed_after_retry"]}
        expect(sum(failed.values()) <= failures, "requests failed after retry: %s, %s" % (
            failed, {kind: one["statuses"] for kind, one in result["operations"].items()}))
        repeated = sum(one["repeated"] for one in result["operations"].values())
        say("GREEN: %d orders, %d requests repeated, 0 lost, longest gap without an acknowledged write %.0f ms" % (
            verdict["acknowledged"], repeated, result["timeline"]["writes"]["longest_gap_ms"]))


MIXED = {"base": "mixed", "search": 0.3, "as_you_type": 0.1, "checkout": 0.4, "stock_change": 0.2, "repeats": 0.05, "skus": 500,
         "connections": 48}


def main(test):
    """Runs a test; its failure is one line and the ends of the logs."""
    try:
        test()
    except Failure as failure:
        print("FAILED: %s" % failure, file=sys.stderr)
        sys.exit(1)

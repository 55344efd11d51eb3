"""Runs the nodes of the manifests, then those of the compose file, as processes: their arguments and settings, other
addresses. Usage: deploy_run.py DEPLOY RESOLVED_COMPOSE SOUK WORK. Prints what is wrong and ends with 1."""
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import yaml

from cluster import free_ports

HERE = "127.0.0.1"
running = []


class Wrong(Exception):
    pass


def ask(url, key="", body=None):
    headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
    request = urllib.request.Request(url, headers=headers, data=json.dumps(body).encode() if body else None)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def wait_for(what, seconds, done, log=None):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end or any(each.poll() is not None for each in running):
            raise Wrong("%s did not happen%s" % (what, ": " + open(log).read()[-300:] if log else ""))
        time.sleep(0.1)


def start(command, log, **environment):
    running.append(subprocess.Popen(command, stdout=open(log, "ab"), stderr=subprocess.STDOUT, env={**os.environ, **environment}))


def stop_all():
    for each in reversed(running):
        each.terminate()
    for each in reversed(running):
        try:
            each.wait(30)
        except subprocess.TimeoutExpired:
            each.kill()
    running.clear()


def start_etcd(work):
    client, peer = ("http://%s:%d" % (HERE, port) for port in free_ports(2))
    start(["etcd", "--name", "a", "--logger=zap", "--log-level", "warn", "--data-dir", work + "/etcd", "--unsafe-no-fsync",
           "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
           "--initial-advertise-peer-urls", peer, "--initial-cluster", "a=" + peer], work + "/etcd.log")
    wait_for("etcd's start", 20, lambda: ask(client + "/health")[0] == 200, work + "/etcd.log")
    return client


class Node:
    def __init__(self, souk, work, name, args, etcd):
        """`args`: of the container, with its paths; only addresses are others."""
        self.http, self.admin, peer = free_ports(3)
        self.url = "http://%s:%d" % (HERE, self.http)
        self.log = "%s/%s.log" % (work, name)
        args = ["--node-advertise=%s:%d" % (HERE, peer) if word.startswith("--node-advertise=") else word for word in args]
        args = [word.replace("/etc/souk", work + "/config").replace("/var/lib/souk", work + "/" + name) for word in args]
        start([souk, *args, "--http=%s:%d" % (HERE, self.http), "--admin=%s:%d" % (HERE, self.admin),
               "--node-listen=%s:%d" % (HERE, peer), "--etcd=" + etcd], self.log, SOUK_SERVER_KEY="sk_x", SOUK_PUBLIC_KEY="pk_x")

    def ready(self):
        wait_for("the start of " + self.log, 30, lambda: ask(self.url + "/readyz")[0] == 200, self.log)
        return self

    def copies(self):
        return ask("http://%s:%d/metrics" % (HERE, self.admin))[1].count("\nsouk_shard_applied_position{")


def shop(node):
    """Writes and reads through `node`; refused while too few nodes hold data."""
    product = {"id": "tee", "title": "Organic tee", "sku": "TEE", "price": {"amount": 1999, "currency": "EUR"}, "stock": 5}
    wait_for("a product by way of " + node.url, 30, lambda: ask(node.url + "/v1/products", "sk_x", product)[0] in (201, 409), node.log)
    wait_for("a hit by way of " + node.url, 10, lambda: json.loads(ask(node.url + "/v1/search?q=tee", "pk_x")[1]).get("found") == 1, node.log)


def prepare(work, files):
    os.makedirs(work + "/config")
    for name, text in files.items():
        with open(os.path.join(work, "config", name), "w") as file:
            file.write(text)
    return start_etcd(work)


def manifests(deploy, souk, work):
    def load(name):
        with open(os.path.join(deploy, "kubernetes", name)) as file:
            return list(yaml.safe_load_all(file))

    etcd = prepare(work, load("config.yaml")[0]["data"])
    sets = {each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["args"] for each in load("statefulsets.yaml")}
    data = [Node(souk, work, "data-%d" % i, sets["souk-data"], etcd) for i in range(3)]
    data[0].ready()  # what the gateways' init container waits for
    gateway = Node(souk, work, "gateway-0", sets["souk-gateway"], etcd).ready()
    shop(gateway)
    wait_for("three copies of six shards", 30, lambda: sum(node.copies() for node in data) == 18)
    if gateway.copies() != 0:
        raise Wrong("the gateway holds %d shards" % gateway.copies())


def compose(deploy, resolved, souk, work):
    with open(os.path.join(deploy, "container", "souk.toml")) as file:
        etcd = prepare(work, {"souk.toml": file.read()})
    with open(resolved) as file:
        services = yaml.safe_load(file)["services"]
    nodes = [Node(souk, work, name, services[name]["command"], etcd) for name in ("souk-1", "souk-2", "souk-3")]
    for node in nodes:
        node.ready()
    shop(nodes[2])
    order = {"lines": [{"sku": "TEE", "quantity": 1}], "customer": {"email": "a@example.org"},
             "payment": {"provider": "test", "token": "tok_ok"}}
    request = urllib.request.Request(nodes[1].url + "/v1/checkouts", data=json.dumps(order).encode(), headers={
        "Authorization": "Bearer sk_x", "Content-Type": "application/json", "Idempotency-Key": "deploy-1"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = "%d %s" % (error.code, error.read().decode())
    if status != 201:
        raise Wrong("a checkout is answered %s" % status)


def main():
    deploy, resolved, souk, work = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        for name, run in (("manifests", lambda folder: manifests(deploy, souk, folder)),
                          ("compose", lambda folder: compose(deploy, resolved, souk, folder))):
            run(os.path.join(work, name))
            stop_all()
    except Wrong as wrong:
        print(wrong)
        sys.exit(1)
    finally:
        stop_all()


if __name__ == "__main__":
    main()

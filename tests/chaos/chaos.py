#!/usr/bin/env python3
"""Random faults against a cluster under mixed load, for CHAOS_MINUTES (10), round after round. Every round ends with the
verdict on every order and level and with the copies compared; its seed replays its faults. Writes CHAOS_REPORT
(chaos-report.html). Environment: CHAOS_SEED, CHAOS_NODES (3), CHAOS_SHARDS ("4,2": of the catalog and of
orders), CHAOS_RATE (60), CHAOS_ROUND (40 s)."""
import html
import os
import random
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "faults"))
from cluster import MIXED, ROOT, Cluster, Failure, say  # noqa: E402
from cluster_net import NetCluster, SlowDisk, why_not  # noqa: E402

MINUTES = float(os.environ.get("CHAOS_MINUTES", "10"))
SEED = int(os.environ.get("CHAOS_SEED", time.time_ns() % 1_000_000_000))
RATE = float(os.environ.get("CHAOS_RATE", "60"))
ROUND = float(os.environ.get("CHAOS_ROUND", "40"))
NODES = int(os.environ.get("CHAOS_NODES", "3"))
CATALOG, ORDERS = os.environ.get("CHAOS_SHARDS", "4,2").split(",")
REPORT = os.environ.get("CHAOS_REPORT", os.path.join(ROOT, "chaos-report.html"))


class Chaos:
    def __init__(self, cluster, chance, disks, networked):
        self.cluster = cluster
        self.chance = chance
        self.disks = disks
        self.memory = []  # after each fault: of the smallest and of the largest node, in MB
        self.faults = [self.kill_one, self.kill_leader, self.pause, self.kill_all, self.etcd_away, self.end_gently]
        if networked:
            self.faults += [self.cut_one_way, self.cut_off, self.lossy, self.slow_disk]

    def pick(self):
        return self.chance.choice(self.cluster.nodes)

    def hold(self, low=0.5, high=5):
        time.sleep(self.chance.uniform(low, high))

    def revive(self, nodes):
        for node in nodes:
            self.cluster.start(node, wait=False)
        for node in nodes:
            self.cluster.wait("node %d's start" % node.number, 60, lambda node=node: self.cluster.ready(node))

    def kill_one(self):
        node = self.pick()
        yield "kill -9 of node %d" % node.number
        self.cluster.kill(node)
        self.hold()
        self.revive([node])

    def kill_leader(self):
        node = self.cluster.leader_of_most()
        yield "kill -9 of node %d, which leads the most" % node.number
        self.cluster.kill(node)
        self.hold()
        self.revive([node])

    def end_gently(self):
        node = self.pick()
        yield "SIGTERM to node %d" % node.number
        self.cluster.kill(node, 15)
        self.hold()
        self.revive([node])

    def kill_all(self):
        yield "kill -9 of all nodes"
        for node in self.cluster.nodes:
            node.process.kill()
        for node in self.cluster.nodes:
            node.process.wait()
        self.revive(self.cluster.nodes)

    def pause(self):
        node = self.pick()
        yield "node %d stands still" % node.number
        self.cluster.pause(node)
        self.hold(0.2, 6)
        self.cluster.go_on(node)

    def etcd_away(self):
        yield "etcd is dead"
        self.cluster.kill_etcd()
        self.hold(1, 10)
        self.cluster.start_etcd()

    def cut_one_way(self):
        a, b = self.chance.sample(self.cluster.nodes, 2)
        yield "node %d does not hear node %d" % (b.number, a.number)
        self.cluster.rule(a.number, b.number, loss=1)
        self.hold(1, 8)
        self.cluster.heal()

    def cut_off(self):
        node = self.pick()
        yield "node %d is cut off" % node.number
        self.cluster.rule(node.number, "*", loss=1)
        self.cluster.rule("*", node.number, loss=1)
        self.hold(1, 8)
        self.cluster.heal()

    def lossy(self):
        loss = self.chance.uniform(0.02, 0.15)
        yield "%.0f %% of all packets are lost, the rest is late" % (100 * loss)
        self.cluster.rule("*", "*", loss=loss, delay=2, jitter=8)
        self.hold(1, 5)
        self.cluster.heal()

    def slow_disk(self):
        node = self.pick()
        milliseconds = self.chance.choice([20, 100, 400])
        yield "every fsync of node %d takes %d ms more" % (node.number, milliseconds)
        self.disks[node.number].slow(milliseconds)
        self.hold(1, 6)
        self.disks[node.number].heal()

    def round(self, log):
        """One load with faults in it; its result."""
        cluster = self.cluster
        cluster.start_load(dict(MIXED, seed=self.chance.randrange(1 << 30)), seconds=ROUND, rate=RATE, retry=30,
                           seed=self.chance.randrange(1 << 30))
        begun = time.monotonic()
        time.sleep(2)
        while time.monotonic() - begun < ROUND - 8:
            fault = self.chance.choice(self.faults)()
            what = next(fault)
            say("  " + what)
            log.append((time.monotonic() - begun, what))
            for _ in fault:
                pass
            self.hold(1, 4)
            self.memory.append(self.cluster.resident_mb())
        result = cluster.finish_load(180)
        cluster.check_load(result)
        cluster.wait_copies(90)
        cluster.check_equal_copies(60)
        return result


def write_report(rounds, commit):
    good = sum(1 for one in rounds if not one["failure"])
    page = ["<!doctype html><html lang='en'><meta charset='utf-8'><title>souk chaos</title><style>body{font:15px/1.5 system-ui,sans-serif;",
            "max-width:900px;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:left;",
            "border-bottom:1px solid #e5e7eb;vertical-align:top}.bad{color:#dc2626}.ok{color:#059669}</style>",
            "<h1>Chaos: %d of %d rounds green</h1><p>seed %d, commit %s, %d nodes, %s shards, %g requests a second</p>" % (
                good, len(rounds), SEED, html.escape(commit), NODES, int(CATALOG) + int(ORDERS), RATE),
            "<table><tr><th>round<th>result<th>orders<th>repeated<th>failed<th>longest gap<th>memory<th>faults</tr>"]
    for number, one in enumerate(rounds):
        result = one["result"]
        figures = "<td><td><td><td><td>"
        if result:
            operations = result["operations"].values()
            figures = "<td>%d<td>%d<td>%d<td>%.0f ms<td>%s MB" % (result["verdict"]["acknowledged"], sum(o["repeated"] for o in operations),
                                                         sum(o["failed_after_retry"] for o in operations),
                                                         result["timeline"]["writes"]["longest_gap_ms"],
                                                                   one["memory"])
        page.append("<tr><td>%d<br><small>seed %d</small><td class='%s'>%s%s<td>%s</tr>" % (
            number + 1, one["seed"], "bad" if one["failure"] else "ok", html.escape(one["failure"] or "green"), figures,
            "<br>".join("%.1f s: %s" % (at, html.escape(what)) for at, what in one["log"])))
    page.append("</table></html>\n")
    with open(REPORT, "w") as out:
        out.write("".join(page))


def main():
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True).stdout.strip()
    reason = why_not()
    if reason:
        print("without cuts and slow disks: " + reason)
    print("seed %d, commit %s, %g minutes" % (SEED, commit, MINUTES), flush=True)
    end = time.monotonic() + 60 * MINUTES
    rounds = []
    seed = SEED
    cluster = None
    try:
        while not rounds or time.monotonic() < end:
            chance = random.Random(seed)
            one = {"seed": seed, "failure": "", "log": [], "result": None, "memory": ""}
            rounds.append(one)
            say("round %d, CHAOS_SEED=%d" % (len(rounds), seed))
            try:
                # A folder of its own for each round, so that its seed replays it.
                cluster = (Cluster if reason else NetCluster)(NODES, flags=["--catalog-shards", CATALOG, "--order-shards", ORDERS])
                disks = [] if reason else [SlowDisk(cluster, node) for node in cluster.nodes]
                cluster.start_all()
                chaos = Chaos(cluster, chance, disks, not reason)
                one["result"] = chaos.round(one["log"])
                quarter = max(1, len(chaos.memory) // 4)
                one["memory"] = ", ".join("%d to %d" % (min(low for low, _ in part), max(high for _, high in part)) for part in (
                    chaos.memory[at:at + quarter] for at in range(0, len(chaos.memory), quarter)))
                say("resident, a quarter of the round each: %s MB a node" % one["memory"])
            except Failure as failure:
                one["failure"] = str(failure)
                say("RED: %s" % failure)
                kept = "%s-round%d" % (os.path.splitext(REPORT)[0], len(rounds))
                shutil.copytree(cluster.work, kept, dirs_exist_ok=True)
                say("data and logs: " + kept)
            finally:
                if cluster is not None:
                    cluster.close()
            write_report(rounds, commit)
            seed += 1
    finally:
        write_report(rounds, commit)
    failed = sum(1 for one in rounds if one["failure"])
    print("%d rounds, %d red, seed %d; %s" % (len(rounds), failed, SEED, REPORT))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""A cluster whose nodes live in network namespaces of their own, joined by a switch that can cut, delay and lose packets
by direction (tests/chaos/netemu.cpp). etcd and the clients share one more namespace. Needs root."""
import json
import os
import subprocess
import sys

from cluster import ROOT, Cluster


def why_not():
    """Why this machine cannot do it; None: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "/dev/net/tun is missing"
    probe = "souk-probe-%d" % os.getpid()
    if subprocess.run(["ip", "netns", "add", probe], stderr=subprocess.DEVNULL).returncode != 0:
        return "network namespaces cannot be made here"
    subprocess.run(["ip", "netns", "del", probe], check=False)
    return None


def compiled(source, output, flags):
    source = os.path.join(ROOT, "tests", "chaos", source)
    subprocess.run([os.environ.get("CC", "cc") if source.endswith(".c") else os.environ.get("CXX", "c++")] + flags +
                   [source, "-o", output] + (["-ldl"] if source.endswith(".c") else []), check=True)


class NetCluster(Cluster):
    def __init__(self, nodes=3, **more):
        self.tag = "sk%d" % (os.getpid() % 100000)
        self.count = nodes
        self.spaces = []
        self.switch = None
        super().__init__(nodes, **more)
        self.make_network()

    def hosts(self, nodes):
        return ["10.78.0.%d" % (number + 1) for number in range(nodes)], "10.78.0.%d" % (nodes + 1)

    def space(self, number):
        return "%sn%d" % (self.tag, self.count if number is None else number)

    def inside(self, number):
        return ["ip", "netns", "exec", self.space(number)]

    def make_network(self):
        emulator = os.path.join(self.work, "netemu")
        compiled("netemu.cpp", emulator, ["-std=c++17", "-O2"])
        taps = []
        for number in range(self.count + 1):
            space = self.space(number)
            subprocess.run(["ip", "netns", "add", space], check=True)
            self.spaces.append(space)
            taps.append("%st%d" % (self.tag, number))
            subprocess.run(["ip", "tuntap", "add", "dev", taps[-1], "mode", "tap"], check=True)
        self.switch = subprocess.Popen([emulator] + taps, stdin=subprocess.PIPE, text=True)
        self.wait("the switch", 5, lambda: all(os.path.exists("/sys/class/net/%s/carrier" % tap) for tap in taps))
        subprocess.run(["sleep", "0.3"], check=True)
        for number, tap in enumerate(taps):
            space = self.space(number)
            for command in (["link", "set", tap, "netns", space], ["-n", space, "addr", "add", "10.78.0.%d/24" % (number + 1), "dev", tap],
                            ["-n", space, "link", "set", tap, "up"], ["-n", space, "link", "set", "lo", "up"]):
                subprocess.run(["ip"] + command, check=True)

    def rule(self, source, target, loss=0.0, delay=0.0, jitter=0.0):
        """Of packets from one node to another; None: etcd and the clients; "*": all."""
        names = [self.count if one is None else one for one in (source, target)]
        self.switch.stdin.write("set %s %s %g %g %g 0 0\n" % (names[0], names[1], delay, jitter, loss))
        self.switch.stdin.flush()

    def heal(self):
        self.rule("*", "*")

    # What the test reads comes through the clients' namespace.
    def read_text(self, url):
        answer = subprocess.run(self.inside(None) + ["curl", "-fsS", "-m", "5", "-H", "Authorization: Bearer sk_dev", url],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.returncode != 0:
            raise OSError("no answer of " + url)
        return answer.stdout.decode()

    def facts(self):
        script = os.path.join(ROOT, "tests", "faults", "cluster_facts.py")
        answer = subprocess.run(self.inside(None) + [sys.executable, script, self.etcd_url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.returncode != 0:
            raise OSError("no facts of etcd")
        return json.loads(answer.stdout)

    def close(self):
        super().close()
        if self.switch is not None:
            self.switch.kill()
            self.switch.wait()
            self.switch = None
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False)
        self.spaces = []


class SlowDisk:
    """Preloads the shim that makes a node's fsyncs slow while asked to. Before the node's start."""

    def __init__(self, cluster, node):
        library = os.path.join(cluster.work, "faultfs.so")
        if not os.path.exists(library):
            compiled("faultfs.c", library, ["-O2", "-shared", "-fPIC"])
        self.control = os.path.join(cluster.work, "disk%d" % node.number)
        node.environment = {"LD_PRELOAD": library, "FAULT_DIR": node.folder, "FAULT_CTL": self.control}
        self.say("none 0 0 0")

    def say(self, text):
        with open(self.control + ".new", "w") as out:
            out.write(text + "\n")
        os.replace(self.control + ".new", self.control)

    def slow(self, milliseconds):
        self.say("fsync 0 0 %d" % milliseconds)

    def heal(self):
        self.say("none 0 0 0")

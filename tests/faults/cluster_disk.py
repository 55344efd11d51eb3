#!/usr/bin/env python3
"""Three nodes under mixed load: the leading node's disk fails every fsync, its power is cut (where root and a loop device
are), and its clock jumps an hour back and forth. Nothing may be lost, oversold or refused in the end."""
import fcntl
import os
import shutil
import struct
import subprocess
import time

from cluster import MIXED, Cluster, expect, main, say
from cluster_net import SlowDisk, compiled

RATE = float(os.environ.get("RATE", "50"))
EIO = 5
EXT4_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2


class LoopDisk:
    """A file system of its own under a node's folder, which can be cut off like a disk that loses power."""

    def __init__(self, cluster, node):
        self.image = os.path.join(cluster.work, "disk%d.img" % node.number)
        self.folder = node.folder
        os.makedirs(self.folder, exist_ok=True)
        with open(self.image, "wb") as image:
            image.truncate(1 << 30)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        self.mount()

    def mount(self):
        self.device = subprocess.run(["losetup", "-f", "--show", self.image], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        subprocess.run(["mount", self.device, self.folder], check=True)
        shutil.rmtree(os.path.join(self.folder, "lost+found"), ignore_errors=True)

    def cut_power(self):
        """What was not synced is gone."""
        folder = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        os.close(folder)

    def mount_again(self):
        # On another device: whoever was started meanwhile in a namespace of its own may hold the dead one.
        subprocess.run(["umount", self.folder], check=True)
        subprocess.run(["losetup", "-d", self.device], check=True)
        self.mount()

    def close(self):
        subprocess.run(["umount", self.folder], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["losetup", "-d", self.device], check=False)

    @staticmethod
    def why_not():
        if os.geteuid() != 0:
            return "a power cut needs root"
        if not os.path.exists("/dev/loop-control"):
            return "a power cut needs a loop device"
        if subprocess.run(["losetup", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            return "no loop device is free"
        return None


class JumpingClock:
    """A node's wall clock, so many seconds beside the true one; its timers are right."""

    def __init__(self, cluster, node):
        library = os.path.join(cluster.work, "clockjump.so")
        compiled("clockjump.c", library, ["-O2", "-shared", "-fPIC"])
        self.file = os.path.join(cluster.work, "clock%d" % node.number)
        with open(self.file, "wb") as out:
            out.write(struct.pack("q", 0))
        node.environment = {"LD_PRELOAD": library, "CLOCK_OFFSET": self.file}

    def jump(self, seconds):
        with open(self.file, "r+b") as out:
            out.write(struct.pack("q", seconds))


def during(cluster, seconds, fault):
    cluster.start_load(MIXED, seconds=seconds, rate=RATE, retry=25, seed=cluster.runs + 1)
    time.sleep(2)
    fault()
    result = cluster.finish_load()
    cluster.check_load(result)
    cluster.wait_copies(75)
    cluster.check_equal_copies()
    return result


def lead_everywhere(cluster, node):
    """The faults are for whoever leads the most; with `node` prepared for one, it must lead something."""
    cluster.wait("node %d leading a shard" % node.number, 30, lambda: cluster.leads()[node.number])


def failing_disk():
    cluster = Cluster()
    node = cluster.nodes[0]
    disk = SlowDisk(cluster, node)
    cluster.start_all()
    lead_everywhere(cluster, node)

    def fail():
        say("every fsync of node %d fails, for 4 s; it leads %s" % (node.number, cluster.leads()[node.number]))
        disk.say("fsync %d 1 0" % EIO)
        time.sleep(4)
        expect(not cluster.leads()[node.number], "node %d leads with a disk that fails" % node.number)
        disk.heal()
        cluster.kill(node)
        cluster.start(node)
        say("it is back with a disk that works")

    during(cluster, 14, fail)
    cluster.close()


def power_cut():
    reason = LoopDisk.why_not()
    if reason:
        say("skipped the power cut: " + reason)
        return
    cluster = Cluster()
    node = cluster.nodes[0]
    disk = LoopDisk(cluster, node)
    try:
        cluster.start_all()
        lead_everywhere(cluster, node)

        def cut():
            say("the power of node %d is cut; it leads %s" % (node.number, cluster.leads()[node.number]))
            disk.cut_power()
            cluster.kill(node)
            disk.mount_again()
            time.sleep(2)
            cluster.start(node)
            say("it is back")

        during(cluster, 12, cut)
    finally:
        for each in cluster.nodes:
            if each.alive:
                cluster.kill(each)
        disk.close()
        cluster.close()


def clock_jump():
    cluster = Cluster()
    node = cluster.nodes[0]
    clock = JumpingClock(cluster, node)
    cluster.start_all()
    lead_everywhere(cluster, node)

    def jump():
        for seconds in (-3600, 3600, 0):
            leads = cluster.leads()[node.number]
            say("node %d's clock stands at %+d s; it leads %s" % (node.number, seconds, leads))
            clock.jump(seconds)
            time.sleep(2.5)

    result = during(cluster, 12, jump)
    gap = result["timeline"]["writes"]["longest_gap_ms"]
    expect(gap < 1500, "writes stood still for %.0f ms while a clock jumped" % gap)
    cluster.close()


def all_of_them():
    failing_disk()
    power_cut()
    clock_jump()


if __name__ == "__main__":
    main(all_of_them)

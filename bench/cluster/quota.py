"""Limits a process to a share of the machine's CPUs by the CPU controller of cgroups (v1 or v2). Needs root."""
import os
import time


class Quota:
    """One process in a CPU group of its own."""

    def __init__(self, pid, cpus):
        self.group = None
        second = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        self.group = "/sys/fs/cgroup/%ssouk-bench-%d" % ("" if second else "cpu/", pid)
        os.mkdir(self.group)
        if second:
            self.write("cpu.max", "%d 20000" % int(20000 * cpus))
        else:
            self.write("cpu.cfs_period_us", "20000")
            self.write("cpu.cfs_quota_us", str(int(20000 * cpus)))
        self.write("cgroup.procs", str(pid))

    def write(self, name, value):
        with open(os.path.join(self.group, name), "w") as out:
            out.write(value)

    def close(self):
        for _ in range(50):
            try:
                os.rmdir(self.group)
                return
            except OSError:
                time.sleep(0.1)

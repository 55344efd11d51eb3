#!/usr/bin/env python3
"""Free ports that stay free: below those that the system gives to outgoing connections, so that none of these takes one while
a node is down. free_ports.py [count] prints them, one per line."""
import random
import socket
import sys


def _first_of_outgoing():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            return int(file.read().split()[0])
    except OSError:
        return 32768


def free_ports(count, host="127.0.0.1"):
    """All held at once, so that no two are the same."""
    top = _first_of_outgoing()
    if top < 20000:  # nothing much below it: the system's own choice has to do
        top = 0
    held = []
    try:
        for _ in range(count):
            for _ in range(1000):
                one = socket.socket()
                try:
                    one.bind((host, random.randrange(10000, top) if top else 0))
                    held.append(one)
                    break
                except OSError:
                    one.close()
            else:
                raise OSError("no free port on %s" % host)
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


if __name__ == "__main__":
    print("\n".join(str(port) for port in free_ports(int(sys.argv[1]) if len(sys.argv) > 1 else 1)))

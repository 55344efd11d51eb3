#!/usr/bin/env python3
"""Who holds which shard, as the coordinator's facts in etcd say: independent of any node.

usage: cluster_facts.py ETCD_URL [PREFIX]      JSON: {"nodes": {name: {host, port, zone}},
"shards": {name: {epoch, primary, secondaries, learners, status}}}
"""
import base64
import json
import struct
import sys
import urllib.request

# A fact is a frame (storage/record.hpp) around a message of storage/record.proto.
HEADER_BYTES = 6  # version, flags, checksum


def fields(data):
    """(number, value) of each field: integers, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
        elif kind == 1:
            at += 8
            yield tag >> 3, struct.unpack("<Q", data[at - 8 : at])[0]
        elif kind == 2:
            size = varint()
            at += size
            yield tag >> 3, data[at - size : at]
        else:
            raise ValueError("unexpected wire type %d" % kind)


def name(value):
    return "%016x" % value


def packed(value):
    """Members of a repeated fixed64, packed or one."""
    if isinstance(value, int):
        return [name(value)]
    return [name(v) for (v,) in struct.iter_unpack("<Q", value)]


def shard(data):
    result = {"epoch": 0, "primary": None, "secondaries": [], "learners": [], "status": 0}
    for number, value in fields(data):
        if number == 2:
            result["epoch"] = value
        elif number == 3:
            result["primary"] = name(value)
        elif number == 4:
            result["secondaries"] += packed(value)
        elif number == 5:
            result["learners"] += [name(v) for n, v in fields(value) if n == 1 and isinstance(v, int)]
        elif number == 9:
            result["status"] = value
    return result


def node(data):
    result = {}
    for number, value in fields(data):
        if number in (2, 4):
            result["host" if number == 2 else "zone"] = value.decode()
        elif number == 3:
            result["port"] = value
    return result


def read(url, prefix):
    body = {
        "key": base64.b64encode(prefix.encode()).decode(),
        "range_end": base64.b64encode(prefix[:-1].encode() + bytes([ord(prefix[-1]) + 1])).decode(),
    }
    request = urllib.request.Request(url + "/v3/kv/range", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        for entry in json.load(answer).get("kvs", []):
            key = base64.b64decode(entry["key"]).decode()[len(prefix) :]
            yield key, base64.b64decode(entry["value"])[HEADER_BYTES :]


def facts(url, prefix="souk/"):
    result = {"nodes": {}, "shards": {}}
    for key, value in read(url, prefix):
        folder, _, rest = key.partition("/")
        if folder == "shards":
            result["shards"][rest] = shard(value)
        elif folder == "nodes":
            result["nodes"][rest] = node(value)
    return result


if __name__ == "__main__":
    print(json.dumps(facts(*sys.argv[1:3])))

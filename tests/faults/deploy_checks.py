"""What no linter knows about deploy/: that it fits this program and itself.
Usage: deploy_checks.py units|image|compose|metrics|queries|kubernetes DEPLOY FILES... Prints what is wrong, one line each, and ends with 1."""
import json
import os
import re
import sys
import tomllib

import yaml

from deploy_kubernetes import Manifests

DRAIN_SECONDS = 40  # net/cli/serve.cpp: requests, then saving, 20 s each
wrong = []


def check(condition, text):
    if not condition:
        wrong.append(text)


def read(*parts):
    with open(os.path.join(*parts)) as file:
        return file.read()


def flags_of(help_text):
    return set(re.findall(r"^\s+(?:-\w,)?(--[a-z-]+)", help_text, re.M))


# Settings without a flag; they only exist in the file (net/config.cpp).
def settings(help_text):
    source = read(os.path.dirname(os.path.abspath(__file__)), "..", "..", "net", "config.cpp")
    table = source[source.index("docs = {"):source.index("return docs;")]
    return set(re.findall(r'\{"([a-z_]+)",', table)) | {flag[2:].replace("-", "_") for flag in flags_of(help_text)}


def check_flags(words, help_text, where):
    """`words`: the arguments behind the program's name."""
    check(words and words[0] == "serve", "%s: the command is not 'serve': %s" % (where, words))
    known = flags_of(help_text)
    for word in words:
        if word.startswith("--"):
            check(word.split("=")[0] in known, "%s: souk serve has no %s" % (where, word.split("=")[0]))


def check_settings(text, help_text, where):
    known = settings(help_text)
    for name in tomllib.loads(text):
        check(name in known, "%s: there is no setting '%s'" % (where, name))


def seconds(text):
    match = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s?)?", str(text))
    return int(match[1] or 0) * 60 + int(match[2] or 0) if match else 0


def unit(path):
    """Section -> key -> values, in their order."""
    sections, current = {}, None
    for line in read(path).splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), {})
        elif "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            current.setdefault(key, []).append(value)
    return sections


def units(deploy, help_file):
    help_text = read(help_file)
    folder = os.path.join(deploy, "systemd")
    service = unit(os.path.join(folder, "souk.service"))["Service"]
    check_flags(service["ExecStart"][0].split()[1:], help_text, "souk.service")
    check(seconds(service["TimeoutStopSec"][0]) > DRAIN_SECONDS, "souk.service: it is killed while it drains")
    check(service["KillSignal"] == ["SIGTERM"], "souk.service: only SIGTERM drains")
    for code, what in (("2", "wrong settings"), ("3", "a newer data folder")):
        check(code in " ".join(service.get("RestartPreventExitStatus", [])).split(),
              "souk.service: restarts for ever over %s" % what)
    check(unit(os.path.join(folder, "souk.service"))["Unit"].get("StartLimitIntervalSec") == ["0"],
          "souk.service: gives up while etcd is away")
    check(int(service["LimitNOFILE"][0]) > 2 * 10000, "souk.service: too few files for connections_max")
    sysusers = read(folder, "souk.sysusers")
    for key in ("User", "Group"):
        check(re.search(r"^u %s " % service[key][0], sysusers, re.M), "souk.service: nobody makes the user %s" % service[key][0])
    for path in service["EnvironmentFile"] + re.findall(r"--config (\S+)", service["ExecStart"][0]):
        check(os.path.exists(os.path.join(folder, os.path.basename(path))), "souk.service: there is no example of %s" % path)
    wait = unit(os.path.join(folder, "souk-wait-etcd.service"))
    check(wait["Unit"]["Before"] == ["souk.service"] == wait["Install"]["WantedBy"], "souk-wait-etcd: not before souk.service")
    for name in re.findall(r"\$\{?(\w+)", " ".join(service["ExecStart"] + wait["Service"]["ExecStart"])):
        check(re.search(r"^%s=" % name, read(folder, "souk.env"), re.M), "souk.env does not set %s" % name)
    text = read(folder, "souk.toml")
    check_settings(text, help_text, "souk.toml")
    # The examples in comments, too.
    check_settings("\n".join(re.sub(r"^#(?=[a-z_]+ = )", "", line) for line in text.splitlines()), help_text, "souk.toml")


def instructions(text):
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    return [line.split(None, 1) for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]


def image(deploy, help_file, packages_file):
    lines = instructions(read(deploy, "container", "Containerfile"))
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    let_in = re.findall(r"^!(.+)$", read(deploy, "container", "Containerfile.dockerignore"), re.M)
    stages = {line.split(" AS ")[1] for word, line in lines if word == "FROM" and " AS " in line}
    last = max(i for i, (word, _) in enumerate(lines) if word == "FROM")
    for word, rest in lines:
        check(word in ("FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
              "Containerfile: %s is no instruction it needs" % word)
        if word == "COPY" and rest.startswith("--from="):
            check(rest.split()[0][7:] in stages, "Containerfile: there is no stage %s" % rest.split()[0][7:])
        elif word == "COPY":
            for path in rest.split()[:-1]:
                check(os.path.exists(os.path.join(root, path)), "Containerfile: there is no %s" % path)
                check(path == "." or path in let_in, "Containerfile.dockerignore keeps %s out" % path)
    for path in let_in:
        check(os.path.exists(os.path.join(root, path)), "Containerfile.dockerignore: there is no %s" % path)
    final = dict(lines[last:])
    user = final.get("USER", "root")
    check(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "Containerfile: runs as %s, not as a number above that of root" % user)
    check_flags(yaml.safe_load(final["CMD"]), read(help_file), "Containerfile")
    check("/livez" in final["HEALTHCHECK"], "Containerfile: the health check does not ask /livez")
    installs = " ".join(rest for word, rest in lines[last:] if word == "RUN").split()
    # Needed by libraries of the list, therefore installed with them.
    by_others = {"libc6", "libbz2-1.0", "libgflags2.2", "liblz4-1", "libsnappy1v5"}
    for package in read(packages_file).split():
        check(package in installs or package in by_others, "Containerfile: the program needs %s" % package)


def compose(deploy, help_file, resolved_file):
    help_text = read(help_file)
    folder = os.path.join(deploy, "container")
    services = yaml.safe_load(read(resolved_file))["services"]
    nodes = {name: each for name, each in services.items() if "serve" in (each.get("command") or [])}
    check(len(nodes) == 3, "compose.yaml: %d nodes instead of 3" % len(nodes))
    config = tomllib.loads(read(folder, "souk.toml"))
    check_settings(read(folder, "souk.toml"), help_text, "container/souk.toml")
    zones = set()
    for name, node in nodes.items():
        check_flags(node["command"], help_text, name)
        flags = dict(word[2:].split("=", 1) for word in node["command"] if "=" in word)
        zones.add(flags.get("zone"))
        advertised, _, port = flags.get("node-advertise", "").partition(":")
        check(advertised == name, "%s advertises itself as %s" % (name, advertised))
        check(config["node_listen"].endswith(":" + port), "%s advertises a port that it does not listen on" % name)
        check(seconds(node["stop_grace_period"]) > DRAIN_SECONDS, "%s is killed while it drains" % name)
        for volume in node["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            check("/" not in source or os.path.exists(source), "%s mounts %s, which is not there" % (name, source))
    check(len(zones) == 2, "compose.yaml: %d zones instead of 2" % len(zones))
    for url in config["etcd_endpoints"]:
        check(re.fullmatch(r"http://(\w+):2379", url)[1] in services, "container/souk.toml: no service answers %s" % url)
    check(config["replicas"] <= len(nodes), "container/souk.toml: more copies than nodes")


def check_metrics(text, families, where):
    for name in set(re.findall(r"\bsouk_[a-z0-9_]+", text)):
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        check(name in families or families.get(family) == "histogram", "%s: no node has the metric %s" % (where, name))


def queries(deploy):
    """The dashboard's and the adapter's queries, as rules that promtool can read."""
    found = [target["expr"] for panel in json.loads(read(deploy, "prometheus", "dashboard.json"))["panels"] for target in panel["targets"]]
    for rule in yaml.safe_load(read(deploy, "prometheus", "adapter.yaml"))["rules"]["custom"]:
        found.append(rule["metricsQuery"].replace("<<.GroupBy>>", "namespace, pod").replace("<<.LabelMatchers>>", 'namespace="souk"'))
    rules = [{"record": "query:%d" % i, "expr": each.replace("$__rate_interval", "1m")} for i, each in enumerate(found)]
    print(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))


def metrics(deploy, metrics_file):
    families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", read(metrics_file), re.M))
    check_metrics(re.sub(r"#.*", "", read(deploy, "prometheus", "alerts.yml")), families, "alerts.yml")
    for panel in json.loads(read(deploy, "prometheus", "dashboard.json"))["panels"]:
        check_metrics(" ".join(target["expr"] for target in panel["targets"]), families, "dashboard.json, " + panel["title"])
    for rule in yaml.safe_load(read(deploy, "prometheus", "adapter.yaml"))["rules"]["custom"]:
        check_metrics(rule["seriesQuery"] + rule["metricsQuery"], families, "adapter.yaml")
    targets = yaml.safe_load(read(deploy, "prometheus", "prometheus.yml"))["scrape_configs"][0]["static_configs"][0]["targets"]
    services = yaml.safe_load(read(deploy, "container", "compose.yaml"))["services"]
    admin = tomllib.loads(read(deploy, "container", "souk.toml"))["admin"].rsplit(":", 1)[1]
    for target in targets:
        check(target.split(":")[0] in services and target.split(":")[1] == admin, "prometheus.yml: nobody has metrics at %s" % target)


def kubernetes(deploy, help_file, *manifest_files):
    help_text = read(help_file)
    objects = [each for file in manifest_files for each in yaml.safe_load_all(read(file)) if each]
    # What the operator makes, by the values that the manifests come from.
    outside = set()
    for values in ("kubernetes/values.yaml", "helm/souk/ci/everything-values.yaml"):
        outside |= set(re.findall(r"(?:existingSecret|tlsSecret|passwordSecret|secret): ([a-z-]+)", read(deploy, values)))
    manifests = Manifests(objects, check, outside)
    if wrong:
        return  # with the wrong shape nothing else can be asked
    check(manifests.of("StatefulSet") and manifests.of("NetworkPolicy"), "there are no nodes, or no network policy")
    manifests.services()
    manifests.sets(lambda words, where: check_flags(words, help_text, where),
                   lambda text, where: check_settings(text, help_text, where), DRAIN_SECONDS)
    manifests.budgets()
    rules = yaml.safe_load(read(deploy, "prometheus", "adapter.yaml"))["rules"]["custom"]
    manifests.autoscalers({rule["name"]["as"] for rule in rules})
    manifests.policies(manifests.etcd_ports())
    manifests.monitors()


def main():
    {"units": units, "image": image, "queries": queries, "compose": compose, "metrics": metrics, "kubernetes": kubernetes}[sys.argv[1]](*sys.argv[2:])
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

"""Manifests: the shape of each object, that every name, port, selector and path leads somewhere, and that they fit the
program. Used by deploy_checks.py."""
import os
import re
import tomllib

import yaml

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
SIMPLE = {"str": str, "int": int, "bool": bool}


def shapes():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "kubernetes_shapes.yaml")) as file:
        return yaml.safe_load(file)


def misshapen(value, shape, path):
    """What of `value` is not as `shape` says, a text each."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return ["%s is no map" % path]
        known = {key.rstrip("!"): inner for key, inner in shape.items()}
        found = ["%s: there is no field '%s'" % (path, key) for key in value if key not in known]
        found += ["%s lacks '%s'" % (path, key[:-1]) for key in shape if key.endswith("!") and key[:-1] not in value]
        return found + [each for key in value if key in known for each in misshapen(value[key], known[key], path + "." + key)]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return ["%s is no list" % path]
        return [each for i, item in enumerate(value) for each in misshapen(item, shape[0], "%s[%d]" % (path, i))]
    good = {"any": lambda: True,
            "name": lambda: isinstance(value, str) and NAME.fullmatch(value),
            "port": lambda: (type(value) is int and 0 < value < 65536) or (isinstance(value, str) and NAME.fullmatch(value)),
            "map": lambda: isinstance(value, dict) and all(isinstance(each, str) for each in value.values()),
            "quantities": lambda: isinstance(value, dict) and all(QUANTITY.fullmatch(str(each)) for each in value.values()),
            }.get(shape, lambda: type(value) is SIMPLE[shape])()
    return [] if good else ["%s: %r is no %s" % (path, value, shape)]


class Manifests:
    def __init__(self, objects, check, outside):
        self.check = check
        self.outside = outside     # Secrets that the operator makes
        self.objects = objects
        self.by_name = {}
        known = shapes()
        for each in objects:
            where = "%s %s" % (each.get("kind"), (each.get("metadata") or {}).get("name"))
            shape = known.get("%s/%s" % (each.get("apiVersion"), each.get("kind")))
            check(shape is not None, "%s: there is no such kind in %s" % (where, each.get("apiVersion")))
            for text in misshapen(each, shape, where) if shape else []:
                check(False, text)
            check((each["kind"], each["metadata"]["name"]) not in self.by_name, "%s is there twice" % where)
            self.by_name[each["kind"], each["metadata"]["name"]] = each
        self.pods = {each["metadata"]["name"]: each["spec"]["template"] for each in self.of("StatefulSet")}

    def of(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def selected(self, selector):
        """The StatefulSets whose pods a map of labels selects."""
        return {name for name, pod in self.pods.items() if selector.items() <= pod["metadata"]["labels"].items()}

    def ports(self, pod):
        return {port["name"]: port["containerPort"] for port in self.pods[pod]["spec"]["containers"][0]["ports"]}

    def services(self):
        for service in self.of("Service"):
            name, spec = service["metadata"]["name"], service["spec"]
            pods = self.selected(spec["selector"])
            self.check(pods, "Service %s selects nothing" % name)
            for pod in pods:
                for port in spec["ports"]:
                    self.check(port.get("targetPort", port["port"]) in {*self.ports(pod), *self.ports(pod).values()},
                               "Service %s: %s has no port %s" % (name, pod, port.get("targetPort")))

    def secret(self, name, key, where):
        made = self.by_name.get(("Secret", name))
        self.check(made or name in self.outside, "%s: nobody makes the Secret %s" % (where, name))
        if made and key:
            self.check(key in {**made.get("stringData", {}), **made.get("data", {})}, "%s: Secret %s has no %s" % (where, name, key))

    def sets(self, check_flags, check_settings, drain):
        for each in self.of("StatefulSet"):
            name, spec, pod = each["metadata"]["name"], each["spec"], each["spec"]["template"]["spec"]
            check, main = self.check, pod["containers"][0]
            check(self.selected(spec["selector"]["matchLabels"]) == {name}, "%s selects the pods of %s" % (
                name, sorted(self.selected(spec["selector"]["matchLabels"]))))
            heads = self.by_name.get(("Service", spec["serviceName"]))
            check(heads and heads["spec"].get("clusterIP") == "None", "%s: there is no headless Service %s" % (name, spec["serviceName"]))
            check_flags(main["args"], name)
            flags = dict(word[2:].split("=", 1) for word in main["args"] if "=" in word)
            # Settings: the file, what is in it, where that points.
            mounts = {mount["mountPath"]: mount["name"] for mount in main["volumeMounts"]}
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            claims = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
            for path, volume in mounts.items():
                check(volume in volumes or volume in claims, "%s mounts %s, which is no volume" % (name, volume))
            check(mounts.get(flags.get("data")), "%s: nothing is mounted at --data %s" % (name, flags.get("data")))
            folder, file = os.path.split(flags.get("config", ""))
            config = volumes.get(mounts.get(folder), {}).get("configMap", {}).get("name")
            text = (self.by_name.get(("ConfigMap", config)) or {}).get("data", {}).get(file)
            check(text, "%s: no ConfigMap has its %s" % (name, flags.get("config")))
            check_settings(text or "", name)
            settings = tomllib.loads(text or "")
            for path in [each for key, each in settings.items() if re.search("_(ca|cert|key|file)$", key)]:
                check(os.path.dirname(path) in mounts, "%s: nothing is mounted where %s should be" % (name, path))
            for volume in volumes.values():
                if "secret" in volume:
                    self.secret(volume["secret"]["secretName"], None, name)
            # The ports it listens on, and where it says it is.
            for setting, port in (("http", "http"), ("admin", "admin"), ("node_listen", "node")):
                check(settings.get(setting, "").endswith(":%s" % self.ports(name)[port]), "%s: port %s is not that of %s" % (name, port, setting))
            check(flags.get("node-advertise") == "$(POD_NAME).%s.$(POD_NAMESPACE).svc:%d" % (spec["serviceName"], self.ports(name)["node"]),
                  "%s advertises %s" % (name, flags.get("node-advertise")))
            given = {variable["name"] for variable in main["env"]}
            for variable in re.findall(r"\$\((\w+)\)", " ".join(main["args"])):
                check(variable in given, "%s: nobody sets $(%s)" % (name, variable))
            for variable in main["env"]:
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference:
                    self.secret(reference["name"], reference["key"], name)
            # Life and death.
            for kind, path in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
                probe = main.get(kind, {}).get("httpGet", {})
                check(probe.get("path") == path and probe.get("port") in self.ports(name), "%s: its %s asks %s at %s" % (
                    name, kind, probe.get("path"), probe.get("port")))
            pause = int(main["lifecycle"]["preStop"]["exec"]["command"][-1])
            check(pod["terminationGracePeriodSeconds"] > pause + drain, "%s is killed while it drains" % name)
            check(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0, "%s runs as root" % name)
            for container in pod["containers"] + pod.get("initContainers", []):
                check(not container["securityContext"]["allowPrivilegeEscalation"], "%s: %s may become root" % (name, container["name"]))
            roles = set(flags.get("roles", "data,gateway").split(","))
            labels = spec["template"]["metadata"]["labels"]
            for role in ("data", "gateway"):
                check(labels.get("souk/" + role) == str(role in roles).lower(), "%s: its label souk/%s does not say its role" % (name, role))
            check("data" in roles or pod.get("initContainers"), "%s may be the first node and own shards without holding data" % name)
            for container in pod.get("initContainers", []):
                for host, port in re.findall(r"http://([a-z-]+):(\d+)", " ".join(container["command"])):
                    service = self.by_name.get(("Service", host), {"spec": {"ports": []}})
                    check(int(port) in [each["port"] for each in service["spec"]["ports"]], "%s waits for %s:%s, which is nobody" % (name, host, port))
            for constraint in pod["topologySpreadConstraints"]:
                check(self.selected(constraint["labelSelector"]["matchLabels"]) == {name}, "%s spreads something else" % name)
            check("data" not in roles or claims, "%s holds data in a folder that ends with the pod" % name)

    def budgets(self):
        covered = [pod for each in self.of("PodDisruptionBudget") for pod in self.selected(each["spec"]["selector"]["matchLabels"])]
        for pod in self.pods:
            self.check(covered.count(pod) == 1, "%s is in %d disruption budgets instead of one" % (pod, covered.count(pod)))

    def autoscalers(self, metrics):
        for each in self.of("HorizontalPodAutoscaler"):
            name, spec = each["metadata"]["name"], each["spec"]
            target = self.by_name.get((spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]))
            self.check(target, "HorizontalPodAutoscaler %s scales nothing" % name)
            self.check(not target or "replicas" not in target["spec"], "%s: each release would undo the autoscaler" % name)
            self.check(spec["minReplicas"] <= spec["maxReplicas"], "HorizontalPodAutoscaler %s: min over max" % name)
            for metric in spec["metrics"]:
                self.check(metric["pods"]["metric"]["name"] in metrics, "HorizontalPodAutoscaler %s: adapter.yaml gives no %s" % (
                    name, metric["pods"]["metric"]["name"]))
            if target and self.pods[target["metadata"]["name"]]["metadata"]["labels"]["souk/data"] == "true":
                self.check(spec["behavior"]["scaleDown"].get("selectPolicy") == "Disabled", "%s would take copies away" % name)

    def policies(self, etcd_ports):
        for each in self.of("NetworkPolicy"):
            name, spec = each["metadata"]["name"], each["spec"]
            self.check(self.selected(spec["podSelector"]["matchLabels"]) == set(self.pods), "NetworkPolicy %s leaves pods out" % name)
            self.check(set(spec["policyTypes"]) == {"Ingress", "Egress"}, "NetworkPolicy %s: not both ways" % name)
            node_rules = 0
            for way, rules in (("from", spec["ingress"]), ("to", spec["egress"])):
                for rule in rules:
                    for port in [port["port"] for port in rule["ports"] if isinstance(port["port"], str)]:
                        for pod in self.pods:
                            self.check(port in self.ports(pod), "NetworkPolicy %s: %s has no port %s" % (name, pod, port))
                    if "node" in [port["port"] for port in rule["ports"]]:
                        node_rules += 1
                        peers = rule.get(way, [])
                        self.check(peers and all(set(peer) == {"podSelector"} and self.selected(peer["podSelector"]["matchLabels"]) == set(self.pods)
                                                 for peer in peers), "NetworkPolicy %s: others than all nodes are at the node port" % name)
            self.check(node_rules == 2, "NetworkPolicy %s: nodes cannot talk to each other" % name)
            out = {port["port"] for rule in spec["egress"] for port in rule["ports"]}
            self.check(etcd_ports <= out, "NetworkPolicy %s: etcd's port %s is closed" % (name, sorted(etcd_ports - out)))

    def monitors(self):
        for each in self.of("ServiceMonitor"):
            seen = [service for service in self.of("Service")
                    if each["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()]
            self.check(len(seen) == 1, "ServiceMonitor selects %d Services instead of one" % len(seen))
            for service in seen:
                ports = [port["name"] for port in service["spec"]["ports"]]
                self.check(all(end["port"] in ports for end in each["spec"]["endpoints"]), "ServiceMonitor: no such port")
                self.check(service["metadata"]["labels"].get(each["spec"]["jobLabel"]) == "souk", "ServiceMonitor: the alerts know job=souk")

    def etcd_ports(self):
        return {int(port) for each in self.of("ConfigMap") for text in each["data"].values()
                for url in tomllib.loads(text)["etcd_endpoints"] for port in re.findall(r":(\d+)$", url)}

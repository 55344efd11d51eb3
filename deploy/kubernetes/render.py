#!/usr/bin/env python3
"""Renders the chart in ../helm/souk without Helm. Needs golang-go and python3-yaml.
  render.py                    writes the manifests of this folder, one file a kind, from values.yaml
  render.py VALUES... [-]      prints what the chart makes of these values, later files over earlier ones"""
import glob
import json
import os
import subprocess
import sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
CHART = os.path.join(HERE, "..", "helm", "souk")
FILES = {"ConfigMap": "config", "Service": "services", "StatefulSet": "statefulsets", "PodDisruptionBudget": "availability",
         "HorizontalPodAutoscaler": "autoscaling", "NetworkPolicy": "networkpolicy"}


def load(*path):
    with open(os.path.join(*path)) as file:
        return yaml.safe_load(file) or {}


def merged(low, high):
    """As Helm does: maps by key, everything else (lists, too) as a whole."""
    return {key: merged(low[key], high[key]) if isinstance(low.get(key), dict) and isinstance(high.get(key), dict)
            else high.get(key, low.get(key)) for key in {**low, **high}}


def render(values_files, service="Helm"):
    values = load(CHART, "values.yaml")
    for file in values_files:
        values = merged(values, load(file))
    chart = load(CHART, "Chart.yaml")
    data = {"Values": values, "Chart": {"AppVersion": chart["appVersion"], "Name": chart["name"]},
            "Release": {"Name": "souk", "Service": service}}
    templates = sorted(glob.glob(os.path.join(CHART, "templates", "*")))
    done = subprocess.run(["go", "run", os.path.join(HERE, "render.go"), *templates], input=json.dumps(data), text=True,
                          stdout=subprocess.PIPE, env={**os.environ, "GOFLAGS": "", "GO111MODULE": "off"})
    if done.returncode != 0:
        sys.exit("render: the templates cannot be rendered")
    return [each for each in yaml.safe_load_all(done.stdout) if each]


class Dumper(yaml.SafeDumper):
    """Texts of several lines as people write them, and lists below their key."""
    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None))
Dumper.ignore_aliases = lambda *_: True


def main():
    if len(sys.argv) > 1:
        yaml.dump_all(render([each for each in sys.argv[1:] if each != "-"]), sys.stdout, Dumper, sort_keys=False, width=120)
        return
    texts = {}
    for each in render([os.path.join(HERE, "values.yaml")], "kubectl"):
        name = FILES[each["kind"]]
        texts[name] = texts.get(name, "# Rendered from deploy/helm/souk by render.py; the reasons are there.\n") + "---\n" + \
            yaml.dump(each, Dumper=Dumper, sort_keys=False, width=120)
    for name, text in texts.items():
        with open(os.path.join(HERE, name + ".yaml"), "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()

"""The alert rules ask for what the gateway tells: metrics, labels and values that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from dialogue import errors as dialogue_errors
from dialogue.actions import UNAVAILABLE
from gateway.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"] for rule in group["rules"]
]
_OUTSIDE = {"up"}
"""Prometheus's own."""
_TARGET = {"instance", "job"}
"""Labels that Prometheus adds."""


def known() -> dict[str, set[str]]:
    """Every series of the gateway with its labels."""
    found: dict[str, set[str]] = {}
    metrics = Metrics()
    for collector in metrics.registry._collector_to_names:
        assert isinstance(collector, MetricWrapperBase)
        for name in metrics.registry._collector_to_names[collector]:
            found[name] = {*collector._labelnames, *(["le"] if name.endswith("_bucket") else [])}
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    series = known()
    asked = set(re.findall(r"\b(kefu_\w+|up)\b", rule["expr"]))
    assert asked
    assert asked - _OUTSIDE <= set(series), f"no such metric: {asked - _OUTSIDE - set(series)}"
    labels = set().union(*(series.get(name, set()) for name in asked)) | _TARGET
    wanted = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", rule["expr"]))
    for group in re.findall(r"by \(([^)]*)\)", rule["expr"]):
        wanted |= {name.strip() for name in group.split(",")}
    assert wanted <= labels, f"no such label: {wanted - labels}"
    told = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert told <= labels
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "action"}


def test_every_code_and_outcome_exists() -> None:
    codes = {thing.code for thing in vars(dialogue_errors).values() if hasattr(thing, "code")} | {"internal"}
    text = " ".join(rule["expr"] for rule in RULES)
    assert set(re.findall(r'code="(\w+)"', text)) <= codes
    assert set(re.findall(r'outcome="(\w+)"', text)) <= {UNAVAILABLE}


def test_what_was_given_up_wakes_a_person() -> None:
    (rule,) = [rule for rule in RULES if "kefu_actions_failed_total" in rule["expr"]]
    assert rule["labels"]["severity"] == "page"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_agrees() -> None:
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        done = subprocess.run(["promtool", *command], cwd=DEPLOY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

"""Scores from probabilities that are worked out by hand."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from nlu.train.__main__ import REPORT
from nlu.train.report import Confusion, expected_calibration_error, render, score

NAMES = ("stock", "thanks", "out_of_scope")


def test_scores() -> None:
    certain = np.eye(3)
    # Written: stock, stock taken for thanks, thanks, out of scope; then one variant, right.
    probabilities = np.stack([certain[0], [0.1, 0.8, 0.1], certain[1], certain[2], certain[0]])
    truth = np.array([0, 0, 1, 2, 0])
    scores = score(probabilities, truth, ["zh", "zh", "en", "en"], NAMES, strength=10.0, temperature=1.0)
    assert scores.examples == 4
    assert scores.accuracy == 0.75
    assert scores.accuracy_as_heard == 1.0
    assert scores.languages["zh"].accuracy == 0.5
    assert scores.languages["en"].accuracy == 1.0
    assert scores.f1["stock"] == pytest.approx(2 / 3)
    assert scores.confusions == (Confusion("stock", "thanks", 1),)
    assert scores.matrix == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert scores.oos_recall == 1.0
    assert scores.ece == pytest.approx(0.8 / 4)


def test_calibration_error_of_an_overconfident_head() -> None:
    probabilities = np.tile([0.9, 0.1], (10, 1))
    truth = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.3)


def test_tables_name_labels_and_confusions() -> None:
    probabilities = np.eye(3)[[0, 1, 1, 2]]
    scores = score(probabilities, np.array([0, 0, 1, 2]), ["zh"] * 4, NAMES, 10.0, 1.0)
    console = Console(file=io.StringIO(), width=120)
    console.print(render("intent", scores))
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert all(name in printed for name in NAMES)
    assert "most frequent confusions" in printed


def test_committed_report_is_of_both_heads() -> None:
    report = json.loads(REPORT.read_text("utf-8"))
    for name in ("intent", "sentiment"):
        assert report[name]["accuracy"] > 0.8
        assert report[name]["languages"].keys() == {"zh", "en"}
        assert sum(map(sum, report[name]["matrix"])) == report[name]["examples"]

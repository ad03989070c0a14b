"""Scores from probabilities that are worked out by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nlu.train.report import (
    REPORT,
    Acceptance,
    Confusion,
    ReportError,
    expected_calibration_error,
    load_acceptance,
    render,
    score,
)

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


def test_what_is_accepted_is_told_from_our_own() -> None:
    """Twenty of ours, all but one surely in scope; the threshold gives up that one."""
    ours = np.array([[0.9, 0.1]] * 19 + [[0.3, 0.7]])
    theirs = np.array([[0.2, 0.8], [0.95, 0.05]])
    scores = score(
        np.concatenate([ours, theirs]), np.array([0] * 20 + [1] * 2), ["zh"] * 22, ("stock", "out_of_scope"), 1.0, 1.0
    )
    assert scores.acceptance is not None
    assert 0.3 < scores.acceptance.threshold <= 0.9
    assert scores.oos_recall == 0.5


def test_auroc_counts_pairs_and_half_of_the_ties() -> None:
    acceptance = Acceptance(0.95, 0.5, (0.2, 0.6, 0.8, 0.8))
    assert acceptance.auroc(np.array([0.1])) == 1.0
    assert acceptance.auroc(np.array([0.7])) == 0.5
    assert acceptance.auroc(np.array([0.8, 0.2])) == (0.25 + 0.875) / 2
    assert acceptance.auroc(np.array([])) is None


def test_the_committed_acceptance_can_be_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert 0 < load_acceptance().threshold < 1
    with pytest.raises(ReportError, match="no acceptance"):
        load_acceptance(tmp_path / "report.json")


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

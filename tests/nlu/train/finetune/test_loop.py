"""Training a tiny random model: it learns, stops, and goes on after an interruption as if there had been none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="fine-tuning needs the extra 'finetune'")
pytest.importorskip("transformers", reason="fine-tuning needs the extra 'finetune'")

import torch

from nlu.train.finetune.loop import ResumeError, Settings, fine_tune
from nlu.train.finetune.model import Mode, scores
from tests.nlu.train.finetune.tiny import TRUTH, classifier

SETTINGS = Settings(epochs=4, batch=2, max_length=32, patience=9, rate=1e-2, save_every=3)


class Interrupted(Exception):
    pass


def silent(what: str, done: int, of: int) -> None:
    pass


def until(step: int) -> Callable[[str, int, int], None]:
    def told(what: str, done: int, of: int) -> None:
        if done == step:
            raise Interrupted

    return told


@pytest.mark.parametrize("mode", ["lora", "full"])
@pytest.mark.parametrize("step", [2, 8, 13])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path: Path, mode: Mode, step: int) -> None:
    settings = replace(SETTINGS, mode=mode)
    whole, _, rows = classifier(tmp_path / "a", mode)
    best = fine_tune(whole, rows, rows, settings, tmp_path / "a", silent)
    cut, _, _ = classifier(tmp_path / "b", mode)
    with pytest.raises(Interrupted):
        fine_tune(cut, rows, rows, settings, tmp_path / "b", until(step))
    torch.manual_seed(99)
    again, _, _ = classifier(tmp_path / "b", mode)
    assert fine_tune(again, rows, rows, settings, tmp_path / "b", silent) == best
    assert (tmp_path / "a/metrics.jsonl").read_text() == (tmp_path / "b/metrics.jsonl").read_text()
    expected = whole.trainable()
    assert all(torch.equal(expected[name], found) for name, found in again.trainable().items())


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_it_learns_what_it_is_shown(tmp_path: Path, mode: Mode) -> None:
    model, _, rows = classifier(tmp_path, mode)
    before = (scores(model, rows.pieces).argmax(axis=1) == TRUTH).mean()
    settings = replace(SETTINGS, mode=mode, epochs=30, patience=30, rate=2e-2 if mode == "lora" else 1e-1)
    fine_tune(model, rows, rows, settings, tmp_path, silent)
    after = (scores(model, rows.pieces).argmax(axis=1) == TRUTH).mean()
    assert after > max(before, 0.7)


def test_lora_leaves_the_encoder_alone(tmp_path: Path) -> None:
    model, base, rows = classifier(tmp_path, "lora")
    frozen = {name: value.clone() for name, value in base.encoder.named_parameters() if "lora_" not in name}
    fine_tune(model, rows, rows, SETTINGS, tmp_path, silent)
    moved = dict(base.encoder.named_parameters())
    assert frozen
    assert all(torch.equal(moved[name], value) for name, value in frozen.items())


def test_it_stops_early_and_keeps_the_best(tmp_path: Path) -> None:
    model, _, rows = classifier(tmp_path, "lora")
    settings = replace(SETTINGS, epochs=50, patience=2, rate=0.0)
    best = fine_tune(model, rows, rows, settings, tmp_path, silent)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    evaluations = [line["macro_f1"] for line in lines if "macro_f1" in line]
    assert len(evaluations) == 3  # the best and two that are no better
    assert max(evaluations) == best
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-15"]


def test_another_run_is_not_resumed(tmp_path: Path) -> None:
    model, _, rows = classifier(tmp_path, "lora")
    fine_tune(model, rows, rows, replace(SETTINGS, epochs=1), tmp_path, silent)
    with pytest.raises(ResumeError, match="other settings"):
        fine_tune(model, rows, rows, replace(SETTINGS, epochs=2), tmp_path, silent)


def test_other_data_is_another_run(tmp_path: Path) -> None:
    model, _, rows = classifier(tmp_path, "full")
    settings = replace(SETTINGS, mode="full", epochs=1)
    fine_tune(model, rows, rows, settings, tmp_path, silent)
    with pytest.raises(ResumeError, match="data"):
        fine_tune(model, rows, replace(rows, labels=rows.labels[::-1].copy()), settings, tmp_path, silent)

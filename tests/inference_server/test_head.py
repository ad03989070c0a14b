"""intent/head, sentiment/head: softmax over a centred linear map, best first, padded; broken files are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference_server.launch import REPOSITORY
from tests.inference_server.model_code import model_module

head = model_module("intent", "head")


def _arrays(**changed: Any) -> dict[str, Any]:
    arrays = {
        "weight": np.array([[1, 0], [0, 1], [-1, 0]], np.float32),
        "bias": np.array([0, 0.5, 0], np.float32),
        "temperature": np.float32(0.5),
        "mean": np.array([0.25, 0], np.float32),
        "labels": np.array(["右", "up", "left"]),
    }
    return arrays | changed


WORDS = ["", ""]


def _load(folder: Path, **changed: Any) -> Any:
    np.savez(folder / "head.npz", **_arrays(**changed))
    return head.load(folder / "head.npz")


def test_scores_are_the_softmax_worked_by_hand(tmp_path: Path) -> None:
    labels, scores = _load(tmp_path).top(np.array([[1.25, 0], [0.25, 2]], np.float32), WORDS, 3)
    odds = np.exp([2.0, 1.0, -2.0])
    assert labels.tolist() == [["右", "up", "left"], ["up", "右", "left"]]
    np.testing.assert_allclose(scores[0], odds / odds.sum(), rtol=1e-6)
    assert scores.dtype == np.float32


def test_only_the_best_are_given(tmp_path: Path) -> None:
    labels, scores = _load(tmp_path).top(np.array([[1.25, 0]], np.float32), [""], 1)
    assert labels.tolist() == [["右"]]
    assert scores.shape == (1, 1)


def test_fewer_labels_than_places_are_padded(tmp_path: Path) -> None:
    labels, scores = _load(tmp_path).top(np.zeros((2, 2), np.float32), WORDS, 5)
    assert labels[:, 3:].tolist() == [["", ""], ["", ""]]
    assert scores[:, 3:].tolist() == [[0, 0], [0, 0]]
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)


def test_large_logits_do_not_overflow(tmp_path: Path) -> None:
    scores = _load(tmp_path, temperature=np.float32(1e-4)).probabilities(np.array([[1, 1]], np.float32), [""])
    assert np.isfinite(scores).all()


def test_ngrams_add_the_mean_of_their_weights(tmp_path: Path) -> None:
    buckets = head.buckets("退货", 8)
    weights = np.zeros((8, 3), np.int8)
    weights[buckets, 2] = 127
    shipped = _load(tmp_path, ngrams=weights, ngram_scale=np.full(3, 0.1, np.float32))
    plain = _load(tmp_path)
    (odds,), (without,) = (h.probabilities(np.zeros((1, 2), np.float32), ["退货"]) for h in (shipped, plain))
    gained = np.log(odds[2] / odds[0]) - np.log(without[2] / without[0])
    assert gained == pytest.approx(12.7 * np.sqrt(len(buckets)) / 0.5, rel=1e-4)


def test_grams_of_both_scripts() -> None:
    assert set(head.grams("退货 Order 1234")) == {
        "退", "货", "order", "04", "^ 退", "退 货", "货 order", "order 04", "04 $", "^ 退 货", "退 货 order",
        "货 order 04", "#orde", "#rder",
    }  # fmt: skip
    assert set(head.grams("")) == set()
    assert head.buckets("cancel my order", 1 << 14) == head.buckets("Cancel  my order.", 1 << 14)


@pytest.mark.parametrize(
    "changed",
    [
        {"bias": np.zeros(2)},
        {"mean": np.zeros(3)},
        {"labels": np.array(["a"])},
        {"ngrams": np.zeros((4, 3)), "ngram_scale": np.ones(2)},
        {"temperature": np.float32(0)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"head\.npz"):
        _load(tmp_path, **changed)


@pytest.mark.parametrize("model", ["intent", "sentiment"])
def test_the_shipped_head_is_whole(model: str) -> None:
    shipped = head.load(REPOSITORY / model / "1" / "head.npz")
    assert shipped.weight.shape[1] == 384
    assert len(set(shipped.labels)) == len(shipped.labels)

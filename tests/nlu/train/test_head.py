"""The trainer on synthetic embeddings, and the heads that are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from inference_server.contracts import EMBEDDING_DIM
from nlu.train.__main__ import CHECKOUT, MODEL_REPOSITORY
from nlu.train.head import Head, TrainingSet, calibrate, cross_validate, negative_log_likelihood, softmax, train
from nlu.types import INTENTS, Polarity

NAMES = ("left", "middle", "right")


def clusters(spread: float, per_label: int = 20, copies: int = 1) -> TrainingSet:
    """Unit vectors around one direction per label; every example has ``copies`` near-copies as variants."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(NAMES), EMBEDDING_DIM))
    labels = np.repeat(np.arange(len(NAMES)), per_label)
    rows = centres[labels] + spread * rng.normal(size=(len(labels), EMBEDDING_DIM))
    everything = np.concatenate([rows] + [rows + 0.01 * rng.normal(size=rows.shape) for _ in range(copies)])
    everything /= np.linalg.norm(everything, axis=1, keepdims=True)
    return TrainingSet(everything.astype(np.float32), np.tile(np.arange(len(labels)), 1 + copies), labels, NAMES)


def test_separable_labels_are_all_right_held_out() -> None:
    data = clusters(spread=0.3)
    held_out = cross_validate(data, seed=7, strengths=(10.0, 100.0))
    assert (held_out.probabilities.argmax(axis=1) == data.labels[data.source]).all()


def test_variants_of_an_example_stay_in_its_fold() -> None:
    """Labels drawn by lot cannot be predicted, unless near-copies of the held-out examples are trained on."""
    honest = clusters(spread=50.0, per_label=40, copies=2)
    drawn = TrainingSet(
        honest.embeddings, honest.source, np.random.default_rng(1).permutation(honest.labels), honest.names
    )
    held_out = cross_validate(drawn, seed=7, strengths=(100.0,))
    assert (held_out.probabilities.argmax(axis=1) == drawn.labels[drawn.source]).mean() < 0.5


def test_same_data_gives_the_same_bytes_and_loads_again(tmp_path: Path) -> None:
    data = clusters(spread=0.5)
    for name in ("first", "second"):
        train(data, strength=10.0, temperature=0.8).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    head = Head.load(tmp_path / "first.npz")
    assert head.labels == NAMES
    assert head.temperature == pytest.approx(0.8)
    written = head.probabilities(data.embeddings)
    assert (written.argmax(axis=1) == data.labels[data.source]).all()
    np.testing.assert_allclose(
        written, softmax(((data.embeddings - head.mean) @ head.weight.T + head.bias) / head.temperature), rtol=1e-5
    )


def test_calibration_undoes_a_wrong_scale() -> None:
    rng = np.random.default_rng(3)
    logits = 2 * rng.normal(size=(4000, 3))
    labels = np.array([rng.choice(3, p=row) for row in softmax(logits)])
    temperature = calibrate(5 * logits, labels)
    assert temperature == pytest.approx(5.0, rel=0.1)
    assert negative_log_likelihood(5 * logits, labels, temperature) < negative_log_likelihood(5 * logits, labels)


@pytest.mark.parametrize(("model", "labels"), [("intent", INTENTS), ("sentiment", get_args(Polarity))])
def test_shipped_heads_know_the_label_set(model: str, labels: tuple[str, ...]) -> None:
    head = Head.load(CHECKOUT / MODEL_REPOSITORY / model / "1" / "head.npz")
    assert head.labels == labels
    assert head.weight.shape == (len(labels), EMBEDDING_DIM)
    assert head.weight.dtype == np.float32
    assert head.mean.shape == (EMBEDDING_DIM,)
    assert head.bias.shape == (len(labels),)
    assert head.temperature > 0

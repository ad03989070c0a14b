"""The trainer on synthetic embeddings, and the heads that are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from inference_server.contracts import EMBEDDING_DIM
from nlu.domains import DEFAULT
from nlu.train.__main__ import MODEL_REPOSITORY
from nlu.train.embeddings import CHECKOUT
from nlu.train.head import (
    Head,
    TrainingSet,
    calibrate,
    cross_validate,
    head_path,
    negative_log_likelihood,
    softmax,
    train,
)
from nlu.train.ngrams import matrix
from nlu.types import INTENTS, Polarity
from tests.inference_server.model_code import model_module

NAMES = ("left", "middle", "right")


def clusters(spread: float, per_label: int = 20, copies: int = 1) -> TrainingSet:
    """Unit vectors around one direction per label; every example has ``copies`` near-copies as variants."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(NAMES), EMBEDDING_DIM))
    labels = np.repeat(np.arange(len(NAMES)), per_label)
    rows = centres[labels] + spread * rng.normal(size=(len(labels), EMBEDDING_DIM))
    everything = np.concatenate([rows] + [rows + 0.01 * rng.normal(size=rows.shape) for _ in range(copies)])
    everything /= np.linalg.norm(everything, axis=1, keepdims=True)
    ngrams = matrix([""] * len(everything))
    return TrainingSet(
        everything.astype(np.float32), ngrams, np.tile(np.arange(len(labels)), 1 + copies), labels, NAMES
    )


def test_separable_labels_are_all_right_held_out() -> None:
    data = clusters(spread=0.3)
    held_out = cross_validate(data, seed=7, strengths=(1.0, 10.0))
    assert (held_out.probabilities.argmax(axis=1) == data.labels[data.source]).all()


def test_variants_of_an_example_stay_in_its_fold() -> None:
    """Labels drawn by lot cannot be predicted, unless near-copies of the held-out examples are trained on."""
    honest = clusters(spread=50.0, per_label=40, copies=2)
    drawn = TrainingSet(
        honest.embeddings,
        honest.ngrams,
        honest.source,
        np.random.default_rng(1).permutation(honest.labels),
        honest.names,
    )
    held_out = cross_validate(drawn, seed=7, strengths=(10.0,))
    assert (held_out.probabilities.argmax(axis=1) == drawn.labels[drawn.source]).mean() < 0.5


def test_same_data_gives_the_same_bytes_and_loads_again(tmp_path: Path) -> None:
    data = clusters(spread=0.5)
    for name in ("first", "second"):
        train(data, strength=10.0, temperature=0.8).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    head = Head.load(tmp_path / "first.npz")
    assert head.labels == NAMES
    assert head.temperature == pytest.approx(0.8)
    written = head.probabilities(data.embeddings, [""] * len(data.embeddings))
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


def test_ngrams_tell_apart_what_embeddings_do_not() -> None:
    """Three words on one and the same embedding."""
    words = ["退货", "发票", "运费"]
    texts = [f"{words[n % 3]}{'啊呀呢'[n // 3 % 3]}" for n in range(60)]
    same = np.full((60, EMBEDDING_DIM), EMBEDDING_DIM**-0.5, dtype=np.float32)
    labels = np.arange(60) % 3
    head = train(TrainingSet(same, matrix(texts), np.arange(60), labels, NAMES), strength=10.0, temperature=1.0)
    assert (head.probabilities(same, texts).argmax(axis=1) == labels).all()


def test_the_served_head_gives_what_was_trained(tmp_path: Path) -> None:
    data = clusters(spread=0.5)
    texts = [f"第{n}句 word{n % 7}" for n in range(len(data.embeddings))]
    data = TrainingSet(data.embeddings, matrix(texts), data.source, data.labels, data.names)
    head = train(data, strength=10.0, temperature=0.7)
    head.save(tmp_path / "head.npz")
    served = model_module("intent", "head").load(tmp_path / "head.npz")
    np.testing.assert_allclose(
        served.probabilities(data.embeddings, texts), head.probabilities(data.embeddings, texts), atol=1e-5
    )


def test_each_domain_has_a_head_of_its_own() -> None:
    repository = Path("models")
    assert (
        head_path(repository, "intent")
        == head_path(repository, "intent", DEFAULT)
        != head_path(repository, "intent", "bank")
    )
    assert head_path(repository, "sentiment", "bank") == head_path(repository, "sentiment")


@pytest.mark.parametrize(("model", "labels"), [("intent", INTENTS), ("sentiment", get_args(Polarity))])
def test_shipped_heads_know_the_label_set(model: str, labels: tuple[str, ...]) -> None:
    head = Head.load(CHECKOUT / MODEL_REPOSITORY / model / "1" / "head.npz")
    assert head.labels == labels
    assert head.weight.shape == (len(labels), EMBEDDING_DIM)
    assert head.weight.dtype == np.float32
    assert head.mean.shape == (EMBEDDING_DIM,)
    assert head.bias.shape == (len(labels),)
    assert head.temperature > 0

"""The training utterances nearest to an embedding: written by ``nlu.train``, read by the served model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlu.train.data import Example
from nlu.train.neighbours import save
from tests.inference_server.model_code import model_module

neighbours = model_module("intent", "neighbours")
EXAMPLES = tuple(Example(f"第{place}句 say", f"label{place % 3}", "zh", f"x:{place}") for place in range(40))


def _embeddings(n: int) -> np.ndarray:
    rows = np.random.default_rng(1).normal(size=(n, 384)) + 3
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    save(tmp_path / "neighbours.npz", EXAMPLES, _embeddings(40))
    return tmp_path / "neighbours.npz"


def test_an_utterance_is_its_own_nearest(index: Path) -> None:
    texts, labels, scores = neighbours.load(index).nearest(_embeddings(40), 3)
    assert texts.shape == labels.shape == scores.shape == (40, 3)
    assert texts[:, 0].tolist() == [example.text for example in EXAMPLES]
    assert labels[:, 0].tolist() == [example.label for example in EXAMPLES]
    np.testing.assert_allclose(scores[:, 0], 1, atol=0.01)
    assert (np.diff(scores, axis=1) <= 0).all()


def test_the_same_data_gives_the_same_bytes(index: Path, tmp_path: Path) -> None:
    save(tmp_path / "again.npz", EXAMPLES, _embeddings(40))
    assert (tmp_path / "again.npz").read_bytes() == index.read_bytes()


def test_fewer_utterances_than_asked_for_are_padded(tmp_path: Path) -> None:
    save(tmp_path / "few.npz", EXAMPLES[:2], _embeddings(2))
    texts, labels, scores = neighbours.load(tmp_path / "few.npz").nearest(_embeddings(1), 3)
    assert (texts[0, 2], labels[0, 2], scores[0, 2]) == ("", "", 0)


def test_no_index_finds_nothing() -> None:
    texts, labels, scores = neighbours.nothing(2, 3)
    assert (texts.tolist(), labels.tolist(), scores.tolist()) == ([[""] * 3] * 2, [[""] * 3] * 2, [[0.0] * 3] * 2)


def test_arrays_that_do_not_fit_are_refused(index: Path, tmp_path: Path) -> None:
    with np.load(index) as arrays:
        np.savez(tmp_path / "torn.npz", **{**arrays, "vectors": arrays["vectors"][:-1]})
    with pytest.raises(ValueError, match="torn"):
        neighbours.load(tmp_path / "torn.npz")

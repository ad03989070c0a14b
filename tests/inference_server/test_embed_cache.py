"""embed/cache: each text is embedded once per batch, and not again while it is remembered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.inference_server.model_code import model_module

cache = model_module("embed", "cache")


class _Encoder:
    """Embeds a text as [length, 1 for query]; writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def __call__(self, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append((kind, list(texts)))
        return np.array([[len(text), kind == "query"] for text in texts], np.float32)


def test_duplicates_of_a_batch_are_embedded_once() -> None:
    encoder = _Encoder()
    vectors = cache.EmbeddingCache(encoder).embed([("query", "aa"), ("passage", "aa"), ("query", "aa"), ("query", "b")])
    assert vectors.tolist() == [[2, 1], [2, 0], [2, 1], [1, 1]]
    assert encoder.asked == [("passage", ["aa"]), ("query", ["aa", "b"])]


def test_the_least_recently_used_text_is_forgotten_first() -> None:
    encoder = _Encoder()
    embeddings = cache.EmbeddingCache(encoder, capacity=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        embeddings.embed([("query", text)])
    assert [texts for _, texts in encoder.asked] == [["a"], ["b"], ["c"], ["b"]]


@given(st.lists(st.lists(st.tuples(st.sampled_from(["query", "passage"]), st.text(max_size=2)), min_size=1)))
def test_answers_never_depend_on_what_is_remembered(batches: list[list[tuple[str, str]]]) -> None:
    embeddings = cache.EmbeddingCache(_Encoder(), capacity=3)
    for batch in batches:
        assert embeddings.embed(batch).tolist() == [[len(text), kind == "query"] for kind, text in batch]

"""A linear softmax head over an embedding and n-grams, read from ``head.npz``. Pure numpy. The same file in ``intent``
and ``sentiment``: a Triton model directory stands alone. ``python -m nlu.train`` reads ``buckets`` from here, so that
what is trained is what is served.

``head.npz`` (written by ``python -m nlu.train``): weight [labels, dim], bias [labels], temperature [], mean [dim],
labels [labels] of str; where n-grams count, ngrams [buckets, labels] of int8 and ngram_scale [labels].
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_PIECE = re.compile("[一-鿿]|[a-z]+(?:'[a-z]+)?|[0-9]+|[?!%¥$]")
_MAX_CHARS = 512


@dataclass(frozen=True)
class Head:
    """probabilities = softmax((weight @ (embedding - mean) + n-grams + bias) / temperature)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float
    mean: NDArray[np.float32]
    labels: NDArray[np.object_]
    ngrams: NDArray[np.float32]
    """[buckets, labels], scaled."""

    def probabilities(self, embeddings: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
        """[n, labels] for ``embeddings`` [n, dim] of ``texts``."""
        logits = (embeddings - self.mean) @ self.weight.T + summed(self.ngrams, texts) + self.bias
        logits /= self.temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        return result

    def top(
        self, embeddings: NDArray[np.float32], texts: Sequence[str], k: int
    ) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
        """Labels and scores [n, k], best first; padded with "" and 0 where there are fewer than ``k`` labels."""
        scores = self.probabilities(embeddings, texts)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        missing = ((0, 0), (0, k - order.shape[1]))
        best = np.pad(np.take_along_axis(scores, order, axis=1), missing)
        return np.pad(self.labels[order], missing, constant_values=""), best


def load(path: Path) -> Head:
    """Read a head. Raises ``ValueError`` when its arrays do not fit together."""
    with np.load(path, allow_pickle=False) as arrays:
        ngrams = np.zeros((1, len(arrays["labels"])), np.float32)
        if "ngrams" in arrays:
            if arrays["ngram_scale"].shape != arrays["ngrams"].shape[1:]:
                raise ValueError(f"{path}: n-grams {arrays['ngrams'].shape}, scale {arrays['ngram_scale'].shape}")
            ngrams = arrays["ngrams"].astype(np.float32) * arrays["ngram_scale"].astype(np.float32)
        head = Head(
            arrays["weight"].astype(np.float32),
            arrays["bias"].astype(np.float32),
            float(arrays["temperature"]),
            arrays["mean"].astype(np.float32),
            arrays["labels"].astype(np.object_),
            ngrams,
        )
    labels, dim = head.weight.shape
    shapes = (head.bias.shape, head.mean.shape, head.labels.shape, head.ngrams.shape[1:])
    if shapes != ((labels,), (dim,), (labels,), (labels,)):
        raise ValueError(f"{path}: weight {head.weight.shape}, bias, mean, labels and n-grams {shapes}")
    if not head.temperature > 0:
        raise ValueError(f"{path}: temperature {head.temperature}")
    return head


def buckets(text: str, count: int) -> list[int]:
    """Distinct buckets of ``text``, each in 0..count-1. CRC-32, because no process salts it."""
    return list(dict.fromkeys(zlib.crc32(gram.encode()) % count for gram in grams(text)))


def grams(text: str) -> Iterator[str]:
    """Every Han character, word and number (by its length) alone and with the one and the two before it."""
    pieces = ["^", *map(_plain, _PIECE.findall(text[:_MAX_CHARS].casefold())), "$"]
    for at, piece in enumerate(pieces[1:-1], start=1):
        yield piece
        yield f"{pieces[at - 1]} {piece}"
        if at > 1:
            yield f"{pieces[at - 2]} {pieces[at - 1]} {piece}"
        if piece.isascii() and len(piece) > 4:
            # A typing mistake leaves most of a word's parts as they were.
            yield from (f"#{piece[start : start + 4]}" for start in range(len(piece) - 3))
    if len(pieces) > 2:
        yield f"{pieces[-2]} $"


def summed(weights: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
    """[texts, labels] of ``weights`` [buckets, labels]: the mean weight, over the root of the number of buckets."""
    rows = np.zeros((len(texts), weights.shape[1]), np.float32)
    for at, text in enumerate(texts):
        if found := buckets(text, len(weights)):
            rows[at] = weights[found].sum(axis=0) / np.sqrt(len(found))
    return rows


def _plain(piece: str) -> str:
    return f"0{min(len(piece), 20)}" if piece[0].isdigit() else piece

"""The training utterances nearest to an embedding: the evidence of an answer. Pure numpy, one matrix product a call.

``neighbours.npz`` (written by ``python -m nlu.train``): mean [dim]; projection [dim, narrow] float16, the principal
directions of the utterances; vectors [n, narrow] int8, their projections as unit vectors times 127; labels [n] int16,
places in names; names of str; texts uint8, UTF-8, one utterance a line.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Found = tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.float32]]
"""Utterances, their labels and similarities [n, k], nearest first; padded with "", "" and 0."""


@dataclass(frozen=True)
class Neighbours:
    """Similarity is the cosine of centred embeddings within the principal directions."""

    mean: NDArray[np.float32]
    projection: NDArray[np.float32]
    vectors: NDArray[np.float32]
    texts: NDArray[np.object_]
    labels: NDArray[np.object_]

    def nearest(self, embeddings: NDArray[np.float32], k: int) -> Found:
        """The ``k`` nearest to each of ``embeddings`` [n, dim]."""
        narrow = (embeddings - self.mean) @ self.projection
        narrow /= np.maximum(np.linalg.norm(narrow, axis=1, keepdims=True), 1e-9)
        similar = narrow @ self.vectors.T
        count = min(k, len(self.vectors))
        best = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(similar, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        scores = np.take_along_axis(similar, best, axis=1).astype(np.float32)
        missing = ((0, 0), (0, k - count))
        return (
            np.pad(self.texts[best], missing, constant_values=""),
            np.pad(self.labels[best], missing, constant_values=""),
            np.pad(scores, missing),
        )


def nothing(n: int, k: int) -> Found:
    """What is found where there is no index."""
    empty = np.full((n, k), "", np.object_)
    return empty, empty, np.zeros((n, k), np.float32)


def load(path: Path) -> Neighbours:
    """Read an index. Raises ``ValueError`` when its arrays do not fit together."""
    with np.load(path, allow_pickle=False) as arrays:
        texts = arrays["texts"].tobytes().decode("utf-8").split("\n")
        vectors, projection, mean = arrays["vectors"], arrays["projection"], arrays["mean"]
        labels = arrays["names"].astype(np.object_)[arrays["labels"]]
    shapes = (len(texts), len(labels), projection.shape, mean.shape)
    dim, narrow = projection.shape
    if shapes != (len(vectors), len(vectors), (dim, narrow), (dim,)) or vectors.shape[1:] != (narrow,) or not texts:
        raise ValueError(f"{path}: vectors {vectors.shape}; texts, labels, projection and mean {shapes}")
    return Neighbours(
        mean.astype(np.float32),
        projection.astype(np.float32),
        np.ascontiguousarray(vectors, dtype=np.float32) / 127,
        np.array(texts, np.object_),
        labels,
    )

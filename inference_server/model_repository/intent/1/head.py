"""A linear softmax head over an embedding, read from ``head.npz``. Pure numpy. The same file in ``intent`` and
``sentiment``: a Triton model directory stands alone.

``head.npz`` (written by ``python -m nlu.train``): weight [labels, dim], bias [labels], temperature [], mean [dim],
labels [labels] of str.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Head:
    """probabilities = softmax((weight @ (embedding - mean) + bias) / temperature)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float
    mean: NDArray[np.float32]
    labels: NDArray[np.object_]

    def probabilities(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n, labels] for ``embeddings`` [n, dim]."""
        logits = ((embeddings - self.mean) @ self.weight.T + self.bias) / self.temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        return result

    def top(self, embeddings: NDArray[np.float32], k: int) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
        """Labels and scores [n, k], best first; padded with "" and 0 where there are fewer than ``k`` labels."""
        scores = self.probabilities(embeddings)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        missing = ((0, 0), (0, k - order.shape[1]))
        best = np.pad(np.take_along_axis(scores, order, axis=1), missing)
        return np.pad(self.labels[order], missing, constant_values=""), best


def load(path: Path) -> Head:
    """Read a head. Raises ``ValueError`` when its arrays do not fit together."""
    with np.load(path, allow_pickle=False) as arrays:
        head = Head(
            arrays["weight"].astype(np.float32),
            arrays["bias"].astype(np.float32),
            float(arrays["temperature"]),
            arrays["mean"].astype(np.float32),
            arrays["labels"].astype(np.object_),
        )
    labels, dim = head.weight.shape
    if (head.bias.shape, head.mean.shape, head.labels.shape) != ((labels,), (dim,), (labels,)):
        raise ValueError(f"{path}: weight {head.weight.shape}, bias {head.bias.shape}, mean {head.mean.shape}")
    if not head.temperature > 0:
        raise ValueError(f"{path}: temperature {head.temperature}")
    return head

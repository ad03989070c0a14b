"""Multinomial logistic regression over e5 embeddings and n-grams, calibrated by one temperature, kept as ``head.npz``.

``head.npz`` holds float32 ``weight`` [labels, 384], ``bias`` [labels], ``temperature`` [], ``mean`` [384], unicode
``labels`` [labels], and, where n-grams count, int8 ``ngrams`` [buckets, labels] with float32 ``ngram_scale`` [labels].
For an L2-normalised embedding ``x`` [384] of the text with the "query: " prefix and its ``k`` distinct n-gram buckets
``g``::

    p = softmax(((x - mean) @ weight.T + sum(ngrams[g]) * ngram_scale / sqrt(k) + bias) / temperature)

``x`` is centred and not normalised again.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from nlu.domains import DEFAULT
from nlu.train.fit import fit
from nlu.train.ngrams import matrix

Floats = NDArray[np.float32] | NDArray[np.float64]
Indices = NDArray[np.int64]

STRENGTHS = (3.0,)
"""Inverse regularisation strengths C that are tried, on embeddings of mean length ``LENGTH``. A fit takes half a
minute; 1 and 10 came within half a point of it on CIC."""
NGRAM_STRENGTH = 3.0
"""C of the n-grams, in that of the embeddings."""
WHITENING = 0.5
"""0 leaves the embeddings as they are, 1 makes all directions equally wide. e5 has few wide and many narrow ones."""
LENGTH = 3.0
FOLDS = 5


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Rows to train on. Row ``i`` comes from example ``source[i]``: the example itself or a variant of it."""

    embeddings: Floats
    """[rows, 384], L2-normalised."""
    ngrams: csr_matrix
    """[rows, buckets], see ``nlu.train.ngrams``."""
    source: Indices
    """[rows], index into ``labels``; the first ``len(labels)`` rows are the examples themselves, in order."""
    labels: Indices
    """[examples], index into ``names``."""
    names: tuple[str, ...]
    ngram_strength: float = NGRAM_STRENGTH
    whitening: float = WHITENING


@dataclass(frozen=True, slots=True)
class Head:
    """What ``head.npz`` holds."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float
    mean: NDArray[np.float32]
    labels: tuple[str, ...]
    ngrams: NDArray[np.int8]
    ngram_scale: NDArray[np.float32]

    def logits(self, embeddings: Floats, ngrams: csr_matrix) -> NDArray[np.float32]:
        """[n, labels] for embeddings [n, 384] and n-grams [n, buckets], before the temperature."""
        words = np.asarray(ngrams @ self.ngrams.astype(np.float32)) * self.ngram_scale
        return np.asarray((embeddings - self.mean) @ self.weight.T + words + self.bias, dtype=np.float32)

    def probabilities(self, embeddings: Floats, texts: Sequence[str]) -> NDArray[np.float64]:
        """[n, labels] for embeddings [n, 384] of ``texts``; rows sum to one."""
        return softmax(self.logits(embeddings, matrix(texts, len(self.ngrams))) / self.temperature)

    def save(self, path: Path) -> None:
        """Write ``head.npz``; the same head gives the same bytes."""
        arrays: dict[str, Any] = {
            "weight": self.weight,
            "bias": self.bias,
            "temperature": np.float32(self.temperature),
            "mean": self.mean,
            "labels": np.array(self.labels),
            "ngrams": self.ngrams,
            "ngram_scale": self.ngram_scale,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                content = io.BytesIO()
                np.save(content, np.asarray(array), allow_pickle=False)
                # np.savez writes the time of day into the archive; the epoch of the zip format never changes.
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content.getvalue())

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read ``head.npz``. Raises ``OSError``, ``KeyError`` and ``ValueError``."""
        with np.load(path, allow_pickle=False) as arrays:
            count = len(arrays["labels"])
            return cls(
                arrays["weight"],
                arrays["bias"],
                float(arrays["temperature"]),
                arrays["mean"],
                tuple(str(label) for label in arrays["labels"]),
                arrays["ngrams"] if "ngrams" in arrays else np.zeros((1, count), np.int8),
                arrays["ngram_scale"] if "ngrams" in arrays else np.ones(count, np.float32),
            )


def head_path(repository: Path, model: str, domain: str = DEFAULT) -> Path:
    """Where the head of ``model`` lies; only ``intent`` has one per domain."""
    name = "head.npz" if model != "intent" or domain == DEFAULT else f"head.{domain}.npz"
    return repository / model / "1" / name


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What cross-validation says: each row scored by a head that saw neither its example nor a variant of it."""

    strength: float
    """The chosen C."""
    temperature: float
    """Over all folds; what the shipped head gets."""
    probabilities: NDArray[np.float64]
    """[rows, labels]; each fold's temperature comes from the other folds."""


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Row by row."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float64)


def negative_log_likelihood(logits: Floats, labels: Indices, temperature: float = 1.0) -> float:
    """Mean over rows."""
    probabilities = softmax(np.asarray(logits, dtype=np.float64) / temperature)
    return float(-np.log(probabilities[np.arange(len(labels)), labels] + 1e-12).mean())


def calibrate(logits: Floats, labels: Indices) -> float:
    """The temperature with the least negative log likelihood, by golden-section search over its logarithm."""
    low, high, golden = np.log(0.05), np.log(20.0), (np.sqrt(5.0) - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if negative_log_likelihood(logits, labels, float(np.exp(left))) < negative_log_likelihood(
            logits, labels, float(np.exp(right))
        ):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def cross_validate(
    data: TrainingSet,
    seed: int,
    strengths: Sequence[float] = STRENGTHS,
    done: Callable[[int, int], None] = lambda count, total: None,
) -> HeldOut:
    """Stratified by label over examples; C by the held-out likelihood after calibration; ``done`` gets (fits, of)."""
    row_labels = data.labels[data.source]
    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(data.labels, data.labels)
    fold_of = np.zeros(len(data.labels), dtype=np.int64)
    for fold, (_, held_out) in enumerate(splits):
        fold_of[held_out] = fold
    row_fold = fold_of[data.source]
    best: tuple[float, float, NDArray[np.float64]] | None = None
    for tried, strength in enumerate(strengths):
        logits = np.zeros((len(row_labels), len(data.names)))
        for fold in range(FOLDS):
            model = _fit(data, row_fold != fold, strength)
            held_out = row_fold == fold
            logits[held_out] = model.logits(data.embeddings[held_out], data.ngrams[held_out])
            done(tried * FOLDS + fold + 1, len(strengths) * FOLDS)
        loss = negative_log_likelihood(logits, row_labels, calibrate(logits, row_labels))
        if best is None or loss < best[0]:
            best = (loss, strength, logits)
    if best is None:
        raise ValueError("no strength to try")
    _, strength, logits = best
    probabilities = np.zeros_like(logits)
    for fold in range(FOLDS):
        others = row_fold != fold
        temperature = calibrate(logits[others], row_labels[others])
        probabilities[~others] = softmax(logits[~others] / temperature)
    return HeldOut(strength, calibrate(logits, row_labels), probabilities)


def train(data: TrainingSet, strength: float, temperature: float) -> Head:
    """Fit on every row."""
    model = _fit(data, np.ones(len(data.source), dtype=bool), strength)
    return replace(model, temperature=temperature)


def _fit(data: TrainingSet, rows: NDArray[np.bool_], strength: float) -> Head:
    """Every example weighs the same however many variants it has, and every label however many examples."""
    source = data.source[rows]
    labels = data.labels[source]
    weights = 1.0 / np.bincount(source, minlength=len(data.labels))[source]
    per_label = np.bincount(labels, weights=weights, minlength=len(data.names))
    weights *= per_label.sum() / (len(data.names) * per_label[labels])
    embeddings = np.asarray(data.embeddings[rows], dtype=np.float32)
    mean = np.average(embeddings, axis=0, weights=weights).astype(np.float32)
    centred = embeddings - mean
    wide = _widened(centred, weights, data.whitening)
    fitted = fit(
        centred @ wide, data.ngrams[rows], labels, weights, len(data.names),
        strength=strength, sparse_strength=data.ngram_strength * strength,
    )  # fmt: skip
    scale = np.maximum(np.abs(fitted.ngrams).max(axis=0), 1e-6) / 127
    small = np.round(fitted.ngrams / scale).astype(np.int8)
    weight = np.asarray(fitted.weight @ wide.T, dtype=np.float32)
    return Head(weight, fitted.bias, 1.0, mean, data.names, small, scale.astype(np.float32))


def _widened(centred: NDArray[np.float32], weights: NDArray[np.float64], whitening: float) -> NDArray[np.float32]:
    """[dim, dim]: turns centred embeddings so that their narrow directions count for more."""
    with threadpool_limits(1):
        covariance = (centred * weights[:, None]).T @ centred / weights.sum()
        spread, directions = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    wide = directions * (np.maximum(spread, 0) + 1e-9) ** (-whitening / 2)
    length = np.sqrt(np.mean(((centred @ wide) ** 2).sum(axis=1)))
    return np.asarray(wide * LENGTH / max(length, 1e-9), dtype=np.float32)

"""Weighted multinomial logistic regression over dense and sparse columns at once, by L-BFGS.

scikit-learn takes one matrix: embeddings made sparse cost ten times the time, n-grams made dense do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

Floats = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """logits = dense @ weight.T + sparse @ ngrams + bias."""

    weight: NDArray[np.float32]
    """[labels, dense columns]."""
    ngrams: NDArray[np.float32]
    """[sparse columns, labels]."""
    bias: NDArray[np.float32]


def fit(
    dense: Floats,
    sparse: csr_matrix,
    labels: NDArray[np.int64],
    weights: Floats,
    count: int,
    *,
    strength: float,
    sparse_strength: float,
    iterations: int = 300,
) -> Fitted:
    """Minimise sum(weights * -log p) + |weight|² / 2 strength + |ngrams|² / 2 sparse_strength.

    One thread: sums in a fixed order make the same data give the same bytes.
    """
    rows, wide = dense.shape[0], dense.shape[1]
    x = np.ascontiguousarray(dense, dtype=np.float32)
    share = np.asarray(weights / weights.sum(), dtype=np.float64)
    total = float(weights.sum())
    used = np.flatnonzero(sparse.getnnz(axis=0))
    phi = sparse[:, used].astype(np.float32)
    phi_t = phi.T.tocsr()
    at = np.arange(rows)
    sizes = (count * wide, len(used) * count, count)
    split = np.cumsum(sizes)[:2]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, v, b = np.split(flat, split)
        logits = x @ w.reshape(count, wide).T.astype(np.float32)
        if len(used):
            logits += phi @ v.reshape(len(used), count).astype(np.float32)
        logits += b.astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        mass = odds.sum(axis=1, keepdims=True)
        value = float(share @ (np.log(mass[:, 0]) - logits[at, labels]))
        odds /= mass
        odds[at, labels] -= 1
        odds *= share[:, None].astype(np.float32)
        gradient = np.empty_like(flat)
        gradient[: split[0]] = (odds.T @ x).ravel() + w / (strength * total)
        gradient[split[0] : split[1]] = np.asarray(phi_t @ odds).ravel() + v / (sparse_strength * total)
        gradient[split[1] :] = odds.sum(axis=0)
        return value + float(w @ w / strength + v @ v / sparse_strength) / (2 * total), gradient

    with threadpool_limits(1):
        found = minimize(
            loss, np.zeros(sum(sizes)), jac=True, method="L-BFGS-B",
            options={"maxiter": iterations, "ftol": 1e-7, "gtol": 1e-6, "maxcor": 10},
        )  # fmt: skip
    w, v, b = np.split(found.x, split)
    ngrams = np.zeros((sparse.shape[1], count), dtype=np.float32)
    ngrams[used] = v.reshape(len(used), count)
    return Fitted(w.reshape(count, wide).astype(np.float32), ngrams, b.astype(np.float32))

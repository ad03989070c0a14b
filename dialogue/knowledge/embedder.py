"""Texts in, unit vectors out, by the served ``embed`` model; and the few things done with such vectors. No state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dialogue.knowledge import Kind
from inference_server.contracts import EMBEDDING_DIM, MODELS
from inference_server.errors import InferenceFailed

Vectors = NDArray[np.float32]

PROBE = "运费怎么算？"
"""Embedded anew at start-up; when it no longer matches the kept one, another model is being served."""
QUERY_DEADLINE_S = 0.8
BATCH_DEADLINE_S = 30.0
"""For one batch of what is indexed."""
_SAME_MODEL = 0.999


class EmbeddingClient(Protocol):
    """The part of ``inference_server.client.InferenceClient`` that is used here."""

    async def infer(self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None) -> dict[str, Any]:
        """One answer. Raises ``InferenceError``."""
        ...


async def embed(client: EmbeddingClient, texts: Sequence[str], kind: Kind, deadline_s: float) -> Vectors:
    """``float32 [n, 384]``, one row per text, length 1. Raises ``InferenceError``."""
    size, made = MODELS["embed"].max_batch_size, [np.empty((0, EMBEDDING_DIM), np.float32)]
    for start in range(0, len(texts), size):
        batch = texts[start : start + size]
        inputs = {
            "TEXT": np.array([[text] for text in batch], dtype=np.object_),
            "KIND": np.array([[kind]] * len(batch), dtype=np.object_),
        }
        answer = await client.infer("embed", inputs, deadline_s=deadline_s)
        vectors = np.asarray(answer.get("EMBEDDING"), dtype=np.float32)
        if vectors.shape != (len(batch), EMBEDDING_DIM) or not np.isfinite(vectors).all():
            raise InferenceFailed(f"embed answered with shape {vectors.shape}")
        made.append(vectors)
    return unit(np.concatenate(made))


async def embed_compared(
    client: EmbeddingClient, texts: Sequence[tuple[Kind, str]], deadline_s: float = BATCH_DEADLINE_S
) -> Vectors:
    """One row per text, each embedded as its kind. Raises ``InferenceError``."""
    rows = np.empty((len(texts), EMBEDDING_DIM), np.float32)
    kinds: tuple[Kind, ...] = ("query", "passage")
    for kind in kinds:
        places = [place for place, (of, _) in enumerate(texts) if of == kind]
        if places:
            rows[places] = await embed(client, [texts[place][1] for place in places], kind, deadline_s)
    return rows


def is_same_model(probe: Vectors, kept: Vectors) -> bool:
    """Whether two vectors of ``PROBE`` came from one model."""
    return float(probe @ kept) >= _SAME_MODEL


def unit(vectors: Vectors) -> Vectors:
    """Rows of length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled

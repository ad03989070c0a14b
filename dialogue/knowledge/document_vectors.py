"""Vectors of ingested chunks: those that are kept, and those that must be made. Made ones are kept batch by batch, so
a run that is cut off goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dialogue.knowledge.embedder import EmbeddingClient, Vectors, embed_compared, is_same_model
from dialogue.knowledge.store import DocumentStore, KeptEntry

_AT_ONCE = 64
"""Chunks whose vectors are written together."""


def lacking(kept: Sequence[KeptEntry], probe: Vectors) -> list[KeptEntry]:
    """Chunks without vectors of the model that made ``probe``."""
    return [
        found
        for found in kept
        if found.vectors is None or found.probe is None or not is_same_model(found.probe[0], probe)
    ]


async def complete(
    store: DocumentStore,
    kept: Sequence[KeptEntry],
    client: EmbeddingClient,
    probe: Vectors,
    done: Callable[[int, int], None] = lambda count, total: None,
) -> list[Vectors]:
    """The rows of every chunk; ``done`` gets (embedded, to embed). Raises ``InferenceError``, ``StoreUnavailable``."""
    missing = lacking(kept, probe)
    made: dict[tuple[str, int], Vectors] = {}
    for start in range(0, len(missing), _AT_ONCE):
        part = missing[start : start + _AT_ONCE]
        rows = await embed_compared(client, [text for found in part for text in found.entry.compared()])
        ends = np.cumsum([len(found.entry.compared()) for found in part])
        fresh = dict(zip([found.key for found in part], np.split(rows, ends[:-1]), strict=True))
        await store.keep_vectors(fresh, probe)
        made |= fresh
        done(len(made), len(missing))
    return [made[found.key] if found.key in made else _given(found) for found in kept]


def _given(found: KeptEntry) -> Vectors:
    assert found.vectors is not None
    return found.vectors

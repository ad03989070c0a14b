"""Embeds each distinct text once: duplicates of a batch and recent texts are answered from memory. Pure numpy."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Embed = Callable[[str, Sequence[str]], Vectors]
"""(kind, texts) -> float32 [len(texts), dim]."""


class EmbeddingCache:
    """The ``capacity`` most recently used embeddings. Intent, sentiment and retrieval ask for one text in one turn."""

    def __init__(self, embed: Embed, capacity: int = 4096) -> None:
        self._embed = embed
        self._capacity = capacity
        self._known: OrderedDict[tuple[str, str], Vectors] = OrderedDict()

    def embed(self, items: Sequence[tuple[str, str]]) -> Vectors:
        """Vectors [len(items), dim] of (kind, text) pairs, in their order. ``items`` is not empty."""
        batch = {item: self._known.get(item) for item in items}
        for kind in sorted({kind for (kind, _), vector in batch.items() if vector is None}):
            missing = [text for (of, text), vector in batch.items() if of == kind and vector is None]
            for text, vector in zip(missing, self._embed(kind, missing), strict=True):
                batch[kind, text] = vector.copy()  # a view would keep the whole batch in memory
        for item, vector in batch.items():
            self._known[item] = vector
            self._known.move_to_end(item)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return np.stack([batch[item] for item in items])

"""BM25 (Lucene's form) over ``lexical.tokens``, by bm25s: text in, a score per row out. Immutable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dialogue.knowledge.lexical import tokens

_NOTHING = "∅"
"""Stands for a text without words, which bm25s cannot index."""


class Bm25:
    """Rows that can be searched by words."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Seconds for a hundred thousand rows."""
        import bm25s

        self._rows = len(texts)
        self._index = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numpy")
        if texts:
            self._index.index([tokens(text) or [_NOTHING] for text in texts], show_progress=False)

    def scores(self, text: str) -> NDArray[np.float32]:
        """One per row; 0 where they share no word."""
        known = [token for token in tokens(text) if token in self._index.vocab_dict] if self._rows else []
        if not known:
            return np.zeros(self._rows, np.float32)
        found: NDArray[np.float32] = self._index.get_scores(known).astype(np.float32, copy=False)
        return found

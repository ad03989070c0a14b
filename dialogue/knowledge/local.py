"""The index in process: every text a row of one matrix and of a BM25 index. Right up to some hundred thousand texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dialogue.knowledge import Entry
from dialogue.knowledge.bm25 import Bm25
from dialogue.knowledge.embedder import Vectors
from dialogue.knowledge.engine import Asked, Candidate, Centre, nearness

_LARGE = 20_000
"""Rows from which a search leaves the event loop."""
_EARLIEST, _LATEST = date.min.toordinal(), date.max.toordinal()


class LocalEngine:
    """Immutable; searches may run side by side."""

    def __init__(self, entries: Sequence[Entry], vectors: Vectors | None = None, centre: Centre | None = None) -> None:
        """``vectors``: a row per text of each entry's ``compared()``, not centred; None: words alone."""
        self._entries = tuple(entries)
        counts = [len(entry.compared()) for entry in self._entries]
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._first = np.array([(entry.valid_from or date.min).toordinal() for entry in self._entries], np.int32)
        self._last = np.array([(entry.valid_until or date.max).toordinal() for entry in self._entries], np.int32)
        self._always = bool((self._first == _EARLIEST).all() and (self._last == _LATEST).all())
        self._words = Bm25([text for entry in self._entries for _, text in entry.compared()])
        self._centre = centre
        self._matrix = None
        if vectors is not None and centre is not None and len(self._entries):
            self._matrix = centre.rows(
                vectors, np.repeat([entry.is_passage for entry in self._entries], counts).tolist()
            )

    async def candidates(self, asked: Asked, k: int) -> Sequence[Candidate]:
        """See ``Engine``. Never unavailable."""
        if len(self._owner) >= _LARGE:
            return await asyncio.to_thread(self.find, asked, k)
        return self.find(asked, k)

    def find(self, asked: Asked, k: int) -> list[Candidate]:
        """The same, here and now."""
        if not self._entries:
            return []
        words = self._words.scores(asked.text)
        meaning = None
        if self._matrix is not None and self._centre is not None and asked.vector is not None:
            # Not @: its threads wait for each other where speech has the cores.
            meaning = np.vecdot(self._matrix, self._centre.asked(asked.vector))
        if not self._always:
            day = asked.on.toordinal()
            over = ~((self._first <= day) & (day <= self._last))[self._owner]
            words = np.where(over, -1, words)
            meaning = None if meaning is None else np.where(over, -2, meaning)
        rows = _best(words, k, 0.0)
        if meaning is None:
            return [Candidate(self._entries[owner], 0.0) for owner in np.unique(self._owner[rows])]
        owners = np.unique(self._owner[np.union1d(rows, _best(meaning, k, -1.5))])
        starts, ends = np.searchsorted(self._owner, owners), np.searchsorted(self._owner, owners, "right")
        return [
            Candidate(self._entries[owner], nearness(meaning[start:end]))
            for owner, start, end in zip(owners, starts, ends, strict=True)
        ]


def _best(scores: NDArray[np.float32], k: int, above: float) -> NDArray[np.intp]:
    """Rows of the ``k`` highest scores above a bound."""
    rows = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else np.arange(len(scores))
    return rows[scores[rows] > above]

"""What finds candidates for a question. ``local.LocalEngine`` is in process; ``rest_engine.RestEngine`` asks a server.

An engine only narrows down: ``index.KnowledgeIndex`` scores what it finds, so thresholds are the same for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from dialogue.knowledge import Entry
from dialogue.knowledge.embedder import Vectors, unit

_NEAREST = np.array([0.5, 0.3, 0.2], np.float32)
"""Shares of the nearest paraphrases: one that is near by chance counts less than three that are."""
_PRIOR = 50
"""So many texts of a kind weigh as much as the centre of the questions."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question."""

    text: str
    vector: Vectors | None
    """``float32 [384]``, length 1, not centred; None while there is no model."""
    on: date
    """Entries must hold on this day."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may answer."""

    entry: Entry
    meaning: float
    """``nearness`` of its texts, -1..1; 0 without a model."""


class Engine(Protocol):
    """Finds candidates."""

    async def candidates(self, asked: Asked, k: int) -> Sequence[Candidate]:
        """The union of the ``k`` best by meaning and the ``k`` best by words, in no order.

        Raises ``KnowledgeUnavailable`` when it cannot look.
        """
        ...


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the embeddings of each kind lie: raw cosines of e5 are all between 0.7 and 1, centred ones are not."""

    questions: Vectors
    passages: Vectors

    @staticmethod
    def of(vectors: Vectors, are_passages: Sequence[bool]) -> Centre:
        """Of an index's rows. A few passages alone would be their own centre, so they lean on that of the questions."""
        passages = np.asarray(are_passages, dtype=bool)
        questions = (vectors if passages.all() else vectors[~passages]).mean(axis=0)
        count = int(passages.sum())
        leaning = (vectors[passages].sum(axis=0) + _PRIOR * questions) / (count + _PRIOR)
        return Centre(questions.astype(np.float32), leaning.astype(np.float32))

    def asked(self, vector: Vectors) -> Vectors:
        """A question's vector, centred."""
        return unit(vector - self.questions)

    def rows(self, vectors: Vectors, are_passages: Sequence[bool]) -> Vectors:
        """An index's rows, each centred by its kind."""
        passages = np.asarray(are_passages, dtype=bool)[:, None]
        return unit(vectors - np.where(passages, self.passages, self.questions))


def nearness(cosines: Vectors) -> float:
    """Of an entry, from the centred cosines of its texts."""
    best = np.sort(cosines)[::-1][: len(_NEAREST)]
    shares = _NEAREST[: len(best)]
    return float(best @ shares / shares.sum())

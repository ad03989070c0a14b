"""Who is decoded next, and with whom: the shortest first, aged so that a long utterance is not passed over for ever.

Pure. A batch decodes for as long as its longest member, so only utterances of one encoder length go together.

::

    waiting   A 9 s   B 1 s   C 1.5 s   D 9 s         batch of 2: B, C; then A, D
    later     A has waited 0.5 s: it counts as shorter than an utterance of 1 s that has just come
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

AGEING = 20.0
"""Milliseconds of speech that a millisecond of waiting makes up for: 28 s wait at most 1.4 s for newcomers."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An utterance without a worker."""

    number: int
    """Order of arrival; unique."""
    arrived_ms: float
    speech_ms: float
    group: Hashable
    """Only utterances of one group are decoded together."""


def next_batch(waiting: Sequence[Waiting], now_ms: float, size: int) -> list[Waiting]:
    """At most ``size`` of ``waiting`` that go next, of one group; empty only when nobody waits."""
    if not waiting:
        return []

    def rank(item: Waiting) -> tuple[float, int]:
        return item.speech_ms - AGEING * (now_ms - item.arrived_ms), item.number

    first = min(waiting, key=rank)
    return sorted((item for item in waiting if item.group == first.group), key=rank)[:size]


def hold_ms(waiting: Sequence[Waiting], now_ms: float, size: int, batch_wait_ms: float) -> float:
    """How long a worker that has just become free may still wait for company: 0 when the batch is full or old."""
    batch = next_batch(waiting, now_ms, size)
    if not batch or len(batch) >= size:
        return 0.0
    return max(0.0, min(item.arrived_ms for item in batch) + batch_wait_ms - now_ms)

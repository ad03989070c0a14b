"""What the recogniser gives up under load, in a fixed order: pure policy over two counts.

::

    busy + waiting   0 ........ workers ............ + greedy_above ............ + queue
    partials         |--yes--|  shed  ------------------------------------------------->
    beam of finals   |---------- full ------------| greedy ---------------------------->
    admission        |---------------------- open ------------------------------| shed
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, Protocol

ShedKind = Literal["partial", "beam", "admission"]


class Level(IntEnum):
    """What is given up; each level includes those before it."""

    EASY = 0
    NO_PARTIALS = 1
    GREEDY = 2
    FULL = 3


@dataclass(frozen=True, slots=True)
class OverloadPolicy:
    """Limits in utterances."""

    workers: int
    queue: int
    """Finals that may wait; the next one is refused."""
    greedy_above: int
    """More finals than this waiting are decoded without a beam."""

    def level(self, busy: int, waiting: int) -> Level:
        """``busy`` workers decode, ``waiting`` utterances have no worker yet."""
        if waiting >= self.queue and busy >= self.workers:
            return Level.FULL
        if waiting > self.greedy_above:
            return Level.GREEDY
        return Level.NO_PARTIALS if busy + waiting >= self._for_partials else Level.EASY

    def load(self, busy: int, waiting: int) -> float:
        """0 (idle) to 1 (the next final is refused)."""
        return min(1.0, (busy + waiting) / (self.workers + self.queue))

    @property
    def _for_partials(self) -> int:
        """Workers that partials may take: one is kept for finals, if there is more than one."""
        return max(1, self.workers - 1)


class AsrObserver(Protocol):
    """Told what the recogniser does, from any thread; must return at once and not raise."""

    def shed(self, kind: ShedKind) -> None:
        """Something was given up: a partial or a final refused, or one final decoded without its beam."""
        ...

    def decoded(self, size: int, *, partial: bool) -> None:
        """``size`` utterances were decoded together."""
        ...

    def decoded_again(self) -> None:
        """A first reading ran away and the utterance was decoded again with more silence."""
        ...

    def load(self, waiting: int, load: float) -> None:
        """Utterances that now wait for a worker, and the load 0..1."""
        ...


@dataclass(slots=True)
class AsrCounts:
    """An ``AsrObserver`` that counts."""

    partials_shed: int = 0
    beams_shed: int = 0
    finals_shed: int = 0
    again: int = 0
    batches: dict[int, int] = field(default_factory=dict)
    """Decodes by number of utterances in them."""
    most_waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def shed(self, kind: ShedKind) -> None:
        """See ``AsrObserver``."""
        with self._lock:
            self.partials_shed += kind == "partial"
            self.beams_shed += kind == "beam"
            self.finals_shed += kind == "admission"

    def decoded(self, size: int, *, partial: bool) -> None:
        """See ``AsrObserver``."""
        with self._lock:
            self.batches[size] = self.batches.get(size, 0) + 1

    def decoded_again(self) -> None:
        """See ``AsrObserver``."""
        with self._lock:
            self.again += 1

    def load(self, waiting: int, load: float) -> None:
        """See ``AsrObserver``."""
        with self._lock:
            self.most_waiting = max(self.most_waiting, waiting)

"""What sounds at a caller's ear, and when. Pure: arrival times come with the sound (``tests.bench.audible``)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from speech.audio import float_from_pcm
from tests.bench.audible import first_audible_ms, last_audible_ms


class Ear:
    """Plays everything that comes on one line, in order, until it is told to forget.

    A *live* line sends all the time, silence too. One stall of it would keep all that follows late for good, so its
    silence is left out while there is something to catch up with, as the buffers of telephones do.
    """

    def __init__(self, rate_hz: int, *, live: bool = False) -> None:
        """``rate_hz`` of s16le mono."""
        self.rate_hz = rate_hz
        self._live = live
        self._end_ms = -math.inf
        """When what has come will have been played."""
        self._audible: list[tuple[float, float]] = []

    def push(self, pcm: bytes, arrived_ms: float) -> None:
        """A piece has arrived."""
        samples = float_from_pcm(pcm)
        start_ms = max(arrived_ms, self._end_ms)
        first_ms, last_ms = first_audible_ms(samples, self.rate_hz), last_audible_ms(samples, self.rate_hz)
        if self._live and first_ms is None and start_ms > arrived_ms:
            return
        self._end_ms = start_ms + len(samples) * 1000 / self.rate_hz
        if first_ms is not None and last_ms is not None:
            self._audible.append((start_ms + first_ms, start_ms + last_ms))

    def clear(self, at_ms: float) -> None:
        """What has not been played by then never is."""
        self._end_ms = min(self._end_ms, at_ms)
        self._audible = [(first, min(last, at_ms)) for first, last in self._audible if first < at_ms]

    @property
    def audible(self) -> Sequence[tuple[float, float]]:
        """First and last audible moment of each piece that has any, in order."""
        return self._audible

    def first_ms(self, from_ms: float = -math.inf) -> float | None:
        """When the first piece began to sound that began at or after ``from_ms``; None: nothing did."""
        return next((first for first, _ in self._audible if first >= from_ms), None)

    def last_ms(self) -> float | None:
        """The last audible moment of all that has come, which may lie ahead; None: there was none."""
        return self._audible[-1][1] if self._audible else None

"""The last stretch of a stream's audio, to cut from. Pure."""

from __future__ import annotations

from collections import deque

import numpy as np

from speech.types import LISTEN_RATE_HZ, Samples

SAMPLES_PER_MS = LISTEN_RATE_HZ // 1000


class Recording:
    """16 kHz audio on a clock without gaps: position 0 is the first sample ever pushed."""

    def __init__(self) -> None:
        self._chunks: deque[Samples] = deque()
        self._first = 0
        """Position of the oldest sample kept."""
        self._end = 0

    @property
    def end_ms(self) -> float:
        """Position just after the last sample."""
        return self._end / SAMPLES_PER_MS

    def push(self, samples: Samples) -> None:
        """Append audio."""
        self._chunks.append(samples)
        self._end += samples.size

    def cut(self, from_ms: float, to_ms: float) -> Samples:
        """A copy of what is still kept of this stretch."""
        start = max(self._first, round(from_ms * SAMPLES_PER_MS))
        end = min(self._end, round(to_ms * SAMPLES_PER_MS))
        if start >= end:
            return np.zeros(0, np.float32)
        return np.concatenate(self._chunks)[start - self._first : end - self._first]

    def forget_before(self, ms: float) -> None:
        """Drop whole chunks that end before ``ms``."""
        while self._chunks and self._first + self._chunks[0].size <= ms * SAMPLES_PER_MS:
            self._first += self._chunks.popleft().size

"""Who gets in: a cap on sessions and a token bucket per address. Pure but for the clock that is passed in."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.errors import Busy, TooManyRequests

_REMEMBERED_ADDRESSES = 10_000


class RateLimit:
    """A token bucket per key: ``per_minute`` on average, bursts up to a quarter of it (at least 10)."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """``clock`` gives monotonic seconds."""
        self._rate = per_minute / 60
        self._burst = float(min(per_minute, max(10, per_minute // 4)))
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Count one use. Raises ``TooManyRequests`` with the seconds to wait."""
        now = self._clock()
        level, since = self._buckets.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        if len(self._buckets) > _REMEMBERED_ADDRESSES:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - level) / self._rate)
            raise TooManyRequests(f"too many requests from this address; try again in {wait} s", retry_after_s=wait)


class Admission:
    """The cap on sessions. ``with admission.enter():`` holds a place."""

    def __init__(self, max_sessions: int, observe: Callable[[int], None] = lambda active: None) -> None:
        """``observe`` is told the number of active sessions whenever it changes."""
        self._max = max_sessions
        self._active = 0
        self._observe = observe

    @property
    def full(self) -> bool:
        """Whether the next ``enter`` would be refused."""
        return self._active >= self._max

    @staticmethod
    def busy() -> Busy:
        """What a customer is told when no place is free."""
        return Busy("all lines are busy; try again shortly", retry_after_s=5)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place for a session. Raises ``Busy``."""
        if self.full:
            raise self.busy()
        self._active += 1
        self._observe(self._active)
        try:
            yield
        finally:
            self._active -= 1
            self._observe(self._active)

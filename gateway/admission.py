"""Who gets in: a cap on sessions, and a token bucket per address and per identity. Pure but for the clock.

What is counted lives in this process, or (several workers) in ``gateway.shared``.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from gateway.errors import Busy, TooManyRequests

_REMEMBERED_ADDRESSES = 10_000
_OVERLOAD_RETRY_S = 10


class Buckets(Protocol):
    """Remembers for each key how full its bucket was, and when."""

    def held(self) -> AbstractContextManager[None]:
        """Around one ``get`` and ``put``: no other worker comes between."""
        ...

    def get(self, key: str) -> tuple[float, float] | None:
        """Level and monotonic seconds, or None."""
        ...

    def put(self, key: str, level: float, since_s: float) -> None:
        """Keep both; the oldest may be forgotten for it."""
        ...


class LocalBuckets:
    """Of this process alone; bounded."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def held(self) -> AbstractContextManager[None]:
        """Nobody else is there."""
        return nullcontext()

    def get(self, key: str) -> tuple[float, float] | None:
        """See ``Buckets``."""
        return self._levels.pop(key, None)

    def put(self, key: str, level: float, since_s: float) -> None:
        """See ``Buckets``."""
        self._levels[key] = (level, since_s)
        if len(self._levels) > _REMEMBERED_ADDRESSES:
            self._levels.popitem(last=False)


class RateLimit:
    """A token bucket per key: ``per_minute`` on average, bursts up to a quarter of it (at least 10)."""

    def __init__(self, per_minute: int, clock: Callable[[], float], buckets: Buckets | None = None) -> None:
        """``clock`` gives monotonic seconds, of the machine where ``buckets`` are shared."""
        self._rate = per_minute / 60
        self._burst = float(min(per_minute, max(10, per_minute // 4)))
        self._clock = clock
        self._buckets = LocalBuckets() if buckets is None else buckets

    def take(self, key: str, who: str = "this address") -> None:
        """Count one use of ``who``. Raises ``TooManyRequests`` with the seconds to wait."""
        now = self._clock()
        with self._buckets.held():
            level, since = self._buckets.get(key) or (self._burst, now)
            level = min(self._burst, level + (now - since) * self._rate)
            allowed = level >= 1
            self._buckets.put(key, level - 1 if allowed else level, now)
        if not allowed:
            wait = math.ceil((1 - level) / self._rate)
            raise TooManyRequests(f"too many requests from {who}; try again in {wait} s", retry_after_s=wait)


class Places(Protocol):
    """Counts sessions."""

    @property
    def taken(self) -> int:
        """Sessions now, of all workers."""
        ...

    def take(self, limit: int) -> bool:
        """One more unless there are ``limit``."""
        ...

    def leave(self) -> None:
        """One less."""
        ...


class LocalPlaces:
    """Of this process alone."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, limit: int) -> bool:
        """See ``Places``."""
        if self.taken >= limit:
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        """See ``Places``."""
        self.taken -= 1


class Admission:
    """The cap on sessions, and the refusal of new ones under overload. ``with admission.enter():`` holds a place."""

    def __init__(
        self,
        max_sessions: int,
        observe: Callable[[int], None] = lambda active: None,
        *,
        places: Places | None = None,
        load: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """``observe`` is told the number of active sessions of this worker whenever it changes.

        ``load``: how busy the engines are; from 1 on nobody new is let in. ``max_sessions`` is for all workers.
        """
        self._max = max_sessions
        self._active = 0
        self._observe = observe
        self._places = LocalPlaces() if places is None else places
        self._load = load

    @property
    def full(self) -> bool:
        """Whether the next ``enter`` would be refused."""
        return self._places.taken >= self._max or self._load() >= 1

    def busy(self) -> Busy:
        """What a customer is told who is not let in."""
        if self._places.taken < self._max and self._load() >= 1:
            return Busy("too much is being said at once; try again shortly", code="overloaded",
                        retry_after_s=_OVERLOAD_RETRY_S)  # fmt: skip
        return Busy("all lines are busy; try again shortly", retry_after_s=5)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place for a session. Raises ``Busy``."""
        if self.full or not self._places.take(self._max):
            raise self.busy()
        self._active += 1
        self._observe(self._active)
        try:
            yield
        finally:
            self._places.leave()
            self._active -= 1
            self._observe(self._active)

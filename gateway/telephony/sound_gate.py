"""A caller's sound comes as fast as people speak; what runs far ahead of the clock is no caller. Pure.

brought   20 20 20 20 ...  in real time: taken
brought   8 s at once      a network that stood still sends what it held: taken
brought   8 s a second     10 s ahead: dropped from there on; a minute dropped: a flood, and the call is ended
"""

from __future__ import annotations

from collections.abc import Callable

_AHEAD_MS = 10_000.0
"""As much as the session's microphone holds."""
_FLOOD_MS = 60_000.0


class SoundGate:
    """One caller's. Recordings and recognition see no more sound than time has gone by, and ten seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives monotonic seconds."""
        self._clock = clock
        self._since_s = clock()
        self._ahead_ms = 0.0
        self._dropped_ms = 0.0

    def takes(self, ms: float) -> bool:
        """Whether this run of sound is to be used."""
        now = self._clock()
        self._ahead_ms = max(0.0, self._ahead_ms - (now - self._since_s) * 1000)
        self._since_s = now
        if self._ahead_ms + ms > _AHEAD_MS:
            self._dropped_ms += ms
            return False
        self._ahead_ms += ms
        return True

    @property
    def is_flooded(self) -> bool:
        """Whether so much was dropped that nobody can be speaking."""
        return self._dropped_ms > _FLOOD_MS

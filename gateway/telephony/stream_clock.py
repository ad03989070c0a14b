"""Sound that was lost leaves a gap on the stream's clock; silence fills it, so that pauses keep their length. Pure.

arrived   |0|20|40|        |100|120|
given     |0|20|40|60 80   |100|120|        (at most a second; a jump backwards fills nothing)
"""

from __future__ import annotations

_MOST_MS = 1000.0
_SLACK_MS = 10.0


class StreamClock:
    """Tell it where each run of sound begins. Pure."""

    def __init__(self) -> None:
        self._next_ms: float | None = None

    def missing_ms(self, at_ms: float | None, length_ms: float) -> float:
        """Milliseconds that are missing before this run, which is ``length_ms`` long."""
        expected = self._next_ms
        begins = at_ms if at_ms is not None else expected
        self._next_ms = begins + length_ms if begins is not None else None
        if at_ms is None or expected is None or at_ms - expected <= _SLACK_MS:
            return 0.0
        return min(at_ms - expected, _MOST_MS)

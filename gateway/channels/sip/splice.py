"""Sound of RTP packets of any length joined to one stream: what was lost is made up, what comes twice left out. Pure.

    packets    |---30---|---30---|  lost  |---30---|      timestamps of RTP (RFC 3550)
    stream     |---30---|---30---|~~fades~|---30---|

A recogniser that hears the pieces joined loses the rhythm of the words. The last 20 ms are repeated and fade (G.711
appendix I, simplified), then there is silence.
"""

from __future__ import annotations

import numpy as np

_LONGEST_MS = 400
"""A longer jump is no loss: the caller was silent, or their clock began anew."""
_LAST_MS = 20
_FADE_MS = 60


class Splice:
    """One stream. ``put`` packets in order."""

    def __init__(self, clock_hz: int, rate_hz: int) -> None:
        """``clock_hz`` of the timestamps, ``rate_hz`` of the sound: a multiple of it."""
        self._ratio = rate_hz // clock_hz
        self._longest = rate_hz * _LONGEST_MS // 1000
        self._last_bytes = rate_hz * _LAST_MS // 1000 * 2
        self._fade = np.linspace(1.0, 0.0, rate_hz * _FADE_MS // 1000, endpoint=False)
        self._expected: int | None = None
        """Timestamp that goes on where the stream is."""
        self._last = b""

    def put(self, timestamp: int, pcm: bytes) -> bytes:
        """``pcm`` (s16le), with what was lost before it, and without what has been there."""
        lost = 0 if self._expected is None else _signed(timestamp - self._expected) * self._ratio
        if -self._longest <= lost < 0:
            pcm = pcm[-lost * 2 :]
            if not pcm:
                return b""
            timestamp -= lost // self._ratio
        filler = self._made_up(lost) if 0 < lost <= self._longest else b""
        self._expected = timestamp + len(pcm) // 2 // self._ratio
        self._last = (self._last + pcm)[-self._last_bytes :]
        return filler + pcm

    def _made_up(self, samples: int) -> bytes:
        last = np.frombuffer(self._last, "<i2")
        if not last.size:
            return bytes(samples * 2)
        faded = np.resize(last, len(self._fade)) * self._fade
        return faded.astype("<i2").tobytes()[: samples * 2].ljust(samples * 2, b"\0")

    def reset(self) -> None:
        """What comes next follows whatever its timestamp: another stream, or silence was put in its place."""
        self._expected = None


def _signed(difference: int) -> int:
    """The way between two 32-bit timestamps, whichever is shorter."""
    return (difference + 0x80000000 & 0xFFFFFFFF) - 0x80000000

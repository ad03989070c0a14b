"""A faint noise where a line carries digital silence, for the ears only. Pure.

Networks that suppress silence send zeros, which no room does. After seconds of zeros the voice activity network is slow
to believe in a voice: with 9 s before it, speech of 8 kHz had 0.15 to 0.25 less than after this noise, and a short
question was cut to a third or not heard (23 November 2026).
"""

from __future__ import annotations

import numpy as np

_LEVEL = 30
"""Standard deviation in steps of 16 bits: -61 dBFS, a quiet room on a telephone."""
_SAMPLES = 16_000
_NOISE = np.random.default_rng(0).normal(0, _LEVEL, _SAMPLES).astype("<i2").tobytes()


class LineNoise:
    """Of one line. ``filled`` each run of sound (s16le)."""

    def __init__(self) -> None:
        self._at = 0

    def filled(self, pcm: bytes) -> bytes:
        """``pcm``, noise in its place where it is all zeros."""
        if pcm.strip(b"\0"):
            return pcm
        noise = bytearray()
        while len(noise) < len(pcm):
            piece = _NOISE[self._at : self._at + len(pcm) - len(noise)]
            noise += piece
            self._at = (self._at + len(piece)) % len(_NOISE)
        return bytes(noise)

"""A faint noise in the band that a telephone leaves empty, for voice activity alone. Pure.

::

    of 8 kHz   |== voice ==|...........      heard   |== voice ==|~~ noise ~~
               0          4           8 kHz

The voice activity network learned from wideband sound: over an empty upper band it is slow to believe in a soft
beginning (README.md has what was measured). The recogniser and the levels hear the sound as it came.
"""

from __future__ import annotations

import numpy as np

from speech.types import LISTEN_RATE_HZ, Samples

NARROW_HZ = 8_000
"""Sound of this rate or less has no upper band."""
_FROM_HZ = 4_200
_LEVEL_DB = -54.0
"""Root mean square, dBFS. At -51 a noise of the suite held the bot, at -66 the network is as slow as without."""


def _noise() -> Samples:
    """A second that goes on seamlessly from its end to its beginning."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(LISTEN_RATE_HZ))
    spectrum[:_FROM_HZ] = 0  # a second has a line for each hertz
    noise = np.fft.irfft(spectrum, LISTEN_RATE_HZ)
    level = 10 ** (_LEVEL_DB / 20) / np.sqrt(np.mean(noise**2))
    return np.asarray(level * noise, np.float32)


_NOISE = _noise()


class UpperBand:
    """Of one stream. ``filled`` each run of samples, in order."""

    def __init__(self) -> None:
        self._at = 0
        """Sample of the noise that comes next."""

    def filled(self, samples: Samples) -> Samples:
        """``samples`` (16 kHz) and the noise; a copy."""
        at = (self._at + np.arange(samples.size)) % _NOISE.size
        self._at = (self._at + samples.size) % _NOISE.size
        return samples + _NOISE[at]

"""A telephone's line: what a microphone picks up as it arrives at the gateway, and a caller who speaks through one.

::

    16 kHz --> gain --> + hum, noise --> 300-3400 Hz --> 8 kHz --> G.711 --> [wire] --> G.711 --> s16le of 8 kHz

The band is that of ITU-T G.712, by a linear-phase filter that delays by 4 ms; the code is ITU-T G.711.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gateway import events as ev
from gateway.telephony.line_noise import LineNoise
from speech import g711
from speech.audio import float_from_pcm, pcm_from_float, resample
from speech.g711 import Law
from speech.types import LISTEN_RATE_HZ, Samples
from tests.turn_taking.caller import Caller

LOW_HZ, HIGH_HZ = 300.0, 3400.0
DELAY_MS = 4.0
_TAPS = 2 * round(DELAY_MS * LISTEN_RATE_HZ / 1000) + 1
_MAINS_HZ = 50.0
_HARMONICS = ((1, 0.3), (3, 1.0), (5, 0.6), (7, 0.6), (9, 0.3))
"""Of the mains and how strong: an unbalanced line carries the odd ones, and a telephone passes those over 300 Hz."""


def _band() -> NDArray[np.float64]:
    """Taps of a windowed difference of two sinc low-pass filters."""
    at = np.arange(_TAPS) - _TAPS // 2

    def low_pass(hertz: float) -> NDArray[np.float64]:
        cut = 2 * hertz / LISTEN_RATE_HZ
        return np.asarray(cut * np.sinc(cut * at), np.float64)

    return (low_pass(HIGH_HZ) - low_pass(LOW_HZ)) * np.hamming(_TAPS)


@dataclass(slots=True)
class TelephoneLine:
    """One direction of one call; feed it runs of an even number of samples, in order."""

    law: Law = "ulaw"
    gain_db: float = 0.0
    """Of the handset: quiet lines have less."""
    hum_db: float | None = None
    """Level of mains hum, dBFS; None: none."""
    noise_db: float | None = None
    """Level of white noise in the band, dBFS; None: none."""
    _before: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_TAPS - 1))
    _taps: NDArray[np.float64] = field(default_factory=_band)
    _at: int = 0
    _dice: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def push(self, samples: Samples) -> bytes:
        """s16le at 8 kHz, half as many samples. Raises ``ValueError`` for an odd number."""
        if samples.size % 2:
            raise ValueError("a telephone line takes an even number of samples at a time")
        heard = samples.astype(np.float64) * 10 ** (self.gain_db / 20) + self._disturbance(samples.size)
        joined = np.concatenate([self._before, heard])
        self._before = joined[joined.size - _TAPS + 1 :]
        narrow = np.convolve(joined, self._taps, mode="valid")[::2]
        return g711.decode(g711.encode(pcm_from_float(narrow.astype(np.float32)), self.law), self.law)

    def _disturbance(self, count: int) -> NDArray[np.float64]:
        time_s = (self._at + np.arange(count)) / LISTEN_RATE_HZ
        self._at += count
        added = np.zeros(count)
        if self.hum_db is not None:
            hum = sum(share * np.sin(2 * np.pi * _MAINS_HZ * n * time_s) for n, share in _HARMONICS)
            rms = np.sqrt(sum(share**2 for _, share in _HARMONICS) / 2)
            added += np.asarray(hum) / rms * 10 ** (self.hum_db / 20)
        if self.noise_db is not None:
            added += self._dice.standard_normal(count) * 10 ** (self.noise_db / 20)
        return added


def over_the_telephone(samples: Samples, line: TelephoneLine | None = None) -> Samples:
    """A whole recording at 16 kHz through ``line`` (a new one), and at 16 kHz again."""
    even = samples[: samples.size & ~1]
    sent = (line or TelephoneLine()).push(even)
    return resample(float_from_pcm(sent), g711.RATE_HZ, LISTEN_RATE_HZ)


@dataclass(slots=True)
class PhoneCaller(Caller):
    """A ``Caller`` whose microphone is heard over a telephone line; what the bot says is timed at the loudspeaker."""

    rate_hz: ClassVar[int] = g711.RATE_HZ
    line: TelephoneLine = field(default_factory=TelephoneLine)
    _silence: LineNoise = field(default_factory=LineNoise)

    def send(self, event: ev.Inbound) -> None:
        """To the session, sound as the telephone doors hand it on."""
        if isinstance(event, ev.AudioIn):
            event = ev.AudioIn(self._silence.filled(self.line.push(float_from_pcm(event.pcm))))
        Caller.send(self, event)

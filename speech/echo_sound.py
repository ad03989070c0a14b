"""The bot's own sound, back through the microphone: told from a customer's before anything is recognised.

::

    played   ----~~^^~-~^^^~--~^~~^^-----     the last 1.2 s at the loudspeaker, and a little ahead
    heard              ..~~^^~-~^^^~..        the last 300 ms of the microphone
                       |<-lag->|              where they fit best: room, devices, network

Two measures must agree on a lag. *Waveform*: the highest peak of the cross-correlation with the phase transform (Knapp
and Carter, 1976), over its root mean square at all lags; reflections, codecs and noise lower it, unrelated speech has
none. *Envelope*: correlation of log energies in 12 mel bands, 10 ms apart, each band less its mean, at that lag.
The lag hardly changes within a call: once two echoes agree on it, the next is sought there first.

Pure numpy, about 1 ms a window. A guard for channels without echo cancellation.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from speech.types import LISTEN_RATE_HZ, Samples

Bands = NDArray[np.float32]

WINDOW_MS = 300
"""Of the microphone: with 250 and 400 ms the rates were much alike (see README)."""
REACH_MS = 900
"""An echo is at most so late."""
AHEAD_MS = 100
"""What is known of playout may lag so far behind the loudspeaker."""

_PER_MS = LISTEN_RATE_HZ // 1000
_HOP, _FRAME, _FFT = 10 * _PER_MS, 25 * _PER_MS, 512
_LOW_HZ, _HIGH_HZ, _BANDS = 200.0, 3600.0, 12
_FLOOR_DB = -45.0
"""Below the loudest band of a stretch nothing is compared."""

_PEAK, _ALIKE = 7.0, 0.6
_PEAK_NEAR, _ALIKE_NEAR = 5.0, 0.65
_NEAR_MS = 50.0
_LOUDER_DB = 8.0
"""So far above the echo that is expected somebody speaks."""
_FAINTER_DB = 3.0
"""A sound so far below the echoes so far is a pause of the bot's, or too faint to tell."""
_SILENT_DB = -75.0
_OUT_OF_BAND_DB = -15.0
_EVEN_DB = 1.0
"""A sound whose bands vary less (root mean square) has no shape to compare: a tone, a test signal."""
_TAIL_MS = 200
_KEPT = 15


class Source(StrEnum):
    """Whose sound a window of the microphone's holds."""

    BOT = "bot"
    OTHER = "other"
    """Somebody else's, whether or not the bot's is under it."""
    UNKNOWN = "unknown"
    """The bot played nothing then, or one of the two has no shape."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a window sounds like what was played."""

    peak: float
    """Of the waveforms' correlation, over its root mean square."""
    alike: float
    """Correlation of the envelopes at ``lag_ms``, -1 to 1."""
    lag_ms: float
    """Where the peak is: 0 is the end of what was played."""
    heard_db: float
    """In the band, dBFS."""
    played_db: float
    """The loudest of what the window can hold an echo of, reflections too."""


class EchoSound:
    """One session's echo: its lag and its loudness, as far as they are known."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._found: deque[Likeness] = deque(maxlen=_KEPT)
        self._lag_ms: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether this session has an echo for certain."""
        return self._lag_ms is not None

    @property
    def lag_ms(self) -> float:
        """How late the last echo came; 0 before the first."""
        return self._found[-1].lag_ms - AHEAD_MS if self._found else 0.0

    def source(self, heard: Samples, played: Samples) -> Source:
        """Whose sound ``heard`` is.

        ``heard``: the last ``WINDOW_MS`` of the microphone. ``played``: what the loudspeaker played from ``REACH_MS``
        before that on, and ``AHEAD_MS`` after it (zeros: nothing). 16 kHz.
        """
        heard_bands, played_bands = _envelope(heard), _envelope(played)
        if _is_shapeless(heard, heard_bands) or _is_shapeless(played, played_bands):
            return Source.UNKNOWN
        waveforms, envelopes = _waveforms(heard, played), _envelopes(heard_bands, played_bands)
        if self._lag_ms is not None:
            near = self._likeness(waveforms, envelopes, heard, played, self._lag_ms)
            if self._is_louder(near):
                return Source.OTHER
            if near.peak > _PEAK_NEAR and near.alike > _ALIKE_NEAR:
                return self._bot(near)
        found = self._likeness(waveforms, envelopes, heard, played, None)
        if found.peak > _PEAK and found.alike > _ALIKE:
            return self._bot(found)
        return Source.UNKNOWN if self._is_fainter(found) else Source.OTHER

    def _likeness(
        self,
        waveforms: NDArray[np.float64],
        envelopes: Bands,
        heard: Samples,
        played: Samples,
        near_ms: float | None,
    ) -> Likeness:
        """The best fit at any lag, or near one."""
        step = _PER_MS // 2
        first, last = 0, waveforms.size
        if near_ms is not None:
            first, last = max(0, round((near_ms - _NEAR_MS) * step)), round((near_ms + _NEAR_MS) * step)
        at = first + int(np.argmax(waveforms[first:last]))
        lag_ms = at / step
        hop = round(lag_ms / 10)
        end = played.size - round(lag_ms * _PER_MS)
        source = played[max(0, end - heard.size - _TAIL_MS * _PER_MS) : end]
        return Likeness(
            float(waveforms[at]),
            float(envelopes[max(0, hop - 1) : hop + 2].max()),
            lag_ms,
            _db(heard),
            _loudest_db(source),
        )

    def _bot(self, found: Likeness) -> Source:
        agreeing = [each for each in self._found if abs(each.lag_ms - found.lag_ms) < _NEAR_MS]
        self._found.append(found)
        if agreeing:
            self._lag_ms = found.lag_ms
        return Source.BOT

    def _is_louder(self, sound: Likeness) -> bool:
        gain_db = statistics.median(each.heard_db - each.played_db for each in self._found)
        return len(self._found) > 2 and sound.heard_db - sound.played_db - gain_db > _LOUDER_DB

    def _is_fainter(self, sound: Likeness) -> bool:
        if not self._found:
            return False
        return sound.heard_db < statistics.median(each.heard_db for each in self._found) - _FAINTER_DB


def _bands() -> Bands:
    """(bins, bands): which bin of a frame's spectrum belongs to which band."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOW_HZ, _HIGH_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, _BANDS + 1) / 2595) - 1)
    hz = np.fft.rfftfreq(_FFT, 1 / LISTEN_RATE_HZ)[:, None]
    of_band: Bands = ((hz >= edges[:-1]) & (hz < edges[1:])).astype(np.float32)
    return of_band


_OF_BAND = _bands()
_WINDOW = np.hanning(_FRAME).astype(np.float32)


def _envelope(samples: Samples) -> Bands:
    """(frames, bands) in dB."""
    frames = sliding_window_view(samples, _FRAME)[::_HOP] * _WINDOW
    power = np.square(np.abs(np.fft.rfft(frames, _FFT))).astype(np.float32) @ _OF_BAND
    floor = np.float32(max(float(power.max()), 1e-9) * 10 ** (_FLOOR_DB / 10))
    envelope: Bands = 10 * np.log10(power + floor)
    return envelope


def _envelopes(heard: Bands, played: Bands) -> Bands:
    """Correlation at each lag, 10 ms apart, -1 to 1."""
    shape = heard - heard.mean(0)
    windows = sliding_window_view(played, heard.shape[0], axis=0)
    windows = windows - windows.mean(2, keepdims=True)
    products = np.einsum("lbt,tb->l", windows, shape)
    power = np.square(windows).sum((1, 2)) * np.square(shape).sum()
    correlation: Bands = (products / np.sqrt(power + 1e-9))[::-1]
    return correlation


def _waveforms(heard: Samples, played: Samples) -> NDArray[np.float64]:
    """|Correlation| at each lag, 1/8 ms apart, over its root mean square."""
    size = 1 << (played.size - 1).bit_length()
    cross = np.conj(np.fft.rfft(heard * np.hanning(heard.size), size)) * np.fft.rfft(played, size)
    half = cross[: size // 4 + 1]
    hz = np.fft.rfftfreq(size, 1 / LISTEN_RATE_HZ)[: half.size]
    half = np.where((hz > _LOW_HZ) & (hz < _HIGH_HZ), half / (np.abs(half) + 1e-12), 0)
    lags = (played.size - heard.size) // 2 + 1
    correlation: NDArray[np.float64] = np.abs(np.fft.irfft(half, size // 2)[:lags][::-1])
    return correlation / float(np.sqrt(np.mean(np.square(correlation)) + 1e-20))


def _db(samples: Samples) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples)) + 1e-12)) if samples.size else -120.0


def _loudest_db(samples: Samples) -> float:
    """Of the windows in ``samples``, 100 ms apart."""
    size, step = WINDOW_MS * _PER_MS, 100 * _PER_MS
    return max(_db(samples[max(0, end - size) : end]) for end in range(samples.size, max(size, 1) - 1, -step))


def _is_silent(samples: Samples) -> bool:
    return _db(samples) < _SILENT_DB


def _is_shapeless(samples: Samples, bands: Bands) -> bool:
    """Silence, a sound beyond the band, or one that does not change."""
    spectrum = np.square(np.abs(np.fft.rfft(samples)))
    hz = np.fft.rfftfreq(samples.size, 1 / LISTEN_RATE_HZ)
    share = float(spectrum[(hz > _LOW_HZ) & (hz < _HIGH_HZ)].sum() / (spectrum.sum() + 1e-12))
    varies = float(np.sqrt(np.mean(np.square(bands - bands.mean(0)))))
    return _is_silent(samples) or share < 10 ** (_OUT_OF_BAND_DB / 10) or varies < _EVEN_DB

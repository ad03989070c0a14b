"""Constant noise made quieter before recognition: 16 kHz samples in, as many out.

A Wiener filter with the decision-directed estimate of Ephraim and Malah (IEEE Trans. ASSP 32(6), 1984) over short
spectra. The noise is what the quietest frames hold. At most 10 dB are taken away, since a recogniser trained on the
noise of the world suffers more from a damaged voice than from what is left; where noise is hardly heard nothing is
touched. Pure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from speech.types import Samples

LOUD_NOISE_DB = 25.0
"""The noise is reduced where the loud frames are less than this above the quiet ones."""
_FRAME, _HOP = 512, 128
"""32 ms and 8 ms."""
_LEAST_GAIN = 0.3
"""Amplitude, of a bin that is all noise."""
_SMOOTHING = 0.98
"""Share of the last frame in the estimate of how far the speech is above the noise."""
_QUIET_SHARE = 8
"""One frame in so many is taken for noise."""
_SILENT = 1e-9
"""Power of a frame that holds nothing: silence that was put in, not heard."""


def without_noise(samples: Samples) -> Samples:
    """``samples`` with their constant noise reduced; the very same where there is little of it."""
    if samples.size < 2 * _FRAME:
        return samples
    window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
    padded = np.pad(samples, (_FRAME, _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectra = np.fft.rfft(frames * window, axis=1)
    power = np.abs(spectra) ** 2
    heard = np.flatnonzero(power.sum(axis=1) > _SILENT)
    if heard.size < _QUIET_SHARE or ratio_db(power[heard]) >= LOUD_NOISE_DB:
        return samples
    loudness = power[heard].sum(axis=1)
    quiet = heard[np.argsort(loudness)[: max(5, heard.size // _QUIET_SHARE)]]
    gains = _gains(power, power[quiet].mean(axis=0) + 1e-12)
    return _joined(np.fft.irfft(spectra * gains, axis=1) * window, window, samples.size)


def ratio_db(power: NDArray[np.floating]) -> float:
    """How far the loud frames of ``power`` [frames, bins] are above the quiet ones."""
    loudness = power.sum(axis=1)
    loud, quiet = np.quantile(loudness, 0.9), np.quantile(loudness, 0.08)
    return float(10 * np.log10(loud / max(quiet, 1e-20)))


def _gains(power: NDArray[np.floating], noise: NDArray[np.floating]) -> NDArray[np.floating]:
    gains = np.empty_like(power)
    before = np.ones_like(noise)
    for at, frame in enumerate(power / noise):
        above = _SMOOTHING * before + (1 - _SMOOTHING) * np.maximum(frame - 1, 0)
        gains[at] = np.maximum(above / (1 + above), _LEAST_GAIN)
        before = gains[at] ** 2 * frame
    return gains


def _joined(frames: NDArray[np.floating], window: NDArray[np.float32], size: int) -> Samples:
    """Overlap-add; what the windows add up to is divided out."""
    whole = np.zeros(len(frames) * _HOP + _FRAME)
    weight = np.zeros_like(whole)
    for at, frame in enumerate(frames):
        whole[at * _HOP : at * _HOP + _FRAME] += frame
        weight[at * _HOP : at * _HOP + _FRAME] += window**2
    return np.asarray((whole / np.maximum(weight, 1e-3))[_FRAME : _FRAME + size], np.float32)

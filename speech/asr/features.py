"""Whisper's log-mel features of speech with silence after it, without computing the silence.

Equal to faster_whisper's extractor over padded samples (largest difference 1e-6): its frames of silence are one
constant. The filter bank is applied without BLAS, whose threads would spin on the cores that decode.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from speech.types import Samples

HOP = 160
"""Samples a frame: 10 ms."""
_FFT = 400
_FLOOR = 1e-10
_RANGE = 8.0
"""Decades below the loudest bin that are kept."""


class LogMel:
    """Features as the loaded model wants them. Immutable, so threads may share it."""

    def __init__(self, filters: NDArray[np.float32]) -> None:
        """``filters`` [mels, bins]: the model's mel filter bank; every row has one run of non-zero weights."""
        mels, self._bins = np.nonzero(filters)
        self._weights = np.ascontiguousarray(filters[mels, self._bins], np.float32)[:, np.newaxis]
        self._firsts = np.searchsorted(mels, np.arange(filters.shape[0]))
        self._window = np.hanning(_FFT + 1)[:-1].astype(np.float32)

    def __call__(self, samples: Samples, frames: int) -> NDArray[np.float32]:
        """[mels, frames] of 16 kHz ``samples`` and silence; what is longer is cut off. ``samples`` is not empty."""
        audible = samples[: frames * HOP]
        spectrum = self._log(np.pad(audible, (0, _FFT + HOP)))
        # The loudest bin of the whole input sets the floor; silence is below it or at it.
        floor = max(float(np.log10(_FLOOR)), float(spectrum.max()) - _RANGE)
        features = np.full((spectrum.shape[0], frames), floor, np.float32)
        known = min(frames, spectrum.shape[1])
        np.maximum(spectrum[:, :known], floor, out=features[:, :known])
        return (features + np.float32(4)) / np.float32(4)

    def _log(self, padded: Samples) -> NDArray[np.float32]:
        """Log10 of the mel spectrum, one column every 10 ms, centred as by ``torch.stft``."""
        centred = np.pad(padded, (_FFT // 2, 0), mode="reflect")
        count = (centred.size - _FFT) // HOP + 1
        windows = np.lib.stride_tricks.sliding_window_view(centred, _FFT)[::HOP][:count]
        power = np.abs(np.fft.rfft(windows * self._window, axis=1)).astype(np.float32).T ** 2
        mel = np.add.reduceat(power[self._bins] * self._weights, self._firsts, axis=0)
        return np.log10(np.maximum(mel, np.float32(_FLOOR)))

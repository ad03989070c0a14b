"""Constant noise is reduced where it is loud, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

from speech.asr.noise import without_noise
from speech.types import Samples

RATE = 16_000


def _voice(noise_db: float) -> Samples:
    """A second of harmonics between two of quiet, with white noise so far below it."""
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 150 * part * time) / part for part in range(1, 12))
    speech = np.concatenate([np.zeros(RATE), tone, np.zeros(RATE)]).astype(np.float32)
    speech *= np.float32(0.1 / np.sqrt(np.mean(np.square(tone))))
    noise = np.random.default_rng(7).standard_normal(speech.size)
    return (speech + 0.1 * 10 ** (-noise_db / 20) * noise).astype(np.float32)


def _level_db(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples.astype(np.float64)))) + 1e-12))


def test_loud_noise_becomes_quieter_and_the_voice_stays() -> None:
    noisy = _voice(12)
    clean = without_noise(noisy)
    assert clean.size == noisy.size
    assert clean.dtype == np.float32
    pause, voice = slice(2000, 14_000), slice(RATE + 2000, 2 * RATE - 2000)
    assert _level_db(noisy[pause]) - _level_db(clean[pause]) > 6
    assert abs(_level_db(noisy[voice]) - _level_db(clean[voice])) < 1


def test_little_noise_is_left_alone() -> None:
    fair = _voice(35)
    assert without_noise(fair) is fair


@pytest.mark.parametrize("size", [0, 100, 1023, 1024, 5000])
@pytest.mark.parametrize("level", [0.0, 0.1])
def test_takes_any_length(size: int, level: float) -> None:
    samples = (level * np.random.default_rng(1).standard_normal(size)).astype(np.float32)
    clean = without_noise(samples)
    assert clean.size == size
    assert np.isfinite(clean).all()


def test_silence_that_was_put_in_is_no_noise() -> None:
    noisy = np.concatenate([np.zeros(8000, np.float32), _voice(12), np.zeros(8000, np.float32)])
    assert _level_db(without_noise(noisy)[10_000:20_000]) < _level_db(noisy[10_000:20_000]) - 6

"""The noise above a telephone's band: where it lies and how loud it is."""

from __future__ import annotations

import numpy as np
import pytest

from speech.upper_band import UpperBand

SECOND = 16_000


def test_the_noise_is_faint_and_lies_above_the_band_only() -> None:
    noise = UpperBand().filled(np.zeros(3 * SECOND, np.float32))
    assert 20 * np.log10(np.sqrt(np.mean(noise**2))) == pytest.approx(-54, abs=0.1)
    spectrum = np.abs(np.fft.rfft(noise * np.hanning(noise.size)))
    hertz = np.fft.rfftfreq(noise.size, 1 / SECOND)
    assert spectrum[hertz < 4150].max() < spectrum[hertz > 4250].mean() / 1000


def test_how_the_sound_is_cut_makes_no_difference() -> None:
    samples = np.random.default_rng(5).standard_normal(2 * SECOND + 77).astype(np.float32)
    whole, pieces = UpperBand(), UpperBand()
    cut = [pieces.filled(samples[at : at + 333]) for at in range(0, samples.size, 333)]
    assert np.array_equal(np.concatenate(cut), whole.filled(samples))


def test_the_sound_itself_is_left_as_it_came() -> None:
    samples = np.zeros(320, np.float32)
    assert UpperBand().filled(samples).dtype == np.float32
    assert not samples.any()

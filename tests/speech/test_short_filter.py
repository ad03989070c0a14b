"""The filter between 8 kHz and its multiples: what passes, what does not, and that nothing moves in time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from speech.short_filter import ShortFilter, fits

RATES = [(8000, 16000), (8000, 24000), (8000, 48000), (16000, 8000), (24000, 8000), (48000, 8000)]


def through(from_hz: int, to_hz: int, samples: NDArray[np.int16], step: int = 160) -> NDArray[np.int16]:
    stream = ShortFilter(from_hz, to_hz)
    parts = [stream.push(samples[at : at + step]) for at in range(0, samples.size, step)]
    return np.concatenate([*parts, stream.flush()])


def tone(hertz: float, rate_hz: int, seconds: float = 0.5) -> NDArray[np.int16]:
    wave = 12_000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.rint(wave).astype(np.int16)


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
@pytest.mark.parametrize("hertz", [300, 1000, 3400])
def test_what_a_telephone_carries_comes_out_the_same_at_the_same_time(from_hz: int, to_hz: int, hertz: float) -> None:
    out, wanted = through(from_hz, to_hz, tone(hertz, from_hz)), tone(hertz, to_hz)
    assert out.size == wanted.size
    edge = to_hz // 100
    assert np.abs(out[edge:-edge].astype(int) - wanted[edge:-edge]).max() <= 30


@pytest.mark.parametrize("from_hz", [16000, 24000, 48000])
def test_what_8_khz_cannot_hold_is_not_folded_into_it(from_hz: int) -> None:
    out = through(from_hz, 8000, tone(5000, from_hz))
    assert np.abs(out[80:-80].astype(int)).max() <= 12


@pytest.mark.parametrize("to_hz", [16000, 24000, 48000])
def test_no_mirror_image_above_the_band(to_hz: int) -> None:
    out = through(8000, to_hz, tone(3000, 8000, 1.0))
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    hertz = np.fft.rfftfreq(out.size, 1 / to_hz)
    assert spectrum[hertz > 4200].max() < spectrum.max() / 1000


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_cuts_change_nothing_and_a_flush_begins_anew(from_hz: int, to_hz: int) -> None:
    samples = tone(700, from_hz, 0.1)[: from_hz // 10 - 7]
    whole = through(from_hz, to_hz, samples, samples.size)
    assert np.array_equal(whole, through(from_hz, to_hz, samples, 13))
    assert whole.size == -(-samples.size * to_hz // from_hz)
    again = ShortFilter(from_hz, to_hz)
    again.push(samples)
    again.flush()
    assert np.array_equal(np.concatenate([again.push(samples), again.flush()]), whole)


def test_a_sound_too_loud_for_the_filter_is_clipped_not_wrapped() -> None:
    square = np.where(np.arange(800) % 40 < 20, 32767, -32768).astype(np.int16)
    out = through(8000, 16000, square)
    assert out.max() == 32767
    assert out.min() == -32768
    assert not np.any((out[:-1] > 20_000) & (out[1:] < -20_000))


def test_other_rates_are_for_others() -> None:
    assert not fits(24000, 16000)
    assert not fits(8000, 22050)
    assert not fits(8000, 8000)
    with pytest.raises(ValueError, match="no short filter"):
        ShortFilter(44100, 8000)

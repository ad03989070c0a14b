"""The telephone line of the suite: its band, its code, its disturbances."""

from __future__ import annotations

import numpy as np
import pytest

from speech import g711
from speech.audio import float_from_pcm
from speech.types import LISTEN_RATE_HZ, Samples
from tests.turn_taking.telephone import DELAY_MS, TelephoneLine, over_the_telephone


def tone(hertz: float, level: float = 0.1) -> Samples:
    return (level * np.sin(2 * np.pi * hertz * np.arange(LISTEN_RATE_HZ) / LISTEN_RATE_HZ)).astype(np.float32)


def level_db(pcm: bytes) -> float:
    samples = float_from_pcm(pcm)[800:-800]
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) + 1e-9))


@pytest.mark.parametrize("hertz", [600, 1000, 3000])
def test_speech_passes(hertz: float) -> None:
    assert level_db(TelephoneLine().push(tone(hertz))) == pytest.approx(-23, abs=0.5)


@pytest.mark.parametrize("hertz", [60, 4500, 6000])
def test_what_lies_outside_of_the_band_does_not(hertz: float) -> None:
    assert level_db(TelephoneLine().push(tone(hertz))) < -45


def test_frames_make_the_same_as_the_whole_and_all_of_it_is_code_words() -> None:
    noise = (np.random.default_rng(1).standard_normal(3200) * 0.05).astype(np.float32)
    whole, pieces = TelephoneLine(), TelephoneLine()
    sent = b"".join(pieces.push(noise[at : at + 320]) for at in range(0, 3200, 320))
    assert sent == whole.push(noise)
    assert g711.decode(g711.encode(sent, "ulaw"), "ulaw") == sent
    with pytest.raises(ValueError, match="even"):
        whole.push(noise[:3])


def test_it_delays_as_it_says_and_the_way_back_does_not() -> None:
    click = np.zeros(LISTEN_RATE_HZ, np.float32)
    click[8000] = 0.9
    heard = over_the_telephone(click)
    assert heard.size == click.size
    assert np.argmax(np.abs(heard)) - 8000 == pytest.approx(DELAY_MS * 16, abs=2)


def test_quiet_hum_and_hiss() -> None:
    assert level_db(TelephoneLine(gain_db=-20).push(tone(1000))) == pytest.approx(-43, abs=0.7)
    silence = np.zeros(LISTEN_RATE_HZ, np.float32)
    assert -46 < level_db(TelephoneLine(noise_db=-38).push(silence)) < -38
    humming = float_from_pcm(TelephoneLine(hum_db=-30).push(silence))
    spectrum = np.abs(np.fft.rfft(humming))
    assert int(np.argmax(spectrum)) in {250, 350, 450}

"""What a telephone line leaves of a sound."""

import numpy as np

from dialogue.evaluate.telephone import over_the_line, pronounced
from speech.types import LISTEN_RATE_HZ, Samples


def tone(hertz: float) -> Samples:
    """One second."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(LISTEN_RATE_HZ) / LISTEN_RATE_HZ)).astype(np.float32)


def loudness_at(samples: Samples, hertz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples[:LISTEN_RATE_HZ]))
    return float(spectrum[hertz - 5 : hertz + 5].max() / len(samples))


def test_only_the_band_of_the_telephone_comes_through() -> None:
    heard = over_the_line(tone(1000) + tone(100) + tone(6000))
    assert loudness_at(heard, 1000) > 0.1
    assert loudness_at(heard, 100) < 0.01 > loudness_at(heard, 6000)


def test_quantisation_is_heard_and_small() -> None:
    heard = over_the_line(tone(1000))
    clean = over_the_line(tone(1000)) / np.max(np.abs(heard))
    noise = clean - tone(1000)[: len(clean)] / 0.5
    middle = slice(4000, 12_000)
    assert 1e-5 < float(np.mean(noise[middle] ** 2)) < 0.05


def test_what_is_spelt_for_the_eye_is_said_for_the_ear() -> None:
    assert pronounced("My email is ann.lee4711@example.com.") == "My email is ann dot lee 4 7 1 1 at example dot com."
    assert pronounced("Order #W1234567, please.") == "Order  W 1 2 3 4 5 6 7, please."
    assert pronounced("Use my gift_card_123456.") == "Use my gift card 1 2 3 4 5 6."
    assert pronounced("It costs 12.50, size 4.") == "It costs 12.50, size 4."

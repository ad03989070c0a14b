"""The bot's sound told from somebody else's, on made-up syllables."""

from __future__ import annotations

import numpy as np
import pytest

from speech.echo_sound import AHEAD_MS, REACH_MS, WINDOW_MS, EchoSound, Source
from speech.types import LISTEN_RATE_HZ, Samples
from tests.speech_sounds import echo_of, syllables

PER_MS = LISTEN_RATE_HZ // 1000
BOT = syllables(6, 1)


def at(sound: EchoSound, heard: Samples, played: Samples, end_ms: int) -> Source:
    """The window that ends there, with all that is known of playout then."""
    first, last = (end_ms - WINDOW_MS - REACH_MS) * PER_MS, (end_ms + AHEAD_MS) * PER_MS
    return sound.source(heard[(end_ms - WINDOW_MS) * PER_MS : end_ms * PER_MS], played[first:last])


def found(heard: Samples, played: Samples = BOT, sound: EchoSound | None = None) -> list[Source]:
    """Windows of four seconds, 100 ms apart."""
    sound = sound or EchoSound()
    return [at(sound, heard, played, end_ms) for end_ms in range(1500, 5500, 100)]


@pytest.mark.parametrize("gain_db", [-10, -20, -30])
@pytest.mark.parametrize("delay_ms", [0, 150, 300, 700])
def test_the_bots_sound_that_comes_back_late_and_quiet_is_the_bots(delay_ms: int, gain_db: float) -> None:
    sound = EchoSound()
    sources = found(echo_of(BOT, delay_ms, gain_db), sound=sound)
    assert sources[0] is Source.BOT
    assert sources.count(Source.OTHER) <= 2
    assert sound.lag_ms == pytest.approx(delay_ms, abs=2)


def test_through_a_room_too() -> None:
    sound = EchoSound()
    sources = found(echo_of(BOT, 180, -20, room=True), sound=sound)
    assert sources.count(Source.BOT) >= 30
    assert sound.is_known


def test_somebody_elses_speech_is_not_the_bots() -> None:
    sources = [source for seed in range(2, 6) for source in found(syllables(6, seed))]
    assert sources.count(Source.BOT) <= 0.02 * len(sources)


def test_one_echo_is_not_enough_to_know_the_lag() -> None:
    sound = EchoSound()
    heard = echo_of(BOT, 150, -20)
    at(sound, heard, BOT, 2000)
    assert not sound.is_known
    at(sound, heard, BOT, 2200)
    assert sound.is_known


def test_a_customer_over_the_echo_is_somebody_else() -> None:
    sound = EchoSound()
    echo = echo_of(BOT, 150, -20)
    found(echo, sound=sound)
    sources = found(echo + syllables(6, 7, level_db=-22), sound=sound)
    assert sources.count(Source.OTHER) >= 30


def test_a_pause_of_the_bots_is_nobody() -> None:
    sound = EchoSound()
    dice = np.random.default_rng(3)
    found(echo_of(BOT, 150, -20), sound=sound)
    rustle = dice.standard_normal(BOT.size).astype(np.float32) * np.float32(0.001)
    assert Source.OTHER not in found(rustle, sound=sound)


@pytest.mark.parametrize(
    "shapeless",
    [
        np.zeros(BOT.size, np.float32),
        np.full(BOT.size, 0.5, np.float32),
        np.where(np.arange(BOT.size) % 2, 0.1, -0.1).astype(np.float32),
        np.sin(np.arange(BOT.size) * 0.3).astype(np.float32),
    ],
    ids=["silence", "constant", "alternating", "tone"],
)
def test_what_has_no_shape_tells_nothing(shapeless: Samples) -> None:
    assert set(found(shapeless)) == {Source.UNKNOWN}
    assert set(found(BOT, shapeless)) == {Source.UNKNOWN}

"""Utterances over the bot that are the bot, and customers who speak over its echo."""

from __future__ import annotations

from speech.echo_sound import AHEAD_MS, REACH_MS, WINDOW_MS
from speech.echo_watch import EchoWatch
from speech.types import LISTEN_RATE_HZ, Samples
from tests.speech_sounds import echo_of, syllables

PER_MS = LISTEN_RATE_HZ // 1000
BOT = syllables(8, 1)
ECHO = echo_of(BOT, 150, -20)
CUSTOMER = syllables(8, 9, level_db=-22)


def hear(watch: EchoWatch, heard: Samples, from_ms: int, to_ms: int) -> int | None:
    """When the sound may hold the bot; None: not in this stretch."""
    for now_ms in range(from_ms, to_ms, 20):
        if watch.is_due(now_ms):
            window = heard[(now_ms - WINDOW_MS) * PER_MS : now_ms * PER_MS]
            played = BOT[(now_ms - WINDOW_MS - REACH_MS) * PER_MS : (now_ms + AHEAD_MS) * PER_MS]
            if watch.hear(now_ms, window, played):
                return now_ms
    return None


def test_a_customer_holds_at_once_where_there_is_no_echo() -> None:
    watch = EchoWatch()
    watch.began(1)
    assert not watch.is_on
    assert hear(watch, CUSTOMER, 1500, 3000) == 1500
    assert not watch.is_echo(1, 1500)


def test_an_echo_does_not_hold_and_is_one_whatever_its_words() -> None:
    watch = EchoWatch()
    watch.began(1)
    assert hear(watch, ECHO, 1500, 4000) is None
    assert watch.is_on
    assert watch.is_echo(1, 4000)
    assert not watch.is_echo(2, 4000)


def test_a_customer_over_the_echo_holds_soon() -> None:
    watch = EchoWatch()
    watch.began(1)
    assert hear(watch, ECHO, 1500, 4000) is None
    held_ms = hear(watch, ECHO + CUSTOMER, 4000, 6000)
    assert held_ms is not None
    assert held_ms <= 4400
    watch.began(2)
    held_ms = hear(watch, ECHO + CUSTOMER, 6000, 7000)
    assert held_ms is not None
    assert held_ms <= 6300


def test_an_utterance_that_goes_on_after_the_echo_holds_words() -> None:
    watch = EchoWatch()
    watch.began(1)
    hear(watch, ECHO, 1500, 4000)
    assert watch.is_echo(1, 4200)
    assert not watch.is_echo(1, 4700)


def test_only_the_last_utterances_are_remembered() -> None:
    watch = EchoWatch()
    watch.began(1)
    hear(watch, ECHO, 1500, 2500)
    for utterance_id in range(2, 20):
        watch.began(utterance_id)
    assert not watch.is_echo(1, 2500)

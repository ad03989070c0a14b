from __future__ import annotations

import pytest

from speech.foreground import Foreground, Voice

WINDOW_MS = 32


def hear(foreground: Foreground, db: float, windows: int, *, inside: bool, probability: float = 0.9) -> list[Voice]:
    """The judgements of so many windows of one level."""
    power = 10 ** (db / 10)
    return [foreground.push(power, WINDOW_MS, probability, in_utterance=inside) for _ in range(windows)]


def after_speech(db: float = -20) -> Foreground:
    """A customer has spoken for a second, and is silent."""
    foreground = Foreground()
    hear(foreground, db, 1, inside=False)
    hear(foreground, db, 30, inside=True)
    hear(foreground, -80, 5, inside=False, probability=0.01)
    return foreground


def test_the_first_voice_is_near_whatever_its_level() -> None:
    assert set(hear(Foreground(), -50, 20, inside=False)) == {Voice.NEAR}


@pytest.mark.parametrize(("db", "voice"), [(-20, Voice.NEAR), (-30, Voice.NEAR), (-40, Voice.BEHIND)])
def test_a_voice_far_below_the_customers_is_behind(db: float, voice: Voice) -> None:
    assert hear(after_speech(), db, 10, inside=False)[-1] is voice


def test_one_who_has_stepped_back_is_near_again_after_a_while() -> None:
    foreground = after_speech()
    hear(foreground, -80, 5000 // WINDOW_MS, inside=False, probability=0.01)
    heard = hear(foreground, -40, 100, inside=False)
    assert heard[0] is Voice.BEHIND
    assert heard[-1] is Voice.NEAR


def test_what_goes_on_behind_an_utterance_is_no_part_of_it() -> None:
    foreground = Foreground()
    hear(foreground, -20, 30, inside=True)
    assert hear(foreground, -37, 10, inside=True)[-1] is Voice.BEHIND
    assert hear(foreground, -28, 10, inside=True)[-1] is Voice.NEAR


def test_a_consonant_is_no_pause() -> None:
    foreground = Foreground()
    hear(foreground, -20, 30, inside=True)
    assert hear(foreground, -40, 1, inside=True) == [Voice.NEAR]


def test_a_nearer_voice_begins_an_utterance_of_its_own() -> None:
    foreground = Foreground()
    hear(foreground, -37, 30, inside=True)
    assert Voice.NEARER in hear(foreground, -20, 3, inside=True)


def test_a_nearer_voice_may_rise() -> None:
    foreground = Foreground()
    hear(foreground, -37, 30, inside=True)
    assert Voice.NEARER in [
        voice for db in (-34, -31, -28, -25, -22, -20) for voice in hear(foreground, db, 1, inside=True)
    ]


def test_an_utterance_may_grow_louder_in_its_beginning() -> None:
    foreground = Foreground()
    hear(foreground, -37, 5, inside=True)
    assert Voice.NEARER not in hear(foreground, -20, 3, inside=True)


def test_noise_is_no_nearer_voice() -> None:
    foreground = Foreground()
    hear(foreground, -37, 30, inside=True)
    assert Voice.NEARER not in hear(foreground, -20, 3, inside=True, probability=0.2)

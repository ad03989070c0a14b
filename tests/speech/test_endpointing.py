from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.endpointing import (
    Ended,
    EndpointConfig,
    Endpointer,
    EndpointEvent,
    Paused,
    Resumed,
    Started,
    sounds_unfinished,
)
from speech.types import EndpointHint

WINDOW_MS = 32
LEVELS = {"#": 0.9, "=": 0.4, ".": 0.1}
FREE = EndpointHint()


def hear(script: str, hint: EndpointHint = FREE, endpointer: Endpointer | None = None, text: str = "") -> list[str]:
    """``"4# 20."`` is four windows of speech and twenty of silence; ``=`` lies between the thresholds.

    ``text`` is recognised at the first pause.
    """
    endpointer = endpointer or Endpointer()
    events: list[EndpointEvent] = []
    levels = [LEVELS[word[-1]] for word in script.split() for _ in range(int(word[:-1] or 1))]
    for index, level in enumerate(levels):
        new = endpointer.push(index * WINDOW_MS, WINDOW_MS, level, hint)
        events += new
        if text and any(isinstance(event, Paused) for event in new):
            endpointer.hear_text(text)
            text = ""
    return [show(event) for event in events]


def show(event: EndpointEvent) -> str:
    match event:
        case Started(at) | Paused(at) | Resumed(at):
            return f"{type(event).__name__} {at / WINDOW_MS:g}"
        case Ended(end, decided):
            return f"Ended {end / WINDOW_MS:g} {decided / WINDOW_MS:g}"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("50.", []),
        ("2# 50.", []),
        ("# . # 50.", []),
        ("# 2. # 2. # 2. # 50.", []),
        ("5. 3#", ["Started 5"]),
        ("# . 2#", ["Started 0"]),
        ("3# 7.", ["Started 0", "Paused 3"]),
        ("3# 17.", ["Started 0", "Paused 3"]),
        ("3# 18.", ["Started 0", "Paused 3", "Ended 3 21"]),
        ("3# 6. 3# 6.", ["Started 0"]),
        ("3# 10. # 10.", ["Started 0", "Paused 3", "Ended 3 21"]),
        ("3# 10. 2# 18.", ["Started 0", "Paused 3", "Resumed 13", "Paused 15", "Ended 15 33"]),
        ("3# 17. 1# 1.", ["Started 0", "Paused 3", "Ended 3 22"]),
        ("3= 50.", []),
        ("3# 40=", ["Started 0"]),
        ("3# 7. 40=", ["Started 0", "Paused 3", "Ended 3 21"]),
        ("3# 18. 4# 18.", ["Started 0", "Paused 3", "Ended 3 21", "Started 21", "Paused 25", "Ended 25 43"]),
    ],
)
def test_timeline(script: str, expected: list[str]) -> None:
    assert hear(script) == expected


@pytest.mark.parametrize(
    ("hint", "waits_ms"),
    [(EndpointHint("yes_no"), 450), (EndpointHint("free"), 550), (EndpointHint("digits", 11), 1200)],
)
def test_what_is_expected_sets_the_wait(hint: EndpointHint, waits_ms: float) -> None:
    windows = -(-waits_ms // WINDOW_MS)
    assert hear(f"3# {windows - 1}.", hint)[-1] == "Paused 3"
    assert hear(f"3# {windows}.", hint)[-1] == f"Ended 3 {3 + windows}"


@pytest.mark.parametrize(
    "text", ["我想查一下订单，然后", "因为", "就是那个…", "I want to return it and", "It broke, but..."]
)
def test_unfinished_words_lengthen_the_wait(text: str) -> None:
    assert sounds_unfinished(text)
    assert hear("3# 31.", text=text)[-1] == "Paused 3"
    assert hear("3# 32.", text=text)[-1] == "Ended 3 35"


@pytest.mark.parametrize("text", ["", "我的订单什么时候到？", "Where is my brand", "no, thanks.", "退款"])
def test_other_words_change_nothing(text: str) -> None:
    assert not sounds_unfinished(text)
    assert hear("3# 18.", text=text)[-1] == "Ended 3 21"


def test_unfinished_words_never_shorten_a_longer_wait() -> None:
    assert hear("3# 37.", EndpointHint("digits"), text="然后")[-1] == "Paused 3"


def test_unfinished_words_are_forgotten_when_speech_goes_on() -> None:
    assert hear("3# 7. 5# 18.", text="然后")[-1] == "Ended 15 33"


def test_sixty_seconds_without_a_pause_end_at_the_maximum() -> None:
    events = hear("1875#")
    assert events == ["Started 0", "Ended 938 938", "Started 938"]


def test_flush_ends_the_utterance_in_progress() -> None:
    endpointer = Endpointer()
    assert endpointer.flush() is None
    hear("3# 2.", endpointer=endpointer)
    assert endpointer.flush() == Ended(3 * WINDOW_MS, 5 * WINDOW_MS)
    assert endpointer.flush() is None


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from("#=.")), max_size=40))
def test_events_always_nest(runs: list[tuple[int, str]]) -> None:
    config = EndpointConfig(max_utterance_ms=2000)
    endpointer = Endpointer(config)
    state, previous_end, start, now = "idle", 0.0, 0.0, 0.0
    for count, kind in runs:
        for _ in range(count):
            for event in endpointer.push(now, WINDOW_MS, LEVELS[kind]):
                match event:
                    case Started(at):
                        assert state == "idle"
                        assert previous_end <= at <= now
                        state, start = "speaking", at
                    case Paused(at):
                        assert state == "speaking"
                        assert start < at <= now
                        state = "paused"
                    case Resumed():
                        assert state == "paused"
                        state = "speaking"
                    case Ended(end, decided):
                        assert state in {"speaking", "paused"}
                        assert start < end <= decided == now + WINDOW_MS
                        assert decided - start <= config.max_utterance_ms + WINDOW_MS
                        state, previous_end = "idle", end
            now += WINDOW_MS
    assert endpointer.in_utterance == (state != "idle")

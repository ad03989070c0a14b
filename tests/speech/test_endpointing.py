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
)
from speech.types import EndpointHint

WINDOW_MS = 32
LEVELS = {"#": 0.9, "=": 0.4, "~": 0.2, ".": 0.1}
FREE = EndpointHint()
ORDER = EndpointHint("digits", 11)


def hear(
    script: str, hint: EndpointHint = FREE, endpointer: Endpointer | None = None, texts: dict[int, str] | None = None
) -> list[str]:
    """``"4# 20."`` is four windows of speech and twenty of silence; ``=`` lies between the thresholds, ``~`` below.

    ``texts`` are recognised after so many windows.
    """
    endpointer = endpointer or Endpointer()
    events: list[EndpointEvent] = []
    levels = [LEVELS[word[-1]] for word in script.split() for _ in range(int(word[:-1] or 1))]
    for index, level in enumerate(levels):
        events += endpointer.push(index * WINDOW_MS, WINDOW_MS, level, hint)
        if texts and index + 1 in texts:
            events += endpointer.hear_text(texts[index + 1])
    return [show(event) for event in events]


def waits(text: str | None, hint: EndpointHint = FREE, *, speech: int = 40, murky: int = 0) -> int:
    """Windows of silence that end an utterance whose words are ``text``; None: not recognised."""
    texts = {} if text is None else {speech + 6: text}
    events = hear(f"{speech}# {murky}~ 100.".replace(" 0~", ""), hint, texts=texts)
    return int(events[-1].split()[2]) - speech


def windows(ms: float) -> int:
    return -(-round(ms) // WINDOW_MS)


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
        # a soft beginning counts back to where it rose, three windows at most
        ("5. 2= 3#", ["Started 5"]),
        ("5. 6= 3#", ["Started 8"]),
        ("5. = . 3#", ["Started 7"]),
        ("3# 5.", ["Started 0", "Paused 3"]),
        ("3# 18.", ["Started 0", "Paused 3"]),
        ("3# 19.", ["Started 0", "Paused 3", "Ended 3 22"]),
        ("3# 4. 3# 4.", ["Started 0"]),
        ("3# 10. # 10.", ["Started 0", "Paused 3", "Ended 3 22"]),
        ("3# 10. 2# 19.", ["Started 0", "Paused 3", "Resumed 13", "Paused 15", "Ended 15 34"]),
        ("3# 18. 1# 1.", ["Started 0", "Paused 3", "Ended 3 23"]),
        ("3= 50.", []),
        ("3# 40=", ["Started 0"]),
        ("3# 19. 4# 19.", ["Started 0", "Paused 3", "Ended 3 22", "Started 22", "Paused 26", "Ended 26 45"]),
    ],
)
def test_timeline(script: str, expected: list[str]) -> None:
    assert hear(script) == expected


CONFIRM = EndpointHint("yes_no")
ADDRESS = EndpointHint("address")
OVERLAP = EndpointHint(overlap=True)


@pytest.mark.parametrize(
    ("hint", "text", "wait_ms"),
    [
        (FREE, None, 600),
        (FREE, "", 600),
        (FREE, "黑色那双", 600),
        (FREE, "我的订单什么时候到？", 400),
        (FREE, "Where is my order?", 400),
        (FREE, "我想查一下订单，然后", 1200),
        (FREE, "It broke, but...", 1200),
        (FREE, "是的", 600),
        (CONFIRM, "是的", 350),
        (CONFIRM, "yes please", 350),
        (CONFIRM, "是的，因为", 1200),
        (FREE, "What happens if?", 1200),
        (CONFIRM, "尺码偏小", 600),
        (CONFIRM, None, 600),
        # a number asked for
        (ORDER, None, 2200),
        (ORDER, "", 2200),
        (ORDER, "一三八零零", 2200),
        (ORDER, "138 0013 8000", 350),
        (ORDER, "138 0013 8000 13", 1200),
        (ORDER, "one three eight double oh one three eight double zero six", 350),
        (ORDER, "一三八零零一三八零零零，不对", 2200),
        (ORDER, "嗯，我看一下", 2200),
        (ORDER, "我的手机号是", 2200),
        (ORDER, "我不知道订单号", 600),
        (ORDER, "I don't know", 400),
        (ORDER, "订单号在哪看啊", 400),
        (EndpointHint("digits"), "一三八零零", 2200),
        (EndpointHint("digits"), "13800138000", 1200),
        (ORDER, "移生吧", 2200),
        (EndpointHint("digits", 8, check_after=""), "一零零零二零九五", 350),
        (EndpointHint("digits", 8, check_after=""), "一零零零零二零九", 1200),
        (EndpointHint("digits", 4, check_after="1000"), "二零九五", 350),
        # a number volunteered
        (FREE, "我手机号移生吧", 2200),
        (FREE, "我手机号一三八零零一三八", 2200),
        (FREE, "我的订单号一三八零零一三八", 600),
        (FREE, "我的手机号一三八", 2200),
        (CONFIRM, "my order is one three nine oh", 2200),
        (FREE, "13902847561", 600),
        (FREE, "我花了300", 600),
        (FREE, "138是尾号吗", 400),
        # an address
        (ADDRESS, None, 1400),
        (ADDRESS, "杭州市西湖区", 1400),
        (ADDRESS, "杭州市西湖区文三路的", 1400),
        (ADDRESS, "不用改了", 600),
    ],
)
def test_words_and_expectation_set_the_wait(hint: EndpointHint, text: str | None, wait_ms: float) -> None:
    assert waits(text, hint) == windows(wait_ms)


@pytest.mark.parametrize(
    ("hint", "speech", "text", "wait_ms"),
    [
        (OVERLAP, 12, None, 300),
        (OVERLAP, 12, "嗯", 300),
        (OVERLAP, 12, "等一下", 300),
        (OVERLAP, 40, None, 600),
        (OVERLAP, 40, "我想", 1200),
        (EndpointHint("digits", 4, overlap=True), 12, "一三八", 2200),
        (EndpointHint("digits", 4, overlap=True), 12, None, 600),
        (EndpointHint("digits", 4, overlap=True), 12, "嗯", 300),
    ],
)
def test_short_words_over_the_bot_end_soon(hint: EndpointHint, speech: int, text: str | None, wait_ms: float) -> None:
    assert waits(text, hint, speech=speech) == windows(wait_ms)


def test_words_that_come_late_end_the_utterance_at_once() -> None:
    assert hear("3# 16.", texts={3 + 16: "我要退货"})[-1] == "Ended 3 19"
    assert hear("3# 8.", texts={3 + 8: "我要退货"})[-1] == "Paused 3"


def test_words_being_decoded_are_waited_for_but_not_for_ever() -> None:
    endpointer = Endpointer()
    hear("3# 6.", endpointer=endpointer)
    endpointer.expect_text()

    def silence(first: int, last: int) -> list[str]:
        return [show(e) for at in range(first, last) for e in endpointer.push(at * WINDOW_MS, WINDOW_MS, 0.1)]

    assert silence(9, 3 + windows(1200) - 1) == []
    assert silence(3 + windows(1200) - 1, 3 + windows(1200)) == ["Ended 3 41"]


def test_a_decode_that_fails_is_not_waited_for() -> None:
    endpointer = Endpointer()
    hear("3# 20.", endpointer=endpointer, texts={9: "然后"})
    endpointer.expect_text()
    assert [show(event) for event in endpointer.miss_text()] == []  # the words of this pause are known already

    endpointer = Endpointer()
    hear("3# 6.", endpointer=endpointer)
    endpointer.expect_text()
    for at in range(9, 30):
        assert endpointer.push(at * WINDOW_MS, WINDOW_MS, 0.1) == []
    assert [show(event) for event in endpointer.miss_text()] == ["Ended 3 30"]


def test_words_of_earlier_speech_only_tell_that_a_number_is_read() -> None:
    for text, ended in (("一三八", 3 + 10 + 5 + windows(2200)), ("然后", 3 + 10 + 5 + windows(600))):
        endpointer = Endpointer()
        hear("3# 10. 5#", endpointer=endpointer)
        assert endpointer.hear_text(text, until_ms=3 * WINDOW_MS) == []
        events = [e for at in range(18, 100) for e in endpointer.push(at * WINDOW_MS, WINDOW_MS, 0.1)]
        assert show(events[-1]) == f"Ended 18 {ended}"


def test_words_are_forgotten_when_speech_goes_on() -> None:
    assert hear("3# 7. 5# 19.", texts={10: "然后"})[-1] == "Ended 15 34"


def test_words_outside_an_utterance_do_nothing() -> None:
    endpointer = Endpointer()
    assert endpointer.hear_text("我要退货") == []
    endpointer.expect_text()
    endpointer.hear_turn(0.1, 0)
    assert hear("3# 19.", endpointer=endpointer)[-1] == "Ended 3 22"


@pytest.mark.parametrize(("text", "wait_ms"), [("我要退货", 400), ("退货", 600)])
def test_a_murky_fall_is_not_yet_silence(text: str, wait_ms: float) -> None:
    assert waits(text, murky=2) == windows(wait_ms)
    assert waits(text, murky=4) == windows(wait_ms + 2 * 32)
    assert waits(text, murky=12) == windows(wait_ms + 160)


def test_long_waits_forgive_a_murky_fall() -> None:
    assert waits("然后", murky=4) == windows(1200)


@pytest.mark.parametrize(
    ("text", "probability", "wait_ms"),
    [("我要退货", 0.1, 1200), ("退货", 0.1, 1200), ("我要退货", 0.9, 400), ("退货", 0.9, 600), ("然后", 0.9, 1200)],
)
def test_a_model_of_the_voice_only_lengthens_the_wait(text: str, probability: float, wait_ms: float) -> None:
    endpointer = Endpointer()
    hear("40# 6.", endpointer=endpointer, texts={46: text})
    endpointer.hear_turn(probability, 40 * WINDOW_MS)
    events = [e for at in range(46, 120) for e in endpointer.push(at * WINDOW_MS, WINDOW_MS, 0.1)]
    assert show(events[-1]) == f"Ended 40 {40 + windows(wait_ms)}"


def test_a_number_never_holds_an_utterance_beyond_the_maximum() -> None:
    endpointer = Endpointer(EndpointConfig(max_utterance_ms=1600))
    assert hear("40# 60.", ORDER, endpointer)[-1] == "Ended 40 50"


def test_sixty_seconds_without_a_pause_end_at_the_maximum() -> None:
    events = hear("1875#")
    assert events == ["Started 0", "Ended 938 938", "Started 938"]


def test_flush_ends_the_utterance_in_progress() -> None:
    endpointer = Endpointer()
    assert endpointer.flush() is None
    hear("3# 2.", endpointer=endpointer)
    assert endpointer.flush() == Ended(3 * WINDOW_MS, 5 * WINDOW_MS)
    assert endpointer.flush() is None


HINTS = [FREE, ORDER, CONFIRM, ADDRESS, OVERLAP, EndpointHint("digits", 4, overlap=True)]
TEXTS = ["", "我要退货", "然后", "一三八", "13800138000", "是的", "Where is my order", "and"]


@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from("#=~.")), max_size=40),
    st.sampled_from(HINTS),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(["text", "old", "expect", "miss", "turn"])), max_size=30),
    st.sampled_from(TEXTS),
)
def test_events_always_nest(
    runs: list[tuple[int, str]], hint: EndpointHint, interference: list[tuple[int, str]], text: str
) -> None:
    doings = dict(interference)

    def interfere(endpointer: Endpointer, now: float) -> list[EndpointEvent]:
        match doings.get(round(now / WINDOW_MS)):
            case "text":
                return endpointer.hear_text(text)
            case "old":
                return endpointer.hear_text(text, until_ms=now - 500)
            case "expect":
                endpointer.expect_text()
            case "miss":
                return endpointer.miss_text()
            case "turn":
                endpointer.hear_turn(0.1, now)
        return []

    config = EndpointConfig(max_utterance_ms=2000)
    endpointer = Endpointer(config)
    state, previous_end, start, now = "idle", 0.0, 0.0, 0.0
    for count, kind in runs:
        for _ in range(count):
            for event in [*endpointer.push(now, WINDOW_MS, LEVELS[kind], hint), *interfere(endpointer, now)]:
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
                        assert decided - end <= config.longest_wait_ms + WINDOW_MS
                        state, previous_end = "idle", end
            now += WINDOW_MS
    assert endpointer.in_utterance == (state != "idle")

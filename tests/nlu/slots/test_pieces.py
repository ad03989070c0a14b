"""A number that comes in several messages: the pieces become one number, and nothing is glued on that does not fit."""

from __future__ import annotations

from datetime import date

import pytest

from nlu.classifiers.keyword import KeywordClassifier
from nlu.hearing import best_reading
from nlu.normalize import normalize
from nlu.slots import SlotConfig, find_slots
from nlu.types import INFORM, Expectation
from nlu.understand import Understanding

TODAY = date(2026, 11, 19)
NUMBER = "89070650"
"""Its check digit is right."""


def asked(heard: str, slot: str = "order_number", digits: int = 8) -> Expectation:
    return Expectation("digits", slot=slot, digits=digits, heard=heard)


def read(text: str, expectation: Expectation, config: SlotConfig | None = None) -> dict[str, str]:
    language = "zh" if any("一" <= char <= "鿿" for char in text) else "en"
    slots = find_slots(normalize(text), expectation, language, TODAY, config)
    return {slot.name: str(slot.value) for slot in slots}


@pytest.mark.parametrize("text", ["0650", "零六五零", "零六 五零", "后面是零六五零", "06 50", "zero six five zero"])
def test_the_rest_completes_the_number(text: str) -> None:
    assert read(text, asked("8907")) == {"order_number": NUMBER}


def test_pieces_grow_until_the_number_is_complete() -> None:
    heard = ""
    for piece in ("8", "90", "七零", "六五"):
        heard = read(piece, asked(heard))["digits"]
    assert heard == NUMBER[:7]
    assert read("0", asked(heard)) == {"order_number": NUMBER}


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        (NUMBER, {"order_number": NUMBER}),
        ("8907 0650", {"order_number": NUMBER}),
        ("06501", {"digits": "06501"}),
        ("不对，是8906", {"digits": "8906"}),
        ("从头来，89", {"digits": "89"}),
        ("no, 8906", {"digits": "8906"}),
        ("start over, 89", {"digits": "89"}),
        ("8907", {"digits": "8907"}),
    ],
)
def test_a_whole_number_too_many_digits_and_a_correction_replace_what_was_heard(
    text: str, slots: dict[str, str]
) -> None:
    assert read(text, asked("8907")) == slots


def test_the_same_digits_again_are_the_rest_only_where_the_check_digit_says_so() -> None:
    assert read("8907", asked("8907")) == {"digits": "8907"}
    assert read("1818", asked("1818")) == {"order_number": "18181818"}
    assert read("8907", asked("8907"), SlotConfig(order_number_luhn=False)) == {"order_number": "89078907"}


def test_a_phone_tail_and_a_phone_come_in_pieces_too() -> None:
    assert read("27", asked("", "phone_tail", 4)) == {"digits": "27"}
    assert read("二零", asked("27", "phone_tail", 4)) == {"phone_tail": "2720"}
    assert read("00138000", asked("138", "phone", 11)) == {"phone": "13800138000"}
    assert read("13800138000", asked("27", "phone_tail", 4)) == {"phone": "13800138000"}


def test_a_wrong_check_digit_is_told() -> None:
    (slot,) = find_slots(normalize("0651"), asked("8907"), "zh", TODAY)
    assert (slot.name, slot.value, slot.raw, slot.fails_check) == ("order_number", "89070651", "0651", True)
    (slot,) = find_slots(normalize("0650"), asked("8907"), "zh", TODAY)
    assert not slot.fails_check
    (slot,) = find_slots(normalize("0651"), asked("8907"), "zh", TODAY, SlotConfig(order_number_luhn=False))
    assert not slot.fails_check


def test_the_check_digit_of_the_whole_number_picks_the_reading_of_a_piece() -> None:
    readings = ("零六五一", "零六五零", "零六五")
    assert best_reading(readings, asked("8907"), "zh", TODAY, SlotConfig()) == 1


async def test_a_piece_answers_the_question() -> None:
    parse = await Understanding(KeywordClassifier()).understand("零六五零", asked("8907"))
    assert parse.intent == INFORM
    assert parse.slot("order_number")


def test_what_is_missing() -> None:
    assert asked("8907").missing == 4
    assert asked("").missing == 8
    assert Expectation("digits").missing is None

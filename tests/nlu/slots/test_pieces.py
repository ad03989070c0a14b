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


@pytest.mark.parametrize(
    ("text", "heard", "slots"),
    [
        # Inside one message.
        ("89070651，不对，89070650", "", {"order_number": NUMBER}),
        ("八九零七零六五一，哦不对，最后一位是零", "", {"order_number": NUMBER}),
        ("89070651，最后一位是零", "", {"order_number": NUMBER}),
        ("8907 0651 不对 0650", "", {"order_number": NUMBER}),
        ("89070651，是零不是一", "", {"order_number": NUMBER}),
        ("89080650，第四位是七", "", {"order_number": NUMBER}),
        ("89080650，第四位应该是七不是八", "", {"order_number": NUMBER}),  # two eights: only one makes it right
        ("8 9 0 7 0 6 5 1, no wait, the last digit is zero", "", {"order_number": NUMBER}),
        ("eight nine zero seven zero six five one, no, eight nine zero seven zero six five zero", "",
         {"order_number": NUMBER}),
        # Of the digits heard before.
        ("不对，是七不是六", "8906", {"digits": "8907"}),
        ("不是六，是七", "8906", {"digits": "8907"}),
        ("no, seven not six", "8906", {"digits": "8907"}),
        ("it's seven, not six", "8906", {"digits": "8907"}),
        ("不对，第四位是七", "8906", {"digits": "8907"}),
        ("第四位是七，后面是零六五零", "8906", {"order_number": NUMBER}),
        ("最后一位应该是七", "8906", {"digits": "8907"}),
        ("the last digit should be seven", "8906", {"digits": "8907"}),
        ("不对，最后一位是零", "89070651", {"order_number": NUMBER}),
        # Going on, not going back.
        ("后四位是零六五零", "8907", {"order_number": NUMBER}),
    ],
)  # fmt: skip
def test_corrections(text: str, heard: str, slots: dict[str, str]) -> None:
    assert read(text, asked(heard)) == slots


def test_a_correction_that_could_be_either_digit_is_left_to_the_dialogue() -> None:
    assert read("是九不是八", asked("8807")) == {}
    assert read("是七不是五", asked("8806")) == {}


def test_a_correction_of_a_phone() -> None:
    assert read("13800138000，不对，13900138000", asked("", "phone", 11)) == {"phone": "13900138000"}
    assert read("138，不对，139，00138000", asked("", "phone", 11)) == {"phone": "13900138000"}


@pytest.mark.parametrize(
    "text", ["手机最后四位是3500", "订单89070650，手机尾号是三五零零", "5号不是6号到的", "我要两个不是三个"]
)
def test_no_correction(text: str) -> None:
    slots = find_slots(normalize(text), Expectation(), "zh", TODAY)
    assert all(slot.value in {NUMBER, "3500", 2} or slot.name == "date" for slot in slots)


def test_the_span_of_a_correction_holds_number_and_words() -> None:
    text = "订单89070651，最后一位是零，谢谢"
    (slot,) = find_slots(normalize(text), Expectation(), "zh", TODAY)
    assert (slot.value, slot.raw) == (NUMBER, "89070651，最后一位是零")

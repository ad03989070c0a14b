"""Slots by table, and their promises on any text: spans are true, values fit, nothing overlaps."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.normalize import normalize
from nlu.slots import SlotConfig, find_slots
from nlu.slots.numbers import luhn_valid
from nlu.types import SLOTS, Expectation, Language, SlotValue

TODAY = date(2026, 11, 19)
"""A Thursday."""
FREE = Expectation()
ORDER = Expectation("digits", "order_number", 8)
TAIL = Expectation("digits", "phone_tail", 4)

ZH: list[tuple[str, dict[str, SlotValue]]] = [
    ("我的订单号是一二三四五六七八", {"order_number": "12345678"}),
    ("订单12345678什么时候到", {"order_number": "12345678"}),
    ("单号：１２３４ ５６７８", {"order_number": "12345678"}),
    ("12345678", {"order_number": "12345678"}),
    ("我要退货，订单12345678，手机13800138000", {"order_number": "12345678", "phone": "13800138000"}),
    ("快递单号SF1390123456789", {"tracking_number": "SF1390123456789"}),
    ("sf 1390 1234 56789 到哪了", {"tracking_number": "SF1390123456789"}),
    ("YT1234567890123", {"tracking_number": "YT1234567890123"}),
    ("JD0123456789012到了吗", {"tracking_number": "JD0123456789012"}),
    ("EA123456789CN", {"tracking_number": "EA123456789CN"}),
    ("运单号432112345678901", {"tracking_number": "432112345678901"}),
    ("中通 78123456789012", {"tracking_number": "78123456789012"}),
    ("我手机号13800138000", {"phone": "13800138000"}),
    ("幺三八零零幺三八零零零", {"phone": "13800138000"}),
    ("138 0013 8000", {"phone": "13800138000"}),
    ("+86 138-0013-8000", {"phone": "13800138000"}),
    ("尾号五六七八", {"phone_tail": "5678"}),
    ("手机后四位是三五零零", {"phone_tail": "3500"}),
    ("一共花了两百五十块五", {"amount": Decimal("250.5")}),
    ("¥299.00的那件", {"amount": Decimal("299.00")}),
    ("十五块五", {"amount": Decimal("15.5")}),
    ("1,299元", {"amount": Decimal("1299")}),
    ("1.5万块", {"amount": Decimal("15000")}),
    ("三千块左右", {"amount": Decimal("3000")}),
    ("预算五百", {"amount": Decimal("500")}),
    ("五毛钱", {"amount": Decimal("0.5")}),
    ("今天天气", {"date": TODAY}),
    ("昨天", {"date": date(2026, 11, 18)}),
    ("大前天", {"date": date(2026, 11, 16)}),
    ("上周三下单的", {"date": date(2026, 11, 11)}),
    ("上上周日", {"date": date(2026, 11, 8)}),
    ("下礼拜一", {"date": date(2026, 11, 23)}),
    ("周三", {"date": date(2026, 11, 18)}),
    ("11月5号买的", {"date": date(2026, 11, 5)}),
    ("十二月三十号", {"date": date(2026, 12, 30)}),
    ("一月三号", {"date": date(2027, 1, 3)}),
    ("八月二十号", {"date": date(2026, 8, 20)}),
    ("去年11月5号", {"date": date(2025, 11, 5)}),
    ("二零二六年十一月五号", {"date": date(2026, 11, 5)}),
    ("2026-11-05", {"date": date(2026, 11, 5)}),
    ("2026/11/5下的单", {"date": date(2026, 11, 5)}),
    ("三天前", {"date": date(2026, 11, 16)}),
    ("两周以前", {"date": date(2026, 11, 5)}),
    ("一个月前", {"date": date(2026, 10, 19)}),
    ("上个月五号", {"date": date(2026, 10, 5)}),
    ("二十号能到吗", {"date": date(2026, 11, 20)}),
    ("昨天买的吹风机坏了", {"date": date(2026, 11, 18), "product": "吹风机", "return_reason": "quality"}),
    ("我买的那个吹风机", {"product": "吹风机"}),
    ("推荐一款蓝牙耳机", {"product": "蓝牙耳机"}),
    ("我想退那双白色运动鞋", {"product": "白色运动鞋"}),
    ("空气炸锅有货吗", {"product": "空气炸锅"}),
    ("电饭煲怎么用", {"product": "电饭煲"}),
    ("iPhone 15手机壳还有吗", {"product": "iPhone 15手机壳"}),
    ("保温杯漏水怎么办", {"product": "保温杯", "return_reason": "damaged"}),
    ("儿童书包有优惠吗", {"product": "儿童书包"}),
    ("12345", {"digits": "12345"}),
    ("订单号1234567", {"digits": "1234567"}),
    # Nothing to read.
    *[(text, {}) for text in (
        "我的订单什么时候到", "打八折", "转人工", "改到3号楼", "2月30号", "我要一个", "买了三天了", "万一坏了呢",
        "等一下", "",
    )],
]  # fmt: skip

EN: list[tuple[str, dict[str, SlotValue]]] = [
    ("my order number is one two three four five six seven eight", {"order_number": "12345678"}),
    ("where is order #12345678", {"order_number": "12345678"}),
    ("one two three four, five six seven eight", {"order_number": "12345678"}),
    ("tracking number 123456789012", {"tracking_number": "123456789012"}),
    ("my phone number is 138 0013 8000", {"phone": "13800138000"}),
    ("last four digits are 3 5 0 0", {"phone_tail": "3500"}),
    ("ending in five six seven eight", {"phone_tail": "5678"}),
    ("twenty five dollars and fifty cents", {"amount": Decimal("25.5")}),
    ("it is at 88 Centre Road", {"street": "88 Centre Road"}),
    ("90 cents", {"amount": Decimal("0.9")}),
    ("under 300 yuan", {"amount": Decimal("300")}),
    ("$19.99", {"amount": Decimal("19.99")}),
    ("my budget is 500", {"amount": Decimal("500")}),
    ("I bought a hair dryer yesterday", {"product": "hair dryer", "date": date(2026, 11, 18)}),
    ("last Monday", {"date": date(2026, 11, 16)}),
    ("last thursday", {"date": date(2026, 11, 12)}),
    ("November 5th", {"date": date(2026, 11, 5)}),
    ("the fifth of november", {"date": date(2026, 11, 5)}),
    ("3 days ago", {"date": date(2026, 11, 16)}),
    ("a week ago", {"date": date(2026, 11, 12)}),
    ("the day before yesterday", {"date": date(2026, 11, 17)}),
    ("looking for wireless headphones", {"product": "wireless headphones"}),
    ("is the rice cooker in stock", {"product": "rice cooker"}),
    ("I want to return my running shoes", {"product": "running shoes"}),
    ("my blender stopped working", {"product": "blender", "return_reason": "quality"}),
    ("I want to cancel my order", {}),
    ("can i talk to a human", {}),
]  # fmt: skip

EXPECTED: list[tuple[str, Expectation, Language, dict[str, SlotValue]]] = [
    ("1234，嗯，5678", ORDER, "zh", {"order_number": "12345678"}),
    ("一二三四五六七", ORDER, "zh", {"digits": "1234567"}),
    ("三五零零", TAIL, "zh", {"phone_tail": "3500"}),
    ("三五", TAIL, "zh", {"digits": "35"}),
    ("13800138000", TAIL, "zh", {"phone": "13800138000"}),
    ("五", Expectation("digits", None, 1), "zh", {"digits": "5"}),
    ("1 o 5 7", TAIL, "en", {"phone_tail": "1057"}),
    ("one oh five triple seven eight nine", ORDER, "en", {"order_number": "10577789"}),
    ("123456789012", Expectation("digits", "tracking_number"), "zh", {"tracking_number": "123456789012"}),
    ("吹风机", Expectation("free", "product"), "zh", {"product": "吹风机"}),
    ("大概三百", Expectation("free", "amount"), "zh", {"amount": Decimal(300)}),
]


def _values(text: str, expectation: Expectation, language: Language) -> dict[str, SlotValue]:
    return {slot.name: slot.value for slot in find_slots(normalize(text, language), expectation, language, TODAY)}


@pytest.mark.parametrize(("text", "slots"), ZH)
def test_chinese(text: str, slots: dict[str, SlotValue]) -> None:
    assert _values(text, FREE, "zh") == slots


@pytest.mark.parametrize(("text", "slots"), EN)
def test_english(text: str, slots: dict[str, SlotValue]) -> None:
    assert _values(text, FREE, "en") == slots


@pytest.mark.parametrize(("text", "expectation", "language", "slots"), EXPECTED)
def test_what_was_asked_for(
    text: str, expectation: Expectation, language: Language, slots: dict[str, SlotValue]
) -> None:
    assert _values(text, expectation, language) == slots


def test_a_range_gives_both_ends() -> None:
    slots = find_slots(normalize("100到200块的保温杯", "zh"), FREE, "zh", TODAY)
    assert [slot.value for slot in slots] == [Decimal(100), Decimal(200), "保温杯"]


def test_spans_are_in_the_original_text() -> None:
    (slot,) = find_slots(normalize("單號： 一二三四 五六七八 吧", "zh"), FREE, "zh", TODAY)
    assert (slot.raw, slot.start) == ("一二三四 五六七八", 4)


def test_a_right_check_digit_is_trusted_more_and_a_wrong_one_still_read() -> None:
    assert luhn_valid("79927398713")
    assert not luhn_valid("79927398710")
    right, wrong = (find_slots(normalize(number, "zh"), FREE, "zh", TODAY)[0] for number in ("12345674", "12345678"))
    assert (right.name, wrong.name) == ("order_number", "order_number")
    assert right.confidence > wrong.confidence


def test_another_shops_order_numbers() -> None:
    config = SlotConfig(order_number_pattern=r"TB-?\d{6}", order_number_luhn=False)
    slots = find_slots(normalize("订单tb-123456到哪了", "zh"), FREE, "zh", TODAY, config)
    assert [(slot.name, slot.value, slot.raw) for slot in slots] == [("order_number", "TB-123456", "tb-123456")]


ANY_TEXT = st.one_of(
    st.text(max_size=80),
    st.text("0123456789 -,，o嗯一二三幺月号年块元¥SF到上周三天前昨订单尾号买的吹风机.:/", max_size=40),
    st.text("0123456789 ,-", max_size=60),
)
ANY_EXPECTATION = st.builds(
    Expectation,
    kind=st.sampled_from(["free", "digits", "yes_no"]),
    slot=st.none() | st.sampled_from(SLOTS),
    digits=st.none() | st.integers(1, 12),
)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, ANY_EXPECTATION, st.sampled_from(["zh", "en"]))
def test_any_text_gives_true_spans(text: str, expectation: Expectation, language: Language) -> None:
    slots = find_slots(normalize(text, language), expectation, language, TODAY)
    for slot in slots:
        assert slot.name in SLOTS
        assert slot.raw == text[slot.start : slot.end] != ""
        assert 0 < slot.confidence < 1
    assert all(first.end <= second.start for first, second in pairwise(slots))

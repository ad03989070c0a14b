"""Claims in a normal form, and numbers in every spelling."""

from __future__ import annotations

from datetime import datetime

import pytest

from dialogue.generation.claims import claims
from dialogue.generation.numerals import with_digits
from dialogue.shop.clock import SHOP_ZONE

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHOP_ZONE)


@pytest.mark.parametrize(
    ("spelt", "digits"),
    [
        ("九十九块", "99块"),
        ("百分之五", "5%"),
        ("一千两百元", "1200元"),
        ("两千三", "2300"),
        ("半天内", "0.5天内"),
        ("两天半", "2.5天"),
        ("双倍赔偿", "2倍赔偿"),
        ("８折", "8折"),
        ("1,299元", "1299元"),
        ("1.5万元", "15000元"),
        ("一天", "1天"),
        ("订单 8 9 0 7", "订单 8907"),
        ("ninety-nine yuan", "99 yuan"),
        ("one hundred and twenty five", "125"),
        ("eight nine zero seven", "8907"),
        ("half a day", "0.5 day"),
        ("twice the price", "2 times the price"),
        ("a day", "1 day"),
        ("fifty percent", "50 percent"),
    ],
)
def test_numbers_are_read_however_they_are_spelt(spelt: str, digits: str) -> None:
    assert with_digits(spelt) == digits


@pytest.mark.parametrize(
    "text", ["一起看一下", "万一坏了", "三包", "周三", "一个订单", "which one", "no one", "第一时间"]
)
def test_words_with_numerals_in_them_are_no_numbers(text: str) -> None:
    assert with_digits(text) == text


@pytest.mark.parametrize(
    "same",
    [
        ("九十九块", "¥99.00", "ninety-nine yuan", "99元", "RMB 99"),
        ("明天", "11月23日", "tomorrow", "2026-11-23", "November 23rd", "23 November 2026"),
        ("七天内", "7天之内", "within 7 days", "within a week"),
        ("打8折", "八折", "20% off"),
        ("周三", "星期三", "礼拜三", "Wednesday"),
        ("下午两点", "14:00 in the afternoon", "2 pm"),
        ("24小时", "一天", "1 day", "twenty-four hours"),
        ("400-123-4567", "400 123 4567"),
        ("128块5", "128.5元", "一百二十八块五"),
    ],
)
def test_the_same_claim_in_other_words(same: tuple[str, ...]) -> None:
    first, *others = (claims(text, NOW) for text in same)
    assert first
    assert all(other == first for other in others), [sorted(map(str, found)) for found in (first, *others)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("99元", "$99"), ("7天", "7个工作日"), ("7天内", "7天后"), ("明天", "后天"), ("8折", "8%"), ("周三", "周四"),
     ("W2378156", "W2378157"), ("3天", "3小时")],
)  # fmt: skip
def test_another_claim(one: str, other: str) -> None:
    assert claims(one, NOW) != claims(other, NOW)

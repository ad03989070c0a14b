"""Facts in words."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from dialogue import phrasing
from dialogue.shop.clock import SHOP_ZONE
from nlu.types import Language

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHOP_ZONE)  # a Sunday


@pytest.mark.parametrize(
    ("days", "hour", "zh", "en"),
    [
        (0, 3, "今天凌晨", "early this morning"),
        (0, 9, "今天上午", "this morning"),
        (0, 20, "今天晚上", "tonight"),
        (1, 15, "明天下午", "tomorrow afternoon"),
        (2, 12, "后天中午", "Tuesday afternoon"),
        (3, 10, "下周三上午", "Wednesday morning"),
        (-1, 3, "昨天凌晨", "early yesterday morning"),
        (-5, 10, "11月17日上午", "on November 17"),
        (60, 10, "2027年1月21日上午", "on January 21, 2027"),
    ],
)
def test_moment(days: int, hour: int, zh: str, en: str) -> None:
    at = (NOW + timedelta(days=days)).replace(hour=hour)
    assert phrasing.moment(at, NOW, "zh") == zh
    assert phrasing.moment(at, NOW, "en") == en


def test_a_moment_of_another_zone_is_told_in_the_shops() -> None:
    from datetime import UTC

    assert phrasing.moment(datetime(2026, 11, 22, 18, 0, tzinfo=UTC), NOW, "zh") == "明天凌晨"


@pytest.mark.parametrize(
    ("amount", "language", "words"),
    [("128.00", "zh", "128元"), ("128.5", "zh", "128.50元"), ("0", "zh", "0元"), ("99", "en", "99 yuan")],
)
def test_money(amount: str, language: Language, words: str) -> None:
    assert phrasing.money(Decimal(amount), language) == words


def test_listing() -> None:
    assert phrasing.listing(("甲", "乙", "丙"), "zh") == "甲、乙和丙"
    assert phrasing.listing(("a", "b"), "en") == "a and b"
    assert phrasing.listing(("a",), "en") == "a"


@pytest.mark.parametrize(
    ("start", "end", "zh", "en"),
    [
        (time(9), time(12), "9点到12点", "from 9 to 12"),
        (time(13, 30), time(18), "13点30分到18点", "from 13:30 to 18"),
    ],
)
def test_hours(start: time, end: time, zh: str, en: str) -> None:
    assert phrasing.hours(start, end, "zh") == zh
    assert phrasing.hours(start, end, "en") == en


def test_discounts_are_said_as_the_language_says_them() -> None:
    assert [phrasing.discount(percent, "zh") for percent in (5, 10, 12)] == ["95折", "9折", "88折"]
    assert phrasing.discount(5, "en") == "5 percent off"


def test_clauses() -> None:
    assert phrasing.clauses(["地址改了", "电话改了"], "zh") == "地址改了，电话改了"
    assert phrasing.clauses(["one"], "en") == "one"

"""Dates, stretches of days and times of day: the table when.tsv, and what only looks like one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nlu.normalize import normalize
from nlu.slots import find_slots
from nlu.types import DateRange, Expectation, SlotValue, TimeSpan

TODAY = date(2026, 11, 19)
"""A Thursday."""
_WHEN = ("date", "date_range", "time")
TABLE = [line.split("\t") for line in Path(__file__).with_name("when.tsv").read_text("utf-8").splitlines()]


def written(value: SlotValue) -> str:
    """As in the table."""
    match value:
        case DateRange(start, end):
            return f"{start}/{end}"
        case TimeSpan(start, end):
            hours = [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (start, end)]
            return hours[0] if start == end else "/".join(hours)
    return str(value)


def when(text: str) -> str:
    language = "zh" if any("一" <= char <= "鿿" for char in text) else "en"
    slots = find_slots(normalize(text, language), Expectation(), language, TODAY)
    return " ".join(written(slot.value) for slot in slots if slot.name in _WHEN)


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(TABLE) >= 120


@pytest.mark.parametrize(("text", "meant"), TABLE)
def test_table(text: str, meant: str) -> None:
    assert when(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("我上周三在你们店买的吹风机", "2026-11-11"),
        ("后天下午三点前能送到吗", "2026-11-21 12:00/15:00"),
        ("这个月底之前能到货吗", "2026-11-25/2026-11-30"),
        ("周一到周五都可以上门", "2026-11-16/2026-11-20"),
        ("can you deliver it next friday morning", "2026-11-27 06:00/12:00"),
        ("i ordered it on november 5 and it still has not come", "2026-11-05"),
        ("please come between 2 and 4 pm tomorrow", "14:00/16:00 2026-11-20"),
    ],
)
def test_in_a_sentence(text: str, meant: str) -> None:
    assert when(text) == meant


@pytest.mark.parametrize(
    "text",
    ["便宜一点", "买了三天了", "打八折", "三点要求", "七天无理由退货", "早餐机有货吗", "晚安", "11.5元", "3.5星",
     "1号店",      "good morning", "i want two", "a second hand phone", "size 10", "room 5", "24小时客服", "今年流行色",
     "四月天茶具",
     "周大福", "一周岁宝宝", "天天特价", "每天", "the first one", "may i ask"],
)  # fmt: skip
def test_no_time(text: str) -> None:
    assert when(text) == ""

"""Days by their names: sales (双十一, 618, Black Friday) and festivals, those of the lunar calendar by lunardate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from lunardate import LunarDate

from nlu.slots.types import Candidate, SlotContext, candidate

_SOLAR = {
    "双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12), "双12": (12, 12), "六一八": (6, 18), "618": (6, 18),
    "元旦": (1, 1), "情人节": (2, 14), "妇女节": (3, 8), "三八节": (3, 8), "女神节": (3, 8), "劳动节": (5, 1),
    "五一": (5, 1),
    "儿童节": (6, 1), "六一": (6, 1), "教师节": (9, 10), "国庆节": (10, 1), "国庆": (10, 1), "十一假期": (10, 1),
    "平安夜": (12, 24), "圣诞节": (12, 25), "圣诞": (12, 25), "跨年夜": (12, 31),
    "singles day": (11, 11), "singles' day": (11, 11), "christmas eve": (12, 24), "christmas": (12, 25),
    "new year's day": (1, 1), "new years day": (1, 1), "new year's eve": (12, 31), "valentine's day": (2, 14),
    "valentines day": (2, 14), "halloween": (10, 31),
}  # fmt: skip
_LUNAR = {"春节": (1, 1), "大年初一": (1, 1), "元宵节": (1, 15), "元宵": (1, 15), "端午节": (5, 5), "端午": (5, 5),
          "七夕": (7, 7), "中秋节": (8, 15), "中秋": (8, 15), "重阳节": (9, 9), "chinese new year": (1, 1),
          "spring festival": (1, 1), "mid-autumn festival": (8, 15)}  # fmt: skip
_EVE = ("除夕", "大年三十")
_FLOATING = ("black friday", "thanksgiving", "cyber monday", "黑五")
_NAME = re.compile(
    rf"(?<![a-z\d])(?P<year>去年|今年|明年|last |this |next )?的?(?P<name>"
    rf"{'|'.join(sorted((*_SOLAR, *_LUNAR, *_EVE, *_FLOATING), key=len, reverse=True))})(?![a-z\d])(?!路|街|大道|"
    rf"广场|礼盒|款|装|粽|月饼)"
)
_YEARS = {"去年": -1, "last ": -1, "今年": 0, "this ": 0, "明年": 1, "next ": 1}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every named day, in the year said or the nearest."""
    for match in _NAME.finditer(context.text):
        year = context.today.year
        if match["year"]:
            days = [_day(match["name"], year + _YEARS[match["year"]])]
        else:
            days = [_day(match["name"], year + more) for more in (-1, 0, 1)]
        day = min(days, key=lambda one: abs((one - context.today).days))
        yield candidate(context.source, match.span(), "date", day, 0.9, "date: a day by its name")


def _day(name: str, year: int) -> date:
    if name in _SOLAR:
        return date(year, *_SOLAR[name])
    if name in _LUNAR:
        return _solar(year, *_LUNAR[name])
    if name in _EVE:
        return _solar(year, 1, 1) - timedelta(days=1)
    first = date(year, 11, 1)
    thanksgiving = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return thanksgiving + timedelta(days={"thanksgiving": 0, "cyber monday": 4}.get(name, 1))


def _solar(year: int, month: int, day: int) -> date:
    found: date = LunarDate(year, month, day).to_solar_date()
    return found

"""Stretches of days: 上周, 这个月底, 周末, 最近三天, 5到8号, last week, the end of the month. Value ``DateRange``.

Weeks begin on Monday. 月初 is the 1st to the 5th, 月中 the 11th to the 20th, 月底 from the 25th on (as jionlp has it),
上旬 the 1st to the 10th, 下旬 from the 21st on; 年初 January, 年中 June, 年底 December. 三天内 begins today.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from nlu.slots.dates import add_months, monday, nearest_year
from nlu.slots.types import Candidate, SlotContext, candidate
from nlu.types import DateRange

_N = r"\d{1,3}|[一二两三四五六七八九十几半]"
_NUMBERS = {char: value for value, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "几": 5, "半": 0}
_EN_N = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "a couple of": 2, "few": 5, "": 1}

_WEEK = re.compile(
    r"(?P<which>上上|下下|上|下|这|本)个?(?:周|星期|礼拜)(?![一二三四五六日天末\d])(?P<part>初|中|末|底)?"
)
_WEEKEND = re.compile(r"(?P<which>上上|下下|上|下|这|本)?个?(?:周末|礼拜末)")
_MONTH = re.compile(
    r"(?:(?P<which>上上|下下|上|下|这|本)个?|(?<!\d)(?P<month>\d{1,2}))月(?:份)?(?P<part>初|中旬?|底|末|上旬|"
    r"下旬)?(?!\d|天|饼|亮|季|嫂|老|[一二三四五六七八九十]?[号日])"
)
_BARE_PART = re.compile(r"(?<![个上下这本\d月年])月(?P<part>初|底|末|中旬|上旬|下旬)")
_YEAR = re.compile(r"(?P<which>去|今|明|前)?年(?P<part>初|底|末|中(?!国))")
_LATELY = re.compile(rf"(?:最近|近|过去)这?(?P<count>{_N})(?P<unit>天|周|个?星期|个?礼拜|个月)(?:内|里|以来)?")
_WITHIN = re.compile(
    r"(?:接下来|未来|这)?(?P<count>\d{1,3}|[一二两三四五六七八九十])(?:个工作)?(?P<unit>天|日|周|个?星期|个?礼拜|"
    r"个月)(?:之内|以内|内)(?!无理由|包|免|可|能|都|不满意|的?退)"
)
_FEW = re.compile(r"(?P<way>前|过|后)(?P<count>两|几)天")
_FROM_TO = re.compile(
    r"(?<![\d月.])(?:(?P<month>\d{1,2})月)?(?P<first>\d{1,2})[号日]?(?:到|至|-|~|—)(?P<last>\d{1,2})[号日]"
)
_EN_SPAN = re.compile(r"(?<![a-z])(?P<which>last|this|next|past|coming) (?P<unit>weekend|week|month|year)(?![a-z])")
_EN_PART = re.compile(
    r"(?<![a-z])(?:at |by )?(?:the )?(?P<part>beginning|start|middle|end|early|mid|late)(?: of|"
    r" in)? ?-?(?P<which>the|this|next|last) (?P<unit>week|month|year)(?![a-z])"
)
_EN_LAST = re.compile(
    rf"(?<![a-z])(?:the )?(?:last|past) (?P<count>\d{{1,3}}|"
    rf"{'|'.join(word for word in _EN_N if word)}) (?P<unit>days?|weeks?|months?)(?![a-z])"
)
_EN_WITHIN = re.compile(
    rf"(?<![a-z])(?:within|in the next) (?P<count>\d{{1,3}}|"
    rf"{'|'.join(word for word in _EN_N if word)}) (?P<unit>days?|weeks?|months?)(?![a-z])"
)
_PARTS = {
    "初": 0,
    "上": 0,
    "中": 1,
    "底": 2,
    "末": 2,
    "下": 2,
    "beginning": 0,
    "start": 0,
    "early": 0,
    "middle": 1,
    "mid": 1,
    "end": 2,
    "late": 2,
}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every stretch of days."""
    for pattern, confidence, rule, value in _RULES:
        for match in pattern.finditer(context.text):
            try:
                days = value(match, context.today)
            except (ValueError, OverflowError):
                continue
            yield candidate(context.source, match.span(), "date_range", days, confidence, f"date range: {rule}")


def _shift(which: str | None) -> int:
    word = which or ""
    return word.count("下") - word.count("上") + {"last": -1, "past": -1, "next": 1, "coming": 1}.get(word, 0)


def _week(match: re.Match[str], today: date) -> DateRange:
    first = monday(today) + timedelta(weeks=_shift(match["which"]))
    part = match["part"]
    if part:
        start, end = ((0, 1), (2, 3), (4, 6))[_PARTS[part]]
        return DateRange(first + timedelta(days=start), first + timedelta(days=end))
    return DateRange(first, first + timedelta(days=6))


def _weekend(match: re.Match[str], today: date) -> DateRange:
    saturday = monday(today) + timedelta(weeks=_shift(match["which"]), days=5)
    return DateRange(saturday, saturday + timedelta(days=1))


def _month(match: re.Match[str], today: date) -> DateRange:
    if match["month"]:
        first = nearest_year(int(match["month"]), 1, today)
        if not match["part"]:
            return _of_month(first, None)
    else:
        first = add_months(today.replace(day=1), _shift(match["which"]))
    return _of_month(first, match["part"])


def _bare_part(match: re.Match[str], today: date) -> DateRange:
    return _of_month(today.replace(day=1), match["part"])


def _of_month(first: date, part: str | None) -> DateRange:
    last = monthrange(first.year, first.month)[1]
    days = {"初": (1, 5), "上": (1, 10), "中": (11, 20), "下": (21, last), "底": (25, last), "末": (25, last)}
    start, end = days[part[0]] if part else (1, last)
    return DateRange(first.replace(day=start), first.replace(day=end))


def _year(match: re.Match[str], today: date) -> DateRange:
    year = today.year + {"去": -1, "前": -2, "明": 1}.get(match["which"] or "", 0)
    return _of_month(date(year, (1, 6, 12)[_PARTS[match["part"]]], 1), None)


def _days(count: int, unit: str) -> int:
    return count * (
        7 if unit[-1] in "周期拜" or unit.startswith("week") else 30 if "月" in unit or unit.startswith("month") else 1
    )


def _lately(match: re.Match[str], today: date) -> DateRange:
    word = match["count"]
    count = int(word) if word.isdigit() else _NUMBERS[word]
    days = 15 if word == "半" else _days(count, match["unit"])
    return DateRange(today - timedelta(days=days - 1), today)


def _within(match: re.Match[str], today: date) -> DateRange:
    word = match["count"]
    count = int(word) if word.isdigit() else _NUMBERS[word]
    return DateRange(today, today + timedelta(days=_days(count, match["unit"])))


def _few(match: re.Match[str], today: date) -> DateRange:
    most = 2 if match["count"] == "两" else 5
    if match["way"] == "前":
        return DateRange(today - timedelta(days=most), today - timedelta(days=1))
    return DateRange(today + timedelta(days=1 if most == 2 else 2), today + timedelta(days=most))


def _from_to(match: re.Match[str], today: date) -> DateRange:
    month = int(match["month"]) if match["month"] else today.month
    first, last = nearest_year(month, int(match["first"]), today), nearest_year(month, int(match["last"]), today)
    if last < first:
        raise ValueError(match.group())
    return DateRange(first, last)


def _en_span(match: re.Match[str], today: date) -> DateRange:
    unit = match["unit"]
    if unit == "weekend":
        return _weekend(match, today)
    if unit == "week":
        first = monday(today) + timedelta(weeks=_shift(match["which"]))
        return DateRange(first, first + timedelta(days=6))
    if unit == "month":
        return _of_month(add_months(today.replace(day=1), _shift(match["which"])), None)
    year = today.year + _shift(match["which"])
    return DateRange(date(year, 1, 1), date(year, 12, 31))


def _en_part(match: re.Match[str], today: date) -> DateRange:
    part, shift = _PARTS[match["part"]], _shift(match["which"])
    if match["unit"] == "week":
        first = monday(today) + timedelta(weeks=shift)
        start, end = ((0, 1), (2, 3), (4, 6))[part]
        return DateRange(first + timedelta(days=start), first + timedelta(days=end))
    if match["unit"] == "month":
        return _of_month(add_months(today.replace(day=1), shift), "初中底"[part])
    return _of_month(date(today.year + shift, (1, 6, 12)[part], 1), None)


def _en_last(match: re.Match[str], today: date) -> DateRange:
    return DateRange(today - timedelta(days=_en_days(match) - 1), today)


def _en_within(match: re.Match[str], today: date) -> DateRange:
    return DateRange(today, today + timedelta(days=_en_days(match)))


def _en_days(match: re.Match[str]) -> int:
    word = match["count"]
    return _days(int(word) if word.isdigit() else _EN_N[word], match["unit"])


_Value = Callable[["re.Match[str]", date], DateRange]
_RULES: tuple[tuple[re.Pattern[str], float, str, _Value], ...] = (
    (_WEEK, 0.86, "a week", _week),
    (_WEEKEND, 0.88, "a weekend", _weekend),
    (_MONTH, 0.84, "a month or part of it", _month),
    (_BARE_PART, 0.84, "part of the month", _bare_part),
    (_YEAR, 0.82, "part of the year", _year),
    (_LATELY, 0.85, "the last days", _lately),
    (_WITHIN, 0.65, "within so many days", _within),
    (_FEW, 0.6, "a few days", _few),
    (_FROM_TO, 0.96, "from one day to another", _from_to),
    (_EN_SPAN, 0.85, "a week or month", _en_span),
    (_EN_PART, 0.88, "part of a month", _en_part),
    (_EN_LAST, 0.86, "the last days", _en_last),
    (_EN_WITHIN, 0.8, "within so many days", _en_within),
)

"""Dates: 今天, 上周三, 11月5号, 3天前, 双十一, 2026-11-05, yesterday, last Monday, November 5th. Relative to ``today``.
Stretches of days are in ``periods``, times of day in ``times``.

A month and day without a year, and a day without a month, mean the occurrence nearest to today (the past one where two
are as near): customers speak of what they bought and of what arrives soon. 周三 and "Wednesday" alone mean this week's
(weeks begin on Monday), 上周三 last week's; "last Monday" is the most recent Monday before today.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from nlu.itn_en import MONTHS
from nlu.slots.types import Candidate, SlotContext, candidate
from nlu.types import DateRange

_ZH_DAYS = {"大前天": -3, "前天": -2, "前日": -2, "昨天": -1, "昨日": -1, "昨儿": -1, "昨": -1, "今天": 0, "今日": 0,
            "当天": 0, "今儿": 0, "今": 0, "明天": 1, "明日": 1, "明儿": 1, "明": 1, "后天": 2,
            "后日": 2, "大后天": 3}  # fmt: skip
_ZH_SHORT = "[昨今明](?=[早晚](?![餐饭会安点霜]))"
"""今晚 is a date and a time."""
_EN_DAYS = {"the day before yesterday": -2, "yesterday": -1, "last night": -1, "today": 0, "tonight": 0,
            "this morning": 0, "this afternoon": 0, "this evening": 0, "tomorrow": 1, "tmr": 1, "tmrw": 1,
            "the day after tomorrow": 2, "day after tomorrow": 2, "day before yesterday": -2}  # fmt: skip
_ZH_NUMBERS = {char: value for value, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "几": 0}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NOT_A_DATE = "(?!楼|线|店|电池|仓|色|码|门|柜|厅|院|机|字|链|牌|桌|订单)"


def _longest_first(words: dict[str, int] | tuple[str, ...]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_RELATIVE_DAY = re.compile(
    rf"{_longest_first({word: day for word, day in _ZH_DAYS.items() if len(word) > 1})}|{_ZH_SHORT}|"
    rf"(?<![a-z])(?:{_longest_first(_EN_DAYS)})(?![a-z])"
)
_ZH_WEEKDAY = re.compile(
    r"(?P<week>上上个?|上个?|下下个?|下个?|这个?|本)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天]|[1-7](?!\d|天|号|个|"
    r"折))"
)
_EN_WEEKDAY = re.compile(
    rf"(?<![a-z])(?:(?P<which>last|this|next|this past) "
    rf")?(?P<day>{'|'.join(_WEEKDAYS)})(?![a-z])"
)
_AGO = re.compile(
    r"(?P<count>\d{1,3}|[一二两三四五六七八九十半])(?P<unit>天|周|个?星期|个?礼拜|个月|年)(?P<way>之?前|以前|之?后|"
    r"以后)"
    r"|(?<![a-z])(?P<in>in )?(?P<en_count>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine) "
    r"(?P<en_unit>day|week|month|year)s?(?: (?P<en_way>ago|from now|later)|(?=$|[ ,.?!])(?(in)|(?!)))"
)
_ISO = re.compile(r"(?<![\d.])(20\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})(?![\d.])[号日]?")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_ZH_MONTH_DAY = re.compile(
    r"(?<!\d)(?:(?P<year>去年|今年|明年|(?:20)?\d{2}年) ?)?(?P<month>\d{1,2})月(?:份)?(?P<day>\d{1,2})(?:[号日]|(?!\d|"
    r"[个件天点块元]))"
)
_ZH_MONTH_WORD = re.compile(rf"(?P<which>上个?|这个?|本|下个?)月(?P<day>\d{{1,2}})[号日]{_NOT_A_DATE}")
_ZH_DAY = re.compile(rf"(?<![\d月第.])(?P<day>\d{{1,2}})[号日]{_NOT_A_DATE}")
_SLASH = re.compile(r"(?<![\d/.-])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])")
_DOT = re.compile(
    r"(?<![\d.])(?:(?P<month>1[0-2]|[1-9])\.(?P<day>[12]\d|3[01]|[1-9])(?=[号日]|那天|当天|(?:下单|买|拍|发货|收到|"
    r"到货|付款)的?)"
    r"|(?P<sale>11\.11|6\.18|12\.12)(?![\d.]|块|元|米|斤))[号日]?"
)
_EN_THE_DAY = re.compile(
    r"(?<![a-z])(?:the|on the|by the) (?P<day>[12]?\d|3[01])(?:st|nd|rd|th)(?! (?:of|one|order|item|time|gen|floor|"
    r"digit|number))"
)
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS)
_EN_MONTH_DAY = re.compile(
    rf"(?<![a-z])(?P<name>{_MONTH})\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:,? "
    rf"(?P<year>20\d{{2}}))?"
)
_EN_DAY_MONTH = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<name>{_MONTH})(?![a-z])(?:,? (?P<year>20\d{{2}}))?"
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A day in the text."""

    start: int
    end: int
    day: date
    confidence: float
    rule: str


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every date of the message, and the stretch from one to another (周一到周三)."""
    found = days(context.text, context.today)
    for one in found:
        yield candidate(context.source, (one.start, one.end), "date", one.day, one.confidence, f"date: {one.rule}")
    for first in found:
        for last in found:
            joint = _JOINT.fullmatch(context.text, first.end, last.start) if first.end < last.start else None
            if joint and first.day <= last.day:
                span, value = (first.start, last.end), DateRange(first.day, last.day)
                yield candidate(context.source, span, "date_range", value, 0.97, "date range: from one day to another")


def days(text: str, today: date) -> list[Dated]:
    """Every date that ``text`` may name. Days that do not exist (February 30th) are none."""
    found = []
    for pattern, confidence, rule, value in _RULES:
        for match in pattern.finditer(text):
            try:
                day = value(match, today)
            except (ValueError, OverflowError):
                continue
            if day is not None:
                found.append(Dated(*match.span(), day, confidence, rule))
    return found


_JOINT = re.compile(r" ?(?:到|至|和|—+|-|~|to|through|until|till|and)(?:了)? ?(?:the )?")


def _relative_day(match: re.Match[str], today: date) -> date:
    word = match.group()
    return today + timedelta(days=_ZH_DAYS[word] if word in _ZH_DAYS else _EN_DAYS[word])


def _zh_weekday(match: re.Match[str], today: date) -> date:
    word = match["day"]
    weekday = int(word) - 1 if word.isascii() else "一二三四五六日天".index(word)
    which = match["week"] or ""
    weeks = which.count("下") - which.count("上")
    return monday(today) + timedelta(days=min(weekday, 6), weeks=weeks)


def _en_weekday(match: re.Match[str], today: date) -> date:
    weekday = _WEEKDAYS.index(match["day"])
    if match["which"] in ("last", "this past"):
        return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    return monday(today) + timedelta(days=weekday, weeks=1 if match["which"] == "next" else 0)


def _ago(match: re.Match[str], today: date) -> date:
    if match["en_count"]:
        words = ("a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        word = "a" if match["en_count"] == "an" else match["en_count"]
        count = int(word) if word.isdigit() else 1 if word in ("a", "one") else words.index(word)
        unit, way = match["en_unit"], -1 if match["en_way"] == "ago" else 1
    else:
        word = match["count"]
        unit = {"天": "day", "年": "year"}.get(match["unit"], "month" if "月" in match["unit"] else "week")
        if word == "半":  # 半个月 is fifteen days, 半年 six months
            word, unit = ("15", "day") if unit == "month" else ("6", "month") if unit == "year" else ("0", unit)
        count = int(word) if word.isdigit() else _ZH_NUMBERS[word]
        way = -1 if "前" in match["way"] else 1
    if unit in ("month", "year"):
        return add_months(today, way * count * (12 if unit == "year" else 1))
    return today + timedelta(days=way * count * (7 if unit == "week" else 1))


def _ymd(match: re.Match[str], today: date) -> date:
    return date(int(match[1]), int(match[2]), int(match[3]))


def _zh_month_day(match: re.Match[str], today: date) -> date:
    month, day, year = int(match["month"]), int(match["day"]), match["year"]
    if not year:
        return nearest_year(month, day, today)
    if year in ("去年", "今年", "明年"):
        return date(today.year + ("去年", "今年", "明年").index(year) - 1, month, day)
    number = int(year[:-1])
    return date(number if number > 99 else 2000 + number, month, day)


def _zh_month_word(match: re.Match[str], today: date) -> date:
    months = {"上": -1, "下": 1}.get(match["which"][0], 0)
    first = add_months(today.replace(day=1), months)
    return first.replace(day=int(match["day"]))


def _zh_day(match: re.Match[str], today: date) -> date | None:
    day = int(match["day"])
    firsts = (add_months(today.replace(day=1), months) for months in (-1, 0, 1))
    return _nearest([_maybe(first.year, first.month, day) for first in firsts], today)


def _slash(match: re.Match[str], today: date) -> date:
    return nearest_year(int(match["month"]), int(match["day"]), today)


def _dot(match: re.Match[str], today: date) -> date:
    month, day = (match["sale"] or f"{match['month']}.{match['day']}").split(".")
    return nearest_year(int(month), int(day), today)


def _en_month_day(match: re.Match[str], today: date) -> date:
    month = [name[:3] for name in MONTHS].index(match["name"][:3]) + 1
    day = int(match["day"])
    return date(int(match["year"]), month, day) if match["year"] else nearest_year(month, day, today)


_Value = Callable[["re.Match[str]", date], "date | None"]
_RULES: tuple[tuple[re.Pattern[str], float, str, _Value], ...] = (
    (_RELATIVE_DAY, 0.95, "day word", _relative_day),
    (_ZH_WEEKDAY, 0.9, "weekday", _zh_weekday),
    (_EN_WEEKDAY, 0.9, "weekday", _en_weekday),
    (_AGO, 0.9, "days ago", _ago),
    (_ISO, 0.97, "year, month and day", _ymd),
    (_COMPACT, 0.6, "eight digits that are a day", _ymd),
    (_ZH_MONTH_DAY, 0.95, "month and day", _zh_month_day),
    (_ZH_MONTH_WORD, 0.94, "day of last or this month", _zh_month_word),
    (_ZH_DAY, 0.75, "day of the month", _zh_day),
    (_SLASH, 0.6, "month/day", _slash),
    (_DOT, 0.9, "month.day", _dot),
    (_EN_THE_DAY, 0.75, "day of the month", _zh_day),
    (_EN_MONTH_DAY, 0.93, "month and day", _en_month_day),
    (_EN_DAY_MONTH, 0.93, "day and month", _en_month_day),
)


def monday(today: date) -> date:
    """Of this week."""
    return today - timedelta(days=today.weekday())


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, the last of the month where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        moved = _maybe(year, month + 1, min(day.day, last))
        if moved is not None:
            return moved
    raise ValueError(months)


def _maybe(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def nearest_year(month: int, day: int, today: date) -> date:
    """That day of last, this or next year, whichever is nearest. Raises ``ValueError`` where there is none."""
    years = (today.year - 1, today.year, today.year + 1)
    nearest = _nearest([_maybe(year, month, day) for year in years], today)
    if nearest is None:
        raise ValueError(day)
    return nearest


def _nearest(days: list[date | None], today: date) -> date | None:
    real = [day for day in days if day is not None]
    return min(real, key=lambda day: (abs((day - today).days), day), default=None)

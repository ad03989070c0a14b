"""Times of day: 下午三点前, 八点半, 晚上, 15:30, 2 to 4 pm, before noon. Value ``TimeSpan``, minutes after midnight.

An hour from one to six without a word for the time of day is in the afternoon: shops deliver by day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.itn_zh import TO_ARABIC
from nlu.slots.types import Candidate, SlotContext, candidate
from nlu.types import TimeSpan

_PARTS = {
    "凌晨": (0, 360), "清晨": (300, 480), "一早": (360, 540), "大早上": (360, 600), "早上": (360, 600),
    "早晨": (360, 600),
    "上午": (480, 720), "中午": (690, 810), "正午": (720, 720), "午后": (720, 1080), "下午": (720, 1080),
    "傍晚": (1020, 1140),
    "晚上": (1080, 1440), "夜里": (1260, 1440), "半夜": (1320, 1440), "晚间": (1080, 1440), "白天": (480, 1080),
    "早": (360, 600), "晚": (1080, 1440),
    "early morning": (300, 480), "morning": (360, 720), "noon": (720, 720), "midday": (720, 720),
    "lunchtime": (690, 810), "afternoon": (720, 1080), "evening": (1080, 1320), "night": (1200, 1440),
    "midnight": (1440, 1440),
}  # fmt: skip
_LATE = frozenset({"午后", "下午", "傍晚", "晚上", "夜里", "半夜", "晚间", "晚", "afternoon", "evening", "night"})
_ZH_PARTS = "|".join(sorted((word for word in _PARTS if not word.isascii() and len(word) > 1), key=len, reverse=True))
_EN_PARTS = "|".join(sorted((word for word in _PARTS if word.isascii()), key=len, reverse=True))
_NOT_TIME = r"(?!要求|建议|意见|问题|不满|原因|理由|说明|[上下]?[五几]|评价|好评|差评)"
_SPOKEN = "一两二三四五六七八九十"
_SPOKEN_CLOCK = rf"[{_SPOKEN}]点(?:钟|半)?"
_CLOCK_ZH = rf"(?:\d{{1,2}}(?:点(?:钟|整|半|[一三1-3]刻|\d{{1,2}}分?)?{_NOT_TIME}|[:：][0-5]\d(?!\d)))"
_PART_BEFORE = rf"(?:{_ZH_PARTS}|(?<=[今明昨当天日号一二三四五六])[早晚](?![餐饭会安点霜了到]))"
_ZH = re.compile(
    rf"(?P<part>{_PART_BEFORE})?(?P<clock>(?<![\d:.]){_CLOCK_ZH}"
    rf"|(?<![十有差早晚]){_SPOKEN_CLOCK}(?=之?[前后]|以[前后]|到|左右|送|来|取))"
    rf"(?:(?:到|至|-|~|—)(?P<until_part>{_ZH_PARTS})?(?P<until>{_CLOCK_ZH}|{_SPOKEN_CLOCK}))?(?P<side>之前|以前|前|"
    rf"之后|以后|后|左右|多)?"
)
_ZH_PART = re.compile(
    rf"(?P<part>{_ZH_PARTS}|(?<=[今明昨])[早晚](?![餐饭会安点霜])|"
    rf"(?<=[周天日号][一二三四五六日])[早晚]上?)(?:(?P<side>之前|以前|前|之后|以后))?(?!好(?!的)|[茶餐饭安]|[十\d])"
)
_EN_CLOCK = r"(?:\d{1,2}(?::[0-5]\d)?)"
_AM_PM = r"(?: ?(?:am|pm|a\.m\.?|p\.m\.?|o'?clock)| in the (?:morning|afternoon|evening)| at night)"
_EN = re.compile(
    rf"(?<![\w.:$¥-])(?:(?P<side>before|by|until|till|after|from|since|around|about|at|"
    rf"between) )?(?P<clock>{_EN_CLOCK})(?P<ap>{_AM_PM})?"
    rf"(?: ?(?:-|to|until|and|till) ?(?P<until>{_EN_CLOCK})(?P<until_ap>{_AM_PM})?)?(?![\w:%-]|\.\d)"
)
_EN_PART = re.compile(
    rf"(?<![a-z])(?:(?P<side>before|by|after|until) |(?:in the |at )?)(?P<part>{_EN_PARTS})s?(?![a-z])"
)
_EN_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_EN_PAST = re.compile(
    rf"(?<![a-z])(?P<part>half|(?:a )?quarter|(?:\d{{1,2}}|five|ten|twenty)(?= minutes? |"
    rf" past ))(?: minutes?)? (?P<way>past|after|to|before) "
    rf"(?P<hour>{'|'.join(_EN_HOURS)}|1[0-2]|[1-9])(?![\w:])(?P<ap>{_AM_PM})?"
)
_GREETED = re.compile(r"good $|^ ?(?:dress|light|stand|cream)")


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every time of day."""
    text, source = context.text, context.source
    for match in _ZH.finditer(text):
        span = _chinese(match, text)
        if span is not None:
            sure = 0.9 if match["part"] or ":" in match["clock"] else 0.8
            yield candidate(source, match.span(), "time", span, sure, "time: by the clock")
    for match in _ZH_PART.finditer(text):
        span = _side(
            _PARTS[
                match["part"].removesuffix("上")
                if len(match["part"]) == 2 and match["part"] not in _PARTS
                else match["part"]
            ],
            match["side"],
        )
        yield candidate(source, match.span(), "time", span, 0.78, "time: part of the day")
    for match in _EN.finditer(text) if re.search("[a-z]|:", text) else ():
        span = _english(match)
        if span is not None:
            yield candidate(source, match.span(), "time", span, 0.9, "time: by the clock")
    for match in _EN_PAST.finditer(text):
        span = _past(match)
        if span is not None:
            yield candidate(source, match.span(), "time", span, 0.92, "time: by the clock")
    for match in _EN_PART.finditer(text):
        before, after = text[max(0, match.start() - 5) : match.start()], text[match.end() : match.end() + 8]
        if not _GREETED.search(before) and not re.match(r" ?(?:dress|light|stand|cream)", after):
            yield candidate(
                source, match.span(), "time", _side(_PARTS[match["part"]], match["side"]), 0.78, "time: part of the day"
            )


def _chinese(match: re.Match[str], text: str) -> TimeSpan | None:
    start = _minutes(match["clock"], match["part"])
    if start is None:
        return None
    if match["until"]:
        end = _minutes(match["until"], match["until_part"] or match["part"])
        return None if end is None or end < start else TimeSpan(start, end)
    if match["side"] in ("左右", "多"):
        return TimeSpan(start, start)
    if match["side"] == "后" and text[match.end() : match.end() + 1] == "天":
        return TimeSpan(start, start)
    return _at(start, _PARTS.get(match["part"] or "", (0, 1440)), match["side"])


def _minutes(clock: str, part: str | None) -> int | None:
    clock = re.sub(
        f"[{_SPOKEN}](?=点)", lambda match: "10" if match[0] == "十" else match[0].translate(TO_ARABIC), clock
    )
    numbers = [int(number) for number in re.findall(r"\d+", clock)]
    hour = numbers[0]
    quarters = re.search("([一三1-3])刻", clock)
    minute = 30 if "半" in clock else numbers[1] if len(numbers) > 1 and not quarters else 0
    if quarters:
        minute = 15 * {"一": 1, "三": 3}.get(quarters[1], 0) or 15 * int(quarters[1])
    if hour > 24 or minute > 59:
        return None
    if (
        (part in _LATE and hour < 12)
        or (part in ("中午", "noon") and hour < 3)
        or (part is None and 1 <= hour <= 6 and ":" not in clock)
    ):
        hour += 12
    return min(hour * 60 + minute, 1440)


def _at(at: int, around: tuple[int, int], side: str | None) -> TimeSpan:
    if side in ("之前", "以前", "前", "before", "by", "until", "till"):
        return TimeSpan(around[0] if around[0] < at else 0, at)
    if side in ("之后", "以后", "后", "after", "from", "since"):
        return TimeSpan(at, around[1] if around[1] > at else 1440)
    return TimeSpan(at, at)


def _side(part: tuple[int, int], side: str | None) -> TimeSpan:
    if side in ("之前", "以前", "前", "before", "by", "until"):
        return TimeSpan(0, part[0])
    if side in ("之后", "以后", "after"):
        return TimeSpan(part[1], 1440)
    return TimeSpan(*part)


def _english(match: re.Match[str]) -> TimeSpan | None:
    ap, until_ap = _half(match["ap"]), _half(match["until_ap"])
    marked = ap or until_ap or match["ap"] or match["until_ap"] or ":" in match["clock"]
    if not marked:
        return None
    start = _en_minutes(match["clock"], ap or until_ap)
    if start is None:
        return None
    if match["until"]:
        end = _en_minutes(match["until"], until_ap or ap)
        if end is not None and end < start and not ap:
            start -= 720
        return None if end is None or not 0 <= start <= end else TimeSpan(start, end)
    return _at(start, (0, 1440), match["side"])


def _past(match: re.Match[str]) -> TimeSpan | None:
    """Half past three, quarter to five; "half after" and "ten to 4 people" are none."""
    part, hour = match["part"], match["hour"]
    if (part == "half") != (match["way"] == "past" and part == "half"):
        return None
    minutes = {"half": 30, "five": 5, "ten": 10, "twenty": 20}.get(part, int(part) if part.isdigit() else 15)
    at = _en_minutes(hour if hour.isdigit() else str(_EN_HOURS.index(hour) + 1), _half(match["ap"]))
    if at is None:
        return None
    at += minutes if match["way"] in ("past", "after") else -minutes
    return TimeSpan(at, at)


def _half(word: str | None) -> str | None:
    if not word:
        return None
    if re.search(r"p\.?m|afternoon|evening|night", word):
        return "pm"
    return "am" if re.search(r"a\.?m|morning", word) else None


def _en_minutes(clock: str, half: str | None) -> int | None:
    hour, _, minute = clock.partition(":")
    number = int(hour)
    if number > 24 or (half and not 1 <= number <= 12):
        return None
    if half == "pm" and number < 12:
        number += 12
    elif half == "am" and number == 12:
        number = 0
    elif half is None and 1 <= number <= 6 and ":" not in clock:
        number += 12
    return min(number * 60 + int(minute or 0), 1440)

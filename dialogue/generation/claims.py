"""The checkable claims of a text: numbers, money, dates, times, identifiers, addresses of the web. Pure.

In: a text in either language and the moment it is said. Out: ``Claim`` values in a normal form, so that 九十九块, ¥99
and "ninety-nine yuan" are one claim, and 明天 is the same day as 11月23日. A span of text makes one claim, the most
specific.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from dialogue.generation.numerals import with_digits
from dialogue.shop.clock import SHOP_ZONE

ClaimKind = Literal[
    "contact", "identifier", "date", "weekday", "period", "time", "part", "money", "percent", "span", "bound", "number"
]
_N = r"\d+(?:\.\d+)?"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim in its normal form; equal claims mean the same."""

    kind: ClaimKind
    value: str


_CONTACT = re.compile(
    r"https?://[!-~]+|www\.[!-~]+|[\w.+-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|cn|net|org|io|shop|top|xyz)\b[!-~]*",
    re.I | re.A,
)
_PHONE = re.compile(r"(?<![\w.])\+?\d{2,4}[- ]\d{3,4}[- ]\d{3,4}(?!\w|\.\d)", re.A)
_CODE = re.compile(
    r"(?<![A-Za-z0-9])#?(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z]{1,6}-?\d[A-Za-z0-9-]{3,}(?![A-Za-z0-9])"
)
_LONG = re.compile(r"#?(?<![\d.])\d{6,}(?![\d.]*\s?(?:元|块|圆|yuan|rmb|dollars?|usd))", re.I)

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_MONTH = "|".join(f"{name}|{name[:3]}\\.?" if name != "may" else name for name in _MONTHS) + "|sept\\.?"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO = re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)")
_ZH_DATE = re.compile(r"(?:(?P<y>\d{4})年)?(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?")
_EN_DATE = re.compile(
    rf"\b(?P<mon>{_MONTH})\s+(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>\d{{4}}))?", re.I
)
_EN_DATE_2 = re.compile(
    rf"\b(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<mon>{_MONTH})\b(?:,?\s+(?P<y>\d{{4}}))?", re.I
)
_RELATIVE = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨晚": -1, "昨日": -1, "今天": 0, "今日": 0, "今晚": 0, "今早": 0, "当天": 0,
    "大后天": 3, "后天": 2, "明天": 1, "明日": 1, "明早": 1, "明晚": 1, "次日": 1,
    "the day after tomorrow": 2, "the day before yesterday": -2, "tomorrow": 1, "yesterday": -1, "today": 0,
    "tonight": 0,
}  # fmt: skip
_NEAR = re.compile(
    "|".join(sorted((f"\\b{w}\\b" if w.isascii() else w for w in _RELATIVE), key=len, reverse=True)), re.I
)
_AHEAD = re.compile(r"(?P<n>\d+)\s?(?:天|日|days?)(?:后|之后|以后|\s+from now|\s+later)|\bin (?P<m>\d+) days?\b", re.I)
_ZH_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天末])")
_EN_WEEKDAY = re.compile(rf"\b({'|'.join(_DAYS)}|weekend)s?\b", re.I)
_PERIOD = re.compile(
    r"(?:下下?|本|这|上)个?(?:周|星期|礼拜|月|季度)(?![一二三四五六日天])|(?:今|明|去)年|\d{1,2}月(?:份|底|初|中旬|上旬|下旬)?"
    r"|月底|月初|年底|年初|春节|国庆|双十[一二]|周末|\d{1,2}[号日]"
    r"|\b(?:next|this|last)\s+(?:week|month|year|quarter)|\bend of (?:the )?(?:week|month|year)\b"
    rf"|\b(?:{'|'.join(_MONTHS[:4] + _MONTHS[5:])})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|\b(?:19|20)\d\d年?(?!\d)",
    re.I,
)
_CLOCK = re.compile(r"(?<!\d)(?P<h>\d{1,2}):(?P<m>\d{2})(?!\d)\s*(?P<half>am|pm|a\.m\.?|p\.m\.?)?", re.I)
_ZH_CLOCK = re.compile(r"(?<!\d)(?P<h>\d{1,2})(?:点钟?|时(?!间))(?:(?P<m>\d{1,2})分?|(?P<half>半))?")
_EN_CLOCK = re.compile(r"\b(?P<h>\d{1,2})\s?(?:am\b|pm\b|a\.m\.?|p\.m\.?|o'?clock)", re.I)
_PARTS = {"凌晨": "night", "早上": "morning", "早晨": "morning", "上午": "morning", "中午": "noon", "下午": "afternoon",
          "傍晚": "evening", "晚上": "evening", "夜间": "night", "深夜": "night", "midday": "noon",
          "midnight": "night"}  # fmt: skip
_ZH_PARTS = "|".join(name for name in _PARTS if not name.isascii())
_PART = re.compile(
    rf"{_ZH_PARTS}|\b(?:morning|noon|midday|afternoon|evening|night|midnight)\b",
    re.I,
)

_YUAN = r"元|块钱?|圆|yuan|rmb|kuai|cny"
_DOLLAR = r"美元|美金|dollars?|usd|bucks?"
_MONEY = re.compile(
    rf"(?P<yuan_sign>[¥￥]|\b(?:rmb|cny)\s?)\s?(?P<a>{_N})|(?P<dollar_sign>(?:us)?\$)\s?(?P<b>{_N})|[€£]\s?(?P<x>{_N})"
    rf"|(?P<c>\d+)块(?P<jiao>\d)(?!\d|折)毛?|(?P<d>{_N})\s?(?:{_YUAN})|(?P<e>{_N})\s?(?:{_DOLLAR})"
    rf"|(?P<f>{_N})\s?(?:欧元|euros?|pounds?)|(?P<g>{_N})\s?(?:毛|角)(?!\w)|(?P<h>{_N})\s?(?:分钱|cents?)",
    re.I,
)
_CURRENCIES = (("a", "yuan", 1), ("b", "dollar", 1), ("d", "yuan", 1), ("e", "dollar", 1), ("g", "yuan", 10),
               ("h", "yuan", 100), ("f", "other", 1), ("x", "other", 1))  # fmt: skip
"""Group of the pattern, currency, and how many of the unit make one of it."""
_PERCENT = re.compile(
    rf"(?P<n>{_N})\s?(?:%|percent\b|per cent\b)(?P<off>\s?off)?|(?P<z>{_N})折|(?P<t>{_N})\s?(?:倍|times\b|x\b)", re.I
)
_UNITS = {
    "workday": r"个?工作日|(?:business|working)[ -]days?", "day": r"天|日(?!期)|(?:calendar |natural )?days?",
    "hour": r"个?小时|个?钟头|hours?|hrs?", "minute": r"分钟|minutes?|mins?", "month": r"个月|months?",
    "week": r"周(?!岁)|个?星期|weeks?", "year": r"年(?!\d)|years?", "second": r"秒|seconds?",
}  # fmt: skip
_UNIT = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _UNITS.items())
_SPAN = re.compile(
    r"(?P<before>not more than |no more than |at most |within |up to |more than |over |at least |under |less than "
    r"|after |不超过|最多|至多|超过|至少|最少|最快|最慢|不到|不足)?"
    rf"(?P<n>{_N})(?:\s?(?:-|~|到|至|to)\s?(?P<n2>{_N}))?[ -]?(?:{_UNIT})"
    r"(?P<after>之内|以内|内|之后|以后|后|以上|以下|之前|以前|前)?(?![A-Za-z])",
    re.I,
)
_BOUNDS = {
    "within": (
        "within",
        "up to",
        "at most",
        "not more than",
        "no more than",
        "不超过",
        "最多",
        "至多",
        "之内",
        "以内",
        "内",
    ),
    "after": ("after", "之后", "以后", "后"),
    "before": ("之前", "以前", "前"),
    "over": ("more than", "over", "超过", "以上"),
    "least": ("at least", "至少", "最少", "最快"),
    "under": ("under", "less than", "不到", "不足", "以下"),
}
_BOUND = {word: bound for bound, words in _BOUNDS.items() for word in words}
_VAGUE = re.compile(
    r"[几数][十百千万]+|\b(?:dozens|hundreds|thousands|several hundred) of\b"
    r"|\b(?:a few|several) (?:day|hour|week|month|minute)s?\b"
    r"|[几数](?:天|小时|个工作日|个月|周|分钟)",
    re.I,
)
_NUMBER = re.compile(_N)
_JOINED = re.compile(r"\s?(?:的|[(（,，]\0*[)）]|,? ?(?:in the|at))?\s?", re.I)


def claims(text: str, now: datetime) -> frozenset[Claim]:
    """Every claim in ``text``, said at ``now``. A range makes a claim for each of its ends."""
    left, found = with_digits(text), set[Claim]()
    days: list[tuple[int, Claim]] = []
    """Where a day ends, and which it is."""
    for pattern, read in _readers(now.astimezone(SHOP_ZONE).date()):
        for match in pattern.finditer(left):
            read_here = read(match)
            days += [(match.end(), claim) for claim in read_here if claim.kind in ("date", "weekday")]
            found.update(_of_day(claim, match.start(), left, days) for claim in read_here)
        left = pattern.sub(lambda match: "\0" * len(match.group()), left)
    return frozenset(found)


def _of_day(claim: Claim, start: int, text: str, days: list[tuple[int, Claim]]) -> Claim:
    """A part of the day with the day that stands before it: tomorrow's morning is not its afternoon."""
    if claim.kind != "part":
        return claim
    day = next((day for end, day in days if end <= start and _JOINED.fullmatch(text[end:start])), None)
    return Claim("part", f"{day.value} {claim.value}") if day else claim


_Read = Callable[[re.Match[str]], tuple[Claim, ...]]


def _readers(today: date) -> tuple[tuple[re.Pattern[str], _Read], ...]:
    """In this order; what one has read, the next does not see."""

    def dated(match: re.Match[str]) -> tuple[Claim, ...]:
        groups = match.groupdict()
        month = int(groups["m"]) if groups.get("m") else _month(str(groups.get("mon")))
        return _date(int(groups["y"]) if groups.get("y") else None, month, int(groups["d"]), today)

    return (
        (_CONTACT, lambda m: (Claim("contact", m.group().rstrip(".,;!?)").lower()),)),
        (_PHONE, lambda m: (Claim("identifier", re.sub(r"\D", "", m.group())),)),
        (_ISO, dated), (_ZH_DATE, dated), (_EN_DATE, dated), (_EN_DATE_2, dated),
        (_CODE, lambda m: (Claim("identifier", m.group().lstrip("#").upper()),)),
        (_LONG, lambda m: (Claim("identifier", m.group().lstrip("#")),)),
        (_NEAR, lambda m: _on(today + timedelta(days=_RELATIVE[m.group().lower()]))),
        (_AHEAD, _ahead),
        (_ZH_WEEKDAY, _zh_weekday), (_EN_WEEKDAY, _en_weekday),
        (_CLOCK, _clock), (_ZH_CLOCK, _clock), (_EN_CLOCK, _clock),
        (_MONEY, _money), (_PERCENT, _percent), (_SPAN, _span),
        (_VAGUE, lambda m: (Claim("period", m.group().lower()),)),
        (_PERIOD, lambda m: (Claim("period", re.sub(r"\s+|个", "", m.group().lower())),)),
        (_PART, lambda m: (Claim("part", _PARTS.get(m.group().lower(), m.group().lower())),)),
        (_NUMBER, lambda m: (Claim("number", _plain(m.group())),)),
    )  # fmt: skip


def _plain(number: str) -> str:
    value = Decimal(number).normalize()
    return f"{value:f}"


def _month(name: str) -> int:
    return next(index for index, month in enumerate(_MONTHS, 1) if month.startswith(name.lower()[:3]))


def _date(year: int | None, month: int, day: int, today: date) -> tuple[Claim, ...]:
    """Without a year the nearest day of that name is meant."""
    try:
        if year is not None:
            return _on(date(year, month, day))
        near = [date(today.year + more, month, day) for more in (-1, 0, 1) if not (month == 2 and day == 29)]
        return _on(min(near, key=lambda at: abs((at - today).days))) if near else (Claim("date", f"{month}-{day}"),)
    except ValueError:
        return (Claim("date", f"{year}-{month}-{day}"),)


def _on(day: date) -> tuple[Claim, ...]:
    return (Claim("date", day.isoformat()),)


def _ahead(match: re.Match[str]) -> tuple[Claim, ...]:
    days = _plain(match["n"] or match["m"])
    return (Claim("bound", f"{days} day after"), Claim("span", f"{days} day"))


def _zh_weekday(match: re.Match[str]) -> tuple[Claim, ...]:
    name = match[1]
    return (Claim("weekday", "weekend" if name == "末" else str("一二三四五六日".index(name.replace("天", "日")))),)


def _en_weekday(match: re.Match[str]) -> tuple[Claim, ...]:
    name = match[1].lower()
    return (Claim("weekday", "weekend" if name == "weekend" else str(_DAYS.index(name))),)


def _clock(match: re.Match[str]) -> tuple[Claim, ...]:
    groups = match.groupdict()
    minutes = 30 if groups.get("half") == "半" else int(groups.get("m") or 0)
    # Twelve hours apart is the same time: which half of the day is a claim of its own (上午, "pm").
    halves = "".join(re.findall(r"[ap](?=\.?m)", match.group().lower()))
    part = (Claim("part", {"a": "morning", "p": "afternoon"}[halves[0]]),) if halves else ()
    return (Claim("time", f"{int(groups['h']) % 12}:{minutes:02d}"), *part)


def _money(match: re.Match[str]) -> tuple[Claim, ...]:
    groups = match.groupdict()
    if groups["c"]:
        return (Claim("money", f"yuan {_plain(groups['c'] + '.' + groups['jiao'])}"),)
    for name, currency, share in _CURRENCIES:
        if groups[name]:
            return (Claim("money", f"{currency} {(Decimal(groups[name]) / share).normalize():f}"),)
    return ()


def _percent(match: re.Match[str]) -> tuple[Claim, ...]:
    if match["t"]:
        return (Claim("percent", f"{_plain(match['t'])} times"),)
    if match["z"]:
        value = Decimal(match["z"])
        off = 100 - (value * 10 if value < 10 else value)
        return (Claim("percent", f"{off.normalize():f} off"),)
    return (Claim("percent", f"{_plain(match['n'])}{' off' if match['off'] else ''}"),)


def _span(match: re.Match[str]) -> tuple[Claim, ...]:
    unit = next(name for name in _UNITS if match[name])
    ends = [_plain(n) for n in (match["n"], match["n2"]) if n]
    factor, unit = (7, "day") if unit == "week" else (24, "hour") if unit == "day" and ends == ["1"] else (1, unit)
    ends = [_plain(str(Decimal(end) * factor)) for end in ends]
    bounds = {_BOUND.get((match[side] or "").strip().lower()) for side in ("before", "after")} - {None}
    spans = [Claim("span", f"{end} {unit}") for end in ends]
    return (*spans, *(Claim("bound", f"{ends[-1]} {unit} {bound}") for bound in sorted(map(str, bounds))))

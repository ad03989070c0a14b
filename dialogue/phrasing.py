"""Facts in words that can be spoken: moments, days, money, lists. Pure; the zone is the shop's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import OrderLine, Product
from nlu.types import Language

_ZH_WEEKDAYS = "一二三四五六日"
_EN_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EN_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ZH_NEAR = {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天"}
_EN_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def moment(at: datetime, now: datetime, language: Language) -> str:
    """``at`` seen from ``now``, by part of the day: 明天下午, 10月12日上午, "tomorrow afternoon", "on October 12"."""
    local = at.astimezone(SHOP_ZONE)
    part = _part_of_day(local.hour, language)
    if language == "en" and local.astimezone(SHOP_ZONE).date() == now.astimezone(SHOP_ZONE).date():
        if part == "night":
            return "early this morning"
        return "tonight" if part == "evening" and at > now else f"this {part}"
    name = day(at, now, language)
    if language == "zh":
        return f"{name}{part}"
    if part == "night" and not name[-1].isdigit():
        return f"early {name} morning"
    return f"on {name}" if name[-1].isdigit() else f"{name} {part}"


def day(at: datetime, now: datetime, language: Language) -> str:
    """The day of ``at`` seen from ``now``: 明天, 周五 (within six days ahead), 10月12日, else with the year."""
    local, today = at.astimezone(SHOP_ZONE).date(), now.astimezone(SHOP_ZONE).date()
    away = (local - today).days
    if language == "zh":
        if away in _ZH_NEAR:
            return _ZH_NEAR[away]
        if 2 < away < 7:
            next_week = "下" if local.isocalendar().week != today.isocalendar().week else ""
            return f"{next_week}周{_ZH_WEEKDAYS[local.weekday()]}"
        return f"{_zh_year(local, today)}{local.month}月{local.day}日"
    if away in _EN_NEAR:
        return _EN_NEAR[away]
    if 1 < away < 7:
        return _EN_WEEKDAYS[local.weekday()]
    year = "" if local.year == today.year else f" {local.year}"
    return f"{_EN_MONTHS[local.month - 1]} {local.day}{',' + year if year else ''}"


def _zh_year(local: date, today: date) -> str:
    return "" if local.year == today.year else f"{local.year}年"


def _part_of_day(hour: int, language: Language) -> str:
    parts = (
        ((5, "凌晨"), (11, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
        if language == "zh"
        else ((5, "night"), (12, "morning"), (18, "afternoon"), (24, "evening"))
    )
    return next(name for until, name in parts if hour < until)


def money(amount: Decimal, language: Language) -> str:
    """Yuan, without empty cents: 128元, 128.50元, "128.50 yuan"."""
    text = f"{amount:.2f}".removesuffix(".00")
    return f"{text}元" if language == "zh" else f"{text} yuan"


def line_name(line: OrderLine | Product, language: Language) -> str:
    """The product's name in ``language``."""
    return line.name if language == "zh" or not line.name_en else line.name_en


def digits(number: str, spoken: bool) -> str:
    """Digits read back: apart for the ear (8 9 0 7 is read digit by digit), in a row for the eye."""
    return " ".join(number) if spoken else number


def lines(items: Sequence[OrderLine], language: Language, most: int = 2) -> str:
    """What was bought: 保温杯和毛巾, 保温杯等3件商品, "the kettle and 2 more"."""
    names = [line_name(item, language) for item in items]
    if len(names) <= most:
        return ("和" if language == "zh" else " and ").join(names)
    return f"{names[0]}等{len(names)}件商品" if language == "zh" else f"{names[0]} and {len(names) - 1} more"


def listing(names: Sequence[str], language: Language) -> str:
    """A、B和C / "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    comma, last = ("、", "和") if language == "zh" else (", ", " and ")
    return comma.join(names[:-1]) + last + names[-1]


def clauses(parts: Sequence[str], language: Language) -> str:
    """Clauses of one sentence in a row."""
    return ("，" if language == "zh" else ", ").join(parts)


def hours(start: time, end: time, language: Language) -> str:
    """A stretch of the day: 9点到12点, "from 9 to 12"; half past as 9点30分, "9:30"."""
    if language == "zh":
        return "到".join(f"{at.hour}点" + (f"{at.minute}分" if at.minute else "") for at in (start, end))
    return "from " + " to ".join(f"{at.hour}:{at.minute:02d}" if at.minute else str(at.hour) for at in (start, end))


def discount(percent: int, language: Language) -> str:
    """So many percent off: 95折, 9折, "5 percent off"."""
    left = 100 - percent
    return f"{left // 10 if left % 10 == 0 else left}折" if language == "zh" else f"{percent} percent off"

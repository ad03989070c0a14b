"""English text normalisation: identifiers, money, dates, times, units by our rules; numbers by num2words."""

from __future__ import annotations

import re
from collections.abc import Callable

_Match = re.Match[str]
_Rule = tuple[re.Pattern[str], Callable[[_Match], str]]

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH_NAMES = "|".join([*_MONTHS, *(month[:3] for month in _MONTHS), "Sept"])
_CURRENCIES = {
    "$": ("dollar", "dollars"), "US$": ("dollar", "dollars"), "USD": ("dollar", "dollars"), "¥": ("yuan", "yuan"),
    "RMB": ("yuan", "yuan"), "CNY": ("yuan", "yuan"), "€": ("euro", "euros"), "EUR": ("euro", "euros"),
    "£": ("pound", "pounds"), "GBP": ("pound", "pounds"), "HK$": ("Hong Kong dollar", "Hong Kong dollars"),
}  # fmt: skip
_UNITS = {
    "kg": "kilograms", "g": "grams", "mg": "milligrams", "ml": "milliliters", "l": "liters", "km": "kilometers",
    "m": "meters", "cm": "centimeters", "mm": "millimeters", "h": "hours", "hr": "hours", "hrs": "hours",
    "min": "minutes", "mins": "minutes", "s": "seconds", "w": "watts", "kw": "kilowatts", "v": "volts",
    "mah": "milliamp hours", "hz": "hertz", "ghz": "gigahertz", "gb": "gigabytes", "tb": "terabytes",
    "mb": "megabytes", "lb": "pounds", "lbs": "pounds", "oz": "ounces", "°c": "degrees Celsius", "℃": "degrees Celsius",
    "km/h": "kilometers per hour", "㎡": "square meters", "db": "decibels",
}  # fmt: skip
_UNIT = "|".join(sorted((re.escape(unit) for unit in _UNITS), key=len, reverse=True))
_NOT_UNIT = r"(?-i:(?![GMS](?![A-Za-z])))"
"""Upper-case G, M and S after a number are generations, gigabytes and sizes, not grams, metres and seconds."""
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ID_WORD = (
    r"(?:order|tracking|waybill|parcel|shipment|invoice|return|refund|reference|confirmation|ticket|case|account|"
    r"member|coupon|code|PIN|serial|model|ending in|ends in)(?:\s+(?:number|no\.?|code|id|is))*"
)
_WORDS = (
    ("e.g.", "for example"), ("i.e.", "that is"), ("etc.", "et cetera"), ("w/o", "without"), ("w/", "with"),
    ("24/7", "twenty-four seven"), ("approx.", "approximately"), ("vs.", "versus"), ("St.", "Street"),
    ("Mr.", "Mister"), ("Mrs.", "Missus"), ("Ms.", "Miz"), ("Dr.", "Doctor"), ("FAQ", "F A Q"),
)  # fmt: skip


def spoken_english(text: str) -> str:
    """English words for a cleaned English text. Chinese runs stay (the voice says them)."""
    for written, said in _WORDS:
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(written)}(?![A-Za-z0-9])", said, text)
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    for pattern, plain in _LAST:
        text = pattern.sub(plain, text)
    return text.strip(" ,;:")


def cardinal(number: str) -> str:
    """``1,299.5`` as "one thousand two hundred ninety-nine point five" (American: no "and")."""
    from num2words import num2words

    whole, _, fraction = number.replace(",", "").partition(".")
    said = str(num2words(int(whole))).replace(",", "").replace(" and ", " ")
    return f"{said} point {one_by_one(fraction)}" if fraction else said


def ordinal(number: str) -> str:
    """``22`` as "twenty-second"."""
    from num2words import num2words

    return str(num2words(int(number), to="ordinal")).replace(",", "").replace(" and ", " ")


def year(number: str) -> str:
    """``2026`` as "twenty twenty-six"."""
    from num2words import num2words

    return str(num2words(int(number), to="year")).replace(" and ", " ")


def one_by_one(digits: str) -> str:
    """``105`` as "one zero five"; other characters are dropped."""
    return " ".join(cardinal(digit) for digit in digits if digit.isdigit())


def _identifier(token: str) -> str:
    parts: list[str] = []
    for part in re.findall(r"[A-Za-z]+|\d+", token):
        if part.isalpha():
            parts.append(" ".join(part.upper()))
            continue
        groups = [part[at : at + 4] for at in range(0, len(part), 4)] if len(part) > 6 else [part]
        if len(groups) > 1 and len(groups[-1]) == 1:
            groups[-2:] = [groups[-2] + groups[-1]]
        parts.append(", ".join(one_by_one(group) for group in groups))
    return " ".join(parts)


def _money(match: _Match) -> str:
    one, many = _CURRENCIES[match["currency"].upper()]
    amount = match["amount"].replace(",", "")
    whole, _, cents = amount.partition(".")
    sign = "minus " if match["sign"] else ""
    if match["upto"]:
        return f"{cardinal(amount)} to {cardinal(match['upto'])} {many}"
    if match["scale"]:
        return f"{sign}{cardinal(amount)} {match['scale']} {many}"
    said = f"{cardinal(whole)} {one if whole == '1' else many}"
    cents = cents.ljust(2, "0")[:2] if cents else "00"
    if cents == "00":
        return sign + said
    if many == "yuan":
        return f"{sign}{cardinal(whole)} point {one_by_one(cents.rstrip('0'))} yuan"
    if whole == "0":
        return f"{sign}{cardinal(cents)} cents"
    return f"{sign}{said} and {cardinal(cents)} {'cent' if cents == '01' else 'cents'}"


def _unit(match: _Match) -> str:
    unit = _UNITS[match["unit"].lower()]
    if match["number"] == "1":
        unit = unit.replace("degrees", "degree") if "degrees" in unit else re.sub(r"s\b", "", unit, count=1)
    low = f"{cardinal(match['low'])} to " if match["low"] else ""
    return f"{'minus ' if match['sign'] else ''}{low}{cardinal(match['number'])} {unit}"


def _date(year_: str, month: str, day: str) -> str:
    said = f"{_MONTHS[int(month) - 1]} {ordinal(day)}"
    return f"{said}, {year(year_)}" if year_ else said


def _named_date(match: _Match) -> str:
    month = next(name for name in _MONTHS if name[:3].lower() == match[1][:3].lower())
    return f"{month} {ordinal(match[2])}" + (f", {year(match[3])}" if match[3] else "")


def _clock(match: _Match) -> str:
    hour, minute = int(match[1]), int(match[2])
    half = match[3].lower().replace(".", "") if match[3] else ""
    if 12 < hour < 24:
        hour, half = hour - 12, "pm"
    if hour in {0, 24} and minute == 0 and not half:
        return "midnight"
    said = cardinal(str(hour))
    if minute:
        said += (" oh " if minute < 10 else " ") + cardinal(str(minute))
    elif not half:
        said += " o'clock"
    return said + (f" {half[0].upper()} M" if half else "")


def _phone(match: _Match) -> str:
    return ", ".join(one_by_one(group) for group in re.split(r"\D+", match[0]) if group)


def _mobile(match: _Match) -> str:
    digits = re.sub(r"\D", "", match[1])
    return ", ".join(one_by_one(part) for part in (digits[:3], digits[3:7], digits[7:]))


def _rule(pattern: str, replace: Callable[[_Match], str], flags: int = 0) -> _Rule:
    return re.compile(pattern, flags), replace


_CLOCK = r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?:\s*([AaPp]\.?[Mm]\b\.?))?(?![\d:])"

_RULES: tuple[_Rule, ...] = (
    _rule(
        r"(?<![A-Za-z0-9])(?=[A-Za-z0-9-]*\d{3})[A-Za-z]{1,6}-?\d[A-Za-z0-9-]{3,}(?![A-Za-z0-9])",
        lambda m: _identifier(m[0]),
    ),
    _rule(
        rf"\b({_ID_WORD}[:#\s]+)((?=[A-Za-z-]*\d)[A-Za-z0-9][A-Za-z0-9-]{{2,}})(?![\d.,]*\d|\s*%)",
        lambda m: f"{m[1]}{_identifier(m[2])}",
        re.I,
    ),
    _rule(r"(?<!\d)\d{3}\*{3,}(\d{4})(?!\d)", lambda m: f"ending in {one_by_one(m[1])}"),
    _rule(r"(?<![\d.])(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)", _mobile),
    _rule(r"(?<!\d)(?:\+?1[- ])?\(?\d{3}\)?[- ]\d{3,4}[- ]\d{4}(?!\d)", _phone),
    _rule(r"#\s*(\d+)", lambda m: f"number {_identifier(m[1]) if len(m[1]) > 3 else cardinal(m[1])}"),
    _rule(
        r"(?<!\d)(\d{4})[-/.](0?[1-9]|1[0-2])[-/.]([12]\d|3[01]|0?[1-9])(?!\d)(T(?=\d)|\s+(?=\d{1,2}:))?",
        lambda m: _date(m[1], m[2], m[3]) + (", " if m[4] else ""),
    ),
    _rule(r"(?<!\d)(0?[1-9]|1[0-2])/([12]\d|3[01]|0?[1-9])/(\d{4})(?!\d)", lambda m: _date(m[3], m[1], m[2])),
    _rule(r"(?<![\d/.])(0?[1-9]|1[0-2])/([12]\d|3[01]|0[1-9])(?![\d/])", lambda m: _date("", m[1], m[2])),
    _rule(rf"\b({_MONTH_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(\d{{4}}))?(?!\d)", _named_date),
    _rule(
        _CLOCK + r"\s*[-–~]\s*" + _CLOCK,
        lambda m: " to ".join(re.sub(_CLOCK, _clock, part) for part in re.split(r"\s*[-–~]\s*", m[0])),
    ),
    _rule(_CLOCK, _clock),
    _rule(r"(?<!\d)(1[0-2]|[1-9])\s?([AaPp])\.?[Mm]\b\.?", lambda m: f"{cardinal(m[1])} {m[2].upper()} M"),
    _rule(
        rf"(?P<sign>-)?(?P<currency>HK\$|US\$|[¥$€£]|RMB|CNY|USD|EUR|GBP)\s?(?P<amount>{_NUMBER})"
        rf"(?:\s?[-–~]\s?[¥$€£]?(?P<upto>{_NUMBER}))?(?:\s?(?P<scale>thousand|million|billion))?(?:\s(?:yuan|dollars))?",
        _money,
        re.I,
    ),
    _rule(
        rf"(?P<sign>)(?<![\d.A-Za-z])(?P<amount>{_NUMBER})\s?(?P<upto>)(?P<scale>)(?P<currency>RMB|CNY|USD|EUR|GBP)\b",
        _money,
    ),
    _rule(r"(?<![\d.,])\d{8,}(?!\d)", lambda m: _identifier(m[0])),
    _rule(
        rf"(?<![\d.A-Za-z])({_NUMBER})%?\s?[-–~]\s?({_NUMBER})\s?%",
        lambda m: f"{cardinal(m[1])} to {cardinal(m[2])} percent",
    ),
    _rule(rf"(?<![\d.A-Za-z])({_NUMBER})\s?%", lambda m: f"{cardinal(m[1])} percent"),
    _rule(
        rf"(?P<sign>(?<!\w)-)?(?<![\d.A-Za-z])(?:(?P<low>{_NUMBER})\s?[-–~]\s?)?(?P<number>{_NUMBER})\s?{_NOT_UNIT}(?P<unit>{_UNIT})(?![A-Za-z])",
        _unit,
        re.I,
    ),
    _rule(r"(?<![\d.])(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    _rule(
        r"(?<![\d.])(?:\d+(?:\.\d+)?\s*[x×*]\s*)+\d+(?:\.\d+)?(?!\d)",
        lambda m: " by ".join(cardinal(part) for part in re.findall(_NUMBER, m[0])),
    ),
    _rule(r"(?<=[a-z]) ?(cm|mm|kg|ml)\b", lambda m: f" {_UNITS[m[1]]}"),
    _rule(r"(?<![\w.])[x×](\d{1,3})(?!\w)", lambda m: f"quantity {cardinal(m[1])}"),
    _rule(r"\b(in|since|of|by|until|from|year)\s+((?:19|20)\d{2})(?![\d.,%])", lambda m: f"{m[1]} {year(m[2])}"),
    _rule(
        rf"(?<![\d.A-Za-z])({_NUMBER})\s?[-–~]\s?({_NUMBER})(?![\d.A-Za-z])",
        lambda m: f"{cardinal(m[1])} to {cardinal(m[2])}",
    ),
    _rule(
        r"(?<![\d.])(\d+(?:\.\d+){2,})(?![\d.])", lambda m: " " + " point ".join(cardinal(p) for p in m[1].split("."))
    ),
    _rule(rf"(?<![\w.])-({_NUMBER})", lambda m: f"minus {cardinal(m[1])}"),
    _rule(r"(?<=[A-Za-z])-?(\d+)", lambda m: f" {cardinal(m[1])}"),
    _rule(rf"({_NUMBER})(?=[A-Za-z])", lambda m: f"{cardinal(m[1])} "),
    _rule(_NUMBER, lambda m: cardinal(m[0])),
)

_LAST: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s*[（(\[{【]\s*"), ", "),
    (re.compile(r"\s*[）)\]}】]"), ","),
    (re.compile(r"[\"“”「」『』《》]"), ""),
    (re.compile(r"(?<![A-Za-z])['‘’]|['‘’](?![A-Za-z])"), ""),
    (re.compile(r"\s*(?:…+|\.{2,}|[—–]+|\s-\s)\s*"), ", "),
    (re.compile(r"(?<=\w)@(?=\w)"), " at "),
    (re.compile(r"(?<=[A-Za-z])\.(?=[A-Za-z]{2})"), " dot "),
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"\s*\+\s*(?=\S)"), " plus "),
    (re.compile(r"\+"), " plus"),
    (re.compile(r"\s*=\s*"), " equals "),
    (re.compile(r"(?<=\w)/(?=\w)"), " or "),
    (re.compile(r"[*#_^<>\\|~`/°]+"), " "),
    (re.compile(r"(?:,\s*)+(?=[.!?,;:])"), ""),
    (re.compile(r",(?=[^\s\d])"), ", "),
    (re.compile(r"\s+(?=[,.!?;:])"), ""),
    (re.compile(r"\s{2,}"), " "),
)

"""Dates and languages as people write them in front matter and table cells."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from dialogue.knowledge.documents import BadDocument, Validity
from nlu.types import Language

_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\d.*)?")
_LANGUAGES: dict[str, Language] = {
    "zh": "zh", "zh-cn": "zh", "cn": "zh", "中文": "zh", "chinese": "zh", "en": "en", "英文": "en", "english": "en",
}  # fmt: skip


def day(value: Any, field: str, place: str) -> date | None:
    """None for nothing. Raises ``BadDocument``."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise BadDocument(f"{field} {text!r} is no date", "write it as 2026-12-31", place)


def validity(first: Any, last: Any, place: str) -> Validity:
    """From two cells. Raises ``BadDocument`` also when the end comes before the beginning."""
    found = Validity(day(first, "valid_from", place), day(last, "valid_until", place))
    if found.first and found.last and found.first > found.last:
        raise BadDocument(f"valid_from {found.first} is after valid_until {found.last}", "swap them", place)
    return found


def language(value: Any, place: str) -> Language | None:
    """None for nothing. Raises ``BadDocument``."""
    text = str(value or "").strip().lower()
    if not text:
        return None
    if text not in _LANGUAGES:
        raise BadDocument(f"language {text!r} is not known", "write zh or en, or leave it out", place)
    return _LANGUAGES[text]

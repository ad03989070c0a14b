"""What a client's function gave back, and what the customer is told of it. Pure.

A string is told as it is; of JSON the text under ``say``, ``text``, ``message`` or ``answer``, else its plain fields.
``error`` in it, or the words in which OpenAI's clients report an exception, count as a failure: never told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlu.types import Language

_MAX_CHARS = 800
_MAX_FIELDS = 12
_SAID = ("say", "text", "message", "answer")
_BROKE = re.compile(r"\s*an error occurred while running the tool", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[。！？.!?\n](?=[^。！？.!?\n]*$)")
_HAN = re.compile(r"[一-鿿]")
_LATIN = re.compile(r"[A-Za-z]")
_MARKUP = re.compile(r"[*`#]+|<[^>]{1,80}>")


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """The output of one call."""

    call_id: str
    name: str
    output: str | None
    """As the client sent it; None: it did not come in time."""


def spoken(result: FunctionResult, language: Language) -> str | None:
    """The words for the customer, "" where there is nothing to add; None where the function failed."""
    if result.output is None or _BROKE.match(result.output):
        return None
    try:
        value = json.loads(result.output)
    except ValueError:
        value = result.output
    match value:
        case Mapping():
            return _of_object(value, language)
        case str():
            return _short(value)
        case None | bool():
            return ""
        case int() | float():
            return str(value)
        case _:
            rows = [row for row in value if isinstance(row, str | int | float | Mapping)][:_MAX_FIELDS]
            stop = "；" if language == "zh" else "; "
            told = stop.join(_pairs(row, language) if isinstance(row, Mapping) else str(row) for row in rows)
            return _short(told)


def language_of(text: str, language: Language) -> Language:
    """The language in which ``text`` is to be spoken; ``language`` where it does not show."""
    if _HAN.search(text):
        return "zh"
    return "en" if len(_LATIN.findall(text)) >= len(text) / 2 else language


def _of_object(value: Mapping[str, Any], language: Language) -> str | None:
    if value.get("error"):
        return None
    for name in _SAID:
        if isinstance(value.get(name), str):
            return _short(value[name])
    return _short(_pairs(value, language))


def _pairs(value: Mapping[str, Any], language: Language) -> str:
    is_to, comma = ("：", "，") if language == "zh" else (": ", ", ")
    plain = {
        name: told for name, told in value.items() if isinstance(told, str | int | float) and not isinstance(told, bool)
    }
    told = comma.join(f"{name.replace('_', ' ')}{is_to}{text}" for name, text in list(plain.items())[:_MAX_FIELDS])
    return f"{told}{'。' if language == 'zh' else '.'}" if told else ""


def _short(text: str) -> str:
    """At most so much, up to the end of a sentence where there is one; without markup."""
    plain = _MARKUP.sub("", text).strip()
    if len(plain) <= _MAX_CHARS:
        return plain
    cut = plain[:_MAX_CHARS]
    end = _SENTENCE_END.search(cut)
    return cut[: end.end()] if end else cut

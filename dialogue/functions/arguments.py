"""Arguments of a client's function from a ``Parse``: by slot, by choice, by the words themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from dialogue import cues
from dialogue.functions.schema import LANGUAGE, WORDS, ClientFunction, Parameter
from nlu.types import DateRange, Parse, SlotValue, TimeSpan

_MAX_CHARS = 500
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ASIDE = " ，。！？,.!?"


def filled(function: ClientFunction, parse: Parse, known: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are known after these words; what they say now goes before what was ``known``."""
    arguments = dict(known)
    for parameter in function.parameters:
        value = value_of(parameter, parse)
        if value is not None and not (parameter.source == WORDS and parameter.name in known):
            arguments[parameter.name] = value
        elif parameter.takes_null:
            arguments.setdefault(parameter.name, None)
    return arguments


def value_of(parameter: Parameter, parse: Parse, *, asked: bool = False) -> str | int | float | None:
    """What these words give for ``parameter``; ``asked``: they are the answer to a question for it."""
    text = (parse.normalized or parse.text).strip()
    if parameter.kind == "other":
        return None
    if parameter.choices:
        return _choice(parameter.choices, text, parse, asked=asked)
    if parameter.source == LANGUAGE:
        return parse.language
    if parameter.source == WORDS:
        return parse.text.strip()[:_MAX_CHARS] or None
    slot = parse.slot(parameter.source) if parameter.source else None
    if slot is not None and not slot.fails_check:
        return _typed(parameter, slot.value)
    if not asked:
        return None
    return _typed(parameter, text.strip(_ASIDE)[:_MAX_CHARS]) if text.strip(_ASIDE) else None


def _choice(choices: tuple[str, ...], text: str, parse: Parse, *, asked: bool) -> str | None:
    """The choice that is named; as an answer also the one that is meant (第二个)."""
    folded = text.casefold()
    named = [choice for choice in choices if choice and _names(folded, choice.casefold())]
    if len(named) == 1:
        return named[0]
    values = {str(slot.value).casefold() for slot in parse.slots}
    held = [choice for choice in choices if choice.casefold() in values]
    if len(held) == 1:
        return held[0]
    index = cues.chosen(text, choices) if asked else None
    return choices[index] if index is not None else None


def _names(text: str, choice: str) -> bool:
    """A Latin choice as a word of its own, underscores as blanks too."""
    if not choice.isascii():
        return choice in text
    spoken = re.escape(choice).replace("_", "[_ -]")
    return re.search(rf"(?<![a-z0-9]){spoken}(?![a-z0-9])", text) is not None


def _typed(parameter: Parameter, value: SlotValue) -> str | int | float | None:
    """``value`` as the schema wants it; None where it cannot be that."""
    if parameter.kind == "string":
        return _text(value)
    if isinstance(value, int | Decimal):
        number = value
    elif isinstance(value, str) and (found := _NUMBER.search(value)):
        number = Decimal(found.group())
    else:
        return None
    return int(number) if parameter.kind == "integer" else float(number)


def _text(value: SlotValue) -> str:
    match value:
        case DateRange(start, end):
            return f"{start.isoformat()}/{end.isoformat()}"
        case TimeSpan(start_min, end_min):
            return "/".join(f"{at // 60:02}:{at % 60:02}" for at in dict.fromkeys((start_min, end_min)))
        case date():
            return value.isoformat()
        case _:
            return str(value)

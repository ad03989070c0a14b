"""Values of options in a text: 「13-inch」, "4 foot", "waterproof", "no backlight", "{'color': 'red'}". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["want", "like", "not"]
Values = Mapping[str, Sequence[str]]
_LITERAL = re.compile(r"['\"]?(?P<name>[a-zA-Z][\w /-]*?)['\"]?\s*[:=]\s*['\"](?P<value>[^'\"]*)['\"]")
_NOT = re.compile(
    r"(?:不要|不是|而不是|别要|不喜欢|\bnot|\bno longer|\bnon|\binstead of|\brather than|\bover|\bexcept|\bfrom|"
    r"\bn't (?:want|like)|\bdo not (?:want|like)|\bavoid)(?:[ -]+(?:the|a|an|any|in))*[ -]*$",
    re.IGNORECASE,
)
_LIKE = re.compile(
    r"(?:最好(?:是)?|优先|更?喜欢|尽量|\bprefer(?:red|ably)?|\bideally|\bif (?:possible|available)|"
    r"\bwould be (?:nice|good)|"
    r"\brather have|\bpreference)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.;!?。；！？]|,|，|\band\b|\bbut\b|但")
_UNITS = (
    (r"inch(?:es)?", r"[\s-]*(?:inch(?:es)?|in\b|\"|英?寸)"),
    (r"ft", r"[\s-]*(?:ft|foot|feet|')"),
    (r"liters?|l", r"[\s-]*(?:l\b|lit(?:er|re)s?)"),
    (r"ml", r"[\s-]*(?:ml|millilit(?:er|re)s?)"),
    (r"gb(?: ssd)?|tb(?: ssd)?", None),
    (r"hours?", r"[\s-]*(?:hours?|hrs?|h\b)"),
    (r"lbs", r"[\s-]*(?:lbs?|pounds?)"),
    (r"mm", r"[\s-]*(?:mm|millimet(?:er|re)s?)"),
    (r"cups?", r"[\s-]*cups?"),
    (r"bar", r"[\s-]*bars?"),
)
_SPELLED = {"gray": "gr[ae]y", "grey": "gr[ae]y", "colour": "colou?r", "wi": "wi"}
_SIZE_WORDS = {"XS": r"extra[ -]small", "S": r"small", "M": r"medium", "L": r"large", "XL": r"extra[ -]large|x-large",
               "XXL": r"(?:double|2) ?x[ -]?l(?:arge)?|extra extra large"}  # fmt: skip
_COMMON = {"with", "type", "high", "full", "color", "size", "none", "brand", "life"}
_ZH_COLOURS = {"black": "黑", "white": "白", "gray": "灰", "grey": "灰", "red": "红", "blue": "蓝", "green": "绿",
               "pink": "粉",
               "yellow": "黄", "brown": "棕", "purple": "紫", "silver": "银", "gold": "金"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A value that the text names."""

    option: str
    value: str
    kind: Kind
    start: int
    end: int
    weight: float = 1.0
    """How surely it means this option: 2 where the option is named with it, less for a part of the value."""


def values_in(text: str, values: Values) -> tuple[Found, ...]:
    """Each option's values that ``text`` names, in its order; overlapping readings give way to the longer."""
    literal = list(_literals(text, values))
    if literal:
        return tuple(literal)
    offers = sorted(_offers(text, values), key=lambda each: (-each.weight, each.start - each.end, each.start))
    chosen: list[Found] = []
    for offer in offers:
        clash = [each for each in chosen if each.start < offer.end and offer.start < each.end]
        if not clash or (
            clash[0].weight == offer.weight and clash[0].start == offer.start and clash[0].end == offer.end
        ):
            chosen.append(offer)
    return tuple(sorted(_undoubled(chosen), key=lambda each: each.start))


def _undoubled(found: Sequence[Found]) -> Iterator[Found]:
    """One reading of words that are a value of several options: the option that nothing else names."""
    for each in found:
        rivals = [other for other in found if other is not each and (other.start, other.end) == (each.start, each.end)]
        elsewhere = {other.option for other in found if (other.start, other.end) != (each.start, each.end)}
        if rivals and (each.option in elsewhere or _first(each, rivals, elsewhere)):
            continue
        yield each


def _first(each: Found, rivals: Sequence[Found], elsewhere: set[str]) -> bool:
    """Whether a rival that comes before is as good."""
    return any(rival.option not in elsewhere and rival.option < each.option for rival in rivals)


def _literals(text: str, values: Values) -> Iterator[Found]:
    for match in _LITERAL.finditer(text):
        for option, known in values.items():
            if option.lower() != match["name"].strip().lower():
                continue
            value = next((each for each in known if each.lower() == match["value"].strip().lower()), match["value"])
            yield Found(option, value, "want", match.start(), match.end(), 2.0)


def _offers(text: str, values: Values) -> Iterator[Found]:
    telling = _telling(values)
    for option, known in values.items():
        for value in filter(None, known):
            for pattern, weight in _patterns(option, value, tuple(known), telling):
                for match in re.finditer(
                    pattern, _unnamed(text, option), 0 if value in _SIZE_WORDS and weight == 1 else re.IGNORECASE
                ):
                    named = _is_named(text, match, option)
                    kind = _kind(text, match.start(), match.end())
                    yield Found(option, value, kind, match.start(), match.end(), weight + (0.5 if named else 0))


def _unnamed(text: str, option: str) -> str:
    """``text`` with blanks for the option's name, where that is made of values (bagged/bagless)."""
    return re.sub(re.escape(option), lambda match: " " * len(match.group()), text) if "/" in option else text


def _kind(text: str, start: int, end: int) -> Kind:
    before = text[max(0, start - 28) : start]
    if _NOT.search(before):
        return "not"
    stop = [match.end() for match in _CLAUSE.finditer(text, 0, start) if match.group() in ".;!?。；！？"]
    clause = text[stop[-1] if stop else 0 : start]
    after = re.split(r"[.;!?,]", text[end : end + 40])[0]
    liked = _LIKE.search(clause[-60:]) or re.search(
        r"would be (?:nice|good|preferred)|if (?:possible|available)", after
    )
    return "like" if liked else "want"


def _is_named(text: str, match: re.Match[str], option: str) -> bool:
    """Whether the option is named next to the value: black frame, size 9, 32GB storage."""
    words = [word for word in re.split(r"[\s/-]+", option.lower()) if len(word) > 2 and word not in {"type", "level"}]
    near = f"{text[max(0, match.start() - 16) : match.start()]} {text[match.end() : match.end() + 14]}".lower()
    near = near.replace("colour", "color")
    return any(
        re.search(rf"\b{re.escape(word)}s?\b", near) for word in words if word not in {"color"} or len(words) == 1
    )


def _telling(values: Values) -> dict[str, set[tuple[str, str]]]:
    """Words of values, with the values that have them."""
    found: dict[str, set[tuple[str, str]]] = {}
    for option, known in values.items():
        for value in known:
            for word in re.findall(r"[a-z]{4,}|[A-Z]{3,}", value):
                found.setdefault(word.lower(), set()).add((option, value))
            for word in re.findall(r"[A-Z][a-z]{3,}", value):
                found.setdefault(word.lower(), set()).add((option, value))
    names = {word for option in values for word in re.split(r"[\s/-]+", option.lower())}
    return {word: holders for word, holders in found.items() if word not in names | _COMMON}


def _patterns(
    option: str, value: str, known: tuple[str, ...], telling: Mapping[str, set[tuple[str, str]]]
) -> Iterator[tuple[str, float]]:
    """Ways to say the value, each with its weight."""
    lowered, name = value.lower(), re.escape(option.lower())
    short = option.lower().removesuffix(" type").removesuffix(" level")
    if lowered in {"yes", "no"}:
        yield from _yes_no(option.lower(), lowered)
        return
    if lowered in {"none", "not resistant"}:
        feature = re.escape(short.split()[0])
        yield (
            rf"\b(?:no|without(?: an?| any)?|not? have an?) {feature}\w*|\b{feature}\w*[- ](?:none|"
            rf"free|less)|\bnone\b(?= {feature})",
            1.6,
        )
        yield rf"{feature}\w*(?: \w+){{0,2}}[: ]+none\b", 1.6
        if lowered == "not resistant":
            yield r"\bnot (?:water[- ]?)?(?:resistan\w+|proof)|\bno water[- ]resistance|\bnon[- ]resistant", 1.6
        return
    if re.fullmatch(r"\d+(?:\.\d+)?", lowered) or (value in _SIZE_WORDS or len(value) == 1):
        yield (
            rf"(?:\b{name}|\bsize|\b{re.escape(short)})(?: (?:to|of|is|in|a|an))*[ :]+{re.escape(value)}(?![\w.])",
            2.0,
        )
        yield rf"(?<![\w.]){re.escape(value)}[ -](?:{name}|size|{re.escape(short)})\b", 2.0
        if lowered.isdigit():
            if int(lowered) >= 100:
                yield rf"(?<![\w.#]){lowered}(?![\w.])(?! *(?:{re.escape(short)}s? )?(?:less|fewer|more))", 1.0
        elif len(value) > 1 or len(known) > 1:
            yield rf"(?<![\w'’]){re.escape(value)}(?![\w'’])", 1.0
        yield rf"(?<![A-Za-z.]){re.escape(value)}(?:码|号)", 2.0
        if value in _SIZE_WORDS and "size" in option.lower():
            yield rf"\b(?:{_SIZE_WORDS[value]})\b", 0.9
        return
    yield _spelled(lowered), 1.5 if " " in lowered else 1.0
    if lowered in _ZH_COLOURS:
        yield rf"{_ZH_COLOURS[lowered]}色?", 1.0
    for word in re.findall(r"[a-z]{4,}|[a-z]{3,}(?=\b)", lowered):
        if telling.get(word) == {(option, value)} and word != lowered:
            yield rf"\b{_SPELLED.get(word, re.escape(word))}\b", 0.7
    if number := re.match(r"(\d+(?:\.\d+)?)\D", lowered):
        yield rf"\b{name}(?: (?:to|of|is|in))*[ :]+{re.escape(number[1])}(?![\w.])", 1.2
        if lowered.endswith(("equivalent", "ssd")):
            yield rf"(?<![\w.]){re.escape(lowered.split()[0])}\b", 0.9


@lru_cache(maxsize=4096)
def _spelled(value: str) -> str:
    """The value as people write it: 13-inch and 13 inch, 4 ft and 4 foot, grey and gray."""
    if unit := re.fullmatch(r"(?P<number>\d+(?:\.\d+)?)[\s-]*(?P<unit>[a-z]+)(?P<rest>.*)", value):
        for ending, ways in _UNITS:
            if ways and re.fullmatch(ending, unit["unit"]) and not unit["rest"].strip():
                return rf"(?<![\w.]){re.escape(unit['number'])}{ways}(?!\w)"
        spaced = rf"{re.escape(unit['number'])}[\s-]*{unit['unit']}" + _loose(unit["rest"])
        return rf"(?<![\w.]){spaced}(?!\w)"
    return rf"(?<![\w]){_loose(value)}(?!\w)"


def _loose(value: str) -> str:
    parts = re.split(r"([\s/+-]+)", value)
    return "".join(
        r"[\s/+-]*" if re.fullmatch(r"[\s/+-]+", part) else _SPELLED.get(part, re.escape(part)) for part in parts
    )


def _yes_no(option: str, value: str) -> Iterator[tuple[str, float]]:
    """``waterproof`` yes: "waterproof"; no: "not waterproof"; ``water resistance`` likewise."""
    stem = re.escape(option)
    if "water" in option:
        stem = r"water[- ]?(?:proof|resistan\w+)|resist[ae]nt to water|防水"
    if value == "no":
        yield rf"(?:\b(?:not|no|non|without|isn't|aren't)[- ](?:\w+ )?|不)(?:{stem})", 2.0
    else:
        yield rf"(?<!not )(?<!no )(?<!non-)(?<!不)(?:{stem})", 1.5

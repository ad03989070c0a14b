"""Options that have an order, and words that go up and down it: "a size bigger", "less bright", "the highest". Pure.

brightness: low < medium < high      "a less bright one"   low or medium, of high
capacity: 500ml < 750ml < 1000ml     "a bigger one"        750ml or 1000ml, of 500ml; the next where one step is said
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_SCALES: tuple[tuple[str, ...], ...] = (
    ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL"),
    ("small", "medium", "large"),
    ("portable", "medium", "large"),
    ("low", "medium", "high"),
    ("light", "medium", "dark"),
    ("beginner", "intermediate", "expert"),
    ("basic", "professional"),
    ("1080p", "2K", "4K", "5K", "8K"),
)
_MEASURES = r"size|capacity|screen|diameter|room|frame|pieces|count|volume|尺码|码数|鞋码|尺寸|容量|大小"
_ADJECTIVES: tuple[tuple[str, str, int], ...] = (
    # adjective, part of the option's name, direction
    (r"big(?P<er>ger|gest)|large?(?P<er>r|st)|大", _MEASURES, 1),
    (r"small(?P<er>er|est)|小", _MEASURES, -1),
    (r"bright(?P<er>er|est)|亮", "bright|亮度", 1),
    (r"dimm?(?P<er>er|est)|暗", "bright|亮度", -1),
    (r"tall(?P<er>er|est)|高", "height|高度|身高", 1),
    (r"long(?P<er>er|est)|长", "length|battery life|长度|续航", 1),
    (r"short(?P<er>er|est)|短|矮", "length|height|长度|高度", -1),
    (r"thick(?P<er>er|est)|厚", "thick|厚", 1),
    (r"thinn?(?P<er>er|est)|薄", "thick|厚", -1),
    (r"heav(?P<er>ier|iest)|重", "weight|重量", 1),
    (r"light(?P<er>er|est)|轻", "weight|重量", -1),
    (r"(?:high|great|bett|strong|powerful|fast)(?P<er>er|est)|(?:the )?(?P<most>best|maximum|max)", "", 1),
    (r"low(?P<er>er|est)|(?:the )?(?P<most>minimum|min)", "", -1),
    (r"hard(?P<er>er|est)|difficult", "difficult|难度", 1),
    (r"eas(?P<er>ier|iest)", "difficult|难度", -1),
)
_MORE = re.compile(r"\b(?P<sign>more|less|fewer|most|least)[ -](?P<what>[a-z]+(?: [a-z]+)?)", re.IGNORECASE)
_ONE_STEP = re.compile(
    r"\b(?:one|a|1) size (?P<a>smaller|bigger|larger|up|down)|\bsize (?P<b>up|down|smaller|bigger|larger)|"
    r"\b(?P<c>smaller|bigger|larger) (?:size|by one)|(?P<zh>[大小])一?(?:号|码)",
    re.IGNORECASE,
)
_TOO = re.compile(r"\btoo\s+$|太\s*$|\b(?:was|is|are)\s+$", re.IGNORECASE)


def number_of(value: str) -> float | None:
    """The number at the beginning of a value."""
    found = re.match(r"(\d+(?:\.\d+)?)\s*(tb)?", value, re.IGNORECASE)
    return float(found[1]) * (1000 if found[2] else 1) if found else None


def ranks(values: Sequence[str]) -> Mapping[str, float]:
    """Where each value is on its scale; empty where they have no order."""
    known = [value for value in values if value]
    for scale in _SCALES:
        lowered = [each.lower() for each in scale]
        if len(known) > 1 and all(value.lower() in lowered for value in known):
            return {value: lowered.index(value.lower()) for value in known}
    numbers = {value: number_of(value) for value in known}
    if len(known) > 1 and all(number is not None for number in numbers.values()):
        return {value: number for value, number in numbers.items() if number is not None}
    return {}


def compared(
    text: str, current: Mapping[str, str], values: Mapping[str, Sequence[str]]
) -> Mapping[str, tuple[str, ...]]:
    """Option to the values that ``text`` means by comparing with ``current``; ``values``: those that can be had."""
    if (step := _ONE_STEP.search(text)) and (name := _sized(current)):
        word = (step["a"] or step["b"] or step["c"] or step["zh"]).lower()
        found = _beyond(current[name], values[name], -1 if word in {"smaller", "down", "小"} else 1)
        return {name: found[:1]} if found else {}
    told: dict[str, tuple[str, ...]] = {}
    for name, now in current.items():
        direction, is_most = _direction(text, name)
        if not direction:
            continue
        wanted = _beyond(now, values[name], direction)
        if is_most:
            order = ranks((*values[name], now))
            ranked = sorted((value for value in values[name] if value in order), key=lambda value: order[value])
            wanted = (ranked[-1 if direction > 0 else 0],) if ranked else ()
        if wanted:
            told[name] = wanted
    return told


def _direction(text: str, option: str) -> tuple[int, bool]:
    """Up or down the scale of an option, and whether to its end; 0 where the text does not say."""
    name = option.lower()
    own = [word for word in re.split(r"[\s/-]+", name) if word not in {"type", "level", "settings", "range"}]
    for adjective, part, direction in _ADJECTIVES:
        if part and not re.search(part, name):
            continue
        pattern = adjective if part else rf"(?:{adjective}) (?:\w+ )?(?:{'|'.join(map(re.escape, own))})"
        for match in re.finditer(_bounded(pattern), text, re.IGNORECASE):
            if _TOO.search(text[: match.start()]):
                continue
            ending = next((value for key, value in match.groupdict().items() if key.startswith("er") and value), "")
            return direction, ending.endswith("est") or ("most" in match.groupdict() and bool(match["most"]))
    for match in _MORE.finditer(text):
        what = match["what"].lower()
        if any(word in what.split() or what.startswith(word[:6]) for word in own if len(word) > 2):
            sign = match["sign"].lower()
            return (1 if sign in {"more", "most"} else -1), sign in {"most", "least"}
    return 0, False


def _bounded(pattern: str) -> str:
    """English as whole words; of Chinese adjectives only compared ones (更大, 大一点, 最大)."""
    english, _, chinese = pattern.rpartition("|")
    if not english or re.fullmatch("[一-鿿]+", chinese) is None:
        return rf"\b(?:{_ungrouped(pattern)})\b"
    return rf"\b(?:{_ungrouped(english)})\b|(?P<most>最)(?:{chinese})|更(?:{chinese})|(?:{chinese})(?:一点|些|的)"


def _ungrouped(pattern: str) -> str:
    """Group names once each, as ``re`` wants them."""
    count = iter(range(9))
    return re.sub(r"\?P<er>", lambda _: f"?P<er{next(count)}>", pattern)


def _sized(current: Mapping[str, str]) -> str | None:
    return next((name for name in current if re.search("size|尺码|码数|鞋码|尺寸", name.lower())), None)


def _beyond(now: str, values: Sequence[str], direction: int) -> tuple[str, ...]:
    """The values above or below ``now``, the nearest first."""
    order = ranks((*values, now))
    if now not in order:
        return ()
    ahead = [value for value in values if value in order and (order[value] - order[now]) * direction > 0]
    return tuple(sorted(ahead, key=lambda value: abs(order[value] - order[now])))

"""Which of some products a text speaks of, by parts of their names. Pure.

names Mechanical Keyboard, Smart Watch, T-Shirt
"my keyboard and both tshirts"  ->  keyboard: Mechanical Keyboard; tshirts: T-Shirt, plural
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

_WORD = re.compile(r"[a-z]+|\d+|[一-鿿]")
_HAN = re.compile(r"[一-鿿]")
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name a product."""

    names: tuple[str, ...]
    """The names it may be, as they were given."""
    start: int
    """Span in the text, characters, half open."""
    end: int
    plural: bool


@cache
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "goods_words.yaml").read_text("utf-8"))
    return loaded


def mentions(text: str, names: Sequence[str]) -> tuple[Mention, ...]:
    """Where ``text`` speaks of ``names``, in its order; the longest reading at each place."""
    forms = {name: _forms(name) for name in dict.fromkeys(names)}
    lowered = text.lower()
    words = list(_WORD.finditer(lowered)) if len(lowered) == len(text) else []
    found: list[Mention] = []
    place = 0
    while place < len(words):
        mention, taken = _at(words, place, forms)
        if mention is not None:
            found.append(mention)
        place += taken
    return tuple(found)


def _at(words: Sequence[re.Match[str]], place: int, forms: dict[str, dict[str, float]]) -> tuple[Mention | None, int]:
    for count in range(min(_most(words, place), len(words) - place), 0, -1):
        run = words[place : place + count]
        if any(later.start() - before.end() > 1 for before, later in pairwise(run)):
            continue
        said = "".join(word.group() for word in run)
        single = singular(said)
        scores = {name: max(own.get(said, 0.0), own.get(single, 0.0)) for name, own in forms.items()}
        best = max(scores.values(), default=0.0)
        if best > 0:
            names = tuple(name for name, score in scores.items() if score == best)
            plural = single != said and not any(singular(squeezed(name)) != squeezed(name) for name in names)
            return Mention(names, run[0].start(), run[-1].end(), plural), count
    return None, 1


def _most(words: Sequence[re.Match[str]], place: int) -> int:
    return 12 if _HAN.match(words[place].group()) else _MOST_WORDS


@cache
def _forms(name: str) -> dict[str, float]:
    """What the product may be called, squeezed and singular, with how much of the name that is."""
    words, weak = _WORD.findall(name.lower()), set(_words()["weak"])
    found: dict[str, float] = {}
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            part = words[start:end]
            han = all(_HAN.match(word) for word in part)
            if (han and len(part) < 2) or (not han and all(word in weak or len(word) < 2 for word in part)):
                continue
            found[singular("".join(part))] = len(part) / len(words)
    whole = singular("".join(words))
    found[whole] = 1.0
    for other, meant in _words()["also"].items():
        if any(singular(squeezed(each)) in found for each in meant):
            found.setdefault(singular(squeezed(other)), 0.3)
    return found


def squeezed(words: str) -> str:
    """Letters and digits alone: "T-Shirt" and "t shirt" are the same."""
    return "".join(_WORD.findall(words.lower()))


def singular(word: str) -> str:
    """A crude singular: shelves > shelf, boots > boot, watches > watch."""
    if len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return word
    if word.endswith("ves"):
        return word[:-3] + "f"
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1]

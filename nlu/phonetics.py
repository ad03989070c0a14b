"""How Chinese sounds: toneless syllables, and how easily one is taken for another. Pure, but for pypinyin's dictionary.

Recognisers, input methods and accents confuse n and l, zh and z, f and h, an and ang; a tone is hardly ever heard over
the telephone, and consonants less well than vowels. Costs are between 0 (the same toneless syllable) and 1 (nothing in
common).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

HAN = "一-鿿"
_TOKEN = re.compile(f"[{HAN}]|[a-z]+|\\d+(?:\\.\\d+)?")
_INITIALS = ("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s")
_ALONE = {
    "yi": "i", "yin": "in", "ying": "ing", "ya": "ia", "yan": "ian", "yang": "iang", "yao": "iao", "ye": "ie",
    "you": "iu", "yong": "iong", "yu": "v", "yue": "ve", "yuan": "van", "yun": "vn", "wu": "u", "wa": "ua",
    "wo": "uo", "wai": "uai", "wei": "ui", "wan": "uan", "wang": "uang", "wen": "un", "weng": "ong",
    "yo": "o", "r": "er", "n": "en",
}  # fmt: skip
_NEAR, _FAR = 0.2, 0.4
_INITIAL_COST = {
    frozenset(pair): cost
    for cost, pairs in (
        (_NEAR, ("n l", "zh z", "ch c", "sh s", "f h", "r l")),
        (_FAR, ("b p", "d t", "g k", "j q", "zh ch", "z c", "j zh", "q ch", "x sh", "x s", "j z", "q c", "r y", "h k",
                "n m", "g h", "sh ch", "s c")),
    )
    for pair in (tuple(both.split()) for both in pairs)
}  # fmt: skip
_FINAL_COST = {
    frozenset(pair): cost
    for cost, pairs in (
        (_NEAR, ("an ang", "en eng", "in ing", "ian iang", "uan uang", "o uo", "un ong", "vn iong", "eng ong")),
        (_FAR, ("u v", "i v", "ie ve", "ian van", "in vn", "en in", "eng ing", "ai ei", "ao ou", "e uo", "e o", "ui ei",
                "u ou", "un en", "an ian", "uan an", "a ua", "iu ou", "iao ao", "ang uang", "ong iong", "i ei",
                "ian en")),
    )
    for pair in (tuple(both.split()) for both in pairs)
}  # fmt: skip
_FOLDED_INITIALS = {"l": "n", "r": "n", "zh": "z", "ch": "c", "sh": "s", "h": "f"}
_FOLDED_FINALS = {"ang": "an", "eng": "en", "ing": "in", "iang": "ian", "uang": "uan", "uo": "o"}
GAP = 0.9
"""A syllable too many or too few."""
LEFT_OUT = 0.3
"""A syllable of a name that was not said: people shorten names."""


def tokens(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Syllables of Han characters, Latin words and numbers of ``text`` in lower case, with their spans."""
    folded = text.lower()
    found, spans = [], []
    for match in _TOKEN.finditer(folded if len(folded) == len(text) else text):
        found.append(match.group())
        spans.append(match.span())
    chinese = "".join(token for token in found if _is_han(token))
    sounds = iter(_syllables(chinese))
    return [next(sounds) if _is_han(token) else token for token in found], spans


def syllables(text: str) -> tuple[str, ...]:
    """The tokens alone."""
    return tuple(tokens(text)[0])


@lru_cache(maxsize=4096)
def fold(syllable: str) -> str:
    """One name for all syllables that differ by a slight confusion only: 「zhang」 and 「zan」 are 「zan」."""
    initial, final = _split(syllable)
    return _FOLDED_INITIALS.get(initial, initial) + _FOLDED_FINALS.get(final, final)


def final(syllable: str) -> str:
    """What remains of a syllable when its consonant was not heard; slight confusions of vowels folded."""
    sound = _split(syllable)[1]
    return _FOLDED_FINALS.get(sound, sound)


@lru_cache(maxsize=65536)
def cost(first: str, second: str) -> float:
    """Of taking one syllable (or word) for another, 0 to 1."""
    if first == second:
        return 0.0
    if first.isdigit() or second.isdigit():
        return 1.0
    (initial, final), (other_initial, other_final) = _split(first), _split(second)
    total = _part(initial, other_initial, _INITIAL_COST, 0.5) + _part(final, other_final, _FINAL_COST, 0.8)
    return min(total, 1.0)


def distance(said: Sequence[str], name: Sequence[str], *, within: bool = False) -> float:
    """Confusion-weighted edits from ``said`` to ``name``; ``within``: to the part of it that sounds most alike."""
    row = [0.0 if within else at * GAP for at in range(len(name) + 1)]
    for token in said:
        above, row[0] = row[0], row[0] + GAP
        for at, other in enumerate(name, 1):
            changed = above + cost(token, other)
            above = row[at]
            row[at] = min(changed, row[at] + GAP, row[at - 1] + GAP)
    return min(row) if within else row[-1]


def local(said: Sequence[str], name: Sequence[str]) -> tuple[float, int, int]:
    """The stretch of ``said`` that sounds most like a stretch of ``name``: its score (1 for each syllable heard right),
    begin and end."""
    best = (0.0, 0, 0)
    row = [(0.0, 0)] * (len(name) + 1)
    for at, token in enumerate(said):
        above, row[0] = row[0], (0.0, at + 1)
        for place, other in enumerate(name, 1):
            matched = (above[0] + 1 - 2 * cost(token, other), above[1] if above[0] > 0 else at)
            above = row[place]
            found = max(matched, (above[0] - GAP, above[1]), (row[place - 1][0] - LEFT_OUT, row[place - 1][1]))
            row[place] = found if found[0] > 0 else (0.0, at + 1)
            if row[place][0] > best[0]:
                best = (row[place][0], row[place][1], at + 1)
    return best


def alike(said: Sequence[str], name: Sequence[str], *, within: bool = False) -> float:
    """1 for the same sound, 0 for nothing in common."""
    longest = len(said) if within else max(len(said), len(name))
    return max(0.0, 1 - distance(said, name, within=within) / longest) if longest else 0.0


def grams(sounds: Sequence[str]) -> list[str]:
    """Folded syllables and pairs of them, for an index."""
    folded = [fold(sound) for sound in sounds]
    return folded + [f"{first} {second}" for first, second in pairwise(folded)]


def _part(first: str, second: str, costs: dict[frozenset[str], float], other: float) -> float:
    return 0.0 if first == second else costs.get(frozenset((first, second)), other)


@lru_cache(maxsize=4096)
def _split(syllable: str) -> tuple[str, str]:
    if syllable in _ALONE:
        return "", _ALONE[syllable]
    initial = next((one for one in _INITIALS if syllable.startswith(one)), "")
    final = syllable[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    return initial, final


def _is_han(token: str) -> bool:
    return "一" <= token[0] <= "鿿"


@lru_cache(maxsize=1024)
def _syllables(run: str) -> tuple[str, ...]:
    """One for each character; polyphones as in the word they stand in."""
    if not run:
        return ()
    from pypinyin import lazy_pinyin

    sounds: list[str] = lazy_pinyin(run, errors=cast(Any, list))  # one for each character that has no sound
    return tuple(sounds)

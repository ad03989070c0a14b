"""Words as the suite counts them: units that take time to say, and texts compared as a listener would."""

from __future__ import annotations

import re
from dataclasses import dataclass

from speech.types import Language

SYLLABLE_MS = 222.0
"""4.5 syllables a second, Mandarin conversation."""
WORD_MS = 333.0
"""3 words a second, English conversation."""
FINAL_LENGTHENING = 1.3
"""The last syllable or word before a pause is longer, and so is one said alone."""

_UNIT = {
    "zh": re.compile(r"(?:[A-Za-z]+|[^\W_])[^\w]*"),
    "en": re.compile(r"[\w'-]+[^\w'-]*"),
}
_ZH_DIGITS = dict(zip("零〇一二三四五六七八九幺两", "0012345678912", strict=True))
_EN_DIGITS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """One syllable (zh) or word (en) and how long it takes to say."""

    text: str
    """With the punctuation and the space that follow it."""
    ms: float


def units(text: str, language: Language) -> list[Unit]:
    """What is said one after another for ``text``, without pauses."""
    found = _UNIT[language].findall(text)
    each = SYLLABLE_MS if language == "zh" else WORD_MS
    return [
        Unit(part, round(each * FINAL_LENGTHENING if last else each))
        for part, last in zip(found, [False] * (len(found) - 1) + [True], strict=True)
    ]


def plain(text: str) -> str:
    """``text`` without case, punctuation, spaces and ways of writing a digit: two texts that sound alike are equal."""
    words = [_EN_DIGITS.get(word, word) for word in re.findall(r"[a-z]+|[^\W_]", text.casefold())]
    return "".join(_ZH_DIGITS.get(word, word) for word in words)


def digits(text: str) -> str:
    """The digits of ``text`` in the order they were said."""
    return "".join(character for character in plain(text) if character.isascii() and character.isdigit())


def similarity(wanted: str, heard: str) -> float:
    """1 for texts that sound alike, 0 for texts with nothing in common (edit distance of ``plain`` texts)."""
    a, b = plain(wanted), plain(heard)
    if not a or not b:
        return float(a == b)
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return 1 - row[-1] / max(len(a), len(b))

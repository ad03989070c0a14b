"""Text normalisation before understanding: half width, simplified, one blank between words, spoken numbers as digits.

In: what the customer typed or the recogniser heard. Out: ``Normalized``, which traces every character to the original,
so that slots found in it carry spans of the original. Idempotent: ``normalize(normalize(x).text).text`` is the same.

wetext's inverse normalisation was tried and not used here: it gives no alignment, cuts digit strings
(一二三四五六七八 to 「123 45678」), writes 十分满意 as 10分满意 and reads no English digits (measured, 0.1.8).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from nlu import itn_en, itn_zh, letters
from nlu.aligned import AlignedText, aligned
from nlu.types import Language

Normalized = AlignedText
"""Normalised text with its alignment to the original."""

_ANY = re.compile("[^ -~一-鿿]", re.DOTALL)
_BLANKS = re.compile(r"^\s+|\s+$|\s{2,}|[^\S ]")
_HAN = re.compile("[㐀-鿿豈-﫿]")
_HAN_RUN = re.compile("[㐀-鿿豈-﫿]+")
_CODE = re.compile(r"[A-Za-z]{1,4}[ -]?\d[\dA-Za-z-]*")
_LATIN_WORD = re.compile("[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ']*")
# How recognisers and hasty fingers write the shop's commonest word.
_ORDER_MISSPELT = re.compile("[定顶丁]单")
_FORMAT_OR_UNASSIGNED = frozenset({"Cf", "Cs", "Co", "Cn"})
_MAX_PASSES = 16
_MAX_OTHERWISE_ENGLISH = 0.2
"""A text whose Han characters are a smaller share of its words than this is English with a Chinese name in it."""


def normalize(text: str, language: Language | None = None) -> Normalized:
    """``text`` normalised. With ``zh``, English number words are read only where they spell a digit string; with
    ``en``, amounts too; None decides by ``detect_language``. Never raises on any string."""
    amounts = (language or detect_language(text)) == "en"
    current = aligned(text)
    # Each pass can make room for the next (12三45); numerals only ever disappear, so this ends.
    for _ in range(_MAX_PASSES):
        following = _once(current, amounts)
        if following.text == current.text:
            break
        current = following
    return current


def detect_language(text: str, default: Language = "zh") -> Language:
    """``zh`` when there are Han characters, unless nearly everything else is Latin words; ``default`` for text with
    neither (a bare number, emoji). Codes such as SF1390 are not counted as words."""
    han = len(_HAN.findall(text))
    latin = len(_LATIN_WORD.findall(_CODE.sub(" ", text)))
    if han == latin == 0:
        return default
    return "zh" if han / (han + latin) >= _MAX_OTHERWISE_ENGLISH else "en"


def _once(source: AlignedText, amounts: bool) -> AlignedText:
    width = source.substitute(_ANY, lambda match: _half_width(match.group()))
    blanks = width.substitute(_BLANKS, lambda match: _blank(match, len(width.text)))
    simplified = blanks.substitute(_HAN_RUN, lambda match: _simplify(match.group()))
    spelt = simplified.substitute(_ORDER_MISSPELT, lambda _: "订单")
    return letters.convert(itn_en.convert(itn_zh.convert(spelt), amounts=amounts))


def _half_width(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    if category in _FORMAT_OR_UNASSIGNED:
        return ""
    return unicodedata.normalize("NFKC", char)


def _blank(match: re.Match[str], length: int) -> str:
    return "" if match.start() == 0 or match.end() == length else " "


def _simplify(run: str) -> str | None:
    simplified: str = _opencc().convert(run)
    if len(simplified) == len(run):
        return simplified
    return "".join(_opencc().convert(char) for char in run)


@lru_cache(maxsize=1)
def _opencc() -> Any:
    import opencc

    return opencc.OpenCC("t2s")

"""Mandarin front end of voices trained on the Baker corpus (TensorFlowTTS symbol set): Chinese text to symbol ids.

A sentence becomes ``sil (initial final+tone #0)* sil eos``; ``^`` stands for an empty initial, ``#3`` for a phrase
pause. The corpus labels tones as spoken, so third-tone sandhi is applied before lookup. Latin letters that stand
alone are read by their Chinese names; digits that reach this far are read one by one. Nothing is dropped silently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

LETTERS: Mapping[str, str] = {
    "A": "ei1", "B": "bi4", "C": "sei1", "D": "di4", "E": "yi4", "F": "ei2 fu1", "G": "ji4", "H": "ei2 qu1",
    "I": "ai4", "J": "zhei4", "K": "kei4", "L": "ei2 lou5", "M": "ei2 mu5", "N": "en1", "O": "ou1", "P": "pi4",
    "Q": "kiu4", "R": "a4 er5", "S": "ei2 si1", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5",
    "X": "ei2 ke4 si1", "Y": "wai4", "Z": "zei4",
}  # fmt: skip
"""How Mandarin speakers read the Latin alphabet, as pinyin; some syllables exist only here."""

_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_PIECE = re.compile(r"(?P<han>[\u3400-\u4dbf\u4e00-\u9fff〇]+)|(?P<letter>[A-Za-z])|(?P<pause>[\s，、,;；：:。]+)")
_NUMERALS = frozenset("零〇一二三四五六七八九幺")
_WHOLE = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "lue": "lve", "nue": "nve", "kiu": "kiu"}
_FINALS = {"kiu": ("k", "iou"), "yo": ("^", "iou"), "sei": ("s", "ei"), "zhei": ("zh", "ei"), "kei": ("k", "ei")}
_COMPLEMENT_DE = re.compile(r"(?<=[\u4e00-\u9fff])得(?=[很太更好快慢非特十比多少不])(?!不到)")


def symbols(text: str) -> list[str]:
    """``sil``, then initial, final and ``#0`` or ``#3`` per syllable, then ``sil``; only ``sil`` without syllables."""
    found = ["sil"]
    for match in _PIECE.finditer(text.translate(_DIGITS)):
        piece = match.group()
        if match.lastgroup == "pause":
            if found[-1] == "#0":
                found[-1] = "#3"
            continue
        syllables = LETTERS[piece.upper()].split() if match.lastgroup == "letter" else _pinyin(piece)
        for syllable in syllables:
            found += [*_split(syllable), "#0"]
    if len(found) > 1:
        found[-1] = "sil"
    return found


def symbol_ids(text: str, table: Mapping[str, int]) -> list[int]:
    """``symbols`` by the voice's own table, closed with ``eos``; empty when there is nothing to say."""
    named = symbols(text)
    if len(named) < 3:
        return []
    return [table[name] for name in named if name in table] + [table["eos"]]


def _pinyin(han: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    read: list[str] = lazy_pinyin(han, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)
    if len(read) != len(han):
        return [syllable for syllable in read if syllable[-1:].isdigit()]
    for match in _COMPLEMENT_DE.finditer(han):
        read[match.start()] = "de5"
    said = [_numeral(han, at, syllable) for at, syllable in enumerate(read) if syllable[-1:].isdigit()]
    return [*(_sandhi(now, after) for now, after in pairwise(said)), *said[-1:]]


def _sandhi(now: str, after: str) -> str:
    """A third tone before a third tone is spoken as a second; pypinyin does so inside words only."""
    return now[:-1] + "2" if now[-1] == "3" == after[-1] else now


def _numeral(han: str, at: int, syllable: str) -> str:
    """一 keeps its first tone inside a string of digits; 幺 is yao1."""
    if han[at] == "幺":
        return "yao1"
    if han[at] == "〇":
        return "ling2"
    around = han[max(0, at - 1) : at + 2]
    if han[at] == "一" and len(around) > 1 and all(c in _NUMERALS for c in around):
        return "yi1"
    return syllable


@lru_cache(maxsize=2048)
def _split(syllable: str) -> tuple[str, str]:
    """``zhong1`` to (``zh``, ``ong1``), spelled as in the corpus: ``^`` without initial, ``ii``/``iii`` after z/zh."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    plain, tone = syllable[:-1].replace("ü", "v"), syllable[-1]
    plain = _WHOLE.get(plain, plain)
    if plain in _FINALS:
        initial, final = _FINALS[plain]
        return initial, final + tone
    initial = to_initials(plain, strict=True)
    final = to_finals(plain, strict=True).replace("ü", "v")
    if final == "i" and initial in {"zh", "ch", "sh", "r"}:
        final = "iii"
    elif final == "i" and initial in {"z", "c", "s"}:
        final = "ii"
    elif not final and plain.endswith("ve"):
        final = "ve"
    return initial or "^", final + tone

"""Mandarin front end: every character and letter becomes symbols the voice knows."""

from __future__ import annotations

import pytest

from speech.tts.baker import LETTERS, symbol_ids, symbols

_INITIALS = [
    "^",
    "b",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "q",
    "r",
    "s",
    "sh",
    "t",
    "x",
    "z",
    "zh",
]
_FINALS = [
    "a",
    "ai",
    "an",
    "ang",
    "ao",
    "e",
    "ei",
    "en",
    "eng",
    "er",
    "i",
    "ia",
    "ian",
    "iang",
    "iao",
    "ie",
    "ii",
    "iii",
    "in",
    "ing",
    "iong",
    "iou",
    "o",
    "ong",
    "ou",
    "u",
    "ua",
    "uai",
    "uan",
    "uang",
    "uei",
    "uen",
    "ueng",
    "uo",
    "v",
    "van",
    "ve",
    "vn",
]
TABLE = {
    name: number
    for number, name in enumerate(
        ["pad", "sil", "#0", "#1", "#2", "#3", *_INITIALS, *(f + t for f in _FINALS for t in "12345"), "eos"]
    )
}
"""The symbol set of baker_mapper.json, in its order."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好", "sil n i2 #0 h ao3 sil"),
        ("一个", "sil ^ i2 #0 g e4 sil"),
        ("一三一", "sil ^ i1 #0 s an1 #0 ^ i1 sil"),
        ("幺幺零", "sil ^ iao1 #0 ^ iao1 #0 l ing2 sil"),
        ("知道，自己", "sil zh iii1 #0 d ao4 #3 z ii4 #0 j i3 sil"),
        ("女 月", "sil n v3 #3 ^ ve4 sil"),
        ("做得很好", "sil z uo4 #0 d e5 #0 h en2 #0 h ao3 sil"),
        ("嗯", "sil ^ en2 sil"),
        ("12", "sil ^ i1 #0 ^ er4 sil"),
        ("B", "sil b i4 sil"),
        ("！", "sil"),
    ],
)
def test_symbols(text: str, expected: str) -> None:
    assert " ".join(symbols(text)) == expected


def test_every_letter_and_common_character_is_in_the_voice() -> None:
    text = "".join(LETTERS) + "".join(
        bytes([high, low]).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA)
    )  # the 3,755 characters of GB 2312 level 1
    assert [name for name in symbols(text) if name not in TABLE] == []


def test_ids_end_with_eos_and_silence_gives_none() -> None:
    assert symbol_ids("好", TABLE) == [TABLE["sil"], TABLE["h"], TABLE["ao3"], TABLE["sil"], TABLE["eos"]]
    assert symbol_ids("，", TABLE) == []

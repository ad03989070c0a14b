"""English phonemes over a small lexicon of the same form as the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from speech.tts.english import Lexicon, Phonemes

WORDS = {
    "order": "ˈɔɹdəɹ", "ship": "ʃˈɪp", "box": "bˈɑks", "city": "sˈɪti", "make": "mˈAk", "bank": "bˈæŋk",
    "station": "stˈAʃən", "can't": "kˈænt", "Li": "lˈi", "Polish": "pˈOlɪʃ", "polish": "pˈɑlɪʃ", "air": "ˈɛɹ",
    "tag": "tˈæɡ", "one": "wˈʌn", "twelve": "twˈɛlv", "A": "ˈA", "S": "ˈɛs", "F": "ˈɛf", "D": "dˈi",
    "H": "ˈAʧ", "L": "ˈɛl",
}  # fmt: skip


@pytest.fixture
def phonemes(tmp_path: Path) -> Phonemes:
    (tmp_path / "lexicon.txt").write_bytes(b"".join(sorted(f"{w}\t{p}\n".encode() for w, p in WORDS.items())))
    return Phonemes(tmp_path)


def test_every_word_is_found_and_no_other(phonemes: Phonemes, tmp_path: Path) -> None:
    lexicon = Lexicon(tmp_path)
    assert {word: lexicon.look_up(word) for word in WORDS} == WORDS
    assert [lexicon.look_up(word) for word in ("", "a", "orde", "orders", "zzz", "!")] == [""] * 6


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("the order", "ðə ˈɔɹdəɹ"),
        ("Orders, boxes", "ˈɔɹdəɹz, bˈɑksᵻz"),
        ("shipped making cities", "ʃˈɪpt mˈAkɪŋ sˈɪtiz"),
        ("Li's", "lˈiz"),
        ("Polish polish", "pˈOlɪʃ pˈɑlɪʃ"),
        ("AirTag", "ˈɛɹ tˈæɡ"),
        ("stationbank", "stˈAʃənbˌæŋk"),
        ("DHL", "dˈi ˈAʧ ˈɛl"),
        ("S F", "ˈɛs ˈɛf"),
        ("A box. L A", "ə bˈɑks. ˈɛl ˈA"),
        ("can’t", "kˈænt"),
        ("12", "twˈɛlv"),
        ("Zhangwei", "ʤˈæŋwA"),
    ],
)
def test_misaki(phonemes: Phonemes, text: str, spoken: str) -> None:
    assert phonemes.misaki(text) == spoken


def test_espeak_spelling(phonemes: Phonemes) -> None:
    assert phonemes.espeak("order box city make") == "ˈoːɹdɚ bˈɑːks sˈɪtiː mˈeɪk"

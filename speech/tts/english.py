"""English graphemes to phonemes from the misaki lexicon (Apache-2.0): no spaCy, no espeak, nothing under the GPL.

Text in, phonemes out in misaki's alphabet (what Kokoro speaks) or as espeak IPA (what Piper voices speak). Words the
lexicon lacks are taken apart (inflections, compounds, camel case), then spelled, so every word is heard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from inference_server.weights import Package, WeightSet

_LEXICON = "lexicon.txt"

_BRANDS = {
    "iphone": "ˈIfˌOn", "ipad": "ˈIpˌæd", "macbook": "mˈækbˌʊk", "airpods": "ˈɛɹpˌɑdz", "wifi": "wˈIfˌI",
    "wi-fi": "wˈIfˌI", "huawei": "wˈɑwˌA", "xiaomi": "ʃWmˈi", "taobao": "tˈWbˌW", "alipay": "ˈælipˌA",
    "wechat": "wˈiʧˌæt", "tmall": "tˈimˌɔl", "powerbank": "pˈWəɹbˌæŋk", "earbuds": "ˈɪɹbˌʌdz", "oppo": "ˈɑpO",
    "lenovo": "lənˈOvO", "usb": "jˌuˌɛsbˈi", "sku": "skjˈu", "kefu": "kəfˈu", "app": "ˈæp", "refund": "ɹˈifˌʌnd",
}  # fmt: skip
"""Words of shops that the lexicon lacks or reads otherwise; misaki alphabet."""
_WEAK = {
    "the": "ðə", "a": "ə", "an": "ən", "to": "tə", "of": "ʌv", "and": "ænd", "for": "fɔɹ", "is": "ɪz", "your": "jʊɹ",
    "that": "ðæt", "in": "ɪn", "i": "ˈI", "you": "ju", "it": "ɪt", "at": "æt", "or": "ɔɹ", "as": "æz", "are": "ɑɹ",
}  # fmt: skip
"""Function words as spoken unstressed."""
_SIBILANT, _VOICELESS = frozenset("szʃʒʧʤ"), frozenset("ptkfθ")
_TOKEN = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|\d+(?:\.\d+)?|[^\sA-Za-z\d]|\s+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_TO_ESPEAK = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ", "ᵊ": "ə", "ʤ": "dʒ", "ʧ": "tʃ", "T": "ɾ",
}  # fmt: skip
_ESPEAK_LENGTH = (
    ("ɜɹ", "ɝ"), ("ɝ", "ɜː"), ("əɹ", "ɚ"), ("ɑ", "ɑː"), ("i", "iː"), ("u", "uː"),
    ("ɔ", "ɔː"), ("ɔːɪ", "ɔɪ"), ("ɔːɹ", "oːɹ"),
)  # fmt: skip


def _prepare(unpacked: Path, out: Path) -> None:
    found = {path.name: json.loads(path.read_text("utf-8")) for path in unpacked.rglob("us_*.json")}
    merged = {**found["us_silver.json"], **found["us_gold.json"]}
    lines = sorted(f"{word}\t{spoken}\n".encode() for word, entry in merged.items() if (spoken := _default(entry)))
    (out / _LEXICON).write_bytes(b"".join(lines))


def _default(entry: str | dict[str, str | None]) -> str:
    if isinstance(entry, str):
        return entry
    return entry.get("DEFAULT") or next((spoken for spoken in entry.values() if spoken), "")


LEXICON_WEIGHTS = WeightSet(
    name="lexicon-english",
    recipe=1,
    packages=(Package("misaki", "0.9.4", ("misaki/data/us_gold.json", "misaki/data/us_silver.json")),),
    checksums={
        "us_gold.json": "dc414872a49a28ae6c141463d502fd945f3b2fde040484fdc47d00cc4612686f",
        "us_silver.json": "de8f67be911bb6c659187b4a65fd966b6a30e56350e0f790d763210b053ac475",
    },
    licence="Apache-2.0",
    download_mb=4,
    prepare=_prepare,
)


class Lexicon:
    """Sorted lines ``word<TAB>phonemes`` searched by bisection: nothing is parsed at start-up. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / _LEXICON).read_bytes()

    def look_up(self, word: str) -> str:
        """Phonemes in misaki's alphabet, or an empty string. Case matters: ``Polish`` is not ``polish``."""
        key = word.encode() + b"\t"
        low, high = 0, len(self._lines)
        while low < high:
            start = self._lines.rfind(b"\n", 0, (low + high) // 2) + 1
            end = self._lines.index(b"\n", start) + 1
            line = self._lines[start:end]
            if line.startswith(key):
                return line[len(key) : -1].decode()
            if line < key:
                low = end
            else:
                high = start
        return ""


class Phonemes:
    """English text to phonemes. Thread-safe; remembers the words it has met."""

    def __init__(self, folder: Path) -> None:
        self._lexicon = Lexicon(folder)
        self._word: Callable[[str], str] = lru_cache(maxsize=4096)(self._read)

    def misaki(self, text: str) -> str:
        """Phonemes in misaki's alphabet; punctuation and spaces are kept."""
        tokens = _TOKEN.findall(text)
        return "".join(self._token(tokens, at) for at in range(len(tokens)))

    def espeak(self, text: str) -> str:
        """Phonemes as espeak-ng's en-us IPA."""
        spoken = self.misaki(text)
        for old, new in _ESPEAK_LENGTH[:1]:
            spoken = spoken.replace(old, new)
        spoken = "".join(_TO_ESPEAK.get(symbol, symbol) for symbol in spoken)
        for old, new in _ESPEAK_LENGTH[1:]:
            spoken = spoken.replace(old, new)
        return spoken

    def _token(self, tokens: list[str], at: int) -> str:
        token = tokens[at]
        if token.isspace():
            return " "
        if token[0].isdigit():
            from num2words import num2words

            return " ".join(self._word(word) for word in re.findall(r"[a-z]+", num2words(token)))
        if not token[0].isalpha():
            return token
        if len(token) == 1 and token.isupper() and token != "I" and not _is_article(tokens, at):
            return self._lexicon.look_up(token)
        return self._word(token.replace("’", "'"))

    def _read(self, word: str) -> str:
        low = word.lower()
        if low in _WEAK:
            return _WEAK[low]
        if low in _BRANDS:
            return _BRANDS[low]
        return self._known(word) or self._inflected(low) or self._apart(word) or self._spelled(word)

    def _known(self, word: str) -> str:
        for form in (word, word.lower(), word.capitalize()):
            if len(form) > 1 and (spoken := self._lexicon.look_up(form)):
                return spoken
        return ""

    def _inflected(self, word: str) -> str:
        for suffix, stems in (("'s", ("",)), ("ies", ("y",)), ("es", ("", "e")), ("s", ("",))):
            if word.endswith(suffix) and (stem := self._stem(word, suffix, stems)):
                return stem + ("ᵻz" if stem[-1] in _SIBILANT else "s" if stem[-1] in _VOICELESS else "z")
        if word.endswith("ed") and (stem := self._stem(word, "ed", ("", "e"))):
            return stem + ("ᵻd" if stem[-1] in "td" else "t" if stem[-1] in _VOICELESS | _SIBILANT else "d")
        if word.endswith("ing") and (stem := self._stem(word, "ing", ("", "e"))):
            return stem + "ɪŋ"
        return self._known(word.replace("'", "")) if "'" in word else ""

    def _stem(self, word: str, suffix: str, endings: tuple[str, ...]) -> str:
        base = word[: -len(suffix)]
        forms = [base + end for end in endings if len(base) > 1]
        if len(base) > 2 and base[-1] == base[-2]:
            forms.append(base[:-1])  # shipped: ship
        return next((spoken for form in forms if (spoken := self._known(form))), "")

    def _apart(self, word: str) -> str:
        """Hyphens, camel case (``AirTag``) and compounds of two known words (``powerstation``)."""
        parts = [part for piece in re.split(r"[-']", word) for part in _CAMEL.findall(piece)]
        if len(parts) > 1:
            return " ".join(self._word(part) for part in parts)
        for cut in range(len(word) - 3, 2, -1):
            head, tail = self._known(word[:cut].lower()), self._known(word[cut:].lower())
            if head and tail:
                return head + tail.replace("ˈ", "ˌ")
        return ""

    def _spelled(self, word: str) -> str:
        if _looks_pronounceable(word):
            return _by_letters(word.lower())
        return " ".join(self._lexicon.look_up(letter.upper()) for letter in word if letter.isalpha())


def _is_article(tokens: list[str], at: int) -> bool:
    """A capital A is the article at the start of a sentence before a longer word, otherwise a letter."""
    following = next((token for token in tokens[at + 1 :] if not token.isspace()), "")
    return tokens[at] == "A" and len(following) > 1 and following.isalpha()


_VOWELS = {
    "a": "æ", "e": "ɛ", "i": "ɪ", "o": "ɑ", "u": "u", "y": "i", "ai": "I", "ao": "W", "ei": "A", "ou": "O", "ia": "jɑ",
    "ee": "i", "oo": "u", "ea": "i", "ie": "i", "uo": "wɔ", "ui": "wA", "iu": "jO", "ua": "wɑ", "ue": "wɛ", "au": "ɔ",
}  # fmt: skip
_CONSONANTS = {
    "b": "b", "c": "k", "d": "d", "f": "f", "g": "ɡ", "h": "h", "j": "ʤ", "k": "k", "l": "l", "m": "m", "n": "n",
    "p": "p", "q": "ʧ", "r": "ɹ", "s": "s", "t": "t", "v": "v", "w": "w", "x": "ʃ", "z": "z", "ch": "ʧ", "sh": "ʃ",
    "th": "θ", "zh": "ʤ", "ph": "f", "ng": "ŋ", "ck": "k", "qu": "kw", "ts": "ts", "ll": "l", "ss": "s", "tt": "t",
}  # fmt: skip
_SOUND = re.compile("|".join(sorted({*_VOWELS, *_CONSONANTS}, key=len, reverse=True)))


def _looks_pronounceable(word: str) -> bool:
    """A name such as ``Zhangwei``: mixed or lower case, with vowels and no long run of consonants."""
    low = word.lower()
    return not word.isupper() and bool(re.search("[aeiou]", low)) and not re.search("[^aeiouy]{4}", low)


def _by_letters(word: str) -> str:
    """A plain reading by letter groups; pinyin names come out close to how English speakers read them."""
    sounds = _SOUND.findall(word)
    spoken = [_VOWELS.get(sound) or _CONSONANTS[sound] for sound in sounds]
    if len(word) > 3 and sounds[-1] == "e" and word[-1] == "e":
        spoken.pop()
    first = next((i for i, sound in enumerate(sounds) if sound in _VOWELS and i < len(spoken)), 0)
    return "".join([*spoken[:first], "ˈ", *spoken[first:]])

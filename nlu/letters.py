"""Letters read aloud to letters: "A as in apple", sierra foxtrot, Chinese names of letters before a carrier's digits
(爱丝艾弗幺三九 is SF139).

In: an ``AlignedText`` with digits already written as digits. Out: the same with letters. Pure.
"""

from __future__ import annotations

import re

from nlu.aligned import AlignedText

_NATO = {
    "alpha": "a", "alfa": "a", "bravo": "b", "charlie": "c", "delta": "d", "echo": "e", "foxtrot": "f", "golf": "g",
    "hotel": "h", "india": "i", "juliet": "j", "juliett": "j", "kilo": "k", "lima": "l", "mike": "m", "november": "n",
    "oscar": "o", "papa": "p", "quebec": "q", "romeo": "r", "sierra": "s", "tango": "t", "uniform": "u", "victor": "v",
    "whiskey": "w", "x-ray": "x", "xray": "x", "yankee": "y", "zulu": "z",
}  # fmt: skip
_NAMES = {
    "s": ("艾斯", "爱斯", "爱丝", "艾丝", "爱死", "爱思", "哎斯", "诶斯"),
    "f": ("艾弗", "爱弗", "艾福", "爱福", "艾付", "爱夫", "艾夫", "爱付", "爱抚"),
    "y": ("歪", "外"),
    "t": ("踢", "梯", "提", "剃"),
    "j": ("杰", "街", "勾"),
    "d": ("弟", "迪", "地", "第", "帝"),
    "p": ("屁", "皮", "批", "劈"),
    "k": ("开", "凯", "克"),
    "z": ("贼", "兹", "滋"),
    "o": ("欧", "哦", "偶", "噢"),
}  # fmt: skip
_PREFIXES = ("sf", "yt", "jd", "jt", "dpk", "zto", "sto")
"""Of tracking numbers; only these are read from Chinese names, which are words of their own."""

_AS_IN = re.compile(
    r"(?<![a-z0-9'])(?P<letter>[a-z]),? (?:(?:as|like) in (?:the )?(?P<word>[a-z]+)|(?:for|as|like) "
    rf"(?P<nato>{'|'.join(_NATO)}))(?![a-z])[,.]?(?: (?=[a-z],? (?:as|for|like) |\d))?",
    re.IGNORECASE,
)
_NATO_RUN = re.compile(
    rf"(?<![a-z])(?:{'|'.join(_NATO)})(?:[ ,]+(?:{'|'.join(_NATO)}))+(?![a-z])",
    re.IGNORECASE,
)
_ONE = {letter: f"(?:{'|'.join((letter, *names))})" for letter, names in _NAMES.items()}
_CHINESE = re.compile(
    "(?<![a-z])(?:"
    + "|".join(
        f"(?P<{prefix}>{'[ ,，、]?'.join(_ONE[letter] for letter in prefix)})" for prefix in _PREFIXES
    )
    + r")[ ,，、]?(?=\d[\d ]{5})",
    re.IGNORECASE,
)  # fmt: skip


def convert(source: AlignedText) -> AlignedText:
    """``source`` with its spelt letters as letters."""
    source = source.substitute(_AS_IN, _as_in)
    source = source.substitute(_NATO_RUN, lambda match: "".join(_NATO[word.lower()] for word in _words(match)).upper())
    return source.substitute(_CHINESE, _chinese)


def _words(match: re.Match[str]) -> list[str]:
    return re.split("[ ,]+", match.group())


def _as_in(match: re.Match[str]) -> str | None:
    letter = match["letter"].lower()
    example = match["word"] or match["nato"]
    return match["letter"].upper() if example.lower().startswith(letter) else None


def _chinese(match: re.Match[str]) -> str | None:
    prefix = next(name for name in _PREFIXES if match[name])
    return None if match.group().lower() == prefix else prefix.upper()

"""The bot's own words, back through the microphone: taken off what the recogniser heard.

    heard   的订单已的从杭州仓库我要改收货地址          said  您的订单已经从杭州仓库发出
            |------ echo ------||- own words -|

Pure. A guard for channels without echo cancellation; what was said when comes from playout.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_WORD = re.compile(r"[a-z']+|\d|[^\W\d_a-zA-Z]", re.IGNORECASE)
_MISHEARD = 2
_ENGLISH = "="
_ECHO_LEAST = 4
"""Matching syllables before or after the customer's own that are taken off as an echo; people use our words too."""
_OWN_LEAST = 2
"""Syllables (zh) or words (en) beside an echo that are somebody's words and no mishearing."""


def own_words(text: str, spoken: str, *, keep: Callable[[str], bool] = lambda words: False) -> str:
    """``text`` without the echo of ``spoken`` in it; empty when it is all echo.

    By sound (toneless pinyin), since what the recogniser makes of an echo is full of homophones, and in order. An
    echo may come before the customer's words and after them. Words that ``keep`` are never taken for an echo's seam.
    """
    heard = list(_WORD.finditer(text))
    sounds, said = [_sound(match.group()) for match in heard], [_sound(word) for word in _WORD.findall(spoken)]
    if not sounds or not said:
        return text
    before = _echoed(sounds, said)
    after = _echoed(sounds[before.end :][::-1], said[::-1])
    own = [sound for sound in sounds[before.end : len(sounds) - after.end] if sound not in said]

    def words(first: int, last: int) -> str:
        return text[heard[first].start() : heard[last - 1].end()] if first < last else ""

    last = len(sounds) - (after.seam if after.is_sure else 0)
    if before.is_sure and keep(words(before.end, last)):
        return words(before.end, last)
    if before.end and len(own) < _OWN_LEAST:
        return ""  # a misheard syllable or two in an echo
    first = before.seam if before.is_sure else 0
    return text if last - first == len(sounds) else words(first, last)


def pinyin(text: str) -> str:
    """Toneless pinyin, a space between syllables; English words are marked as such."""
    return " ".join(_sound(word) for word in _WORD.findall(text))


def are_of(text: str, spoken: str) -> bool:
    """Whether every word of ``text`` sounds like one of ``spoken``, in whatever order."""
    said = {_sound(word) for word in _WORD.findall(spoken)}
    return all(_sound(word) in said for word in _WORD.findall(text))


@dataclass(frozen=True, slots=True)
class _Echo:
    """An echo at the beginning of some sounds."""

    end: int
    """So many of the sounds are one."""
    seam: int
    """The same with what is left of it where the customer's words begin."""
    is_sure: bool
    """Whether enough of them match."""


def _echoed(heard: list[str], said: list[str]) -> _Echo:
    """How many of the first sounds of ``heard`` are an echo.

    Two sounds in a row that were said in a row are one; a single one is, where nothing else was heard. Up to
    ``_MISHEARD`` sounds in between may be misheard.
    """
    end, at, matched = 0, 0, 0
    while at < len(heard) and at - end <= _MISHEARD:
        length = _run(heard, at, said)
        if length >= 2 or (length and len(heard) == 1):
            # an English word has about two syllables
            matched += sum(2 if sound.startswith(_ENGLISH) else 1 for sound in heard[at : at + length])
            at += length
            end = at
        else:
            at += 1
    seam = end
    while step := next((n for n in (1, 2) if seam + n <= len(heard) and heard[seam + n - 1] in said), 0):
        seam += step
    return _Echo(end, seam, matched >= _ECHO_LEAST)


def _run(heard: list[str], at: int, said: list[str]) -> int:
    """The longest run of ``heard`` from ``at`` on that occurs in ``said``."""
    best = 0
    for start in range(len(said)):
        length = 0
        while at + length < len(heard) and start + length < len(said) and heard[at + length] == said[start + length]:
            length += 1
        best = max(best, length)
    return best


def _sound(word: str) -> str:
    """Toneless pinyin of a character; an English word, marked as one."""
    from pypinyin import lazy_pinyin

    return f"{_ENGLISH}{word.lower()}" if word.isascii() else str(lazy_pinyin(word)[0])

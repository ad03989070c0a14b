"""Words of the shop that were misheard or mistyped as others of the same sound: 推货 to 退货, 法票 to 发票.

In: an ``AlignedText`` (normalised). Out: the same with the words of ``terms.yaml`` put right, spans kept. Precision
comes first: nothing is touched that is a word itself, cuts a word in two, or differs by one of the commonest
characters; what only sounds alike in a certain place is listed with that place. Pure, but for the dictionaries of
jieba and pypinyin.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nlu import phonetics
from nlu.aligned import AlignedText

_HAN_RUN = re.compile(f"[{phonetics.HAN}]{{2,}}")
_A_WORD = 10
"""Occurrences in jieba's dictionary from which on what was written is a word of its own."""
_COMMON = 45_000
"""A character that occurs more often stands alone nearly anywhere (的, 又, 会): it is no misheard one."""
_RARE = 12_000
"""The same for a character that sounds a little different, or stands beside a term that is right without it."""
_LONG = 3
"""A longer term is not met by chance."""
_BUDGET = 0.25
"""Cost (``phonetics.cost``) that a syllable may have on average."""
_MAX_CHARS = 400


@dataclass(frozen=True, slots=True)
class _Confusion:
    """A word that is taken for a term only beside certain others."""

    said: str
    term: str
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Repaired:
    """A word put right."""

    said: str
    term: str
    start: int
    """Place in the text that was given."""


class Terms:
    """The words of one domain. Built once, immutable; ``repair`` takes about a quarter of a millisecond."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """``document``: what a ``terms.yaml`` holds. Raises ``KeyError`` where it lacks ``terms``."""
        self._terms: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        words = [word for group in document["terms"].values() for word in str(group).split()]
        for word in words:
            sounds = phonetics.syllables(word)
            self._terms[tuple(map(phonetics.fold, sounds))].append((word, sounds))
        self._known = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)")
        self._lengths = sorted({len(word) for word in words}, reverse=True)
        self._kept = frozenset(str(document.get("keep", "")).split())
        self._confusions = tuple(
            _Confusion(
                entry["said"], entry["term"],
                re.compile(f"(?:{entry['after']})$") if entry.get("after") else None,
                re.compile(entry["before"]) if entry.get("before") else None,
            )
            for entry in document.get("confusions", ())
        )  # fmt: skip

    def repair(self, source: AlignedText) -> AlignedText:
        """``source`` with misheard terms put right; itself when there are none."""
        found = {item.start: item for item in self.misheard(source.text)}
        if not found:
            return source
        pattern = re.compile("|".join(sorted({re.escape(item.said) for item in found.values()}, key=len, reverse=True)))
        return source.substitute(pattern, lambda match: found[match.start()].term if match.start() in found else None)

    def misheard(self, text: str) -> tuple[Repaired, ...]:
        """The words of ``text`` to be put right, in its order."""
        text = text[:_MAX_CHARS]
        found: list[Repaired] = list(self._in_place(text))
        for run in _HAN_RUN.finditer(text):
            found += self._by_sound(text, run.start(), run.end())
        found.sort(key=lambda item: (item.start, -len(item.said)))
        kept: list[Repaired] = []
        for item in found:
            if not kept or item.start >= kept[-1].start + len(kept[-1].said):
                kept.append(item)
        return tuple(kept)

    def _in_place(self, text: str) -> Iterator[Repaired]:
        for one in self._confusions:
            for match in re.finditer(one.said, text):
                before = one.before is None or one.before.search(text[: match.start()])
                after = one.after is None or one.after.match(text, match.end())
                if before and after:
                    yield Repaired(one.said, one.term, match.start())

    def _by_sound(self, text: str, start: int, end: int) -> Iterator[Repaired]:
        run = text[start:end]
        sounds = phonetics.syllables(run)
        if len(sounds) != len(run):
            return
        folded = [phonetics.fold(sound) for sound in sounds]
        taken = [match.span() for match in self._known.finditer(run)]
        borders: frozenset[int] | None = None
        for length in self._lengths:
            for at in range(len(run) - length + 1):
                said = run[at : at + length]
                terms = self._terms.get(tuple(folded[at : at + length]))
                if not terms or said in self._kept or _cuts(at, at + length, taken):
                    continue
                borders = _borders(run) if borders is None else borders
                if at not in borders or at + length not in borders:
                    continue
                holds = any(at <= first and last <= at + length for first, last in taken)
                term = _likeliest(said, sounds[at : at + length], terms, holds)
                if term is not None:
                    taken.append((at, at + length))
                    yield Repaired(said, term, start + at)


def _cuts(start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    """Whether a stretch shares characters with a term that is longer or goes on outside."""
    return any(
        first < end and start < last and not (start <= first and last <= end and last - first < end - start)
        for first, last in taken
    )


def _likeliest(said: str, sounds: tuple[str, ...], terms: list[tuple[str, tuple[str, ...]]], holds: bool) -> str | None:
    """The term that was meant by ``said``; None when it may be what it is. ``holds``: it holds a shorter term."""
    frequency = _frequency()
    if frequency.get(said, 0) >= _A_WORD:
        return None
    best: tuple[float, str] | None = None
    for term, wanted in terms:
        cost = sum(phonetics.cost(one, other) for one, other in zip(sounds, wanted, strict=True))
        wrong = [one for one, other in zip(said, term, strict=True) if one != other]
        same = len(term) - len(wrong)
        most = _RARE if (cost or holds) and len(term) <= _LONG else _COMMON
        if not same or cost > _BUDGET * len(term) or any(frequency.get(char, 0) > most for char in wrong):
            continue
        if best is None or (cost - 0.1 * same, term) < best:
            best = (cost - 0.1 * same, term)
    return best[1] if best else None


def _borders(run: str) -> frozenset[int]:
    """Where a word of jieba's dictionary begins or ends."""
    import jieba

    frequency = _frequency()
    borders, at = {0}, 0
    for word in jieba.cut(run, HMM=False):
        # A rare word is as likely a mistake: it may be cut.
        if frequency.get(word, 0) < _A_WORD:
            borders.update(range(at, at + len(word)))
        at += len(word)
        borders.add(at)
    return frozenset(borders)


def _frequency() -> Mapping[str, int]:
    import jieba

    if not jieba.dt.initialized:
        jieba.setLogLevel(logging.WARNING)
        jieba.initialize()
    found: Mapping[str, int] = jieba.dt.FREQ
    return found


@lru_cache(maxsize=4)
def load_terms(path: Path) -> Terms | None:
    """The terms of a domain's folder; None where it has no ``terms.yaml``."""
    file = path / "terms.yaml"
    return Terms(yaml.safe_load(file.read_text("utf-8"))) if file.is_file() else None


NO_TERMS = Terms({"terms": {}})
"""Puts nothing right."""

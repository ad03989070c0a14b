"""A shop's catalogue for the ear: what customers call a product in, the skus it may be out, with scores.

Names are matched as written (sku, whole name, characters) and as heard (toneless pinyin, confusions weighted), so that
「骨船导耳机」 finds 骨传导耳机. Pure and immutable once built; safe to share between threads.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu import phonetics
from nlu.types import ScoredLabel

_SHORTLIST = 40
"""Names whose sound is compared in full."""
_HEARD_SHARE = 0.95
"""A name that is only heard counts a little less than one that is written."""
_LEAST = 0.45
"""Below this nothing was meant."""
_MOST_SYLLABLES = 14
_HEAD_SYLLABLES = 3
"""The end of a name stands for it in running text from this many syllables on (蓝牙耳机, 热水壶)."""
_LEAST_OVERHEARD = 4
"""Syllables of a name that only sounds like one."""
_OVERHEARD = 0.55
"""Its least ``phonetics.local`` score a syllable."""
_OVERHEARD_NAMES = 12
_WORD = re.compile(f"[{phonetics.HAN}]+|[a-z]+|\\d+(?:\\.\\d+)?")
_SPACE = re.compile(r"[\s\-_/·]+")


@dataclass(frozen=True, slots=True)
class Spotted:
    """A product's name, or the end of it, in running text."""

    start: int
    end: int
    name: str
    """As the catalogue writes it."""
    by_sound: bool


@dataclass(frozen=True, slots=True)
class _Index:
    """Grams to the names that have them."""

    postings: dict[str, NDArray[np.int32]]
    weights: dict[str, float]
    totals: NDArray[np.float32]
    """Weight of all grams of each name."""

    @classmethod
    def of(cls, texts: Sequence[Iterable[str]]) -> _Index:
        where: dict[str, list[int]] = defaultdict(list)
        for at, grams in enumerate(texts):
            for gram in set(grams):
                where[gram].append(at)
        weights = {gram: math.log(1 + len(texts) / len(names)) for gram, names in where.items()}
        totals = np.zeros(len(texts), np.float32)
        for gram, names in where.items():
            totals[names] += weights[gram]
        return cls({gram: np.array(names, np.int32) for gram, names in where.items()}, weights, totals)

    def scores(self, grams: Iterable[str]) -> NDArray[np.float32]:
        """Share of the asked grams that each name has, and of its grams that were asked, 0 to 1."""
        asked = set(grams)
        shared = np.zeros(self.totals.size, np.float32)
        rarest = math.log(1 + self.totals.size)
        wanted = sum(self.weights.get(gram, rarest) for gram in asked)
        for gram in asked & self.postings.keys():
            shared[self.postings[gram]] += self.weights[gram]
        if not wanted:
            return shared
        return np.asarray(0.85 * shared / wanted + 0.15 * shared / np.maximum(self.totals, 1e-6), np.float32)


class ProductLexicon:
    """Built once a catalogue; ``search`` takes two or three milliseconds with 10,000 products."""

    def __init__(self, products: Iterable[tuple[str, Sequence[str]]]) -> None:
        """``products``: sku, and every name and alias in any language."""
        self._names: list[str] = []
        self._skus: list[str] = []
        self._exact: dict[str, list[str]] = defaultdict(list)
        for sku, names in products:
            self._exact[_compact(sku)].append(sku)
            for name in names:
                if name.strip():
                    self._names.append(name)
                    self._skus.append(sku)
                    self._exact[_compact(name)].append(sku)
        self._sounds = [phonetics.syllables(name) for name in self._names]
        self._written = _Index.of([_written(name) for name in self._names])
        self._heard = _Index.of([phonetics.grams(sounds) for sounds in self._sounds])
        self._sku_codes = {_compact(sku): sku for sku in dict.fromkeys(self._skus)}
        self._ends = self._name_ends()

    def __len__(self) -> int:
        """Names, aliases included."""
        return len(self._names)

    def search(self, words: str, limit: int = 5) -> tuple[ScoredLabel, ...]:
        """The skus that ``words`` may mean, best first, each with 0 to 1; none when nothing is alike."""
        exact = list(dict.fromkeys(self._exact.get(_compact(words), ())))
        if exact:
            return tuple(ScoredLabel(sku, 1.0) for sku in exact[:limit])
        if not self._names or not words.strip():
            return ()
        scores = self._written.scores(_written(words)) * np.float32(0.98)
        sounds = phonetics.syllables(words)[:_MOST_SYLLABLES]
        heard = self._heard.scores(phonetics.grams(sounds))
        count = min(_SHORTLIST, heard.size)
        for at in map(int, np.argpartition(-heard, count - 1)[:count]):
            if heard[at] > 0:
                scores[at] = max(scores[at], _HEARD_SHARE * self._alike(sounds, at))
        return self._best(scores, limit)

    def sku(self, code: str) -> str | None:
        """The sku written like ``code``, blanks, dashes and case aside."""
        return self._sku_codes.get(_compact(code))

    def spot(self, text: str) -> tuple[Spotted, ...]:
        """Names in running text, as written or as heard; the longest where they overlap, in text order."""
        sounds, spans = phonetics.tokens(text)
        folded = [phonetics.fold(sound) for sound in sounds]
        found: list[Spotted] = []
        at = 0
        while at < len(folded):
            best = self._longest_at(text, folded, sounds, spans, at)
            if best is None:
                at += 1
                continue
            found.append(best[0])
            at = best[1]
        return tuple(found)

    def overheard(self, text: str) -> Spotted | None:
        """The part of ``text`` that sounds most like a part of a name (古城岛耳机 like 骨传导耳机), where it is long
        and alike enough."""
        sounds, spans = phonetics.tokens(text)
        if len(sounds) < _LEAST_OVERHEARD or not self._names:
            return None
        shared = self._heard.scores(phonetics.grams(sounds))
        count = min(_OVERHEARD_NAMES, shared.size)
        best: tuple[float, int, int, int] | None = None
        for at in map(int, np.argpartition(-shared, count - 1)[:count]):
            total, first, last = phonetics.local(sounds, self._sounds[at])
            if best is None or total > best[0]:
                best = (total, first, last, at)
        if best is None or best[2] - best[1] < _LEAST_OVERHEARD or best[0] < _OVERHEARD * (best[2] - best[1]):
            return None
        return Spotted(spans[best[1]][0], spans[best[2] - 1][1], self._names[best[3]], True)

    def _longest_at(
        self, text: str, folded: list[str], sounds: list[str], spans: list[tuple[int, int]], at: int
    ) -> tuple[Spotted, int] | None:
        for end in range(min(len(folded), at + _MOST_SYLLABLES), at + 1, -1):
            name = self._ends.get(tuple(folded[at:end]))
            if name is None or spans[end - 1][1] - spans[at][0] > 2 * len(name) + 2:
                continue
            said = text[spans[at][0] : spans[end - 1][1]]
            by_sound = _compact(said) != _compact(name)
            if by_sound and end - at < _HEAD_SYLLABLES:
                continue
            if by_sound and phonetics.distance(sounds[at:end], phonetics.syllables(name)) > 0.5:
                continue
            return Spotted(spans[at][0], spans[end - 1][1], name, by_sound), end
        return None

    def _name_ends(self) -> dict[tuple[str, ...], str]:
        """Folded sounds of each name and of its ends; the first name with an end stands for all."""
        ends: dict[tuple[str, ...], str] = {}
        for name, sounds in zip(self._names, self._sounds, strict=True):
            _, spans = phonetics.tokens(name)
            folded = tuple(phonetics.fold(sound) for sound in sounds)
            least = _HEAD_SYLLABLES if re.search(f"[{phonetics.HAN}]", name) else 2
            for at in range(max(1, len(folded) - least + 1)):
                if len(folded) - at >= 2:
                    ends.setdefault(folded[at:], name[spans[at][0] :])
        return ends

    def _alike(self, sounds: Sequence[str], at: int) -> float:
        name = self._sounds[at]
        part = phonetics.alike(sounds, name, within=True)
        return 0.85 * part**2 + 0.15 * min(1.0, len(sounds) / max(len(name), 1)) * part

    def _best(self, scores: NDArray[np.float32], limit: int) -> tuple[ScoredLabel, ...]:
        best: dict[str, float] = {}
        for at in map(int, np.argsort(-scores, kind="stable")[: 4 * limit]):
            score = float(scores[at])
            if score >= _LEAST and self._skus[at] not in best:
                best[self._skus[at]] = min(score, 0.99)
        return tuple(ScoredLabel(sku, round(score, 3)) for sku, score in list(best.items())[:limit])


def _compact(text: str) -> str:
    return _SPACE.sub("", text.casefold())


def _written(text: str) -> list[str]:
    """Character pairs and characters of Chinese; words without a plural s of Latin script, and their trigrams."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if "一" <= word[0] <= "鿿":
            found += [word[at : at + 2] for at in range(len(word) - 1)]
            found += list(word)
        else:
            stem = word[:-1] if len(word) > 3 and word.endswith("s") else word
            found.append(f" {stem} ")
            found += [stem[at : at + 3] for at in range(len(stem) - 2)]
    return found

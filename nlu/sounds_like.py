"""What a request sounded like: the intents of the training utterances that sound most like what was heard.

In: the readings of a recogniser, best first. Out: an intent with a score, or None where nothing sounds alike. For
speech over a bad line only, where no classifier understands the words: 什么时候翻过 sounds like 什么时候发货. Pure.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlu import phonetics
from nlu.domains import load_domain

ALIKE = 0.58
"""Least likeness (``phonetics.alike``) of the best utterance; one in seven requests of other kinds has as much."""
_SHORTLIST = 120
_PER_INTENT = 120
_LEAST, _MOST = 3, 14
"""Syllables."""
_HAN = re.compile(f"[{phonetics.HAN}]")


@dataclass(frozen=True, slots=True)
class Likeness:
    """An intent by ear."""

    intent: str
    score: float
    """Likeness of its best utterance, 0 to 1."""


class SoundsLike:
    """Utterances by their sound; ``best`` takes some milliseconds a reading."""

    def __init__(self, utterances: Mapping[str, Iterable[str]]) -> None:
        """``utterances`` by intent; only Chinese ones of a few words are kept, evenly chosen."""
        self._intents: list[str] = []
        self._texts: list[str] = []
        for intent, texts in utterances.items():
            short = [text for text in dict.fromkeys(texts) if _LEAST <= len(_HAN.findall(text)) == len(text) <= _MOST]
            chosen = short[:: -(-len(short) // _PER_INTENT) or 1]
            self._texts += chosen
            self._intents += [intent] * len(chosen)
        sounds = [phonetics.syllables(text) for text in self._texts]
        self._numbers = {name: at for at, name in enumerate(dict.fromkeys(one for row in sounds for one in row), 1)}
        self._names = list(self._numbers)
        self._known: dict[str, NDArray[np.float64]] = {}
        """Rows of costs as far as they were needed; at most one for each syllable of Mandarin."""
        self._lengths = np.array([len(row) for row in sounds], np.int64)
        self._rows = np.zeros((len(sounds), _MOST), np.int64)
        for at, row in enumerate(sounds):
            self._rows[at, : len(row)] = [self._numbers[one] for one in row]
        postings: dict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(sounds):
            for gram in set(_grams(row)):
                postings[gram].append(at)
        self._postings = {gram: np.array(places, np.int64) for gram, places in postings.items()}
        self._weights = {gram: float(np.log(1 + len(sounds) / len(places))) for gram, places in postings.items()}

    def best(self, readings: Sequence[str], *, apart_from: str = "") -> Likeness | None:
        """The intent that the readings sound like. ``apart_from``: an utterance that does not count."""
        scores: dict[str, float] = {}
        for rank, text in enumerate(readings):
            sounds = phonetics.syllables(text)
            if not self._texts or not _LEAST <= len(sounds) <= _MOST:
                continue
            places = self._shortlist(sounds)
            for at, alike in zip(places.tolist(), self._alike(sounds, places).tolist(), strict=True):
                if self._texts[at] != apart_from:
                    intent = self._intents[at]
                    scores[intent] = max(scores.get(intent, 0.0), alike - 0.01 * rank)
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        if not ranked or ranked[0][1] < ALIKE:
            return None
        return Likeness(ranked[0][0], round(ranked[0][1], 3))

    def _shortlist(self, sounds: tuple[str, ...]) -> NDArray[np.int64]:
        shared = np.zeros(len(self._texts))
        for gram in set(_grams(sounds)) & self._postings.keys():
            shared[self._postings[gram]] += self._weights[gram]
        shared /= np.sqrt(self._lengths)
        count = min(_SHORTLIST, shared.size)
        return np.argpartition(-shared, count - 1)[:count]

    def _alike(self, sounds: tuple[str, ...], places: NDArray[np.int64]) -> NDArray[np.float64]:
        """``phonetics.alike`` of ``sounds`` and the utterances at ``places``, all at once."""
        rows, lengths = self._rows[places], self._lengths[places]
        row = np.tile(np.arange(_MOST + 1) * phonetics.GAP, (len(places), 1))
        for sound in sounds:
            costs = self._costs(sound)[rows]
            following = np.empty_like(row)
            following[:, 0] = row[:, 0] + phonetics.GAP
            for at in range(_MOST):
                kept = np.minimum(row[:, at] + costs[:, at], row[:, at + 1] + phonetics.GAP)
                following[:, at + 1] = np.minimum(kept, following[:, at] + phonetics.GAP)
            row = following
        distance = row[np.arange(len(places)), lengths]
        return np.asarray(np.maximum(0.0, 1 - distance / np.maximum(lengths, len(sounds))))

    def _costs(self, sound: str) -> NDArray[np.float64]:
        """Of taking ``sound`` for each syllable there is, by number."""
        if sound not in self._known:
            self._known[sound] = np.array([1.0, *(phonetics.cost(sound, name) for name in self._names)])
        return self._known[sound]


def _grams(sounds: Sequence[str]) -> list[str]:
    """Folded syllables, their vowels, and pairs of vowels: what a bad line leaves."""
    finals = [phonetics.final(sound) for sound in sounds]
    pairs = [f"{first} {second}" for first, second in pairwise(finals)]
    return [phonetics.fold(sound) for sound in sounds] + pairs


@lru_cache(maxsize=2)
def load_sounds_like(domain: str = "shop") -> SoundsLike:
    """The utterances of a domain; about two seconds the first time."""
    folder = load_domain(domain).intents
    return SoundsLike(
        {
            path.stem: [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
            for path in sorted(folder.glob("*.txt"))
        }
    )


NOTHING_BY_EAR = SoundsLike({})
"""Hears nothing."""

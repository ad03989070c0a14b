"""How much a question and an entry share in words, without any model: Chinese characters and pairs, English words.

Pure. Scores are 0..1 and comparable between queries, which plain BM25 is not, so one threshold serves them all; BM25
(``bm25.py``) finds the candidates that are scored here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

_HAN_RUN = re.compile(r"[一-鿿]+")
_WORD = re.compile(r"[a-z]+|\d+")
_FILLER = re.compile(
    r"请问|你们|您们|我想(问|知道|了解)(一下)?|想问(一下)?|麻烦(问)?一下|一下|的话|是不是|可不可以|能不能|可以|怎么样|吗|呢|啊|吧|呀|嘛|了|的"
)
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the is are am do does did can could will would i we my you your our it its to of for in on at and or if"
        " be been have has had with this that there what how when where which who please tell me about",
    )
)
_UNKNOWN = 1.0
"""Weight of what no entry holds: a question that is mostly about something else must score low."""
_SINGLE = 0.5
"""Weight of a single Chinese character against a pair."""

Grams = frozenset[str]


def tokens(text: str) -> list[str]:
    """What a text is compared by, in no order, repeated as often as it is there."""
    lower = _FILLER.sub(" ", text.lower())
    found = [_stem(word) for word in _WORD.findall(lower) if word not in _STOP_WORDS]
    for run in _HAN_RUN.findall(lower):
        found += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
    return found


@lru_cache(maxsize=20_000)
def grams(text: str) -> Grams:
    """The different ones of ``tokens``; remembered, for every question is compared with the same entries."""
    return frozenset(tokens(text))


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") or word


class Lexicon:
    """How rare each word is among the entries."""

    def __init__(self, entries: Iterable[Grams]) -> None:
        """``entries``: everything that the paraphrases of each hold."""
        counts: Counter[str] = Counter()
        size = 0
        for pool in entries:
            counts.update(pool)
            size += 1
        most = math.log(1 + size) if size else 1.0
        self._weights = {gram: _size(gram) * math.log((1 + size) / count) / most for gram, count in counts.items()}
        # What is compared is weighed for every question anew otherwise.
        self._weight = lru_cache(maxsize=20_000)(self._sum)

    def score(self, asked: Grams, texts: Sequence[Grams], phrase: float) -> float:
        """How well an entry with these paraphrases answers what was asked, 0..1.

        ``phrase``: share of the likeness to one paraphrase; the rest is how much of the question the entry covers.
        """
        total = self._weight(asked)
        if not total:
            return 0.0
        pool = frozenset[str]().union(*texts)
        like = max((self._likeness(asked, total, text) for text in texts), default=0.0)
        return (1 - phrase) * self._weight(asked & pool) / total + phrase * like

    def _likeness(self, asked: Grams, total: float, text: Grams) -> float:
        """Weighted Dice coefficient."""
        shared = asked & text
        return 2 * self._weight(shared) / (total + self._weight(text)) if shared else 0.0

    def _sum(self, found: Grams) -> float:
        # The rounding of a plain sum would depend on the order of a set.
        return math.fsum(self._weights.get(gram, _UNKNOWN * _size(gram)) for gram in found)


def _size(gram: str) -> float:
    return _SINGLE if len(gram) == 1 and "一" <= gram <= "鿿" else 1.0

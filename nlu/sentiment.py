"""Sentiment from a lexicon, in process: the fallback when the sentiment model is away.

In: normalised text. Out: ``Sentiment``. Each word of the lexicon adds its weight, turned around after a negation
(不好, "not happy"), strengthened by an intensifier (太, 非常, "really"). Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from nlu.types import Polarity, Sentiment

_NEUTRAL_EVIDENCE = 1.0
"""What must be outweighed before a text counts as positive or negative."""
_MAX_CHARS = 512
_ANGRY_MARKS = re.compile("[!?！？]{2,}")


class LexiconSentiment:
    """Built once from the lexicon; no state between calls."""

    def __init__(self, lexicon: Mapping[str, Sequence[str]]) -> None:
        """``lexicon`` has the lists ``positive``, ``negative``, ``very_negative``, ``negation``, ``intensifier``, all
        regular expressions; negation and intensifier are looked for just before a word."""
        self._words = (
            (_any_of(lexicon["very_negative"]), -2.0),
            (_any_of(lexicon["negative"]), -1.2),
            (_any_of(lexicon["positive"]), 1.2),
        )
        self._negated = re.compile(
            f"(?:{'|'.join(lexicon['negation'])})[ ]?(?:{'|'.join(lexicon['intensifier'])})?[ ]?$"
        )
        self._intensified = re.compile(f"(?:{'|'.join(lexicon['intensifier'])})[ ]?$")

    def __call__(self, text: str) -> Sentiment:
        """Sentiment of ``text``."""
        folded = text[:_MAX_CHARS].casefold()
        total = sum(self._weights(folded))
        if total < 0 and _ANGRY_MARKS.search(folded):
            total *= 1.3
        # Three-way softmax over (negative, neutral, positive) evidence.
        evidence: dict[Polarity, float] = {"negative": -total, "neutral": _NEUTRAL_EVIDENCE, "positive": total}
        best = max(evidence, key=lambda polarity: evidence[polarity])
        mass = sum(math.exp(min(value, 30.0)) for value in evidence.values())
        return Sentiment(best, round(math.exp(min(evidence[best], 30.0)) / mass, 4))

    def _weights(self, text: str) -> list[float]:
        weights: list[float] = []
        taken = [False] * len(text)
        for pattern, weight in self._words:
            for match in pattern.finditer(text):
                if any(taken[match.start() : match.end()]):
                    continue
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                weights.append(self._in_context(weight, text[max(0, match.start() - 12) : match.start()]))
        return weights

    def _in_context(self, weight: float, before: str) -> float:
        if self._negated.search(before):
            return -0.9 * weight
        return 1.5 * weight if self._intensified.search(before) else weight


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))

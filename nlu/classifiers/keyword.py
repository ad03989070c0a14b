"""Keyword rules, in process: the fallback when Triton is away, and good enough for plain requests.

In: normalised text. Out: intents with rough probabilities. The rules are data: ``keywords.yaml`` of the domain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nlu.answers import yes_no
from nlu.domains import DEFAULT, OUT_OF_SCOPE, load_domain
from nlu.sentiment import LexiconSentiment
from nlu.types import Language, ScoredLabel, Sentiment

_MAX_CHARS = 512
_NO_EVIDENCE = 1.2
"""Weight of out_of_scope when nothing matches: a single weak word (weight 1) stays below it."""
_DOUBT = 3.5
"""Mass kept for what the rules do not know; set so that scores track accuracy on the training utterances."""
_YES_NO = 4.0
"""Weight of a message that is nothing but yes or no."""
_TOP = 5


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """One pattern that speaks for an intent."""

    intent: str
    weight: float
    """Evidence in log odds: 1 weak, 2 fair, 3 clear, 4 beyond doubt. Negative speaks against."""
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched, and the words it matched."""

    intent: str
    weight: float
    words: str


class KeywordClassifier:
    """Rules compiled once; no state between calls, no I/O, never unavailable."""

    name = "keyword"

    def __init__(self, rules: Path | None = None, domain: str = DEFAULT) -> None:
        """``rules`` None: those of ``domain``; a domain without words for sentiment takes the shop's. Raises
        ``ValueError`` when the rules name an unknown intent, and ``re.error`` for a broken pattern."""
        self._labels = load_domain(domain).labels
        document = _read(rules or load_domain(domain).keywords)
        self._rules = _compile(document["intents"], self._labels)
        self._rules_of = {
            intent: tuple(rule for rule in self._rules if rule.intent == intent) for intent in document["intents"]
        }
        self._sentiment = LexiconSentiment(document.get("sentiment") or _read(load_domain().keywords)["sentiment"])

    @classmethod
    def over(cls, client: object, deadline_s: float, domain: str = DEFAULT) -> KeywordClassifier:
        """Asks nobody."""
        return cls(domain=domain)

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        """The five best intents of ``text``, best first."""
        return self.score(text)

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        """As ``classify``, for each of ``texts``."""
        return tuple(self.score(text) for text in texts)

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        """Sentiment of ``text`` from the lexicon."""
        return self._sentiment(text)

    def score(self, text: str) -> tuple[ScoredLabel, ...]:
        """A softmax over the evidence for each intent. Rules of both languages apply: customers mix them."""
        evidence = dict.fromkeys(self._labels, 0.0)
        evidence[OUT_OF_SCOPE] = _NO_EVIDENCE
        for match in self.matches(text):
            evidence[match.intent] += match.weight
        # Intents without evidence get nothing of their own; _DOUBT stands for all of them together.
        weights = {intent: math.exp(value) if value else 0.0 for intent, value in evidence.items()}
        mass = sum(weights.values()) + _DOUBT
        scored = sorted(weights.items(), key=lambda item: -item[1])
        # What rules speak against rounds to nothing, and is no candidate.
        shares = ((intent, round(weight / mass, 4)) for intent, weight in scored[:_TOP])
        return tuple(ScoredLabel(intent, share) for intent, share in shares if share > 0)

    def matches(self, text: str, intent: str | None = None) -> tuple[Match, ...]:
        """The rules that speak, each counted once: the evidence shown to agents. ``intent``: only the rules for it."""
        folded = text[:_MAX_CHARS].casefold()
        answer = yes_no(folded)
        is_asked = answer is not None and intent in {None, answer.intent}
        found = [Match(answer.intent, _YES_NO, folded.strip())] if answer and answer.whole and is_asked else []
        for rule in self._rules if intent is None else self._rules_of.get(intent, ()):
            match = rule.pattern.search(folded)
            if match:
                found.append(Match(rule.intent, rule.weight, match.group()))
        return tuple(found)


def _compile(intents: dict[str, dict[str, list[list[Any]]]], labels: Sequence[str]) -> tuple[KeywordRule, ...]:
    unknown = set(intents) - set(labels)
    if unknown:
        raise ValueError(f"keyword rules for unknown intents: {', '.join(sorted(unknown))}")
    return tuple(
        KeywordRule(intent, float(weight), re.compile(pattern))
        for intent, languages in intents.items()
        for rules in languages.values()
        for weight, pattern in rules
    )


@lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    if inherits := document.get("inherits"):  # {file, intents}: the rules of another domain for these
        rules = _read(path.parent / inherits["file"])["intents"]
        document["intents"] |= {intent: rules[intent] for intent in inherits["intents"]}
    return document

"""What the slot readers share: their context, the candidates they offer, and the choice between candidates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from nlu.aligned import AlignedText
from nlu.slots.lexicon import ProductLexicon
from nlu.types import Expectation, Language, ScoredLabel, SlotValue


@dataclass(frozen=True, slots=True)
class SlotConfig:
    """What a shop's identifiers look like."""

    order_number_pattern: str = r"\d{8}"
    """Regular expression of a whole order number, matched without regard to case; digits may be said in groups."""
    order_number_luhn: bool = True
    """The last digit is a Luhn check digit: a number that passes is trusted more, one that fails is still read."""
    catalogue: ProductLexicon | None = None
    """The shop's products by name: skus are read, and products carry the skus that they may be."""
    region: str = "CN"
    """Country (ISO 3166) of phone numbers said without a country code."""


@dataclass(frozen=True, slots=True)
class SlotContext:
    """One message, ready for the slot readers."""

    source: AlignedText
    language: Language
    expectation: Expectation
    today: date
    config: SlotConfig

    @property
    def text(self) -> str:
        """The normalised text, ASCII letters in lower case."""
        return self.source.folded

    def before(self, position: int, length: int = 16) -> str:
        """What was said just before ``position``."""
        return self.text[max(0, position - length) : position]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible slot."""

    name: str
    value: SlotValue
    start: int
    """Span in the original text."""
    end: int
    confidence: float
    rule: str
    """Why it was read, for agents; never contains the value."""
    kind: str = ""
    """See ``Slot.kind``."""
    fails_check: bool = False
    candidates: tuple[ScoredLabel, ...] = ()
    """See ``Slot.candidates``."""


def candidate(
    source: AlignedText,
    match_span: tuple[int, int],
    name: str,
    value: SlotValue,
    confidence: float,
    rule: str,
    *,
    kind: str = "",
    fails_check: bool = False,
    candidates: tuple[ScoredLabel, ...] = (),
) -> Candidate:
    """A candidate at ``match_span`` of the normalised text."""
    start, end = source.span(*match_span)
    return Candidate(name, value, start, end, round(min(confidence, 0.99), 3), rule, kind, fails_check, candidates)


def choose(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """The candidates that do not overlap, in text order: the most confident win, among equals the longest."""
    chosen: list[Candidate] = []
    for offer in sorted(candidates, key=lambda offer: (-offer.confidence, offer.start - offer.end, offer.start)):
        if all(offer.end <= other.start or other.end <= offer.start for other in chosen):
            chosen.append(offer)
    return tuple(sorted(chosen, key=lambda offer: offer.start))


def said_before(context: SlotContext, position: int, words: re.Pattern[str], length: int = 16) -> bool:
    """Whether ``words`` (a pattern that ends in ``$``) stand just before ``position``."""
    return words.search(context.before(position, length)) is not None

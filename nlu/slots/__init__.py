"""Slots: typed values read from a message, with their spans in the original text. One file per slot family.

In: a ``Normalized`` text, the ``Expectation``, the language and today's date. Out: ``Slot`` values in text order that
never overlap; the most confident reading wins, among equals the longest. Pure and deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from nlu.normalize import Normalized
from nlu.slots import (
    addresses,
    amounts,
    attributes,
    dates,
    emails,
    festivals,
    links,
    numbers,
    periods,
    phones,
    places,
    products,
    quantities,
    reasons,
    skus,
    times,
    tracking,
)
from nlu.slots.lexicon import ProductLexicon
from nlu.slots.types import Candidate, SlotConfig, SlotContext, choose
from nlu.types import Expectation, Language, Slot

__all__ = ["ProductLexicon", "SlotConfig", "SlotReading", "find_slots", "load", "read_slots"]

_READERS: tuple[Callable[[SlotContext], Iterator[Candidate]], ...] = (
    emails.read,
    links.read,
    tracking.read,
    numbers.read,
    phones.read,
    amounts.read,
    dates.read,
    festivals.read,
    periods.read,
    times.read,
    addresses.read,
    skus.read,
    products.read,
    quantities.read,
    attributes.read,
    reasons.read,
)
_DENIABLE = frozenset({"date", "date_range", "time", "quantity", "colour", "size"})
_DENIAL = re.compile(r"(?:(?<!是)不是|不要)$|\bnot (?:the |an? )?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SlotReading:
    """A slot and the rule that found it."""

    slot: Slot
    rule: str
    """Never contains the value."""


def find_slots(
    normalized: Normalized,
    expectation: Expectation,
    language: Language,
    today: date,
    config: SlotConfig | None = None,
) -> tuple[Slot, ...]:
    """The slots of one message, in text order."""
    return tuple(reading.slot for reading in read_slots(normalized, expectation, language, today, config))


def read_slots(
    normalized: Normalized,
    expectation: Expectation,
    language: Language,
    today: date,
    config: SlotConfig | None = None,
) -> tuple[SlotReading, ...]:
    """The slots of one message with the rules that found them."""
    if not normalized.text:
        return ()
    config = config or SlotConfig()
    context = SlotContext(normalized, language, expectation, today, config)
    chosen = choose([found for reader in _READERS for found in reader(context) if not _denied(found, normalized)])
    return tuple(SlotReading(_slot(candidate, normalized.original, config), candidate.rule) for candidate in chosen)


def _denied(found: Candidate, normalized: Normalized) -> bool:
    """『不是六号』, 『不要黑的』, "not the black one"."""
    return found.name in _DENIABLE and _DENIAL.search(normalized.original[: found.start]) is not None


def load() -> None:
    """Load what the readers need (the Chinese tagger, the table of places) ahead of the first message."""
    products.load()
    places.places()


def _slot(candidate: Candidate, original: str, config: SlotConfig) -> Slot:
    raw, value, found = original[candidate.start : candidate.end], candidate.value, candidate.candidates
    if candidate.name == "product" and config.catalogue is not None and not found:
        found = config.catalogue.search(str(value))
    return Slot(
        candidate.name, value, raw, candidate.start, candidate.end, candidate.confidence, candidate.fails_check,
        candidate.kind, found,
    )  # fmt: skip

"""Slots: typed values read from a message, with their spans in the original text. One file per slot family.

In: a ``Normalized`` text, the ``Expectation``, the language and today's date. Out: ``Slot`` values in text order that
never overlap; the most confident reading wins, among equals the longest. Pure and deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from nlu.normalize import Normalized
from nlu.slots import amounts, dates, numbers, products
from nlu.slots.types import Candidate, SlotConfig, SlotContext, choose
from nlu.types import Expectation, Language, Slot

__all__ = ["SlotConfig", "SlotReading", "find_slots", "load", "read_slots"]

_READERS: tuple[Callable[[SlotContext], Iterator[Candidate]], ...] = (
    numbers.read,
    amounts.read,
    dates.read,
    products.read,
)


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
    chosen = choose([candidate for reader in _READERS for candidate in reader(context)])
    return tuple(SlotReading(_slot(candidate, normalized.original, config), candidate.rule) for candidate in chosen)


def load() -> None:
    """Load what the readers need (the Chinese tagger) ahead of the first message."""
    products.load()


def _slot(candidate: Candidate, original: str, config: SlotConfig) -> Slot:
    raw, value = original[candidate.start : candidate.end], candidate.value
    has_check = candidate.name == "order_number" and config.order_number_luhn and str(value).isdecimal()
    fails = has_check and not numbers.luhn_valid(str(value))
    return Slot(candidate.name, value, raw, candidate.start, candidate.end, candidate.confidence, fails)

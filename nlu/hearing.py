"""Which of the recogniser's readings to believe: several texts of one utterance in, the index of one out.

Numbers decide, and product names where the catalogue is known. Speech recognition drops and doubles digits; an order
number whose check digit agrees, a number of the length that was asked for, or a name of the catalogue is hardly ever
produced by accident, so the first reading that has one wins. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from nlu.normalize import normalize
from nlu.slots import SlotConfig, find_slots
from nlu.slots.numbers import luhn_valid
from nlu.types import Expectation, Language

_WHOLE = frozenset({"order_number", "tracking_number", "phone"})
_LIKELY_NUMBER = re.compile(r"\d[\d ,，、\-]{2,}\d")


def best_reading(
    readings: Sequence[str], expectation: Expectation, language: Language, today: date, config: SlotConfig
) -> int:
    """Index of the reading to understand; 0, the recogniser's own choice, unless another has a better number."""
    if len(readings) < 2:
        return 0
    asked = expectation.kind == "digits"
    if not asked and not _LIKELY_NUMBER.search(normalize(readings[0], language).text):
        return _first_with_a_product(readings, config)
    scores = [_score(text, expectation, language, today, config) for text in readings]
    return scores.index(max(scores))


def _first_with_a_product(readings: Sequence[str], config: SlotConfig) -> int:
    if config.catalogue is None:
        return 0
    return next((at for at, text in enumerate(readings) if config.catalogue.spot(text)), 0)


def _score(text: str, expectation: Expectation, language: Language, today: date, config: SlotConfig) -> int:
    """3: an order number that checks; 2: a number of the kind and length that was asked for; 1: any whole number."""
    slots = find_slots(normalize(text, language), expectation, language, today, config)
    orders = [str(slot.value) for slot in slots if slot.name == "order_number"]
    if config.order_number_luhn and any(luhn_valid(number) for number in orders):
        return 3
    if expectation.kind == "digits" and any(_fits(str(slot.value), slot.name, expectation) for slot in slots):
        return 2
    return 1 if any(slot.name in _WHOLE for slot in slots) else 0


def _fits(value: str, name: str, expectation: Expectation) -> bool:
    return name in {expectation.slot, "digits"} and (expectation.digits is None or len(value) == expectation.digits)

"""Which of the recogniser's readings to believe: several texts of one utterance in, the index of one out; and a short
answer that was misheard.

Numbers decide, and product names where the catalogue is known. Speech recognition drops and doubles digits; an order
number whose check digit agrees, a number of the length that was asked for, or a name of the catalogue is hardly ever
produced by accident, so the first reading that has one wins. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from nlu import phonetics
from nlu.answers import YesNo, yes_no
from nlu.normalize import normalize
from nlu.slots import SlotConfig, find_slots
from nlu.slots.numbers import luhn_valid
from nlu.types import Expectation, Language

_WHOLE = frozenset({"order_number", "tracking_number", "phone"})
_ANSWERS = {
    "affirm": ("确认", "确定", "可以", "好的", "是的", "对的", "没错", "要的", "没问题"),
    "deny": ("不用了", "不用", "不要", "不是", "不对", "不行", "算了"),
}
_ALIKE, _SURELY_ALIKE = 0.75, 0.8
"""Likeness (``phonetics.alike``) from which on a short text is an answer; the second where it is sure to mean something
else too. Of forty other words of a shop the likest has 0.6."""
_AHEAD = 0.2
"""So much less must the opposite answer sound like it."""
_SHORT = 4
"""Syllables of an answer."""
_MISHEARD_CONFIDENCE = 0.8
_HAN_ONLY = re.compile(f"[{phonetics.HAN}]+")
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


def misheard_yes_no(readings: Sequence[str], *, is_sure: bool) -> YesNo | None:
    """``readings`` of one short utterance, best first, as the yes or no that was waited for; None where they are none.

    The first is no answer by its words. ``is_sure``: it means something else with confidence; then only its own sound
    can make it an answer (切人 is 确认). Otherwise the other readings may, unless they contradict each other.
    """
    by_sound = _sounds_like_answer(readings[0], _SURELY_ALIKE if is_sure else _ALIKE)
    if by_sound is not None or is_sure or len(phonetics.syllables(readings[0])) > _SHORT:
        return by_sound
    others = [answer for text in readings[1:] if (answer := yes_no(_words(text))) is not None and answer.whole]
    others = others or [answer for text in readings[1:] if (answer := _sounds_like_answer(text, _ALIKE)) is not None]
    if len({answer.intent for answer in others}) != 1:
        return None
    return YesNo(others[0].intent, _MISHEARD_CONFIDENCE, True)


def _sounds_like_answer(text: str, least: float) -> YesNo | None:
    """The answer that the whole of ``text`` sounds like."""
    words = _words(text)
    if not _HAN_ONLY.fullmatch(words) or not 2 <= len(words) <= _SHORT:
        return None
    said = phonetics.syllables(words)
    likeness = {
        polarity: max(phonetics.alike(said, phonetics.syllables(answer)) for answer in answers)
        for polarity, answers in _ANSWERS.items()
    }
    affirm, deny = likeness["affirm"], likeness["deny"]
    if max(affirm, deny) < least or abs(affirm - deny) < _AHEAD:
        return None
    return YesNo("affirm" if affirm > deny else "deny", _MISHEARD_CONFIDENCE, True)


def _words(text: str) -> str:
    """Without marks and blanks, in lower case."""
    return "".join(filter(str.isalnum, text)).lower()

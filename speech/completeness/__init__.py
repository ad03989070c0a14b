"""Whether the words heard so far sound finished: Chinese or English text in, ``TextEvidence`` out. Pure.

Punctuation is weak evidence, since recognisers close whatever they are given with a full stop: a question mark speaks
for the end where the words are silent, an ellipsis or a comma against it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from speech.completeness.english import ENGLISH
from speech.completeness.mandarin import MANDARIN
from speech.completeness.rules import Completeness
from speech.digits import SpokenDigits, digit_sounds, spoken_digits

__all__ = ["Completeness", "TextEvidence", "evidence_of"]


@dataclass(frozen=True, slots=True)
class TextEvidence:
    """What one text says about the end of the turn."""

    completeness: Completeness
    digits: SpokenDigits
    is_answer: bool
    """Nothing but yes or no."""
    leads_to_number: bool
    """Silence, my number is, let me see, or a few odd syllables: where a number is expected, it still comes."""
    named_digits: int = 0
    """What follows 我的订单号是 and the like, where all of it may be digits, misheard ones too (订单号移生吧)."""
    names_phone: bool = False
    """The digits come after the words for a phone number."""


_EDGE = " \t\n.,…。，、?？!！~～;；:：—-\"'“”"
_JUDGED_CHARACTERS = 120
"""Of the end of the text: bounds the time that a text may take."""
_SHORT_CHARACTERS = 60
"""Longer texts are neither a mere answer nor a mere opening."""
_SCRAP_UNITS = 4
"""Characters (Chinese) or words of a text that may be anything."""
_LEAST_SOUNDS = 2
"""Syllables like digits that make a number where one is expected."""
_NAMES_NUMBER = re.compile(
    r".*(?:(?P<phone>手机[号后好]码?|电话号?码?)|订单号?|单号|编号|尾号|号码)(?:就?是|呢|为|啊)?"
)
_BETWEEN_WORDS = re.compile(r"[\s,，、。.;；!！]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_BREAKS_OFF = re.compile(r"(?:\.\.|…|,|、|—|-)[\s.]*$")
_CANNOT_END = re.compile(r"\b(?:if|because|although|and|but|or|the|an?|my|your|with|of|whether)$")
"""Whatever recognisers put behind it: "What happens if?"."""
_ASKS = re.compile(r"\?\s*$")


@lru_cache(maxsize=256)
def evidence_of(text: str) -> TextEvidence:
    """Judge the words of an utterance so far; '' when nothing was understood."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    words = folded.strip(_EDGE)
    chinese = bool(_CHINESE.search(words))
    book = MANDARIN if chinese else ENGLISH
    bare = _BETWEEN_WORDS.sub("" if chinese else " ", words)
    digits = spoken_digits(text)
    is_short = len(bare) <= _SHORT_CHARACTERS
    completeness = _completeness(words if chinese else bare, folded, chinese=chinese)
    # digits are often misheard as a few odd syllables (四二四 as 在爱生)
    is_scrap = completeness is Completeness.OPEN and len(bare if chinese else bare.split()) <= _SCRAP_UNITS
    leads = is_short and (
        is_scrap or book.leads_to_number.match(bare) is not None or digit_sounds(bare) >= _LEAST_SOUNDS
    )
    named = _NAMES_NUMBER.match(bare) if chinese and is_short else None
    return TextEvidence(
        completeness,
        digits,
        is_answer=bool(words) and is_short and book.answer.match(bare) is not None,
        leads_to_number=not digits.count and leads and not book.has_none.search(bare),
        named_digits=digit_sounds(bare[named.end() :]) if named else 0,
        names_phone=named is not None and named["phone"] is not None,
    )


def _completeness(words: str, folded: str, *, chinese: bool) -> Completeness:
    if not words:
        return Completeness.OPEN
    book = MANDARIN if chinese else ENGLISH
    end = words[-_JUDGED_CHARACTERS:]
    said = next((rule.verdict for rule in book.rules if rule.pattern.search(end)), Completeness.OPEN)
    if _ASKS.search(folded) and not _CANNOT_END.search(words):
        return Completeness.OPEN if said is Completeness.UNFINISHED else Completeness.COMPLETE
    if _BREAKS_OFF.search(folded):
        return Completeness.OPEN if said is Completeness.COMPLETE else Completeness.UNFINISHED
    return said

"""How the rules are written down: a verdict, and endings of a text that call for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Completeness(Enum):
    """What the words alone say about the end of the turn."""

    COMPLETE = "complete"
    """A whole question, request or courtesy: an answer may come at once."""
    OPEN = "open"
    """Nothing speaks for or against."""
    UNFINISHED = "unfinished"
    """More must follow."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Texts that end as ``pattern`` says deserve ``verdict``. Texts come in lower case, without final punctuation."""

    verdict: Completeness
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """One language's rules; the first that matches speaks."""

    rules: tuple[Rule, ...]
    answer: re.Pattern[str]
    """Texts that are nothing but yes or no."""
    leads_to_number: re.Pattern[str]
    """Texts that open a number (my number is), or play for time before one."""
    has_none: re.Pattern[str]
    """Words with which a customer says that there is no number."""


def ends(verdict: Completeness, *alternatives: str, word: bool = False) -> Rule:
    """A rule for texts that end in one of ``alternatives``, regular expressions separated by " | ".

    ``word``: an alternative begins where a word begins.
    """
    return Rule(verdict, re.compile((r"\b" if word else "") + f"(?:{_joined(alternatives)})$"))


def whole(*alternatives: str) -> re.Pattern[str]:
    """Texts that are one of ``alternatives`` from start to end."""
    return re.compile(f"(?:{_joined(alternatives)})$")


def _joined(alternatives: tuple[str, ...]) -> str:
    return "|".join(one.strip() for group in alternatives for one in group.split(" | "))

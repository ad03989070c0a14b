"""What the shop's owner decides about our words: a notice before the greeting, and what may not be interrupted. Pure.

A wording is named by its key in ``wording/*.yaml`` (``confirm.refused``, ``greeting.first``); ``greeting.notice`` is
the notice. A reply that holds the words of such a key, whatever its fields, plays to its end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from string import Formatter

from dialogue.types import Reply
from dialogue.wording import LANGUAGES, Words, wording
from nlu.types import Language

NOTICE = "greeting.notice"


@dataclass(frozen=True, slots=True)
class Prompts:
    """Invariant: every key of ``uninterruptible`` is ``NOTICE`` or a wording."""

    notice: Mapping[Language, str] = field(default_factory=dict)
    """Said before the first greeting, by language; none where it is absent or empty."""
    uninterruptible: tuple[str, ...] = (NOTICE,)
    wordings: Words = wording

    def __post_init__(self) -> None:
        """Raises ``ValueError`` that names the keys that do not exist."""
        known = self.wordings(LANGUAGES[0])
        unknown = [key for key in self.uninterruptible if key != NOTICE and not known.has(key)]
        if unknown:
            raise ValueError(f"no wording is called {', '.join(unknown)}; dialogue/wording/zh.yaml lists them")

    def opened(self, greeting: Reply) -> Reply:
        """``greeting`` after the notice, where there is one."""
        notice = self.notice.get(greeting.language, "").strip()
        if not notice:
            return greeting
        text = self.wordings(greeting.language).join(notice, greeting.text)
        return replace(greeting, text=text, interruptible=greeting.interruptible and NOTICE not in self.uninterruptible)

    def marked(self, reply: Reply) -> Reply:
        """``reply``, not interruptible when it holds such a wording."""
        for key in self.uninterruptible:
            if key != NOTICE and _pattern(self.wordings(reply.language).templates[key]).search(reply.text):
                return replace(reply, interruptible=False)
        return reply


@cache
def _pattern(variants: tuple[str, ...]) -> re.Pattern[str]:
    """Any of ``variants`` with anything in its fields."""
    return re.compile("|".join(map(_open, variants)), re.DOTALL)


def _open(template: str) -> str:
    return "".join(
        re.escape(text) + (".+?" if name is not None else "") for text, name, _, _ in Formatter().parse(template)
    )

"""What in one utterance makes a conversation tense: the words as evidence. Pure.

In: normalised text, and the text as received (its capitals and exclamation marks are the shouting). Out: at most one
``Signal`` per kind, gravest first. The rules are data: ``escalation.yaml``. A word does not count where it is negated
(「我不是要投诉」), quoted or in the title of something, said by somebody else (「客服让我去投诉」), said of oneself
(「我真是个白痴」), or only feared (「会不会漏电」).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import yaml

from nlu.types import Signal, SignalKind

_RULES = Path(__file__).with_name("escalation.yaml")
_MAX_CHARS = 512
_MAX_WORDS = 24
"""Characters of evidence kept."""
_CONTEXT = 48
"""Characters before a match in which a negation or a speaker may stand."""
_CLAUSE_END = re.compile(r"[，。！？；…、,.!?;\n]")
_QUOTED = re.compile('「[^」]*」|『[^』]*』|《[^》]*》|“[^”]*”|"[^"]*"|‘[^’]*’')
_LOUD_MARKS = re.compile("[!！]{3,}|[?？]{3,}|(?:[!！][?？]|[?？][!！]){1,}[!?！？]*")
_WORD = re.compile("[A-Za-z']+")
_LOUD_WORDS, _LOUD_LETTERS = 3, 10
"""So many words of two letters or more, all in capitals, are shouted; a code or an OK is not."""
_FEARED = frozenset({"danger"})
_MEANT = frozenset({"danger", "legal", "media", "complaint", "person", "insult", "anger"})
"""Kinds that a negation undoes. What happened again (又没发货) is often said with one."""


def read_signals(text: str, received: str | None = None) -> tuple[Signal, ...]:
    """The signals of ``text`` (normalised), gravest first; ``received`` None takes ``text`` for the loudness too."""
    folded = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text[:_MAX_CHARS]).casefold()
    rules = _rules()
    found = [signal for kind in get_args(SignalKind) if (signal := rules.read(kind, folded)) is not None]
    loud = _shouted((text if received is None else received)[:_MAX_CHARS])
    return (*found, Signal("shouting", loud[:_MAX_WORDS])) if loud else tuple(found)


def load() -> None:
    """Compile the rules now instead of at the first message."""
    _rules()


class _Rules:
    """The compiled rules."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._kinds = {
            kind: re.compile("|".join(f"(?:{pattern})" for pattern in document[kind]))
            for kind in get_args(SignalKind)
            if kind in document
        }
        self._negated = _either(document, "negation")
        self._reported = _either(document, "reported")
        self._feared = _either(document, "risk")
        self._self_blame = re.compile(document["self_blame"].strip())

    def read(self, kind: SignalKind, folded: str) -> Signal | None:
        """The first words of ``kind`` that are meant."""
        for match in self._matches(kind, folded):
            before = _clause_before(folded, match.start())
            if not self._is_excused(kind, before, folded[match.end() :]):
                return Signal(kind, match[0].strip()[:_MAX_WORDS])
        return None

    def _matches(self, kind: SignalKind, folded: str) -> Iterator[re.Match[str]]:
        pattern = self._kinds.get(kind)
        return pattern.finditer(folded) if pattern else iter(())

    def _is_excused(self, kind: SignalKind, before: str, after: str) -> bool:
        if self._reported.search(before):
            return True
        if kind == "insult" and self._self_blame.search(before):
            return True
        if kind in _FEARED and (self._feared.search(before) or after.startswith(("吗", "么", "嘛"))):
            return True
        return kind in _MEANT and bool(self._negated.search(before))


def _either(document: dict[str, Any], name: str) -> re.Pattern[str]:
    """The Chinese or the English form of an excuse."""
    return re.compile(f"{document[name].strip()}|{document[f'{name}_en'].strip()}")


def _clause_before(text: str, end: int) -> str:
    """What stands before ``end`` in the same clause."""
    before = text[max(0, end - _CONTEXT) : end]
    parts = _CLAUSE_END.split(before)
    return parts[-1]


def _shouted(received: str) -> str:
    """The loud part of a message, or nothing."""
    marks = _LOUD_MARKS.search(received)
    if marks:
        return marks[0]
    words = [word for word in _WORD.findall(received) if len(word) > 1]
    loud = [word for word in words if word.isupper()]
    is_loud = len(loud) == len(words) >= _LOUD_WORDS and sum(map(len, loud)) >= _LOUD_LETTERS
    return " ".join(loud) if is_loud else ""


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    return _Rules(yaml.safe_load(_RULES.read_text("utf-8")))

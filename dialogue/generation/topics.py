"""What a clause commits the shop to: topics with a sign and a mode. Data in ``commitments.yaml``; pure.

我们已经为您退款        refund, said to be done
签收后不支持退货        return, denied
"we'll send a voucher"  discount, said to be what we do
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from dialogue.goods.facts import concepts
from nlu.types import Language

Mode = Literal["done", "act", "plain"]
"""done: it has happened; act: we will see to it; plain: how things are."""
_FILE = Path(__file__).parent / "commitments.yaml"
_CLAUSE = re.compile(
    r"[，。！？；：,;:!?\n（）()]|\.(?=\s|$)|\s+(?:but|and|so|because|although|while|which)\s+|但是?|而且|所以|不过",
    re.I,
)
_BEFORE = {"zh": 7, "en": 5}
"""Characters (zh) or words (en) before a topic that can deny it."""
_AFTER = {"zh": 4, "en": 4}
_SCOPE_ENDS: Mapping[Language, re.Pattern[str]] = {
    "zh": re.compile("(?<![不没无未])(?:可以?|能够?|支持|则|就|即|会)"),
    "en": re.compile(r"\b(?:can|may|will|is|are)\b(?! not|n't| never| no\b)", re.I),
}
"""未发货可以全额退款: what comes before is not what is denied."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """One topic of one clause."""

    topic: str
    denied: bool
    mode: Mode


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The data file, compiled."""

    topics: Mapping[Language, Mapping[str, re.Pattern[str]]]
    blocked: Mapping[Language, Mapping[str, re.Pattern[str]]]
    done: Mapping[Language, re.Pattern[str]]
    act: Mapping[Language, re.Pattern[str]]
    first_person: Mapping[Language, re.Pattern[str]]
    negation: Mapping[Language, re.Pattern[str]]
    names: re.Pattern[str]
    instructions: re.Pattern[str]
    plain_zh: frozenset[str]
    plain_en: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The words of both languages, read once."""
    raw: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    topics: dict[Language, dict[str, re.Pattern[str]]] = {"zh": {}, "en": {}}
    for language, found in topics.items():
        found.update({name: re.compile(words[language], re.I) for name, words in raw["topics"].items()})
        # What is asked of goods is a topic too: 防水 may only be said, or denied, where the page says so.
        found.update({f"goods:{concept.key}": _goods(concept, language) for concept in concepts()})
    return Lexicon(
        topics,
        {language: {k: re.compile(v[language], re.I) for k, v in raw["blocked"].items()} for language in topics},
        _each(raw["done"]),
        _each(raw["act"]),
        _each(raw["first_person"]),
        _each(raw["not"]),
        re.compile("|".join(raw["names"].values()), re.I),
        re.compile(raw["instructions"], re.I),
        frozenset(raw["plain"]["zh"]),
        frozenset(raw["plain"]["en"].split()),
    )


def _each(words: Mapping[Language, str]) -> dict[Language, re.Pattern[str]]:
    return {language: re.compile(pattern, re.I) for language, pattern in words.items()}


def _goods(concept: Any, language: Language) -> re.Pattern[str]:
    own = [concept.says.pattern] if concept.says is not None and language == "zh" else [concept.asks.pattern]
    return re.compile("|".join(own), re.I)


def clauses(text: str) -> tuple[str, ...]:
    """The clauses of ``text``."""
    return tuple(part.strip() for part in _CLAUSE.split(text) if part and part.strip())


def commitments(text: str, language: Language) -> frozenset[Commitment]:
    """Every topic that ``text`` touches, clause by clause."""
    words = lexicon()
    found: set[Commitment] = set()
    for clause in clauses(text):
        mode: Mode = "plain"
        if words.done[language].search(clause):
            mode = "done"
        elif words.act[language].search(clause):
            mode = "act"
        for topic, pattern in words.topics[language].items():
            for match in pattern.finditer(clause):
                # Of goods the very word counts: 28分贝 is not yet 静音.
                named = f"{topic}:{match.group().lower()}" if topic.startswith("goods:") else topic
                found.add(Commitment(named, is_denied(clause, match.start(), match.end(), language), mode))
    return frozenset(found)


def is_denied(clause: str, start: int, end: int, language: Language) -> bool:
    """Whether the words between ``start`` and ``end`` stand under a negation; two of them cancel out."""
    before = _SCOPE_ENDS[language].split(clause[:start])[-1]
    if language == "zh":
        near = before[-_BEFORE["zh"] :] + " " + clause[start : end + _AFTER["zh"]]
    else:
        near = " ".join((*before.split()[-_BEFORE["en"] :], clause[start:end], *clause[end:].split()[: _AFTER["en"]]))
    return len(lexicon().negation[language].findall(near)) % 2 == 1


def negations(clause: str, language: Language) -> int:
    """How many negations a clause holds."""
    return len(lexicon().negation[language].findall(clause))


def blocked(text: str) -> str | None:
    """What must never be said that is in ``text``, in either language; None when there is nothing."""
    for patterns in lexicon().blocked.values():
        for reason, pattern in patterns.items():
            if pattern.search(text):
                return reason
    return None


def without_instructions(text: str) -> str:
    """``text`` of a document or a review without the sentences that speak to the model instead of to the reader."""
    sentences = re.split(r"(?<=[。！？!?\n])|(?<=\.)\s", text)
    return "".join(part for part in sentences if part and not lexicon().instructions.search(part)).strip()

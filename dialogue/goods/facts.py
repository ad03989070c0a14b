"""What a customer asks of a product (``attributes.yaml``) and what its page or its reviews say about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from dialogue.shop.types import Product, ReviewSummary
from nlu.types import Language

SIZE_TABLE = "尺码表"
"""Attribute that holds a size table; see ``sizes``."""
HIDDEN = frozenset({SIZE_TABLE, "类别"})
"""Attributes that are no answer by themselves."""
_FOLDER = Path(__file__).parent
_CLAUSE = re.compile(r"[，。；;,!！]")
_HAN = re.compile("[一-鿿]")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that is asked of goods."""

    key: str
    label: dict[str, str]
    """By language."""
    asks: re.Pattern[str]
    names: tuple[str, ...]
    says: re.Pattern[str] | None
    reviews: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a concept."""

    source: Literal["attribute", "description", "reviews"]
    name: str
    """The attribute's name; empty for the others."""
    text: str
    """Its value, a clause of the description, or review words; Chinese."""


def asked(text: str) -> Concept | None:
    """What the words ask of a product; None when they name nothing."""
    return next((concept for concept in concepts() if concept.asks.search(text)), None)


def find(concept: Concept, product: Product, reviews: ReviewSummary | None = None) -> Fact | None:
    """What is known of ``concept``: an attribute, else the description, else what several customers say."""
    for name in concept.names:
        if value := product.attributes.get(name):
            return Fact("attribute", name, value)
    if concept.says:
        for clause in clauses(product):
            if concept.says.search(clause):
                return Fact("description", "", clause)
    if concept.reviews and reviews:
        said = [word for word in (*reviews.praised, *reviews.criticised) if concept.reviews.search(word)]
        if said:
            return Fact("reviews", "", "、".join(said))
    return None


def clauses(product: Product) -> tuple[str, ...]:
    """The clauses of the description, the product's name before a colon aside."""
    text = product.description.partition("：")[2] or product.description
    return tuple(clause.strip() for clause in _CLAUSE.split(text) if clause.strip())


def shown(product: Product, most: int = 3) -> tuple[tuple[str, str], ...]:
    """The attributes worth telling, in the page's order."""
    return tuple((name, value) for name, value in product.attributes.items() if name not in HIDDEN)[:most]


def name_in(name: str, language: Language) -> str:
    """An attribute's name in ``language``."""
    return name if language == "zh" else str(_english()["attributes"].get(name, name))


def value_in(value: str, language: Language) -> str:
    """An attribute's value in ``language``, as far as the glossary goes."""
    if language == "zh" or not _HAN.search(value):
        return value
    for chinese, english in _longest_first("values"):
        value = value.replace(chinese, english)
    return " ".join(value.split())


def review_words_in(words: tuple[str, ...], language: Language) -> tuple[str, ...]:
    """Review words in ``language``; those without an English word are left out."""
    if language == "zh":
        return words
    table = _english()["reviews"]
    return tuple(str(table[word]) for word in words if word in table)


def is_english(text: str) -> bool:
    """Whether nothing Chinese is left in it."""
    return not _HAN.search(text)


@cache
def concepts() -> tuple[Concept, ...]:
    """All of them, in the file's order. Raises ``KeyError`` and ``re.error`` for a broken file."""
    rows = yaml.safe_load((_FOLDER / "attributes.yaml").read_text("utf-8"))
    return tuple(_concept(row) for row in rows)


def _concept(row: dict[str, Any]) -> Concept:
    return Concept(
        row["key"],
        row["label"],
        re.compile(f"{row['asks']['zh']}|{row['asks']['en']}", re.IGNORECASE),
        tuple(row["names"]),
        re.compile(row["says"]) if "says" in row else None,
        re.compile(row["reviews"]) if "reviews" in row else None,
    )


@cache
def _english() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((_FOLDER / "english.yaml").read_text("utf-8"))
    return found


def _longest_first(table: str) -> Iterator[tuple[str, str]]:
    pairs = _english()[table].items()
    yield from sorted(((str(zh), str(en)) for zh, en in pairs), key=lambda pair: -len(pair[0]))

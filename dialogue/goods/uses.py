"""What goods are for, read from the customer's words (``uses.yaml``). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from dialogue.shop.types import Product


@dataclass(frozen=True, slots=True)
class Use:
    """A use or a receiver."""

    key: str
    words: re.Pattern[str]
    fits: re.Pattern[str]
    look_for: tuple[str, ...]
    """Searches, where the customer names no kind of thing."""
    why: dict[str, str]
    """The reason, by language."""

    def suits(self, product: Product) -> bool:
        """Whether the product's page says so."""
        return bool(self.fits.search(page(product)))


def read(text: str) -> tuple[Use, ...]:
    """The uses that the words name, in the file's order."""
    return tuple(use for use in uses().values() if use.words.search(text))


def page(product: Product) -> str:
    """All that is written of a product, one text."""
    attributes = " ".join(f"{name}{value}" for name, value in product.attributes.items())
    return f"{product.name} {product.name_en} {attributes} {product.description}"


@cache
def uses() -> dict[str, Use]:
    """All of them by key. Raises ``KeyError`` and ``re.error`` for a broken file."""
    rows = yaml.safe_load(Path(__file__).with_name("uses.yaml").read_text("utf-8"))
    return {
        row["key"]: Use(
            row["key"],
            re.compile(f"{row['words']['zh']}|{row['words']['en']}", re.IGNORECASE),
            re.compile(row["fits"], re.IGNORECASE),
            tuple(row["look_for"]),
            row["why"],
        )
        for row in rows
    }

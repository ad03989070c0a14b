"""What Kefu says: templates by language in ``zh.yaml`` and ``en.yaml``, with named fields and several variants.

A template is chosen by a seed (the turn), so the same conversation always reads the same. A domain's own folder of the
same files lies over this one: a key that both have says what the domain's says. ``menus.yaml`` names the buttons that
are offered where nothing in particular fits.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nlu.types import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Wording:
    """The templates of one language."""

    language: Language
    templates: Mapping[str, tuple[str, ...]]
    """Dotted key to variants, e.g. ``orders.ask_number``."""
    menus: Mapping[str, tuple[str, ...]]
    """Name to keys under ``suggest``."""

    def say(self, key: str, seed: int = 0, **fields: Any) -> str:
        """The text of ``key`` with its ``fields`` filled in. Raises ``KeyError`` for an unknown key or field."""
        variants = self.templates[key]
        return variants[seed % len(variants)].format(**fields)

    def has(self, key: str) -> bool:
        """Whether there is a template called ``key``."""
        return key in self.templates

    def menu(self, name: str) -> tuple[str, ...]:
        """The button texts of a menu. Raises ``KeyError`` for an unknown one."""
        return tuple(self.say(f"suggest.{key}") for key in self.menus[name])

    def join(self, *parts: str) -> str:
        """Sentences in a row, as the language writes them; empty ones are left out."""
        return ("" if self.language == "zh" else " ").join(part for part in parts if part)


def fields_of(template: str) -> frozenset[str]:
    """Names of the fields that a template needs."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


Words = Callable[[Language], Wording]
"""What is said, by language."""


@cache
def wording(language: Language, domain: Path | None = None) -> Wording:
    """The wording of ``language``, with that of ``domain`` (a folder) over it; read once."""
    templates: dict[str, tuple[str, ...]] = {}
    menus: dict[str, tuple[str, ...]] = {}
    for folder in (FOLDER, *((domain,) if domain else ())):
        templates |= dict(_flatten(yaml.safe_load((folder / f"{language}.yaml").read_text("utf-8"))))
        menus |= dict(_flatten(yaml.safe_load((folder / "menus.yaml").read_text("utf-8"))))
    return Wording(language, templates, menus)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found += _flatten(value, f"{prefix}{name}.")
        else:
            variants = tuple(value) if isinstance(value, list) else (str(value),)
            found.append((prefix + name, variants))
    return found

"""Reads ``entries/*.yaml``. Answers may name a rule of the shop in braces, filled in here, so that both agree."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dialogue.knowledge import Entry
from dialogue.policies import facts, shipped_policies

FOLDER = Path(__file__).parent / "entries"
FACTS: dict[str, Any] = facts(shipped_policies())


@cache
def entries(folder: Path = FOLDER) -> tuple[Entry, ...]:
    """Every entry, by file and place in it. Raises ``ValueError`` for one that is incomplete or named twice."""
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yaml")):
        for raw in yaml.safe_load(path.read_text("utf-8")):
            entry = _entry(raw, path.name)
            if entry.entry_id in found:
                raise ValueError(f"{path.name}: entry {entry.entry_id!r} is there twice")
            found[entry.entry_id] = entry
    return tuple(found.values())


def _entry(raw: dict[str, Any], file: str) -> Entry:
    try:
        return Entry(
            raw["id"],
            tuple(raw["questions"]["zh"]),
            tuple(raw["questions"]["en"]),
            raw["answer"]["zh"].format(**FACTS),
            raw["answer"]["en"].format(**FACTS),
            raw["source"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: entry {raw.get('id', '?')!r} lacks {error}") from error

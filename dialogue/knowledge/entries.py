"""Reads ``entries/*.yaml``. Answers may name a rule of the shop in braces, filled in here, so that both agree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dialogue.knowledge import Entry
from dialogue.policies import Policies, facts, shipped_policies

FOLDER = Path(__file__).parent / "entries"


def entries(folder: Path = FOLDER, policies: Policies | Mapping[str, Any] | None = None) -> tuple[Entry, ...]:
    """Every entry, by file and place in it; ``policies`` None: the demo shop's; another domain gives what braces name.

    Raises ``ValueError`` for one that is incomplete or named twice.
    """
    if policies is None:
        return _shipped(folder)
    return _read(folder, quoted(policies) if isinstance(policies, Policies) else policies)


@cache
def _shipped(folder: Path) -> tuple[Entry, ...]:
    return _read(folder, quoted(shipped_policies()))


def _read(folder: Path, known: Mapping[str, Any]) -> tuple[Entry, ...]:
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yaml")):
        for raw in yaml.safe_load(path.read_text("utf-8")):
            entry = _entry(raw, path.name, known)
            if entry.entry_id in found:
                raise ValueError(f"{path.name}: entry {entry.entry_id!r} is there twice")
            found[entry.entry_id] = entry
    return tuple(found.values())


def quoted(policies: Policies) -> dict[str, Any]:
    """What the braces of an answer may name."""
    levels = {level.name_en: level for level in policies.membership.levels}
    of_levels = {
        f"{name}_{what}": value
        for name, level in levels.items()
        for what, value in (("yuan", f"{level.spend_yuan.normalize():f}"), ("percent", level.discount_percent))
    }
    return {**facts(policies), **of_levels, "complaint_hours": policies.tickets.due_hours["complaint"]}


def _entry(raw: dict[str, Any], file: str, known: Mapping[str, Any]) -> Entry:
    try:
        return Entry(
            raw["id"],
            tuple(raw["questions"]["zh"]),
            tuple(raw["questions"]["en"]),
            raw["answer"]["zh"].format(**known),
            raw["answer"]["en"].format(**known),
            raw["source"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: entry {raw.get('id', '?')!r} lacks {error}") from error

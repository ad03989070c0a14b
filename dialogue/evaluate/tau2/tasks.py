"""Files of retail tasks in, ``RetailTask`` values out; nothing is read into their words here.

Known shapes, one JSON object a line or a JSON list: tau2 (``instructions`` of four parts, ``actions``, perhaps
``communicate_info``), tau2 as its own repository keeps it (``user_scenario``, ``evaluation_criteria``), and tau1
(``instruction``, ``actions``, perhaps ``outputs``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.evaluate.retrieval import DataError

_NOT_TOLD = {"none", "n/a", ".", "-"}


@dataclass(frozen=True, slots=True)
class Instruction:
    """What the customer of a task is told; all that the reader sees. Empty where there is nothing."""

    reason: str
    known: str = ""
    unknown: str = ""
    manner: str = ""
    """How they behave, now and then with conditions (``task_instructions``)."""


@dataclass(frozen=True, slots=True)
class RetailTask:
    """An instruction, and apart from it what must come of it."""

    task_id: str
    instruction: Instruction
    actions: tuple[Mapping[str, Any], ...]
    """Gold calls, READs too: ``name`` and ``arguments``."""
    must_say: tuple[str, ...]


def load_tasks(path: Path) -> tuple[RetailTask, ...]:
    """The tasks of a file, in its order. Raises ``DataError``: the file, the row, what is wrong."""
    found = []
    for place, row in enumerate(_rows(path), 1):
        try:
            found.append(_task(row))
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}, task {place}: it has no {error}") from error
    if not found:
        raise DataError(f"{path}: there is no task")
    return tuple(found)


def find_tasks(folder: Path) -> Path:
    """The tasks that belong to a world's folder: in it, or beside it under its name. Raises ``DataError``."""
    found = [*sorted(folder.glob("tasks*.json*")), *sorted(folder.parent.glob(f"{folder.name}_tasks*.jsonl"))]
    if not found:
        raise DataError(f"{folder}: there is no file of tasks in it or beside it, name one with --tasks")
    return found[0]


def _rows(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        text = path.read_text("utf-8").strip()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error
    try:
        rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: a JSON list, or one JSON object a line, is expected ({error.msg})") from error
    return list(rows)


def _task(row: Mapping[str, Any]) -> RetailTask:
    if "user_scenario" in row:
        wanted = row.get("evaluation_criteria") or {}
        row = {"id": row["id"], "instructions": row["user_scenario"]["instructions"], **wanted}
    if "instructions" in row:
        told = row["instructions"]
        instruction = (
            Instruction(told)
            if isinstance(told, str)
            else Instruction(
                _part(told, "reason_for_call"),
                _part(told, "known_info"),
                _part(told, "unknown_info"),
                _part(told, "task_instructions"),
            )
        )
    else:
        instruction = Instruction(str(row["instruction"]))
    return RetailTask(
        str(row["id"]),
        instruction,
        tuple({"name": one["name"], "arguments": one["arguments"]} for one in row.get("actions") or ()),
        tuple(str(text) for text in row.get("communicate_info") or row.get("outputs") or ()),
    )


def _part(told: Mapping[str, Any], name: str) -> str:
    text = str(told.get(name) or "").strip()
    return "" if text.lower().strip(". ") in _NOT_TOLD or not text.strip(". ") else text

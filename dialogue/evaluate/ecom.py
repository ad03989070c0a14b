"""ECom-Bench: a world's folder and a file of tasks in, ``Task`` values out.

The worlds are a ``Shop`` under ``tests/``, so this needs a checkout. A task passes when its world ends as the gold
actions leave it. Lookups change nothing: what they find is a task's ``facts``, and the share that was told is reported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.evaluate.ecom_customer import EcomCustomer
from dialogue.evaluate.ecom_goals import goals_in, wishes
from dialogue.evaluate.play import Snapshot, Task, World
from dialogue.evaluate.retrieval import DataError
from dialogue.evaluate.worlds import load_worlds

_FIELDS = ("id", "user_id", "instruction", "gold_actions")
_ORDER_NUMBERS = r"\d{10,12}"
_NOT_COVERED: dict[str, str] = {}
"""Kinds of goals that no skill claims, with the reason; decided from the goals alone."""


def plays(folder: Path, tasks_file: Path | None = None) -> list[Task]:
    """The tasks of ``tasks_file`` (None: that beside ``folder``) in the worlds of ``folder``. Raises ``DataError``."""
    rows = _rows(tasks_file or folder.with_name(f"{folder.name}_tasks_dev.jsonl"))
    worlds = load_worlds("ecombench", folder)
    return [_task(row, worlds) for row in rows]


def _task(row: Mapping[str, Any], worlds: Any) -> Task:
    wanted = wishes(row.get("goals") or goals_in(str(row["instruction"])))

    async def world() -> World:
        made: World = worlds.fresh()
        return made

    async def gold() -> Snapshot:
        after: Snapshot = worlds.after(row["gold_actions"])
        return after

    return Task(
        task_id=str(row["id"]),
        kinds=wanted.kinds,
        not_covered="; ".join(_NOT_COVERED[kind] for kind in wanted.kinds if kind in _NOT_COVERED),
        language="zh",
        world=world,
        gold=gold,
        customer=lambda: EcomCustomer(wanted),
        customer_id=str(row["user_id"]),
        now=worlds.now,
        order_numbers=_ORDER_NUMBERS,
        facts=tuple((name, worlds.pieces(name, given)) for name, given in _lookups(row)),
    )


def _lookups(row: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(lookup["name"]), lookup["arguments"]) for lookup in row.get("gold_lookups") or ()]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} holds no tasks: {error}") from error
    for number, row in enumerate(rows, 1):
        if missing := [name for name in _FIELDS if name not in row]:
            raise DataError(f"{path}, row {number}: {', '.join(missing)} missing")
    return rows

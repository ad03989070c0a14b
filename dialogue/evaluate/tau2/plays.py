"""A folder with tau2's retail world and a file of tasks in, ``play.Task`` values out.

The customer of a task is made from its instruction alone; its kinds, gold and what must be said come from the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from dialogue.evaluate.play import Customer, Snapshot, Task, World
from dialogue.evaluate.tau2.customer import ScriptedCustomer
from dialogue.evaluate.tau2.reader import read
from dialogue.evaluate.tau2.tasks import RetailTask, find_tasks, load_tasks
from dialogue.evaluate.tau2.wishes import Wishes
from dialogue.evaluate.worlds import load_worlds

ORDER_NUMBERS = r"#?W\d{7}"
KINDS = {
    "cancel_pending_order": "cancel",
    "return_delivered_order_items": "return",
    "exchange_delivered_order_items": "exchange",
    "modify_pending_order_items": "modify",
    "modify_pending_order_address": "address",
    "modify_pending_order_payment": "payment",
    "modify_user_address": "account_address",
}


class Worlds(Protocol):
    """``tests.worlds.tau2.RetailWorlds``."""

    async def world(self) -> World:
        """A fresh one."""
        ...

    async def gold(self, actions: Sequence[Mapping[str, Any]]) -> Snapshot:
        """A fresh one's snapshot after the gold WRITEs."""
        ...


def plays(folder: Path, file: Path | None = None) -> list[Task]:
    """The tasks of a file, or of the one that belongs to ``folder``. Raises ``DataError``."""
    worlds: Worlds = load_worlds("tau2", folder)
    return [_play(task, worlds) for task in load_tasks(file or find_tasks(folder))]


def _play(task: RetailTask, worlds: Worlds) -> Task:
    wishes = read(task.instruction)

    def customer() -> Customer:
        return ScriptedCustomer(wishes)

    async def gold() -> Snapshot:
        return await worlds.gold(task.actions)

    return Task(
        task.task_id,
        kinds_of(task),
        why_not_covered(wishes),
        "en",
        worlds.world,
        gold,
        customer,
        task.must_say,
        order_numbers=ORDER_NUMBERS,
    )


def kinds_of(task: RetailTask) -> tuple[str, ...]:
    """What the gold WRITEs do, each once; ``info``: something must be said; ``nothing``: nothing may be done."""
    kinds = dict.fromkeys(KINDS[action["name"]] for action in task.actions if action["name"] in KINDS)
    return (*kinds, *(("info",) if task.must_say else ())) or ("nothing",)


def why_not_covered(wishes: Wishes) -> str:
    """Why Kefu's skills do not claim this: by what is wanted, whatever the gold is."""
    if not wishes.goals:
        return "no wish was read"
    if any(goal.kind == "other" for goal in wishes.goals):
        return "a wish that no skill is for"
    if any(not values for goal in wishes.goals for values in goal.options):
        return "an item for the very same item, which the policy forbids"
    return ""

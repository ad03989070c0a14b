"""Who works on lines of orders: most verbs are one task with several lines, a cancellation is of whole orders."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue.skills.cancel_order import CancelOrder
from dialogue.skills.context import Context, Item
from dialogue.skills.line_changes import LineChanges, wanted


async def work_on_lines(context: Context, skill: str) -> AsyncIterator[Item]:
    """One turn of ``skill`` in a shop whose products have variants. Raises ``ShopUnavailable``."""
    verb = wanted(context)
    by = CancelOrder() if verb == "cancel" and context.task_of(skill) is None else LineChanges(skill, verb)
    async for item in by.run(context):
        yield item

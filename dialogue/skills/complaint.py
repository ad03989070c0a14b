"""A complaint: takes it seriously, records it, offers a person."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue.skills.context import Context, Item
from dialogue.skills.handoff import offer
from dialogue.types import TaskEnded, TaskStarted

WORDS_CHARS = 300


class Complaint:
    """Records what went wrong in the conversation's events."""

    name = "complaint"
    intents = ("complaint",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Record, then offer a person."""
        words = context.turn.parse.text.strip()[:WORDS_CHARS]
        yield TaskStarted(self.name, context.task_id(self.name), {"complaint": words})
        yield TaskEnded("done")
        for event in offer(context, "complaint"):
            yield event
        key = "complaint.again" if context.state.upset > 1 else "complaint.first"
        yield context.reply(context.say(key), suggestions=context.menu("complaint"))

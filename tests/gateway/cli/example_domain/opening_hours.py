"""When the shop round the corner is open: a skill of a shop's own, in a file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue.shop.clock import SHOP_ZONE
from dialogue.skills.context import Context, Item

OPENS, CLOSES = 10, 22


class OpeningHours:
    """Says when the shop is open, and whether it is now."""

    name = "opening_hours"
    intents = ("opening_hours",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One reply."""
        hour = context.now.astimezone(SHOP_ZONE).hour
        now = context.say("opening_hours.open" if OPENS <= hour < CLOSES else "opening_hours.closed")
        told = context.say("opening_hours.told", opens=OPENS, closes=CLOSES)
        yield context.reply(told, now, suggestions=context.suggest("human"), sources=("shop:hours",))

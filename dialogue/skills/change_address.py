"""Changes the delivery address of an order that has not shipped: order, rules, address, read-back, one WRITE."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue.shop import rules
from dialogue.shop.types import Order
from dialogue.skills.cancel_order import reject_order
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import settle
from dialogue.types import Asked, TaskEnded, TaskStarted
from nlu.types import Expectation

ADDRESS_CHARS = 200
_GIVEN = re.compile(
    r"(?:改成|改到|改为|换成|换到|寄到|送到|地址是|新地址[是为:：]?)\s*(?P<zh>.+)|(?:\bto|\bis)[:\s]+(?P<en>.*\d.*)$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"省|市|区|县|镇|乡|村|路|街|巷|号|楼|室|栋|单元|小区|大厦|广场|\d+\s+\w+|road|street|avenue|\brd\b|\bst\b", re.I
)


class ChangeAddress:
    """Sends a parcel that has not left elsewhere."""

    name = "change_address"
    intents = ("change_address",)
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task."""
        draft = context.draft(self.name)
        corrected = reject_order(context, self.name, draft) | self._read_address(context, draft)
        answer = None if corrected else verdict(context, self.name)
        if answer == "yes":
            arguments = {"order_number": draft["order"], "address": draft["address"]}
            async for item in submit(context, self.name, "change_address", arguments):
                yield item
        elif answer == "no":
            for item in withdraw(context):
                yield item
        else:
            for item in await self._advance(context, draft):
                yield item

    def _read_address(self, context: Context, draft: Draft) -> bool:
        """Read an address from the words; True when one that was read back has changed."""
        task = context.task_of(self.name)
        if context.resumed:
            return False
        text = context.turn.parse.text.strip()
        given = _GIVEN.search(text)
        words = (given.group("zh") or given.group("en")) if given else None
        if words is None and task is not None and task.step == "address":
            words = text
        if words is None or not is_address(words):
            return False
        draft["address"] = words.strip(" 。.!！,，")[:ADDRESS_CHARS]
        return task is not None and task.step == CONFIRM

    async def _advance(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        settled = await settle(
            context, self.name, draft, fits=lambda order: rules.why_not_change_address(order, context.now) is None
        )
        if isinstance(settled, Pending):
            return settled.items
        return (*settled.events, *self._with_order(context, draft, settled.order))

    def _with_order(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        rule = rules.why_not_change_address(order, context.now)
        number = order.order_number
        if rule is not None:
            started = TaskStarted(self.name, context.task_id(self.name), dict(draft))
            opened = () if context.task_of(self.name) else (started,)
            text = context.say(f"address.refused.{rule}", number=number)
            return (*opened, TaskEnded("refused"), context.reply(text, suggestions=context.suggest("human")))
        if not draft.get("address"):
            task = context.task_of(self.name)
            again = task is not None and task.step == "address" and not context.resumed
            return (
                *context.open_task(self.name, draft, "address"),
                Asked(Expectation("address")),
                context.reply(context.say("address.ask_again" if again else "address.ask", number=number)),
            )
        text = context.say("address.read_back", number=number, address=draft["address"])
        return ask_confirmation(context, self.name, draft, text, cards=(order_card(context, order),))


def is_address(words: str) -> bool:
    """Whether the words can be a place to deliver to."""
    return len(words.strip()) >= 5 and bool(_PLACE.search(words))

"""「我要退款」: what gives the money back depends on the order, so this finds the order and passes the words on.

not shipped -> cancel_order    arrived -> returns    on its way and late -> not_received
on its way -> refuse it or wait     returned, cancelled -> where the refund is
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from dialogue import wishes
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills.cancel_order import CancelOrder
from dialogue.skills.context import Context, Item
from dialogue.skills.line_changes import by_lines, takes
from dialogue.skills.line_work import work_on_lines
from dialogue.skills.not_received import NotReceived
from dialogue.skills.numbers import Pending
from dialogue.skills.order_status import late_parcel
from dialogue.skills.order_write import passed_on
from dialogue.skills.orders import settle
from dialogue.skills.refund_status import RefundStatus
from dialogue.skills.returns import Returns
from dialogue.state import DialogueState
from dialogue.types import DialogueEvent, TaskEnded
from nlu.types import Parse, Slot

_OPEN = frozenset({OrderStatus.CANCELLED, OrderStatus.RETURNED, OrderStatus.COMPLETED, OrderStatus.PENDING_PAYMENT})
_MISTAKEN = frozenset({"refund_status", "return_policy", "out_of_scope"})


class Refund:
    """Finds out which way the money comes back."""

    name = "refund"
    intents = ("refund_request",)
    writes = True

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """A wish for the money that was taken for a question about it."""
        if takes(state, self.name, parse):
            return True
        return state.task is None and parse.intent in _MISTAKEN and wishes.wants_refund(parse.normalized or parse.text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Settle the order, then let the skill that fits take over. Raises ``ShopUnavailable``."""
        if by_lines(context):
            async for item in work_on_lines(context, self.name):
                yield item
            return
        draft = context.draft(self.name)
        settled = await settle(context, self.name, draft, fits=lambda order: order.status not in _OPEN)
        if isinstance(settled, Pending):
            for item in settled.items:
                yield item
            return
        opened = context.open_task(self.name, {"order": settled.order.order_number})
        events: tuple[DialogueEvent, ...] = (*settled.events, *opened, TaskEnded("done"))
        for event in events:
            yield event
        passed = _naming(passed_on(context, events), settled.order)
        async for item in _fitting(context, settled.order).run(passed):
            yield item


def _naming(context: Context, order: Order) -> Context:
    """``context`` as if the order's number had been said: the next skill must not choose another."""
    number, parse = order.order_number, context.turn.parse
    slots = (*(slot for slot in parse.slots if slot.name != "order_number"), Slot("order_number", number, number, 0, 0))
    return replace(context, turn=replace(context.turn, parse=replace(parse, slots=slots)))


def _fitting(context: Context, order: Order) -> CancelOrder | RefundStatus | NotReceived | Returns:
    if rules.why_not_cancel(order, context.now) is None:
        return CancelOrder()
    if order.status in {OrderStatus.CANCELLED, OrderStatus.RETURNED, OrderStatus.RETURNING}:
        return RefundStatus()
    if wishes.not_received(context.text) or late_parcel(order, context.now):
        return NotReceived()
    return Returns()

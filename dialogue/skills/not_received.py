"""「显示签收了但没收到」: where to look first, then a ticket for a person to look into, and the offer of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogue import phrasing, wishes
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills.cards import order_card, shipment_card
from dialogue.skills.context import Context, Item
from dialogue.skills.handoff import offer
from dialogue.skills.numbers import Draft
from dialogue.skills.order_status import late_parcel, sentences
from dialogue.skills.order_write import FIELD_CHARS, OrderWrite
from dialogue.state import DialogueState
from dialogue.types import ActionName, Reply
from nlu.types import Parse


class NotReceived(OrderWrite):
    """Has a parcel looked for."""

    name = "not_received"
    intents: tuple[str, ...] = ()
    action = "open_ticket"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a parcel is said to have arrived and has not, or to be lost."""
        return wishes.not_received(parse.normalized or parse.text)

    def read(self, context: Context, draft: Draft) -> bool:
        """The customer's first words go on the ticket."""
        draft.setdefault("complaint", context.turn.parse.text.strip()[:FIELD_CHARS])
        return False

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Nothing is lost that has not left, is on its way and in time, or was sent back."""
        if order.status in {OrderStatus.RETURNING, OrderStatus.RETURNED}:
            return "sent_back"
        if rules.delivered_at(order) is not None or late_parcel(order, context.now):
            return None
        return "on_its_way"

    def fits(self, context: Context, draft: Draft, order: Order) -> bool:
        """The customer speaks of a parcel that has just come."""
        return order.status is not OrderStatus.COMPLETED and self.why_not(context, draft, order) is None

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """Where parcels often are, and what will be done."""
        arrived = rules.delivered_at(order)
        if arrived is None:
            return (context.say("not_received.read_back.late", number=order.order_number),)
        when = phrasing.moment(arrived, context.now, context.language)
        return (context.say("not_received.read_back.arrived", number=order.order_number, when=when),)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """A ticket for a person."""
        return "open_ticket", {
            "kind": "follow_up",
            "customer_id": context.state.customer_id,
            "order_number": draft["order"],
            "text": draft["complaint"],
        }

    def after(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        """A person, if the customer does not want to wait."""
        return (*offer(context, "not_received"), context.reply(context.say("handoff.offer")))

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Where the order is instead."""
        shipped = order.status is OrderStatus.SHIPPED
        parcels = tuple(shipment_card(context, order, parcel) for parcel in order.shipments) if shipped else ()
        return context.reply(
            *sentences(context, order),
            cards=(order_card(context, order), *parcels),
            suggestions=context.suggest("human"),
        )

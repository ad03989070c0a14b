"""Hurries an order: the warehouse while it has not shipped, a person who asks the carrier when the parcel is late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogue import phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills.cards import order_card, shipment_card
from dialogue.skills.context import Context
from dialogue.skills.numbers import Draft
from dialogue.skills.order_status import held_up_parcel, late_parcel, sentences
from dialogue.skills.order_write import OrderWrite
from dialogue.types import ActionName, Reply


class UrgeOrder(OrderWrite):
    """Asks for one order to be hurried."""

    name = "urge"
    intents = ("urge_shipping",)
    action = "urge_order"

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """A parcel on its way can be hurried when it is late or held up."""
        if order.status is OrderStatus.SHIPPED and held_up_parcel(order, context.now):
            return None
        return rules.why_not_urge(order, context.now, policies=context.shop.policies)

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """One sentence: no money moves."""
        parcel = held_up_parcel(order, context.now)
        if order.status is OrderStatus.SHIPPED and parcel is not None:
            draft["parcel"] = parcel.tracking_number
            key = "carrier" if late_parcel(order, context.now) else "held_up"
            when = phrasing.moment(parcel.eta, context.now, context.language) if parcel.eta else ""
            return (context.say(f"urge.read_back.{key}", number=order.order_number, when=when),)
        return (context.say("urge.read_back.warehouse", number=order.order_number),)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """The warehouse hurries an order, a person a parcel."""
        if not draft.get("parcel"):
            return "urge_order", {"order_number": draft["order"]}
        text = context.say("urge.ticket", parcel=draft["parcel"])
        return "open_ticket", {
            "kind": "follow_up",
            "customer_id": context.state.customer_id,
            "order_number": draft["order"],
            "text": text,
        }

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Why there is nothing to hurry; of a parcel on its way, where it is."""
        cards = (order_card(context, order), *(shipment_card(context, order, parcel) for parcel in order.shipments))
        if rule == "already_shipped":
            return context.reply(*sentences(context, order), cards=cards, suggestions=context.suggest("human"))
        text = context.say(f"urge.refused.{rule}", number=order.order_number)
        return context.reply(text, cards=cards, suggestions=context.suggest("human"))

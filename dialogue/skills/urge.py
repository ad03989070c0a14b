"""Hurries an order: the warehouse while it has not shipped; a parcel on its way through the shop or a person, as the
policy has it. All of the customer's orders at once, if they wish so: read back together, one WRITE each.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus, Shipment
from dialogue.skills.cards import order_card, shipment_card
from dialogue.skills.confirm import ask_confirmation, outcome_of, tell, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.order_status import held_up_parcel, late_parcel, sentences
from dialogue.skills.order_write import OrderWrite
from dialogue.state import DialogueState
from dialogue.types import Action, ActionName, Reply, TaskEnded
from nlu.types import Parse

MOST = 10
"""Orders hurried at once."""
_HURRY = re.compile(r"加急|催.{0,4}(?:单|快递|发货|仓库|物流)|\bhurry\b.{0,12}\border|\bexpedite\b", re.IGNORECASE)
_ALL = re.compile(
    r"(?:所有|全部|每个|各个|几个)的?.{0,4}(?:订单|单|包裹|快递)|(?:订单|单|包裹|快递).{0,4}(?:全部|全都|都)"
    r"|\ball (?:of )?(?:my |the )?(?:orders|parcels|packages)\b",
    re.IGNORECASE,
)


class UrgeOrder(OrderWrite):
    """Asks for one order, or for all of them, to be hurried."""

    name = "urge"
    intents = ("urge_shipping",)
    action = "urge_order"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether an order is to be hurried; what else is in the sentence may sound louder."""
        text = parse.normalized or parse.text
        return bool(_HURRY.search(text)) and not cues.asks_policy(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        wants_all = bool(_ALL.search(context.text)) and not context.resumed
        if context.state.proof != "token" or not (draft.get("all") or (wants_all and not draft)):
            async for item in super().run(context):
                yield item
            return
        answer = verdict(context, self.name)
        if answer == "yes":
            async for item in self._hurry_all(context, draft):
                yield item
            return
        for item in withdraw(context) if answer == "no" else await self._read_back_all(context):
            yield item

    async def _read_back_all(self, context: Context) -> tuple[Item, ...]:
        orders = await context.shop.orders(context.state.customer_id or "", MOST)
        open_ones = [
            order for order in orders if rules.why_not_urge(order, context.now, policies=context.shop.policies) is None
        ]
        if not open_ones:
            return (context.reply(context.say("urge.refused.none_open"), suggestions=context.suggest("human")),)
        draft = {"all": [order.order_number for order in open_ones]}
        numbers = phrasing.listing([order.order_number for order in open_ones], context.language)
        text = context.say("urge.read_back.all", numbers=numbers, count=len(open_ones))
        cards = tuple(order_card(context, order) for order in open_ones)
        return ask_confirmation(context, self.name, draft, text, cards=cards)

    async def _hurry_all(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        """One WRITE each; the first that fails ends it, those done before stay done."""
        done: list[str] = []
        for place, number in enumerate(draft["all"], 1):
            last = place == len(draft["all"])
            key = context.key(self.name) if last else f"{context.key(self.name)}:{number}"
            action = Action("urge_order", {"order_number": number}, key)
            result = await context.actions.run(action)
            if not result.ok:
                yield TaskEnded(outcome_of(result))
                yield tell(context, action, result)
                return
            done.append(number)
        yield TaskEnded("done")
        numbers = phrasing.listing(done, context.language)
        yield context.reply(context.say("urge.done_all", numbers=numbers), sources=("shop:action",))

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """A parcel on its way can be hurried when it is late or held up; by policy always."""
        if order.status is OrderStatus.SHIPPED and _parcel(context, order) is not None:
            return None
        return rules.why_not_urge(order, context.now, policies=context.shop.policies)

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """One sentence: no money moves."""
        parcel = _parcel(context, order)
        if order.status is not OrderStatus.SHIPPED:
            return (context.say("urge.read_back.warehouse", number=order.order_number),)
        if parcel is None:
            return (context.say("urge.read_back.parcel", number=order.order_number),)
        draft["parcel"] = parcel.tracking_number
        is_held_up = held_up_parcel(order, context.now) is not None
        key = "carrier" if late_parcel(order, context.now) else "held_up" if is_held_up else "in_time"
        draft["ticket"] = "late" if late_parcel(order, context.now) else "on_its_way"
        when = phrasing.moment(parcel.eta, context.now, context.language) if parcel.eta else ""
        return (context.say(f"urge.read_back.{key}", number=order.order_number, when=when),)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """The shop hurries an order, a person a parcel."""
        if not draft.get("parcel"):
            return "urge_order", {"order_number": draft["order"]}
        text = context.say(f"urge.ticket.{draft['ticket']}", parcel=draft["parcel"])
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


def _parcel(context: Context, order: Order) -> Shipment | None:
    """The parcel that a person asks the carrier about, as the policy has it."""
    way = context.shop.policies.urge.on_the_way
    if way == "shop":
        return None
    held_up = held_up_parcel(order, context.now)
    if way == "late" or held_up is not None:
        return held_up
    return next((parcel for parcel in order.shipments if parcel.delivered_at is None and parcel.eta), None)

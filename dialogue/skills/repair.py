"""Registers a repair: the order, the thing, its warranty by the catalogue and the day it came, read back, one WRITE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dialogue import phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, Product
from dialogue.skills import order_lines
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import FIELD_CHARS, OrderWrite, step_of
from dialogue.state import DialogueState
from dialogue.troubleshooting import find, trees
from dialogue.types import ActionName, Reply
from nlu.types import Parse

DAYS_A_MONTH = 30
_WANTS = re.compile(
    r"(申请|想要?|我要|要|帮我|给我|登记|预约|安排|联系).{0,4}(维修|报修|返修|送修)|报修|(保修|免费).{0,6}修|(送|寄)(去|回)?修|修一下"
    r"|\b(register|request|book|arrange|want|need) (a |an )?repair|\bhave (it|this) repaired"
    r"|\bunder warranty\b.{0,12}repair",
    re.IGNORECASE,
)
_OTHER = re.compile(r"退货|换货|怎么样|进度|多久|几天|到哪|吗$|\bhow long\b|\bstatus\b", re.IGNORECASE)


class Repair(OrderWrite):
    """Has something mended under warranty."""

    name = "repair"
    intents: tuple[str, ...] = ()
    action = "open_ticket"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a repair is asked for; the questions of other tasks come first."""
        text = parse.normalized or parse.text
        is_free = state.task is None or state.task.skill in {self.name, "troubleshoot"}
        return is_free and bool(_WANTS.search(text)) and not _OTHER.search(text)

    def read(self, context: Context, draft: Draft) -> bool:
        """The thing picked of the order, and what is wrong with it."""
        if "fault" not in draft and not context.resumed and context.task_of(self.name) is None:
            tree = find(context.text)
            said = context.turn.parse.text.strip()[:FIELD_CHARS]
            draft["fault"] = trees()[tree].title.of(context.language) if tree else said
            slot = context.turn.parse.slot("product")
            draft |= {"about": str(slot.value)} if slot else {}
        if step_of(context, self.name) == order_lines.STEP and not context.resumed:
            order_lines.read_chosen(context, draft, several=False)
        return False

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """What has not come cannot be repaired."""
        return None if rules.delivered_at(order) is not None else "not_delivered"

    async def why_not_now(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Whether the warranty of the thing meant still runs."""
        if not draft.get("skus"):
            order_lines.read_named(context, draft, order)
        if not draft.get("skus") and len(order.lines) == 1:
            draft["skus"] = [order.lines[0].sku]
        if not draft.get("skus"):
            return None
        product = await context.shop.product(str(draft["skus"][0]))
        until = warranty_until(order, product)
        if until is None:
            return "no_warranty"
        draft.update(months=product.warranty_months if product else 0, until=until.isoformat())
        return "warranty_over" if context.now >= until else None

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """Which thing of the order."""
        if draft.get("skus"):
            return ()
        key = "repair.ask_line"
        return order_lines.ask_lines(context, self.name, draft, order.lines, key, several=False)

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """What is repaired, under which warranty; while it can still be returned, that too."""
        told = context.say(
            "repair.read_back",
            number=order.order_number,
            what=_what(context, draft, order),
            months=draft["months"],
            fault=draft["fault"],
        )
        quality = "质量问题"
        can_return = rules.returnable_skus(order, quality, context.now, policies=context.shop.policies)
        also = set(draft["skus"]) <= set(can_return) and context.turn.modality == "text"
        return (context.say("repair.or_return") if also else "", told)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """A ticket with the fault and what was tried."""
        steps = context.say("repair.ticket_steps", steps=draft["steps"]) if draft.get("steps") else ""
        text = context.say("repair.ticket", skus=",".join(draft["skus"]), fault=draft["fault"], steps=steps)
        return "open_ticket", {
            "kind": "repair",
            "customer_id": context.state.customer_id,
            "order_number": draft["order"],
            "text": text,
        }

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Why not, and a person for what costs money."""
        until = datetime.fromisoformat(draft["until"]) if draft.get("until") else context.now
        text = context.say(
            f"repair.refused.{rule}",
            number=order.order_number,
            what=_what(context, draft, order),
            months=draft.get("months", 0),
            day=phrasing.day(until, context.now, context.language),
        )
        return context.reply(text, cards=(order_card(context, order),), suggestions=context.suggest("human"))


def warranty_until(order: Order, product: Product | None) -> datetime | None:
    """When the warranty ends, counted from the delivery; None where there is none or nothing was delivered."""
    arrived = rules.delivered_at(order)
    if arrived is None or product is None or not product.warranty_months:
        return None
    return arrived + timedelta(days=DAYS_A_MONTH * product.warranty_months)


def _what(context: Context, draft: Draft, order: Order) -> str:
    lines = [line for line in order.lines if line.sku in draft.get("skus", ())] or list(order.lines)
    return phrasing.lines(lines, context.language)

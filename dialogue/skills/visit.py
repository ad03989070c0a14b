"""Books somebody to come home: to install or, where the shop books that too, to repair what was ordered.

order? -> which of the two? -> the rules -> day? asked until it is one that is offered -> read back -> yes: one WRITE

Whom to ask for is the customer, by their profile; another name or phone is taken from their words.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from dialogue import cues, phrasing
from dialogue.shop import order_rules
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import Order
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import OrderWrite, step_of
from dialogue.skills.repair import Repair
from dialogue.state import DialogueState
from dialogue.types import ActionName, Asked, Reply
from nlu.types import Expectation, Parse

_BOOKS = re.compile(
    r"(?:预约|约|安排|登记|改约|申请).{0,14}(?:安装|师傅|维修|检修|上门服务)|上门(?:安装|维修|检修)|(?:安装|维修).{0,6}(?:预约|改约|约个|约在)"
    r"|(?:师傅|工程师).{0,6}(?:上门|来装|来修|来家)"
    r"|\b(?:book|schedule|arrange)\b.{0,24}\b(?:install\w*|repair|technician|visit)\b|\binstallation appointment\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"怎么|如何|多少钱|费用|收费|多久|流程|需要什么|\b(?:how|cost|fee)\b", re.IGNORECASE)
_OTHER = re.compile(r"取件|取货|揽收|退货|换货|进度|怎么样了|维修政策|维修说明|售后政策", re.IGNORECASE)
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)[一二三四五六日天]|(?:on )?\w+day", re.IGNORECASE)
_READ = ("kind", "day", "phone", "name")
_REPAIR = re.compile(r"维修|检修|修理|来修|\brepair|\bfix", re.IGNORECASE)
_NAME = re.compile(r"(?:名字|姓名|联系人|找)(?:是|为|叫|：|:)?\s*(?P<zh>[一-鿿]{2,4})(?![一-鿿])")


class Visit(OrderWrite):
    """Books an appointment at the customer's home."""

    name = "visit"
    intents = ("appointment",)
    action = "book_visit"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether somebody is to come; how that works or costs is another question."""
        text = parse.normalized or parse.text
        running = state.task is not None and state.task.skill == self.name
        if running and cues.is_correction(text) and (parse.slot("date") or parse.slot("phone")):
            return True
        if state.task is not None and state.task.skill not in {self.name, "products", "product_page"}:
            return False
        books = bool(_BOOKS.search(text)) and not _OTHER.search(text)
        return books and not (_ASKS.search(text) and cues.is_question(text))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task; a repair that cannot be booked is registered by ``Repair``."""
        new = context.task_of(self.name) is None
        kinds = context.shop.policies.visits.kinds
        if new and _REPAIR.search(context.text) and "repair" not in kinds:
            async for item in Repair().run(context):
                yield item
            return
        async for item in super().run(context):
            yield item

    def read(self, context: Context, draft: Draft) -> bool:
        """What for, which day, and whom to ask for."""
        before = [draft.get(name) for name in _READ]
        if "kind" not in draft:
            draft["kind"] = "repair" if _REPAIR.search(context.text) else "installation"
        slot = context.turn.parse.slot("date")
        if slot is not None and isinstance(slot.value, date):
            draft["day"] = self._meant(context, slot.raw, slot.value).isoformat()
        phone, name = context.turn.parse.slot("phone"), _NAME.search(context.text)
        if phone is not None:
            draft["phone"] = str(phone.value)
        if name is not None:
            draft["name"] = name["zh"]
        sku = context.turn.parse.slot("sku")
        if sku is not None or "sku" not in draft:
            draft["sku"] = str(sku.value) if sku else context.state.last_product
        return step_of(context, self.name) is not None and before != [draft.get(name) for name in _READ]

    def _meant(self, context: Context, said: str, day: date) -> date:
        """周一 said on a Monday is the next one, where nobody can come today."""
        if _WEEKDAY.fullmatch(said.strip()) is None:
            return day
        offered = order_rules.visit_days(context.now, policies=context.shop.policies)
        later = day + timedelta(days=7)
        return later if day not in offered and later in offered else day

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """The shop's rules."""
        return order_rules.why_not_visit(order, draft["kind"], policies=context.shop.policies)

    def fits(self, context: Context, draft: Draft, order: Order) -> bool:
        """Of several orders the one with the product talked about."""
        if self.why_not(context, draft, order) is not None:
            return False
        return draft.get("sku") is None or any(line.sku == draft["sku"] for line in order.lines) or not order.lines

    async def _advance(self, context: Context, draft: Draft, *, given: bool) -> tuple[Item, ...]:
        """Where no order is named, the one with the product talked about."""
        state = context.state
        if not draft.get("order") and not context.turn.parse.slot("order_number") and state.proof == "token":
            orders = await context.shop.orders(state.customer_id or "", 20) if draft.get("sku") else ()
            with_it = [one for one in orders if any(line.sku == draft["sku"] for line in one.lines)]
            fitting = [one for one in with_it if self.why_not(context, draft, one) is None]
            if fitting:
                draft["order"] = fitting[0].order_number
        return await super()._advance(context, draft, given=given)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """A day on which somebody can come."""
        policies = context.shop.policies
        day = date.fromisoformat(draft["day"]) if draft.get("day") else None
        if day is not None and order_rules.why_not_on(day, context.now, policies=policies) is None:
            return ()
        days = order_rules.visit_days(context.now, policies=policies)
        lead = context.say("visit.not_that_day", day=_day(context, day)) if day is not None else ""
        draft.pop("day", None)
        offered = tuple(_day(context, each) for each in days[:3])
        ask = context.say(
            "visit.ask_day",
            kind=context.say(f"visit.kind.{draft['kind']}"),
            first=_day(context, days[0]),
            last=_day(context, days[-1]),
        )
        return (
            *context.open_task(self.name, draft, "day"),
            Asked(Expectation("free", slot="date", choices=offered)),
            context.reply(lead, ask, suggestions=offered),
        )

    async def why_not_now(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Nothing forbids it; the customer's profile is fetched for the read-back."""
        customer = await context.shop.customer(order.customer_id)
        draft["whom"] = draft.get("name") or (customer.name if customer else "")
        draft["number"] = (draft.get("phone") or (customer.phone if customer else ""))[-4:]
        return None

    def forget(self, draft: Draft) -> bool:
        """The day."""
        draft.pop("day", None)
        return True

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """What for, when, for which order, whom to ask for."""
        spoken = context.turn.modality == "voice"
        text = context.say(
            "visit.read_back",
            kind=context.say(f"visit.kind.{draft['kind']}"),
            number=order.order_number,
            what=phrasing.lines(order.lines, context.language, most=1) if order.lines else "",
            day=_day(context, date.fromisoformat(draft["day"])),
            name=draft["whom"],
            tail=phrasing.digits(draft["number"], spoken),
        )
        return (text,)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """The appointment; name and phone only where they were said."""
        whom = {name: draft[name] for name in ("name", "phone") if draft.get(name)}
        return "book_visit", {"order_number": draft["order"], "kind": draft["kind"], "day": draft["day"], **whom}

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Nothing was delivered, it is off, or the shop does not do that."""
        kind = context.say(f"visit.kind.{draft['kind']}")
        text = context.say(f"visit.refused.{rule}", number=order.order_number, kind=kind)
        return context.reply(text, suggestions=context.suggest("human"))


def _day(context: Context, day: date) -> str:
    return phrasing.day(datetime.combine(day, time(12), SHOP_ZONE), context.now, context.language)

"""A call-back: 「处理完给我回个电话」, "call me tomorrow". The day, perhaps the part of it, a yes, one WRITE."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta

from dialogue import phrasing, wishes
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.service_rules import ticket_due
from dialogue.skills.confirm import CALL_WHEN, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_write import FIELD_CHARS, refused_task
from dialogue.state import DialogueState
from dialogue.types import Asked
from nlu.types import Expectation, Parse


class FollowUp:
    """Arranges for the customer to be called."""

    name = "follow_up"
    intents: tuple[str, ...] = ()
    writes = True
    beside = True
    """What else runs waits meanwhile (see ``policy.Routes``)."""

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a call at a later time is asked for; another day while it is arranged."""
        own = state.task is not None and state.task.skill == self.name
        return wishes.wants_call_back(parse.normalized or parse.text) or (own and parse.slot("date") is not None)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        changed = self._read(context, draft)
        answer = None if changed else verdict(context, self.name)
        if answer == "no":
            for item in withdraw(context):
                yield item
            return
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        if known is None:
            for item in (*refused_task(context, self.name, draft), context.reply(context.say("membership.unknown"))):
                yield item
            return
        for event in known.events:
            yield event
        if answer == "yes" and draft.get("for") == known.customer.customer_id:
            async for item in submit(context, self.name, "open_ticket", self._arguments(context, draft)):
                yield item
            return
        draft["for"] = known.customer.customer_id
        for item in self._ask(context, draft):
            yield item

    def _read(self, context: Context, draft: Draft) -> bool:
        """Day and part of the day; True when they changed."""
        if context.resumed:
            return False
        before = draft.get("day"), draft.get("part")
        draft.setdefault("why", context.turn.parse.text.strip()[:FIELD_CHARS])
        slot = context.turn.parse.slot("date")
        if slot is not None and isinstance(slot.value, date):
            draft["day"] = slot.value.isoformat()
        if part := wishes.part_of_day(context.text):
            draft["part"] = part
        return before != (draft.get("day"), draft.get("part"))

    def _ask(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        first, last = _days(context)
        day = date.fromisoformat(draft["day"]) if draft.get("day") else None
        if day is None or not first <= day <= last:
            key = "follow_up.ask_day" if day is None else "follow_up.not_that_day"
            draft.pop("day", None)
            labels = tuple(_label(context, first + timedelta(days=n)) for n in range((last - first).days + 1))
            text = context.say(key, first=_label(context, first), last=_label(context, last))
            return (
                *context.open_task(self.name, draft, "day"),
                Asked(Expectation("free", slot="date")),
                context.reply(text, suggestions=labels[:3]),
            )
        text = context.say("follow_up.read_back", when=_when(context, draft, _label(context, day)))
        return ask_confirmation(context, self.name, draft, text)

    def _arguments(self, context: Context, draft: Draft) -> dict[str, object]:
        day = date.fromisoformat(draft["day"])
        return {
            "kind": "follow_up",
            "customer_id": context.state.customer_id,
            "order_number": draft.get("order") or context.state.last_order,
            "text": context.say("follow_up.ticket", when=_when(context, draft, draft["day"]), why=draft["why"]),
            CALL_WHEN: _when(context, draft, _label(context, day)),
        }


def _days(context: Context) -> tuple[date, date]:
    """The days on which a call can be promised: from tomorrow until the shop must have answered."""
    due = ticket_due("follow_up", context.now, policies=context.shop.policies).astimezone(SHOP_ZONE).date()
    tomorrow = context.now.astimezone(SHOP_ZONE).date() + timedelta(days=1)
    return tomorrow, max(tomorrow, due)


def _when(context: Context, draft: Draft, day: str) -> str:
    """The day and, where it was told, the part of it."""
    part = context.say(f"pickup.part.{draft['part']}") if draft.get("part") else ""
    return day + part if context.language == "zh" else f"{day} {part}".strip()


def _label(context: Context, day: date) -> str:
    return phrasing.day(datetime.combine(day, time(12), SHOP_ZONE), context.now, context.language)

"""A carrier fetches the goods of an open return: which return, which day, which part of it, read-back, one WRITE.

Claims 「上门取件」, and a day right after a return was opened (明天下午来取吧, 明天下午).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from dialogue import cues, phrasing, wishes
from dialogue.shop import rules, service_rules
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import DayPart, Order
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import OrderWrite, step_of
from dialogue.skills.undo import just_done, last_return
from dialogue.state import DialogueState
from dialogue.types import ActionName, Asked, Reply
from nlu.types import Expectation, Parse, TimeSpan

NOON_MIN = 12 * 60
_WEEKDAY = re.compile(r"^(这|本)?(周|星期|礼拜)|day$", re.IGNORECASE)


class Pickup(OrderWrite):
    """Books or moves the appointment."""

    name = "pickup"
    intents: tuple[str, ...] = ()
    action = "book_pickup"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a carrier is wanted; a question how that works in general is none."""
        text, done = parse.normalized or parse.text, just_done(state)
        if state.task is not None and state.task.skill == self.name:
            return parse.slot("date") is not None or wishes.part_of_day(text) is not None
        returned = done is not None and done.action.name == "create_return"
        if wishes.wants_pickup(text):
            return returned or not (cues.asks_policy(text) or cues.is_question(text)) or bool(parse.slot("date"))
        return returned and parse.slot("date") is not None and not cues.is_question(text)

    def read(self, context: Context, draft: Draft) -> bool:
        """Day and part of the day; the return just opened is meant unless another order is named."""
        done, before = just_done(context.state), (draft.get("day"), draft.get("part"))
        if context.task_of(self.name) is None and done and not context.turn.parse.slot("order_number"):
            draft["order"] = str(done.action.arguments["order_number"])
        if (slot := context.turn.parse.slot("date")) and isinstance(slot.value, date):
            draft["day"] = _to_come(slot.value, slot.raw, context.now.astimezone(SHOP_ZONE).date()).isoformat()
        if part := part_in(context):
            draft["part"] = part
        return before != (draft.get("day"), draft.get("part"))

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """There must be a return whose goods have not been sent."""
        entry = last_return(order)
        return "no_return" if entry is None else rules.why_not_withdraw(entry) and "not_open"

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """The day among those offered, then the part of it."""
        entry = last_return(order)
        assert entry is not None
        draft["return_number"] = entry.return_number
        offered = service_rules.pickup_days(context.now, policies=context.shop.policies)
        day = date.fromisoformat(draft["day"]) if draft.get("day") else None
        if day is None or day not in offered:
            return self._ask_day(context, draft, offered, refused=day)
        return () if draft.get("part") else self._ask_part(context, draft, day)

    def _ask_day(
        self, context: Context, draft: Draft, offered: tuple[date, ...], refused: date | None
    ) -> tuple[Item, ...]:
        draft.pop("day", None)
        names = [_named(context, day) for day in offered]
        fields = {"first": names[0], "last": names[-1]} if names else {"first": "", "last": ""}
        if refused is not None and not context.resumed:
            text = context.say("pickup.day_not_offered", day=_named(context, refused), **fields)
        else:
            text = context.say("pickup.ask_day", **fields)
        return (
            *context.open_task(self.name, draft, "day"),
            Asked(Expectation("free", slot="date")),
            context.reply(text, suggestions=tuple(names[:3])),
        )

    def _ask_part(self, context: Context, draft: Draft, day: date) -> tuple[Item, ...]:
        labels = tuple(context.say(f"pickup.part.{part}") for part in ("morning", "afternoon"))
        return (
            *context.open_task(self.name, draft, "part"),
            Asked(Expectation("choice", choices=labels)),
            context.reply(context.say("pickup.ask_part", day=_named(context, day)), suggestions=labels),
        )

    def forget(self, draft: Draft) -> bool:
        """The appointment."""
        draft.pop("day", None)
        draft.pop("part", None)
        return True

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """When the carrier comes, and where to."""
        parts = context.shop.policies.pickup.parts
        text = context.say(
            "pickup.read_back",
            number=order.order_number,
            day=_named(context, date.fromisoformat(draft["day"])),
            part=context.say(f"pickup.part.{draft['part']}"),
            hours=phrasing.hours(parts[draft["part"]].start, parts[draft["part"]].end, context.language),
        )
        return (text,)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """Of the return, not of the order."""
        return "book_pickup", {"return_number": draft["return_number"], "day": draft["day"], "part": draft["part"]}

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Nothing to fetch."""
        text = context.say(f"pickup.refused.{rule}", number=order.order_number)
        return context.reply(text, suggestions=context.suggest("return", "human"))


def part_in(context: Context) -> DayPart | None:
    """The part of the day that was said or chosen, or that a time of day falls into."""
    if part := wishes.part_of_day(context.text):
        return part
    slot = context.turn.parse.slot("time")
    if slot is not None and isinstance(slot.value, TimeSpan):
        return "morning" if slot.value.start_min < NOON_MIN else "afternoon"
    if step_of(context, Pickup.name) == "part":
        picked = cues.chosen(context.text, context.state.expectation.choices)
        return None if picked is None else ("morning", "afternoon")[picked]
    return None


def _to_come(day: date, said: str, today: date) -> date:
    """A weekday of this week that is over means the next one: a carrier comes in days to come."""
    is_over = day < today <= day + timedelta(days=6) and _WEEKDAY.search(said) is not None
    return day + timedelta(days=7) if is_over else day


def _named(context: Context, day: date) -> str:
    return phrasing.day(datetime.combine(day, time(12), SHOP_ZONE), context.now, context.language)

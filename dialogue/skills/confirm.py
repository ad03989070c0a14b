"""Read-back, explicit confirmation and the WRITE itself, for every skill that changes something in the shop.

ask_confirmation -> step "confirm", expects yes or no
yes -> submit: one Action under the task's idempotency key, its result told once
no  -> withdraw: nothing was done, and said so
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from dialogue import cues, phrasing
from dialogue.shop.clock import SHOP_ZONE
from dialogue.skills.context import Context, Item
from dialogue.state import UNAVAILABLE, task_key, unsettled_keys
from dialogue.types import (
    Action,
    ActionDropped,
    ActionName,
    ActionResult,
    Asked,
    Card,
    ReadBack,
    Reply,
    TaskEnded,
    TaskUpdated,
)
from nlu.types import Expectation

CONFIRM = "confirm"
PLAIN = 0.5
"""Probability from which a yes or no counts as one."""
CALL_WHEN = "call_when"
"""Argument of a ticket that asks for a call: when, in words."""
Outcome = Literal["done", "refused", "failed"]
"""failed: the shop did not answer; trying again under the same key cannot do it twice."""
_NEXT = {
    "create_return": ("refund", "order"),
    "cancel_order": ("undo_cancel",),
    "withdraw_return": ("order",),
    "restore_order": ("order",),
}
"""What the customer may want after a WRITE, as keys of ``suggest``."""


def verdict(context: Context, skill: str) -> Literal["yes", "no"] | None:
    """What the customer answered to the read-back; None when nothing was read back or it was no plain answer."""
    task, parse = context.task_of(skill), context.turn.parse
    if context.resumed or task is None or task.step != CONFIRM or parse.confidence < PLAIN:
        return None
    if parse.intent == "affirm" and not cues.is_question(context.text):
        return "yes"
    return "no" if parse.intent == "deny" else None


def ask_confirmation(
    context: Context, skill: str, draft: Mapping[str, Any], *sentences: str, cards: tuple[Card, ...] = ()
) -> tuple[Item, ...]:
    """Read back what will happen and wait for a yes or no."""
    reply = context.reply(*sentences, cards=cards, suggestions=context.suggest("yes", "no"))
    return (
        *context.open_task(skill, draft, CONFIRM),
        ReadBack(context.key(skill), reply.turn_id, reply.text),
        Asked(Expectation("yes_no")),
        reply,
    )


def withdraw(context: Context) -> tuple[Item, ...]:
    """The customer said no: nothing was done, or the shop has not answered and is not asked again."""
    task = context.state.task
    key = task_key(context.state.conversation_id, task.task_id) if task else ""
    if key in unsettled_keys(context.state):
        return (ActionDropped(key), TaskEnded("cancelled"), context.reply(context.say("confirm.dropped")))
    return (TaskEnded("cancelled"), context.reply(context.say("confirm.withdrawn")))


async def submit(context: Context, skill: str, name: ActionName, arguments: Mapping[str, Any]) -> AsyncIterator[Item]:
    """Run the WRITE and tell its result. A cancelled caller loses only the words: the state remembers the result."""
    action = Action(name, arguments, context.key(skill))
    result = await context.actions.run(action)
    for item in conclude(context, action, result):
        yield item


def outcome_of(result: ActionResult) -> Outcome:
    """How a task ends with this result."""
    if result.ok:
        return "done"
    return "failed" if result.rule == UNAVAILABLE else "refused"


def conclude(context: Context, action: Action, result: ActionResult) -> tuple[Item, ...]:
    """End the task and tell the result; when the shop did not answer, offer to try again instead."""
    if outcome_of(result) != "failed":
        return (TaskEnded(outcome_of(result)), tell(context, action, result))
    return (
        TaskUpdated({}, CONFIRM),
        Asked(Expectation("yes_no")),
        context.reply(context.say("confirm.unavailable"), suggestions=context.suggest("yes", "no", "human")),
    )


def tell(context: Context, action: Action, result: ActionResult, *, lead: str = "", more: bool = False) -> Reply:
    """A settled result in words. ``more``: another reply follows."""
    if not result.ok:
        text = context.say("confirm.refused", why=refusal(context, result.rule))
        return context.reply(lead, text, suggestions=context.suggest("human"), more=more, sources=("shop:action",))
    text = context.say(f"done.{_kind(action)}", **_fields(context, action, result))
    return context.reply(
        lead, text, suggestions=context.suggest(*_NEXT.get(action.name, ())), more=more, sources=("shop:action",)
    )


def refusal(context: Context, rule: str | None) -> str:
    """The shop's rule in words, as a clause."""
    key = f"rules.{rule}"
    return context.say(key if context.wording.has(key) else "rules.other")


def _kind(action: Action) -> str:
    """The words under ``done``: of the WRITE, and of its kind where they differ."""
    kind = action.arguments.get("kind")
    if action.name == "create_return":
        return "create_exchange" if kind == "exchange" else action.name
    if CALL_WHEN in action.arguments:
        return f"{action.name}.call_back"
    return f"{action.name}.{kind}" if action.name == "open_ticket" else action.name


def _fields(context: Context, action: Action, result: ActionResult) -> dict[str, Any]:
    facts = {**action.arguments, **result.data}
    plain = {name: value for name, value in facts.items() if isinstance(value, str | int)}
    return plain | {
        "number": str(facts.get("order_number") or ""),
        "return_number": str(facts.get("return_number", "")),
        "ticket_number": str(facts.get("ticket_number", "")),
        "amount": _money(context, facts.get("amount")),
        "total": _money(context, facts.get("total")),
        "compensation": _money(context, facts.get("compensation")),
        "address": str(facts.get("address", "")),
        "title": str(facts.get("title", "")),
        "due": _when(context, facts.get("due_at")),
        "when": str(facts.get(CALL_WHEN, "")),
        "day": _day(context, facts.get("pickup_day") or facts.get("visit_day")),
        "part": context.say(f"pickup.part.{facts['pickup_part']}") if facts.get("pickup_part") else "",
    }


def _money(context: Context, value: object) -> str:
    return phrasing.money(Decimal(str(value or "0")), context.language)


def _when(context: Context, value: object) -> str:
    return phrasing.moment(datetime.fromisoformat(str(value)), context.now, context.language) if value else ""


def _day(context: Context, value: object) -> str:
    if not value:
        return ""
    day = datetime.combine(date.fromisoformat(str(value)), time(12), SHOP_ZONE)
    return phrasing.day(day, context.now, context.language)

"""Hand-off to a person: offers it, does it, and tells while it lasts that a person will answer.

What the person reads is in ``summary``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue import cues
from dialogue.skills.context import Context, Item
from dialogue.skills.summary import known_slots, mood_of, summarise
from dialogue.state import OFFERED, DialogueState, is_confirming
from dialogue.troubleshooting.danger import is_dangerous
from dialogue.types import (
    Asked,
    Card,
    DialogueEvent,
    HandedOff,
    ReplyAction,
    TaskEnded,
    TaskStarted,
    TaskUpdated,
)
from nlu.types import Expectation

_SUPERVISOR = re.compile(r"经理|主管|领导|老板|负责人|店长|上级|\b(manager|supervisor|boss|in charge)\b", re.IGNORECASE)


class HandOff:
    """Offers a person, calls one, and stays silent while one answers."""

    name = "handoff"
    intents = ("talk_to_human",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Hand over, or answer to an offer; see the module."""
        for item in self._items(context):
            yield item

    def _items(self, context: Context) -> tuple[Item, ...]:
        if context.state.handed_off:
            return self._while_handed_off(context)
        task = context.task_of(self.name)
        if context.state.tension.calls_for_person and not _declines(context):
            reason = "danger" if context.state.tension.in_danger else "escalated"
            asks = context.turn.parse.intent == "talk_to_human"
            if reason == "escalated" and is_confirming(context.state) and not asks:
                return (context.reply(context.say("mood.offer"), suggestions=context.suggest("human")),)
            goods = context.say("troubleshoot.stop_using") if is_dangerous(context.text) else ""
            return hand_over(context, reason, lead=context.wording.join(goods, context.say(f"mood.{reason}")))
        if context.resumed:
            return (Asked(Expectation("yes_no")), context.reply(context.say("handoff.offer")))
        if task is not None and task.step == OFFERED:
            if _declines(context):
                return (TaskEnded("cancelled"), context.reply(context.say("handoff.declined")))
            return hand_over(context, str(task.slots.get("reason", "asked")))
        return hand_over(context, "supervisor" if wants_supervisor(context.text) else "asked")

    def _while_handed_off(self, context: Context) -> tuple[Item, ...]:
        if cues.wants_bot_back(context.text):
            started = TaskStarted(self.name, context.task_id(self.name))
            suggestions = context.menu("back")
            return (started, TaskEnded("done"), context.reply(context.say("handoff.back"), suggestions=suggestions))
        return (context.reply(context.say("handoff.waiting"), suggestions=context.suggest("bot")),)


def wants_supervisor(text: str) -> bool:
    """叫你们经理来, "your manager": somebody above is asked for."""
    return bool(_SUPERVISOR.search(text))


def _declines(context: Context) -> bool:
    return context.turn.parse.intent == "deny" or cues.wants_to_stop(context.text)


def _has_told(state: DialogueState) -> bool:
    """Whether the customer said anything before they asked for a person."""
    return sum(line.role == "customer" for line in state.history) > 1


def hand_over(context: Context, reason: str, lead: str = "") -> tuple[Item, ...]:
    """Events and reply that call a person; ``lead`` is said first. ``reason`` is a stable word."""
    state = context.state
    summary = summarise(state, context.wording, reason)
    slots = known_slots(state)
    ended: tuple[DialogueEvent, ...] = (TaskEnded("handed_off"),) if state.task else ()
    card = Card("handoff", {"reason": reason, "summary": summary})
    return (
        *ended,
        HandedOff(summary, reason, slots, mood_of(state)),
        context.reply(
            lead,
            context.say("handoff.done"),
            context.say("handoff.told") if _has_told(state) else "",
            context.say("handoff.how_back"),
            cards=(card,),
            suggestions=context.suggest("bot"),
            action=ReplyAction.HAND_OFF,
        ),
    )


def offer(context: Context, reason: str) -> tuple[DialogueEvent, ...]:
    """Events after which a yes calls a person; the caller's reply asks."""
    task_id = f"{context.turn.turn_id}-offer"
    return (
        TaskStarted(HandOff.name, task_id, {"reason": reason}),
        TaskUpdated({}, OFFERED),
        Asked(Expectation("yes_no")),
    )

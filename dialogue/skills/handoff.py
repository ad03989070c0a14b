"""Hand-off to a person: offers it, does it, and tells while it lasts that a person will answer.

The summary is deterministic: what was asked, what is known, what was done, the mood. It holds personal data.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from dialogue import cues
from dialogue.skills.context import Context, Item
from dialogue.state import OFFERED, DialogueState, Task, is_confirming
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
from dialogue.wording import Wording
from nlu.types import Expectation

SUMMARY_LINES = 4
"""Customer lines quoted in the summary."""
_INTERNAL = frozenset(
    {
        "choices",
        "lines",
        "tries",
        "about",
        "rejected",
        "phone_tail",
        "checked",
        "offered",
        "wanted",
        "change",
        "why_not",
    }
)


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
            if reason == "escalated" and is_confirming(context.state):
                return (context.reply(context.say("mood.offer"), suggestions=context.suggest("human")),)
            return hand_over(context, reason, lead=context.say(f"mood.{reason}"))
        if context.resumed:
            return (Asked(Expectation("yes_no")), context.reply(context.say("handoff.offer")))
        if task is not None and task.step == OFFERED:
            if _declines(context):
                return (TaskEnded("cancelled"), context.reply(context.say("handoff.declined")))
            return hand_over(context, str(task.slots.get("reason", "asked")))
        return hand_over(context, "asked")

    def _while_handed_off(self, context: Context) -> tuple[Item, ...]:
        if cues.wants_bot_back(context.text):
            started = TaskStarted(self.name, context.task_id(self.name))
            suggestions = context.menu("back")
            return (started, TaskEnded("done"), context.reply(context.say("handoff.back"), suggestions=suggestions))
        return (context.reply(context.say("handoff.waiting"), suggestions=context.suggest("bot")),)


def _declines(context: Context) -> bool:
    return context.turn.parse.intent == "deny" or cues.wants_to_stop(context.text)


def _mood(state: DialogueState) -> str:
    """The last feeling shown; words that make a conversation tense show one, whatever the sentiment."""
    return state.mood if state.tension.level == "calm" else "negative"


def _mood_and_why(state: DialogueState, wording: Wording) -> str:
    mood = wording.say(f"summary.moods.{_mood(state)}")
    if state.tension.level == "calm":
        return wording.say("summary.mood", mood=mood)
    separator = wording.say("summary.separator")
    why = separator.join(wording.say(f"summary.tension.{reason}") for reason in state.tension.reasons)
    return wording.say("summary.mood_why", mood=mood, why=why)


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
        HandedOff(summary, reason, slots, _mood(state)),
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


def known_slots(state: DialogueState) -> dict[str, Any]:
    """What is known of the customer's wish, most recent task first."""
    tasks: tuple[Task, ...] = (*((state.task,) if state.task else ()), *reversed(state.suspended))
    slots: dict[str, Any] = {}
    for task in tasks:
        if task.skill == HandOff.name:
            continue
        slots.setdefault("task", task.skill)
        for name, value in task.slots.items():
            if value is not None and name not in _INTERNAL:
                slots.setdefault(name, value)
    if state.last_order:
        slots.setdefault("order", state.last_order)
    return slots


def summarise(state: DialogueState, wording: Wording, reason: str) -> str:
    """What the person reads: one line each, in the conversation's language."""
    said = [line.text for line in state.history if line.role == "customer"][-SUMMARY_LINES:]
    separator = wording.say("summary.separator")
    slots = known_slots(state)
    tried = [
        wording.say(
            "summary.action_ok" if report.result.ok else "summary.action_failed",
            action=wording.say(f"summary.actions.{report.action.name}"),
            rule=report.result.rule or "",
        )
        for report in state.actions
    ]
    return "\n".join(
        (
            wording.say("summary.reason", reason=wording.say(f"summary.reasons.{reason}")),
            wording.say("summary.customer", customer=state.customer_id or wording.say("summary.unknown")),
            wording.say("summary.asked", lines=separator.join(said) or wording.say("summary.nothing")),
            wording.say("summary.known", slots=_spelled(slots) or wording.say("summary.nothing")),
            wording.say("summary.tried", actions=separator.join(tried) or wording.say("summary.nothing")),
            _mood_and_why(state, wording),
        )
    )


def _spelled(slots: dict[str, Any]) -> str:
    return ", ".join(f"{name}={','.join(map(str, v)) if isinstance(v, list) else v}" for name, v in slots.items())

"""What a person reads who takes a conversation over: one line each, in its language, made from the state alone.

It holds personal data: for the agent, never for logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dialogue.state import DialogueState, Report, Task
from dialogue.wording import Wording

SUMMARY_LINES = 4
"""Customer lines quoted."""
_INTERNAL = frozenset(
    {
        "about",
        "asked",
        "change",
        "checked",
        "choices",
        "for",
        "given",
        "intent",
        "lines",
        "matter",
        "node",
        "offered",
        "path",
        "phone_tail",
        "products",
        "rejected",
        "said",
        "shown",
        "sorry",
        "ticket",
        "tree",
        "tries",
        "until",
        "wanted",
        "why_not",
    }
)
_HANDOFF = "handoff"


def known_slots(state: DialogueState) -> dict[str, Any]:
    """What is known of the customer's wish, most recent task first."""
    slots: dict[str, Any] = {}
    for task in _tasks(state):
        slots.setdefault("task", task.skill)
        for name, value in task.slots.items():
            if value not in (None, [], "") and name not in _INTERNAL:
                slots.setdefault(name, value)
    if state.last_order:
        slots.setdefault("order", state.last_order)
    return slots


def mood_of(state: DialogueState) -> str:
    """The last feeling shown; words that make a conversation tense show one, whatever the sentiment."""
    return state.mood if state.tension.level == "calm" else "negative"


def summarise(state: DialogueState, wording: Wording, reason: str) -> str:
    """The summary. ``reason``: why a person is called, a key of ``summary.reasons``."""
    said = [line.text for line in state.history if line.role == "customer"][-SUMMARY_LINES:]
    nothing = wording.say("summary.nothing")
    lines = [
        wording.say("summary.reason", reason=wording.say(f"summary.reasons.{reason}")),
        wording.say("summary.customer", customer=_customer(state, wording)),
        wording.say("summary.wants", tasks=_wants(state, wording) or nothing),
        wording.say("summary.asked", lines=_joined(wording, said) or nothing),
        wording.say("summary.known", slots=_spelled(state, wording) or nothing),
        wording.say("summary.tried", actions=_joined(wording, _done(state, wording)) or nothing),
    ]
    for key, parts in (("refused", _refused(state, wording)), ("waiting", _waiting(state, wording))):
        if parts:
            lines.append(wording.say(f"summary.{key}", what=_joined(wording, parts)))
    return "\n".join((*lines, _mood_and_why(state, wording)))


def _customer(state: DialogueState, wording: Wording) -> str:
    """Who it is and how that is known."""
    if state.customer_id is None:
        return wording.say("summary.unknown")
    key = f"summary.proof.{state.proof}"
    proof = wording.say(key) if state.verified and wording.has(key) else ""
    return f"{state.customer_id}{proof}"


def _wants(state: DialogueState, wording: Wording) -> str:
    tasks = _tasks(state)
    return _task(wording, tasks[0].skill) if tasks else ""


def _done(state: DialogueState, wording: Wording) -> list[str]:
    """WRITEs that were done, and what was tried on the goods."""
    done = [wording.say("summary.action_ok", action=_action(wording, report)) for report in _reports(state, ok=True)]
    for task in _tasks(state):
        steps = task.slots.get("steps")
        if steps:
            listed = "、".join(steps) if isinstance(steps, list) else str(steps)
            done.append(wording.say("summary.steps", steps=listed))
    return done


def _refused(state: DialogueState, wording: Wording) -> list[str]:
    """WRITEs that the shop's rules or its silence prevented."""
    return [
        wording.say("summary.action_failed", action=_action(wording, report), rule=_rule(wording, report))
        for report in _reports(state, ok=False)
    ]


def _waiting(state: DialogueState, wording: Wording) -> list[str]:
    """What else was asked for and is still to be done: suspended tasks, and requests noted for later."""
    tasks = [_task(wording, task.skill) for task in _tasks(state)[1:]]
    return [*tasks, *(request.text for request in state.noted)]


def _tasks(state: DialogueState) -> tuple[Task, ...]:
    tasks = (*((state.task,) if state.task else ()), *reversed(state.suspended))
    return tuple(task for task in tasks if task.skill != _HANDOFF)


def _reports(state: DialogueState, *, ok: bool) -> Iterable[Report]:
    return (report for report in state.actions if report.result.ok is ok)


def _action(wording: Wording, report: Report) -> str:
    kind = f"summary.tickets.{report.action.arguments.get('kind')}"
    if report.action.name == "open_ticket" and wording.has(kind):
        return wording.say(kind)
    return _named(wording, "summary.actions", report.action.name)


def _rule(wording: Wording, report: Report) -> str:
    return _named(wording, "rules", report.result.rule or "other")


def _task(wording: Wording, skill: str) -> str:
    return _named(wording, "summary.tasks", skill)


def _named(wording: Wording, group: str, name: str) -> str:
    """The words for ``name``; itself where the domain has none."""
    key = f"{group}.{name}"
    return wording.say(key) if wording.has(key) else name


def _spelled(state: DialogueState, wording: Wording) -> str:
    slots = {name: value for name, value in known_slots(state).items() if name not in {"task", "steps"}}
    return ", ".join(
        f"{_named(wording, 'summary.slots', name)}={_value(wording, value)}" for name, value in slots.items()
    )


def _value(wording: Wording, value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    keys = (f"{group}.{value}" for group in ("reasons", "returns.kind"))
    return next((wording.say(key) for key in keys if wording.has(key)), str(value))


def _mood_and_why(state: DialogueState, wording: Wording) -> str:
    mood = wording.say(f"summary.moods.{mood_of(state)}")
    if state.tension.level == "calm":
        return wording.say("summary.mood", mood=mood)
    why = _joined(wording, [wording.say(f"summary.tension.{reason}") for reason in state.tension.reasons])
    return wording.say("summary.mood_why", mood=mood, why=why)


def _joined(wording: Wording, parts: Iterable[str]) -> str:
    return wording.say("summary.separator").join(parts)

"""The dialogue's memory as a value: ``DialogueState``, and ``fold``, the only way it changes.

Events in, state out; no I/O, no clock. Folding a conversation's stored events from ``DialogueState.new`` gives the
state back.

    TaskStarted A    TaskStarted B         TaskEnded           TaskEnded
    task:      A     task:      B          task:      A        task:      None
    suspended: ()    suspended: (A,)       suspended: ()       suspended: ()
    A keeps its own expectation while suspended, and it is expected again when A comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dialogue import escalation
from dialogue.escalation import CALM, Tension
from dialogue.types import (
    Action,
    ActionDropped,
    ActionFinished,
    ActionResult,
    ActionStarted,
    Asked,
    CustomerIdentified,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    LanguageChanged,
    Misunderstood,
    Proof,
    ReadBack,
    RequestsNoted,
    Said,
    TaskEnded,
    TaskStarted,
    TaskUpdated,
    Understood,
)
from nlu.types import INFORM, Expectation, Language, Parse

HISTORY_LINES = 40
SUSPENDED_TASKS = 3
NOTED_REQUESTS = 3
UPSET_SCORE = 0.8
"""Probability of negative sentiment from which a message counts as upset."""
NOTHING = Expectation()
"""Waits for nothing in particular."""

UNAVAILABLE = "unavailable"
"""``ActionResult.rule`` when the shop did not answer."""
ACTING = "acting"
"""Step of a task whose WRITE is under way."""
FINISHED = "finished"
"""Step of a task whose WRITE has ended but whose skill has not ended the task (its reply was cut off)."""
CONFIRMING = "confirm"
"""Step of a task whose WRITE was read back and waits for a yes or no."""
DECLINED = "declined"
"""Step of a task whose wish cannot be met as it is: another way was offered, and any other request drops it."""
OFFERED = "offered"
"""Step of a hand-off that was offered: a yes takes it, anything else drops it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the conversation as the customer knows it."""

    role: Literal["customer", "kefu"]
    text: str
    turn_id: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task that a skill works on over several turns."""

    skill: str
    task_id: str
    """Unique within the conversation; with the conversation id it makes the idempotency key of the task's WRITE."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    """JSON. ``order`` is the number of an order the customer may see; a value of None counts as absent."""
    step: str | None = None
    expectation: Expectation = NOTHING
    """What this task waits for, kept while it is suspended."""


@dataclass(frozen=True, slots=True)
class Report:
    """A WRITE that has ended and what became of it."""

    action: Action
    result: ActionResult
    turn_id: int
    """The turn it ended in."""

    @property
    def is_settled(self) -> bool:
        """Whether it is known what became of it; the shop may have not answered."""
        return self.result.ok or self.result.rule != UNAVAILABLE


@dataclass(frozen=True, slots=True)
class DialogueState:
    """Everything the dialogue knows of one conversation. A value: passed in and returned, never reached back into."""

    conversation_id: str
    customer_id: str | None = None
    verified: bool = False
    proof: Proof | None = None
    """How the customer was verified. Only a token shows the customer's whole list of orders."""
    language: Language = "zh"
    task: Task | None = None
    suspended: tuple[Task, ...] = ()
    """Waiting tasks, the next to come back last."""
    noted: tuple[Parse, ...] = ()
    """What else was asked for in one sentence, to be taken up when no task is left; the next one first."""
    expectation: Expectation = NOTHING
    misunderstandings: int = 0
    """Turns in a row that were not understood."""
    upset: int = 0
    """Requests in a row that were clearly negative; answers to our questions do not count either way."""
    mood: str = "neutral"
    """The strongest recent mood: negative, neutral or positive."""
    tension: Tension = CALM
    """How tense the conversation is, and what made it so."""
    history: tuple[Line, ...] = ()
    handed_off: bool = False
    acting: Action | None = None
    """A WRITE that has begun and not ended."""
    unreported: Report | None = None
    """A WRITE that has ended and whose result the customer has not got yet."""
    reported: Report | None = None
    """The last WRITE whose result the customer got."""
    actions: tuple[Report, ...] = ()
    """Every WRITE of the conversation that ended, oldest first (the last ten)."""
    last_order: str | None = None
    """Number of the order last talked about, for 它, "it", 那个订单."""
    last_products: tuple[str, ...] = ()
    """Skus of the products last shown, in their order, for 第二个, 这两个, "the cheaper one"."""
    last_product: str | None = None
    """Sku of the product last talked about, for 它多重, "is it waterproof"."""
    declined: tuple[str, ...] = ()
    """What was offered in this conversation and refused, by name: it is not offered again."""
    turn_count: int = 0

    @staticmethod
    def new(conversation_id: str, customer_id: str | None = None, language: Language = "zh") -> DialogueState:
        """The state before the first message; ``customer_id`` is the signed-in customer."""
        proof: Literal["token"] | None = "token" if customer_id else None
        return DialogueState(conversation_id, customer_id, customer_id is not None, proof, language)


def fold_all(state: DialogueState, events: Iterable[DialogueEvent]) -> DialogueState:
    """``state`` after all ``events``."""
    for event in events:
        state = fold(state, event)
    return state


def fold(state: DialogueState, event: DialogueEvent) -> DialogueState:
    """``state`` after ``event``. Total: an event that does not apply (an update without a task) changes nothing."""
    if not state.handed_off:  # a person answers; what is said to them is not ours to judge
        tension = escalation.fold(state.tension, event, waiting=state.expectation != NOTHING)
        state = replace(state, tension=tension)
    match event:
        case CustomerSaid():
            return _customer_said(state, event)
        case CustomerIdentified(customer_id, how):
            return replace(state, customer_id=customer_id, verified=True, proof=how)
        case TaskStarted() | TaskUpdated() | TaskEnded():
            return _task_changed(state, event)
        case Asked(expectation):
            task = state.task and replace(state.task, expectation=expectation)
            return replace(state, expectation=expectation, task=task)
        case Misunderstood():
            return replace(state, misunderstandings=state.misunderstandings + 1)
        case Understood():
            return replace(state, misunderstandings=0)
        case ActionStarted() | ActionFinished():
            return _action_changed(state, event)
        case ReadBack() | ActionDropped():
            return state  # for the ledger and the outbox
        case Said():
            return _said(state, event)
        case HandedOff():
            return replace(
                state,
                handed_off=True,
                task=None,
                suspended=(),
                noted=(),
                expectation=NOTHING,
                misunderstandings=0,
                upset=0,
            )
        case LanguageChanged(language):
            return replace(state, language=language)
        case RequestsNoted(requests):
            return replace(state, noted=requests[:NOTED_REQUESTS])


def is_confirming(state: DialogueState) -> bool:
    """Whether a WRITE is about to begin, or under way."""
    task = state.task
    waits = task is not None and task.step == CONFIRMING and state.expectation.kind == "yes_no"
    return waits or state.acting is not None


def was_just_told(state: DialogueState) -> bool:
    """Whether our last words, or those before, were about the order last talked about."""
    number = state.last_order
    return number is not None and any(number in line.text for line in state.history[-4:] if line.role == "kefu")


def task_key(conversation_id: str, task_id: str) -> str:
    """The idempotency key of a task's WRITE."""
    return f"{conversation_id}:{task_id}"


def unsettled_keys(state: DialogueState) -> tuple[str, ...]:
    """Keys of the running and waiting tasks' WRITEs that the shop did not answer."""
    tasks = (*state.suspended, *((state.task,) if state.task else ()))
    keys = {task_key(state.conversation_id, task.task_id) for task in tasks}
    found = (report.action.idempotency_key for report in state.actions if not report.is_settled)
    return tuple(key for key in dict.fromkeys(found) if key in keys)


def _customer_said(state: DialogueState, event: CustomerSaid) -> DialogueState:
    turn = event.turn
    polarity = turn.parse.sentiment.polarity
    return replace(
        state,
        history=_with_line(state.history, Line("customer", turn.text, turn.turn_id)),
        turn_count=max(state.turn_count, turn.turn_id),
        upset=_upset(state, turn.parse),
        mood=polarity if polarity != "neutral" else state.mood,
    )


def _upset(state: DialogueState, parse: Parse) -> int:
    """「不想要了」 as the reason for a return is no anger, however negative it reads."""
    if parse.intent in {INFORM, "affirm", "deny"} or state.expectation != NOTHING:
        return state.upset
    sentiment = parse.sentiment
    return state.upset + 1 if sentiment.polarity == "negative" and sentiment.score >= UPSET_SCORE else 0


def _task_changed(state: DialogueState, event: TaskStarted | TaskUpdated | TaskEnded) -> DialogueState:
    match event:
        case TaskStarted(skill, task_id, slots):
            suspended = state.suspended
            if state.task is not None and state.task.skill != skill:
                suspended = (*suspended, state.task)[-SUSPENDED_TASKS:]
            return replace(
                state,
                task=Task(skill, task_id, dict(slots)),
                suspended=suspended,
                expectation=NOTHING,
                handed_off=False,  # a task means that the bot works again
                last_order=slots.get("order") or state.last_order,
                **_products(state, slots),
            )
        case TaskUpdated(slots, step):
            if state.task is None:
                return state
            task = replace(state.task, slots={**state.task.slots, **slots}, step=step)
            declined = tuple(dict.fromkeys((*state.declined, *(slots.get("declined") or ()))))
            state = replace(state, declined=declined)
            return replace(
                state, task=task, last_order=slots.get("order") or state.last_order, **_products(state, slots)
            )
        case TaskEnded():
            back = state.suspended[-1] if state.suspended else None
            return replace(
                state,
                task=back,
                suspended=state.suspended[:-1],
                expectation=back.expectation if back else NOTHING,
            )


def _products(state: DialogueState, slots: Mapping[str, Any]) -> dict[str, Any]:
    """What was shown, and which of it is talked about: the first of what is shown anew."""
    shown = tuple(slots.get("products") or ())
    product = slots.get("product") or (shown[0] if shown else state.last_product)
    return {"last_products": shown or state.last_products, "last_product": product}


def _action_changed(state: DialogueState, event: ActionStarted | ActionFinished) -> DialogueState:
    key = event.action.idempotency_key
    match event:
        case ActionStarted(action):
            return replace(_at_step(state, key, ACTING), acting=action)
        case ActionFinished(action, result):
            state = replace(_at_step(state, key, FINISHED), acting=None)
            if any(report.action.idempotency_key == key and report.is_settled for report in state.actions):
                return state  # the same WRITE asked for twice: already known
            report = Report(action, result, state.turn_count)
            if report.is_settled:
                # Settled while the customer was elsewhere: its task has nothing left to ask when it comes back.
                waiting = tuple(t for t in state.suspended if task_key(state.conversation_id, t.task_id) != key)
                state = replace(state, suspended=waiting)
            others = tuple(report for report in state.actions if report.action.idempotency_key != key)
            return replace(state, unreported=report, actions=(*others, report)[-10:])


def _at_step(state: DialogueState, key: str, step: str) -> DialogueState:
    if state.task is None or task_key(state.conversation_id, state.task.task_id) != key:
        return state
    # Whatever the task waited for, a yes or no can no longer change it.
    return replace(state, task=replace(state.task, step=step, expectation=NOTHING), expectation=NOTHING)


def _said(state: DialogueState, event: Said) -> DialogueState:
    history = _with_line(state.history, Line("kefu", event.text, event.turn_id)) if event.text else state.history
    report = state.unreported
    told = event.complete and event.tells_result
    if report is not None and told and event.turn_id >= report.turn_id:
        return replace(state, history=history, unreported=None, reported=report)
    return replace(state, history=history)


def _with_line(history: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    return (*history, line)[-HISTORY_LINES:]

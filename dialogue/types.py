"""What flows in and out of dialogue: a ``Turn`` and a ``DialogueState`` in; events and ``Reply`` values out.

The order of what ``respond`` yields matters: an event that changes the state comes *before* the replies that tell the
customer about it, so that a reply cut off by barge-in never loses state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from nlu.types import Expectation, Language, Parse

Modality = Literal["voice", "text"]
Proof = Literal["token", "order_and_phone", "two_numbers", "email", "name_and_postal_code"]
"""How a customer has shown who they are."""
OF_ACCOUNT: frozenset[Proof] = frozenset({"token", "email", "name_and_postal_code"})
"""Proofs that open the whole account; the others open what they name."""
ShopAction = Literal[
    "cancel_order",
    "create_return",
    "change_address",
    "request_invoice",
    "urge_order",
    "modify_order",
    "protect_price",
    "book_pickup",
    "withdraw_return",
    "restore_order",
    "change_payment",
    "change_account_address",
    "notify_restock",
    "open_ticket",
    "place_order",
    "book_visit",
    "register_cashback",
]
"""The WRITEs of a shop, each the method of ``Shop`` with the same name."""
ActionName = str
"""A ``ShopAction``, or a WRITE that another domain's back end performs."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One customer message of a conversation."""

    turn_id: int
    """Counts up within a conversation, from 1."""
    text: str
    parse: Parse
    modality: Modality
    channel: str
    """Name of the channel it came through, e.g. ``web``, ``rest``."""


@dataclass(frozen=True, slots=True)
class Card:
    """Something shown beside the words. ``data`` is JSON."""

    kind: Literal["order", "shipment", "product", "comparison", "return", "source", "handoff"]
    data: Mapping[str, Any]


class ReplyAction(StrEnum):
    """What the channel does besides saying the reply."""

    SAY = "say"
    HAND_OFF = "hand_off"
    TRANSFER = "transfer"
    HANG_UP = "hang_up"
    COLLECT_DIGITS = "collect_digits"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function of the client that it is to run (``dialogue.functions``)."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]
    """JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One piece of an answer; voice speaks it sentence by sentence, chat shows it."""

    turn_id: int
    text: str
    language: Language
    cards: tuple[Card, ...] = ()
    suggestions: tuple[str, ...] = ()
    """What the customer may want to say next, for buttons."""
    is_last: bool = False
    """The last reply of this turn."""
    interruptible: bool = True
    action: ReplyAction = ReplyAction.SAY
    sources: tuple[str, ...] = ()
    """Where the facts come from, e.g. ``faq:returns-window``, ``shop:order``."""
    generated: bool = False
    """True when a language model wrote it (checked against the facts)."""
    tells_result: bool = True
    """False for a greeting or an apology, which answer nothing."""
    call: FunctionCall | None = None
    """The client is to run this; its output is told in an answer of its own."""


@dataclass(frozen=True, slots=True)
class Action:
    """A WRITE on the shop. Runs exactly once per ``idempotency_key``, also when the customer interrupts."""

    name: ActionName
    arguments: Mapping[str, Any]
    """JSON arguments of the method of ``Shop`` with the same name."""
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ActionResult:
    """How an action ended."""

    ok: bool
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON facts for the reply, e.g. ``return_number``, ``amount``."""
    rule: str | None = None
    """The shop's rule when it refused; ``unavailable`` when the shop did not answer."""


class ActionRunner(Protocol):
    """Given to skills by the session; runs WRITEs outside the reply task, so that barge-in cannot cancel them."""

    async def run(self, action: Action) -> ActionResult:
        """Perform ``action`` to its end and return its result. Cancelling the caller does not cancel the action:
        the session still folds ``ActionFinished`` into the state. Never raises for shop errors (see ``ActionResult``).
        """
        ...


# Events: the only way a DialogueState changes. Each is stored, so a conversation can be folded again from its events.


@dataclass(frozen=True, slots=True)
class CustomerSaid:
    """The customer's message, understood. Emitted by the session before ``respond``."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class CustomerIdentified:
    """The caller is known to be this customer: signed in, or verified by two numbers (of an order and a phone in a
    shop), or by what only they know of their account."""

    customer_id: str
    how: Proof


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A skill has taken a task. Replaces or suspends the running one."""

    skill: str
    task_id: str
    slots: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskUpdated:
    """The running task has learned something or moved on."""

    slots: Mapping[str, Any]
    step: str | None = None


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """The running task is over; a suspended one, if any, comes back."""

    outcome: Literal["done", "cancelled", "refused", "handed_off", "failed"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The dialogue now waits for this; ``kind`` free means it waits for nothing in particular."""

    expectation: Expectation


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """The customer was not understood; counts towards the fallback ladder (ask, offer choices, hand over)."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Resets the fallback ladder."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a WRITE would do has been put into words, to be confirmed. Emitted before the reply that says them."""

    idempotency_key: str
    turn_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ActionStarted:
    """A WRITE begins: from here on it is owed, and done after a crash too. Emitted by the session's action runner."""

    action: Action


@dataclass(frozen=True, slots=True)
class ActionFinished:
    """A WRITE ended. Emitted by the session's action runner, also when the reply that asked for it was cut off."""

    action: Action
    result: ActionResult


@dataclass(frozen=True, slots=True)
class ActionDropped:
    """A WRITE that the shop had not answered is no longer wanted: it is not tried again."""

    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Said:
    """Words of ours that the customer got: shown as text, or confirmed as heard by playout."""

    turn_id: int
    text: str
    complete: bool
    """False when the reply was cut off after ``text``."""
    tells_result: bool = True
    """False for a greeting or an apology: the result of a WRITE that was due is still to be told."""


@dataclass(frozen=True, slots=True)
class HandedOff:
    """A person takes over; ``summary`` is what they read."""

    summary: str
    reason: str
    slots: Mapping[str, Any]
    mood: str
    """negative, neutral or positive."""


@dataclass(frozen=True, slots=True)
class LanguageChanged:
    """The conversation goes on in this language."""

    language: Language


@dataclass(frozen=True, slots=True)
class RequestsNoted:
    """What else the customer asked for, to be taken up when no task is left; replaces what was noted before."""

    requests: tuple[Parse, ...]


DialogueEvent = (
    CustomerSaid | CustomerIdentified | TaskStarted | TaskUpdated | TaskEnded | Asked | Misunderstood | Understood
    | ReadBack | ActionStarted | ActionFinished | ActionDropped | Said | HandedOff | LanguageChanged
    | RequestsNoted
)  # fmt: skip

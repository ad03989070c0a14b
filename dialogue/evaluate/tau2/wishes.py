"""What the reader makes of an instruction: who the customer is, what they want, and what they do when it fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

GoalKind = Literal["cancel", "return", "exchange", "modify", "address", "account_address", "payment", "info", "other"]
"""``address``: of an order; ``account_address``: the customer's own; ``info``: something to be told; ``other``: a wish
for which there is no kind."""
When = Literal["refused", "confirm", "less_than", "more_than"]


@dataclass(frozen=True, slots=True)
class Branch:
    """What is said when something happens."""

    when: When
    """``refused``: Kefu cannot or may not; ``confirm``: it asks for a yes; ``less_than``, ``more_than``: a price it has
    told is so."""
    words: str
    """In the first person."""
    amount: float = 0.0
    about: str = ""
    """Words of the condition, e.g. "giftcard is not possible": which of several branches fits a refusal."""
    replaces: bool = False
    """The words take the goal's place (a change of mind); else they add to it."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing the customer wants."""

    kind: GoalKind
    words: str
    """As they say it, whole sentences in the first person."""
    order_numbers: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """What it is about, as the instruction calls it: ``smart watch``."""
    options: tuple[tuple[str, ...], ...] = ()
    """Values that were asked for item by item, where the instruction lists them."""
    current: tuple[str, ...] = ()
    """What the items are like now, told when Kefu asks which one is meant."""
    payment: str = ""
    """How to pay or be refunded, in the customer's words; empty: they do not mind."""
    reason: str = ""
    """Why, for a cancellation."""
    address: str = ""
    """A new address that they know themselves."""
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """A customer."""

    name: tuple[str, str] | None = None
    """First and last."""
    emails: tuple[str, ...] = ()
    postal_code: str = ""
    goals: tuple[Goal, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    """What to say when asked: words of the question, words of the answer."""
    reason: str = ""
    """Of every cancellation that has none of its own."""
    payment: str = ""
    """Of every goal that has none of its own."""
    facts: tuple[str, ...] = field(default=())
    """Other things they know, in the first person, e.g. where they live."""

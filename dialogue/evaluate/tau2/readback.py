"""What a customer finds wrong with a read-back: the wish and Kefu's words in, an ``Objection`` out. Pure.

Compared is what the wish names: order numbers, items, listed options, the payment method. Prices are not: the customer
does not know them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialogue.evaluate.tau2.hearing import method_in, methods_in
from dialogue.evaluate.tau2.sentences import squeezed
from dialogue.evaluate.tau2.wishes import Goal

_ORDER_NUMBER = re.compile(r"#?\bW\d{5,}\b")
_NOT_THAT = {
    kind: r"\bcancel (?:order|it)\b"
    + (r"|\bis paid with\b" if kind in {"return", "exchange", "modify"} else r"|\breturn (?:from|of)\b")
    for kind in ("return", "exchange", "modify", "address", "account_address", "payment")
}
"""What a read-back for each of these goals cannot be."""
_VERBS = {"return": "return", "exchange": "exchange", "modify": "change", "cancel": "cancel"}


@dataclass(frozen=True, slots=True)
class Objection:
    """What is said instead of yes."""

    words: str
    is_grave: bool = True
    """The customer does not say yes while it stands; else once is enough: what is missing may come in another order."""


def objection(goal: Goal, payment: str, said: str) -> Objection | None:
    """What the customer says instead of yes; None where the read-back is what they want.

    ``payment``: how they pay where the goal does not say.
    """
    if goal.kind in _NOT_THAT and re.search(_NOT_THAT[goal.kind], said, re.IGNORECASE):
        return Objection(f"No. {goal.words}")
    numbers = {f"#{found.lstrip('#')}" for found in _ORDER_NUMBER.findall(said)}
    if goal.order_numbers and numbers and not numbers & set(goal.order_numbers):
        return Objection(f"No, I mean order {goal.order_numbers[0]}. {goal.words}")
    missing = [item for item in goal.items if not _names(said, item)]
    if goal.items and len(missing) == len(goal.items):
        return Objection(f"No. {goal.words}", is_grave=False)
    if missing:
        also = " and the ".join(missing)
        return Objection(f"I also want to {_VERBS.get(goal.kind, 'change')} the {also}.", is_grave=False)
    lacking = [value for values in goal.options for value in values if squeezed(value) not in squeezed(said)]
    if lacking:
        return Objection(f"No, that is not what I want. {goal.words}")
    wanted = method_in(goal.payment or payment)
    if wanted and goal.kind in {"return", "exchange", "modify", "payment"}:
        told = methods_in(said)
        if told and wanted not in told:
            return Objection(f"No, please use my {goal.payment or payment}.")
    return None


def _names(said: str, item: str) -> bool:
    """Whether ``said`` names the item, in one word or two, in the singular or plural."""
    heard, words = squeezed(said), item.split()
    return any(stem and stem in heard for stem in (_stem(item), _stem(words[-1]) if len(words[-1]) > 3 else ""))


def _stem(words: str) -> str:
    text = squeezed(words)
    for ending, instead in (("shelves", "shelf"), ("ies", "y"), ("ches", "ch"), ("s", "")):
        if text.endswith(ending) and len(text) > len(ending) + 2:
            return text.removesuffix(ending) + instead
    return text

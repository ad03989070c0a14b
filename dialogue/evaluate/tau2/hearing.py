"""What Kefu's words are to the customer: a question of some sort, a refusal, a price. Pure.

The ``Expectation`` decides first, then the words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from dialogue.evaluate.tau2.sentences import squeezed
from dialogue.evaluate.tau2.wishes import Branch, GoalKind
from nlu.types import Expectation

Asked = Literal["", "confirm", "person", "more", "identity", "order_number", "payment", "reason", "address", "which"]
"""``more``: whether there is anything else; ``which``: one of several; empty: nothing."""

_PERSON = re.compile(
    r"\b(?:a person|colleague|human|specialist|agent|representative|supervisor)\b[^.?!]*\?", re.IGNORECASE
)
_MORE = re.compile(r"\b(?:anything|something|what) else\b[^.?!]*\?|\bany other (?:items?|changes?)\b", re.IGNORECASE)
_READ_BACK = re.compile(r"\blet me confirm\b|\bshall i\b|\bis that (?:right|correct)\b|\bgo ahead\b", re.IGNORECASE)
_IDENTITY = re.compile(
    r"\b(?:e-?mail|zip|postal code|postcode|your (?:full )?name|last four digits of (?:the|your) phone|"
    r"verify (?:you|who)|who you are)\b",
    re.IGNORECASE,
)
_IDENTITY_SLOTS = frozenset({"email", "postal_code", "name", "phone", "phone_tail", "customer_name", "receiver"})
_BY_SLOT: dict[str, Asked] = {
    "order_number": "order_number", "payment_method": "payment", "return_reason": "reason", "cancel_reason": "reason",
    "reason": "reason",
}  # fmt: skip
_BY_WORDS: tuple[tuple[Asked, re.Pattern[str]], ...] = (
    ("payment", re.compile(r"\b(?:payment method|how would you like to (?:pay|be refunded)|refund(?:ed)? to|"
    r"pay with|gift card or|which card)\b[^.]*\?", re.IGNORECASE)),
    ("reason", re.compile(r"\b(?:why|reason)\b[^.]*\?|\bwhat is wrong\b", re.IGNORECASE)),
    ("order_number", re.compile(r"\border number\b", re.IGNORECASE)),
    ("which", re.compile(r"\bwhich\b[^.]*\?", re.IGNORECASE)),
)  # fmt: skip
_REFUSED = re.compile(
    r"\bcannot\b|\bcan't\b|\bcan not\b|\bcould not\b|\bnot possible\b|\bimpossible\b|\bnot available\b|"
    r"\bunavailable\b|\bno longer\b|"
    r"\bout of stock\b|\bsold out\b|\bnot allowed\b|\bunable\b|\bdo(?:es)? not (?:have|carry|sell|offer|"
    r"exist)\b|\bthere is no\b|\bthere's no\b|"
    r"\bno such\b|\bonly (?:be|to|works?)\b|\bnot enough\b|\bdoes not cover\b|\bdon't have\b|\bnone (?:of|"
    r"is|are)\b|\bno (?:variant|version|option)\b",
    re.IGNORECASE,
)  # fmt: skip
_NOT_UNDERSTOOD = re.compile(
    r"\b(?:did(?:n't| not) (?:quite )?(?:understand|get|catch)|not sure (?:what|I)|say (?:it|that) (?:again|"
    r"in other words|another way)|"
    r"rephrase|I can help with|what can I do|how can I help|beyond me|pardon)\b",
    re.IGNORECASE,
)
_SETTLED = re.compile(r"\b(?:done|submitted|cancelled|changed|already|nothing (?:was|has))\b", re.IGNORECASE)
_PRICE = re.compile(r"\$?\b(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d{2})\b")
_PREFERS = re.compile(r"\b(?:prefer|rather have|go for|settle for|fine with|okay with|ok with)", re.IGNORECASE)
_POINTS_BACK = re.compile(r"\b(?:one|it|them|current|mine)\b", re.IGNORECASE)
_METHODS = (
    ("gift card", re.compile(r"\bgift[ _]?card|\bgc\b", re.IGNORECASE)),
    ("credit card", re.compile(r"\bcredit[ _]?card|\bmastercard\b|\bvisa\b", re.IGNORECASE)),
    ("paypal", re.compile(r"\bpay ?pal", re.IGNORECASE)),
)
_COMMON = frozenset(
    {
        "the",
        "a",
        "an",
        "is",
        "are",
        "not",
        "no",
        "if",
        "it",
        "to",
        "of",
        "for",
        "in",
        "on",
        "that",
        "this",
        "there",
        "you",
        "can",
        "cannot",
        "agent",
        "says",
        "tells",
        "possible",
        "any",
        "be",
    }
)


def asked(said: str, expectation: Expectation) -> Asked:
    """What ``said`` asks; its last question where it asks several."""
    slot = expectation.slot or ""
    if expectation.kind == "yes_no":
        if _PERSON.search(_last_question(said)):
            return "person"
        return "more" if _MORE.search(said) and not _READ_BACK.search(said) else "confirm"
    if slot in _BY_SLOT:
        return _BY_SLOT[slot]
    if expectation.kind == "address" or slot in {"address", "street"}:
        return "address" if expectation.kind != "choice" else "which"
    if slot in _IDENTITY_SLOTS or (expectation.kind != "choice" and slot and _IDENTITY.search(said)):
        return "identity"
    if expectation.kind == "choice" or slot:
        return next((kind for kind, pattern in _BY_WORDS if pattern.search(said)), "which")
    if _IDENTITY.search(said) and "?" in said:
        return "identity"
    return ""


def _last_question(said: str) -> str:
    """The last sentence that ends in a question mark; all of it where there is none."""
    asked = [part for part in re.split(r"(?<=[.?!])\s+", said) if part.endswith("?")]
    return asked[-1] if asked else said


def refused(said: str) -> bool:
    """Something cannot be done, or is not there."""
    return bool(_REFUSED.search(said))


def not_understood(said: str) -> bool:
    """Kefu did not take up what was said."""
    return bool(_NOT_UNDERSTOOD.search(said))


def settled(said: str) -> bool:
    """It is done, or was done before."""
    return bool(_SETTLED.search(said))


def offers_whole_order(said: str) -> bool:
    """Whether all of the order shall be cancelled, where a part of it cannot be."""
    return bool(re.search(r"\b(?:whole|entire) order\b[^.?!]*\?", said, re.IGNORECASE))


def branch_for(branches: Sequence[Branch], said: str) -> Branch | None:
    """The branch that ``said`` calls for: by a price it tells, else by a refusal and the words of the conditions."""
    prices = [float(found.replace(",", "")) for found in _PRICE.findall(said)]
    for branch in branches:
        if prices and branch.when == "less_than" and min(prices) < branch.amount:
            return branch
        if prices and branch.when == "more_than" and min(prices) > branch.amount:
            return branch
    waiting = [branch for branch in branches if branch.when == "refused"]
    promise = next((branch for branch in waiting if branch.about == "guarantee"), None)
    if promise is not None and not _NOT_UNDERSTOOD.search(said):
        return None if re.search(r"\bguarantee[sd]?\b", said, re.IGNORECASE) and not refused(said) else promise
    if not waiting or not refused(said):
        return None
    heard = squeezed(said)
    fits = [(sum(word in heard for word in _words(branch.about)), -place) for place, branch in enumerate(waiting)]
    best, place = max(fits)
    return waiting[-place] if best else waiting[0]


def method_in(words: str) -> str:
    """The kind of payment method that is named first: gift card, credit card, paypal; empty where none is."""
    found = [(match.start(), kind) for kind, pattern in _METHODS if (match := pattern.search(words))]
    return min(found)[1] if found else ""


def methods_in(words: str) -> frozenset[str]:
    """All kinds that are named."""
    return frozenset(kind for kind, pattern in _METHODS if pattern.search(words))


def kind_in(words: str) -> GoalKind | None:
    """What a branch turns the goal into; None where it stays what it was."""
    for kind, pattern in (("cancel", r"\bcancel"), ("return", r"\breturn"), ("exchange", r"\bexchang")):
        if re.search(pattern, words, re.IGNORECASE):
            return kind  # type: ignore[return-value]
    return None


def prefers(words: str) -> bool:
    """They say what is liked better, not what is to be done instead."""
    return bool(_PREFERS.search(words))


def points_back(words: str) -> bool:
    """They speak of what was spoken of before: "my current one"."""
    return bool(_POINTS_BACK.search(words))


def reason_in(words: str) -> str:
    """Why something is cancelled."""
    if re.search(r"\bby mistake\b", words, re.IGNORECASE):
        return "ordered by mistake"
    return "no longer needed" if re.search(r"\bno longer need", words, re.IGNORECASE) else ""


def _words(condition: str) -> set[str]:
    return {squeezed(word) for word in condition.lower().split()} - _COMMON - {""}

"""What is known so far of a change of lines: the draft of ``LineChanges``, and the WRITE that it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dialogue import cues
from dialogue.shop.types import Order, PaymentMethod
from dialogue.skills import paying
from dialogue.skills.context import Context
from dialogue.skills.line_verbs import Verb, verb_in
from dialogue.skills.numbers import Draft
from dialogue.types import ActionName
from nlu.types import Parse

LINE_INTENTS = frozenset(
    {"return_request", "exchange_request", "modify_order", "refund_request", "faulty_goods", "return_policy"}
)
"""What the skills that work on lines take up themselves, all in one task."""
_HARDLY_REQUESTS = frozenset(
    {
        "change_payment",
        "payment",
        "place_order",
        "product_question",
        "recommend",
        "size_advice",
        "stock",
        "out_of_scope",
    }
)
"""What options and ways to pay are taken for, said alone."""
MOST_CHARS = 600
"""Characters kept of a wish or a request."""


@dataclass(slots=True)
class Entry:
    """One line and what is to become of it."""

    order: str
    sku: str
    kind: str
    """``return``, ``exchange`` or ``modify``."""
    wish: str = ""
    target: str | None = None
    """The sku that the customer named for it."""
    new_sku: str | None = None
    offered: list[str] = field(default_factory=list)
    """Skus to choose among, as they were read out."""


@dataclass(slots=True)
class OpenPick:
    """A name that fits several lines."""

    lines: list[list[str]]
    """Order number and sku of each."""
    verb: str
    wish: str = ""
    target: str | None = None


@dataclass(slots=True)
class Work:
    """See the module."""

    entries: list[Entry] = field(default_factory=list)
    open_picks: list[OpenPick] = field(default_factory=list)
    method: str | None = None
    """Id of a method, or ``paying.ORIGINAL``."""
    method_among: list[str] = field(default_factory=list)
    """Ids of methods, one of which was meant."""
    no_such_method: str | None = None
    """A kind of method that the customer named and does not have."""
    reason: str = ""
    verb: Verb | None = None
    """What is wanted where the words about a line do not say."""
    request: str = ""
    """What was asked for before it was known who asks."""
    proof: dict[str, Any] = field(default_factory=dict)
    """What ``identity`` keeps."""

    @classmethod
    def of(cls, draft: Mapping[str, Any]) -> Work:
        """From the slots of a task."""
        kept = draft.get("work") or {}
        work = cls(**{name: value for name, value in kept.items() if name not in {"entries", "open_picks"}})
        work.entries = [Entry(**each) for each in kept.get("entries", ())]
        work.open_picks = [OpenPick(**each) for each in kept.get("open_picks", ())]
        work.proof = {name: value for name, value in draft.items() if name not in {"work", "order"}}
        return work

    def draft(self) -> Draft:
        """As slots of a task: JSON."""
        kept = asdict(self)
        kept.pop("proof")
        about = {"order": self.entries[0].order} if self.entries else {}
        return {**self.proof, **about, "work": kept}

    def keep_request(self, text: str, verb: Verb, *, is_new: bool) -> None:
        """Remember what is wanted while it is asked who wants it."""
        if is_new:
            self.request, self.verb = text[:MOST_CHARS], verb

    def take_request(self) -> str:
        """What was kept."""
        kept, self.request = self.request, ""
        self.proof = {}
        return kept

    def first_group(self) -> list[Entry]:
        """The lines that go into one WRITE with the first."""
        first = self.entries[0]
        return [entry for entry in self.entries if (entry.order, entry.kind) == (first.order, first.kind)]

    def without(self, group: Sequence[Entry]) -> Work:
        """What is left after a group."""
        rest = [entry for entry in self.entries if entry not in group]
        return Work(rest, self.open_picks, self.method, self.method_among, None, self.reason, self.verb)

    def chosen_method(self, methods: Sequence[PaymentMethod], order: Order) -> str | None:
        """Id of the method; None where none was said. Of several meant, the one that the order was paid with."""
        if self.method == paying.ORIGINAL:
            return order.payment_method
        if self.method is None and order.payment_method in self.method_among:
            return order.payment_method
        return self.method

    def write(self, group: Sequence[Entry]) -> tuple[ActionName, Mapping[str, Any]]:
        """The WRITE of a group."""
        first = group[0]
        method = {"payment_method": self.method} if self.method not in {None, paying.ORIGINAL} else {}
        if first.kind == "modify":
            changes = [{"sku": each.sku, "new_sku": each.new_sku, "quantity": None} for each in group]
            return "modify_order", {"order_number": first.order, "changes": changes, **method}
        new = {"new_skus": [each.new_sku or each.sku for each in group]} if first.kind == "exchange" else {}
        skus = [each.sku for each in group]
        return "create_return", {
            "order_number": first.order,
            "skus": skus,
            "reason": self.reason,
            "kind": first.kind,
            **new,
            **method,
        }


def is_of_lines(parse: Parse) -> bool:
    """Whether a part of a message is about the lines: by its intent, or for want of a verb (the mug for a black
    one)."""
    if parse.intent in LINE_INTENTS:
        return True
    return parse.intent in _HARDLY_REQUESTS and verb_in(parse.text) is None and not cues.is_question(parse.text)


def words_of(context: Context) -> str:
    """The customer's words of this turn, as they were typed in English, normalised in Chinese; without what another
    skill takes up after this one."""
    if context.language == "zh":
        return context.text
    text = context.turn.text
    for parse in context.state.noted:
        if not is_of_lines(parse):
            text = text.replace(parse.text, " ")
    return text if text.strip() else context.turn.parse.text

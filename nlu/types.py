"""What flows in and out of nlu: text and an ``Expectation`` in, a ``Parse`` out. Plain frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

from nlu.domains import load_domain

Language = Literal["zh", "en"]
Polarity = Literal["negative", "neutral", "positive"]
SignalKind = Literal["danger", "legal", "media", "person", "insult", "anger", "repeated", "complaint", "shouting"]
"""What makes a conversation tense, gravest first. ``danger`` is to life or limb."""
EvidenceKind = Literal["nearest", "words", "slot", "mood"]

INTENTS: tuple[str, ...] = load_domain().labels
"""The label set of the shop (``nlu/domains/shop/taxonomy.yaml``); another domain has its own, see ``nlu.domains``."""

INFORM = "inform"
"""An answer to the pending question (the expected slot, or one of the choices). Set by ``understand`` from the
``Expectation``; never predicted by a classifier, so not in ``INTENTS``."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a reading of the message."""

    kind: EvidenceKind
    """nearest: a training utterance; words: words that a keyword rule matched; slot: the rule that read a slot; mood:
    the words of a ``Signal``."""
    label: str
    """What it speaks for: an intent, a slot, a signal's kind."""
    words: str
    """The training utterance, the matched words, or the rule's name."""
    score: float = 1.0
    """nearest: cosine of the centred embeddings, -1..1; words: the rule's weight in log odds; slot: confidence."""


@dataclass(frozen=True, slots=True)
class ScoredLabel:
    """A label with its calibrated probability, 0..1."""

    label: str
    score: float
    evidence: tuple[Evidence, ...] = ()
    """What the classifier can show for its answer, at the best label. ``understand`` moves it to ``Parse.evidence``."""


SLOTS: tuple[str, ...] = (
    "order_number", "tracking_number", "phone", "phone_tail", "amount", "date", "date_range", "time", "product", "sku",
    "quantity", "colour", "size", "return_reason", "province", "city", "district", "street", "address_detail",
    "receiver", "digits", "photo", "link",
)  # fmt: skip
"""Slot names; their types and rules are in the README's table. ``phone_tail`` is the last four digits of a phone
number, only read where it is expected; ``digits`` is a bare run of digits that fits no other slot."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from ``start`` to ``end``, both included."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time of day: 15:00 is (900, 900), "before three" in the afternoon (720, 900)."""

    start_min: int
    """Minutes after midnight."""
    end_min: int
    """Minutes after midnight, 1440 at most; the same as ``start_min`` for a point in time."""


SlotValue = str | int | Decimal | date | DateRange | TimeSpan


@dataclass(frozen=True, slots=True)
class Slot:
    """A typed value read from the customer's words."""

    name: str
    """One of ``SLOTS``."""
    value: SlotValue
    """``amount``: Decimal (yuan unless dollars were said); ``date``: date; ``date_range``: DateRange; ``time``:
    TimeSpan; ``quantity``: int; all others: str."""
    raw: str
    """The words it was read from, as in ``Parse.text``."""
    start: int
    """Span in ``Parse.text``, characters, half open."""
    end: int
    confidence: float = 1.0
    fails_check: bool = False
    """A number whose check digit is wrong: there is no such number, a digit was misheard or mistyped."""
    kind: str = ""
    """What sort of value it is, where there are several: the carrier of a tracking number (sf, yto, ups), the scale of
    a size (clothes, eu)."""
    candidates: tuple[ScoredLabel, ...] = ()
    """The skus that a product may be, best first, where the shop's catalogue was given."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Three-way sentiment of one utterance."""

    polarity: Polarity
    score: float
    """Probability of ``polarity``, 0..1."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Words that make a conversation tense (see ``nlu.escalation``)."""

    kind: SignalKind
    words: str
    """The customer's words, cut short."""


@dataclass(frozen=True, slots=True)
class Request:
    """One of the things a message asks for."""

    intent: str
    confidence: float
    """Calibrated probability, 0..1."""
    start: int
    """Span in ``Parse.text``, characters, half open."""
    end: int


@dataclass(frozen=True, slots=True)
class KeyRules:
    """How the keys of a telephone make up a number."""

    most: int | None = None
    """So many keys complete it; None: as many as the answer has, where that is known."""
    end: Literal["#", "*", ""] = "#"
    """The key that ends it; empty: none does. ``*`` forgets what was pressed, or ``#`` where ``*`` ends."""
    gap_s: float = 3.0
    """Seconds without a key after which it is complete."""
    first_s: float | None = None
    """Seconds without any key after which it is asked for again; None: as for every question."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the dialogue waits for next; passed down by the session to ``understand`` (and to endpointing)."""

    kind: Literal["free", "digits", "yes_no", "choice", "address"] = "free"
    slot: str | None = None
    """The slot that an answer would fill, one of ``SLOTS``."""
    digits: int | None = None
    """Number of digits of a complete answer, where the answer is a number of known length."""
    choices: tuple[str, ...] = ()
    """What may be chosen, as offered to the customer, when ``kind`` is ``choice``; else answers that were suggested."""
    heard: str = ""
    """The first digits of a number that comes in pieces; the next piece completes them (see ``slots.numbers``). All of
    it where it cannot be right: the next message puts it right, or says it again."""
    keys: KeyRules | None = None
    """Where the dialogue has rules of its own for them."""

    @property
    def missing(self) -> int | None:
        """How many digits complete the answer, all of them where ``heard`` is whole; None where that is not known."""
        return None if self.digits is None else self.digits - len(self.heard) or self.digits


@dataclass(frozen=True, slots=True)
class Parse:
    """What Kefu understood of one customer message."""

    text: str
    """As received."""
    normalized: str
    """Half width, simplified, spoken numbers as digits (ITN)."""
    language: Language
    intent: str
    """One of ``INTENTS``, or ``INFORM``."""
    confidence: float
    """Calibrated probability of ``intent``, 0..1."""
    slots: tuple[Slot, ...]
    sentiment: Sentiment
    alternatives: tuple[ScoredLabel, ...] = ()
    """All labels worth knowing, best first, ``intent`` included."""
    classifier: str = "triton"
    """Which classifier answered: ``triton``, or ``keyword`` when Triton was away."""
    degraded: bool = False
    """True when the configured classifier did not answer and the fallback did."""
    why: tuple[str, ...] = ()
    """The evidence shown to agents, one line each."""
    signals: tuple[Signal, ...] = ()
    """What makes the conversation tense, at most one per kind, gravest first."""
    evidence: tuple[Evidence, ...] = ()
    """What speaks for intent, slots and mood; training utterances and the customer's words, so not for logs."""
    requests: tuple[Request, ...] = ()
    """Everything the message asks for, in the customer's order; mostly ``intent`` alone. Greetings, thanks and what is
    none of our business are no requests."""

    def slot(self, name: str) -> Slot | None:
        """The first slot called ``name``, or None."""
        return next((slot for slot in self.slots if slot.name == name), None)


class Classifier(Protocol):
    """Text to scored labels."""

    name: str

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        """Intents of ``text`` (normalised), best first, calibrated. Raises ``ClassifierUnavailable``."""
        ...

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        """As ``classify``, for the clauses of one message in one call. Raises ``ClassifierUnavailable``."""
        ...

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        """Sentiment of ``text`` (normalised). Raises ``ClassifierUnavailable``."""
        ...

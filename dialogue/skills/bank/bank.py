"""What a skill may ask of a bank: plain values and the ``Bank`` protocol. ``SqlBank`` is the demo's.

No number of a whole card, no PIN and no CVV is in here: a card is known by the last four digits printed on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, PositiveInt

from dialogue.types import Action

CardKind = Literal["credit", "debit"]
CardStatus = Literal["active", "blocked"]
PaymentStatus = Literal["posted", "pending", "refunded"]
Stage = Literal["received", "review", "approved", "mailed", "declined"]


@dataclass(frozen=True, slots=True)
class Customer:
    """A holder of cards."""

    customer_id: str
    name: str


@dataclass(frozen=True, slots=True)
class BankCard:
    """One card and its account."""

    card_id: str
    customer_id: str
    tail: str
    """Last four digits."""
    kind: CardKind
    status: CardStatus
    balance: Decimal
    """Money on it; of a credit card what is owed, yuan."""
    limit: Decimal
    """Of a credit card, yuan; 0 for a debit card."""
    bill: Decimal
    """Of the month, yuan."""
    minimum: Decimal
    """Least that must be paid of the bill, yuan."""
    due: date | None
    """Last day to pay."""
    autopay: bool
    points: int

    @property
    def available(self) -> Decimal:
        """What may still be spent, yuan."""
        return self.limit - self.balance if self.kind == "credit" else self.balance


@dataclass(frozen=True, slots=True)
class Payment:
    """One entry of an account."""

    payment_id: str
    card_id: str
    at: datetime
    amount: Decimal
    """Yuan, paid out."""
    merchant: str
    merchant_en: str
    status: PaymentStatus
    ticket_number: str | None
    """Of the dispute about it."""


@dataclass(frozen=True, slots=True)
class Application:
    """A card that was applied for."""

    product: str
    product_en: str
    stage: Stage
    since: datetime


class Policies(BaseModel):
    """``dialogue/domains/bank_card/policies.yaml``: the numbers that skills and answers quote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dispute_days: PositiveInt
    dispute_answer_days: PositiveInt
    replacement_days: PositiveInt
    grace_days: PositiveInt
    instalment_fee: Mapping[int, Decimal]
    """Number of months to the fee of each, percent of the whole amount."""
    instalment_least: PositiveInt
    """Yuan."""
    points_for_one_yuan: PositiveInt
    facts: Mapping[str, str | int | float]
    """What only answers quote."""


class Bank(Protocol):
    """A bank's card systems. All methods raise ``ShopUnavailable`` when it does not answer."""

    async def customer(self, customer_id: str) -> Customer | None:
        """READ the customer, None when unknown."""
        ...

    async def holder(self, card_tail: str, phone_tail: str) -> str | None:
        """READ whose card and phone end like this; None when nobody's, or not only one customer's."""
        ...

    async def cards(self, customer_id: str) -> tuple[BankCard, ...]:
        """READ a customer's cards, credit cards first."""
        ...

    async def payments(self, customer_id: str, limit: int = 20) -> tuple[Payment, ...]:
        """READ what was paid with a customer's cards, newest first."""
        ...

    async def application(self, customer_id: str) -> Application | None:
        """READ a customer's newest application, None when there is none."""
        ...

    async def perform(self, action: Action) -> Mapping[str, Any]:
        """WRITE, once for each key: ``block_card`` {card_id} gives ``tail``, ``days``; ``open_dispute`` {payment_id,
        text} gives ``ticket_number``, ``days``. Raises ``ActionRefused``: unknown_card, already_blocked,
        unknown_payment, already_disputed, dispute_window_over.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


def load_policies(path: Path) -> Policies:
    """Read and check. Raises ``OSError``, ``ValueError``."""
    return Policies.model_validate(yaml.safe_load(path.read_text("utf-8")))

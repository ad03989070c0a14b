"""What the shop under test contains: the conformance suite asks for it by these names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Samples:
    """Numbers of things that the shop under test contains, all of one customer."""

    customer_id: str
    phone: str
    email: str
    """In small letters."""
    postal_code: str
    card: str
    """Id of a method of theirs without a balance, with which ``paid`` was paid."""
    gift_card: str
    """Id of a method of theirs whose balance is more than ``paid`` costs."""
    family: tuple[str, ...]
    """Skus of all variants of one product, at least two."""
    shipped: str
    """An order on its way; the customer's newest order."""
    delivered: str
    """An order that arrived within the return window, with at least two returnable lines."""
    over: str
    """An order that arrived longer than 15 days ago."""
    paid: str
    """Paid, not shipped, no invoice asked for, never urged."""
    unpaid: str
    """Waits for payment; of its first line ``more`` pieces can be had."""
    more: int
    returning: str
    """An order whose only line is in an approved return."""
    food: str
    """A delivered order within the window whose first line cannot be returned."""
    cheaper: str
    """A paid order within the days of price protection; something in it costs less today."""
    sold_out: str
    """A product without stock that the customer does not wait for."""
    accessorised: str
    """A product with accessories."""
    pickup_day: date
    """A day on which a carrier comes."""
    visit_day: date
    """A day on which somebody can come to the customer's home."""
    compensation: Decimal
    """May be granted with a complaint once in the period; twice is over the limit."""
    words: str
    """Words that find ``word_sku`` first."""
    words_en: str
    word_sku: str

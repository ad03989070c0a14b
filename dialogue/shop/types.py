"""What a shop is to Kefu: customers, products, orders, shipments, returns. Plain frozen values, money in yuan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Relation = Literal["accessory", "compatible", "substitute", "also_bought"]
"""How one product stands to another: belongs to it, works with it, may stand in for it, was bought with it."""
DayPart = Literal["morning", "afternoon"]
"""When a carrier comes; the hours are policy."""
TicketKind = Literal["complaint", "repair", "supervisor", "follow_up"]
"""What a person of the shop is to look after."""


class OrderStatus(StrEnum):
    """Life of an order."""

    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    PACKING = "packing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RETURNING = "returning"
    RETURNED = "returned"


class ReturnStatus(StrEnum):
    """Life of a return or an exchange."""

    REQUESTED = "requested"
    APPROVED = "approved"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    REFUNDED = "refunded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """The customer took it back before the goods were on their way."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. ``name``, ``phone``, ``address`` are personal data: never in logs or exception text."""

    customer_id: str
    name: str
    phone: str
    """11 digits."""
    address: str
    level: str
    """Membership level, e.g. 普通, 银卡, 金卡."""
    points: int


ProductNames = tuple[str, tuple[str, ...]]
"""A sku, and what its product is called, in every language."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalogue."""

    sku: str
    name: str
    """Chinese name."""
    name_en: str
    category: str
    """Chinese category name."""
    price: Decimal
    stock: int
    """Units on hand."""
    returnable: bool
    """False for categories that cannot be returned (food, underwear, custom made)."""
    warranty_months: int
    attributes: dict[str, str]
    """E.g. {"颜色": "白色", "容量": "500ml"}."""
    description: str
    price_since: datetime | None = None
    """When ``price`` began; None when it never changed or is not known."""
    previous_price: Decimal | None = None
    """The price before ``price_since``."""


@dataclass(frozen=True, slots=True)
class RelatedProduct(Product):
    """A product and why it was named beside another."""

    reason: str = ""
    """Chinese, a clause: 同款遥控器可以通用."""
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What customers say of a product."""

    sku: str
    count: int
    average: float
    """Stars, 1 to 5."""
    praised: tuple[str, ...]
    """Chinese words, most often said first."""
    criticised: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon of a customer."""

    code: str
    title: str
    """Chinese title."""
    title_en: str
    amount: Decimal
    """Yuan off."""
    minimum: Decimal
    """Least value of the goods that it applies to; 0: any."""
    valid_until: datetime
    used: bool
    category: str | None = None
    """Chinese name of the only category it applies to; None: all."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position of an order."""

    sku: str
    name: str
    name_en: str
    quantity: int
    unit_price: Decimal
    returnable: bool
    category: str | None = None
    """Chinese name; None when unknown: then only the general rules apply."""


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One scan of a parcel."""

    at: datetime
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel of an order."""

    tracking_number: str
    carrier: str
    """Chinese name, e.g. 顺丰速运."""
    carrier_en: str
    shipped_at: datetime
    eta: datetime | None
    """Expected (or actual) delivery; None when the carrier gives none."""
    delivered_at: datetime | None
    events: tuple[TrackingEvent, ...]
    """Oldest first."""
    delay_reason: str | None = None
    skus: tuple[str, ...] = ()
    """The lines in it; empty: not known."""


@dataclass(frozen=True, slots=True)
class Return:
    """A return (refund) or an exchange."""

    return_number: str
    order_number: str
    kind: str
    """``return`` or ``exchange``."""
    skus: tuple[str, ...]
    reason: str
    status: ReturnStatus
    amount: Decimal
    """Refund in yuan; 0 for an exchange."""
    created_at: datetime
    refunded_at: datetime | None = None
    pickup_day: date | None = None
    """The day, in shop time, when a carrier fetches the goods; None: the customer sends them."""
    pickup_part: DayPart | None = None


@dataclass(frozen=True, slots=True)
class PriceAdjustment:
    """Money back because a product has become cheaper since it was bought."""

    order_number: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Ticket:
    """A matter that a person of the shop looks after."""

    ticket_number: str
    kind: TicketKind
    status: Literal["open", "closed"]
    created_at: datetime
    due_at: datetime
    """When the customer hears from the shop at the latest."""
    compensation: Decimal | None = None
    """Yuan granted with it."""
    order_number: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its lines, parcels and returns."""

    order_number: str
    """Eight digits, the last a Luhn check digit, in the demo shop."""
    customer_id: str
    status: OrderStatus
    created_at: datetime
    lines: tuple[OrderLine, ...]
    total: Decimal
    address: str
    shipments: tuple[Shipment, ...] = ()
    returns: tuple[Return, ...] = ()
    paid_at: datetime | None = None
    delivered_at: datetime | None = None
    invoice: str | None = None
    """``none``, ``requested`` or ``issued``; None when unknown."""
    cancelled_at: datetime | None = None
    urged_at: datetime | None = None
    """When the customer last asked to hurry it."""
    price_adjustment: Decimal | None = None
    """What price protection has paid back; None when it was not used."""

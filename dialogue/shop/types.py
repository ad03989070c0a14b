"""What a shop is to Kefu: customers, products, orders, shipments, returns. Plain frozen values, money in yuan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position of an order."""

    sku: str
    name: str
    name_en: str
    quantity: int
    unit_price: Decimal
    returnable: bool


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

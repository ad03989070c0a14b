"""What a shop is to Kefu: customers, products, orders, shipments, returns. Plain frozen values, money in yuan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Relation = Literal["accessory", "compatible", "substitute", "also_bought"]
"""How one product stands to another: belongs to it, works with it, may stand in for it, was bought with it."""
DayPart = Literal["morning", "afternoon"]
"""When a carrier comes; the hours are policy."""
PaymentKind = Literal["card", "wallet", "paypal", "gift_card", "cash"]
"""A card, a wallet such as 微信支付, PayPal, a gift card (it has a balance), cash on delivery."""
VisitKind = Literal["installation", "repair"]
"""What somebody comes to the customer's home for."""
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
class PostalAddress:
    """An address in parts, where the shop keeps it so. Personal data."""

    street: str
    """With the number: 101 Highway."""
    unit: str = ""
    """Suite 12, Apt. 3."""
    city: str = ""
    state: str = ""
    """As the shop writes it: NY."""
    postal_code: str = ""
    country: str = ""

    def __str__(self) -> str:
        """In one line: 101 Highway, Suite 12, New York, NY 10001, USA."""
        region = " ".join(part for part in (self.state, self.postal_code) if part)
        return ", ".join(part for part in (self.street, self.unit, self.city, region, self.country) if part)


Address = str | PostalAddress
"""Free text, as in China, or parts."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. Name, phone, address, e-mail are personal data: never in logs or exception text."""

    customer_id: str
    name: str
    phone: str
    """11 digits."""
    address: str
    level: str
    """Membership level, e.g. 普通, 银卡, 金卡; empty where the shop has none."""
    points: int
    email: str | None = None
    postal_code: str | None = None
    postal_address: PostalAddress | None = None
    """``address`` in parts, where the shop keeps it so."""


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay that a customer has with the shop."""

    method_id: str
    kind: PaymentKind
    label: str
    """What it is called in Chinese: 微信支付, 尾号1234的银行卡."""
    label_en: str
    balance: Decimal | None = None
    """What is left on it; None: it has no balance that the shop knows."""


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
    family: str | None = None
    """What its variants share: the same thing in other options. None: it has no variants."""


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
    family: str | None = None
    """See ``Product.family``."""
    options: dict[str, str] = field(default_factory=dict)
    """What tells it from its variants, where the name does not: {"size": "M", "color": "red"}."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """What becomes of a line of an order, or of goods that are exchanged."""

    sku: str
    new_sku: str | None = None
    """The product in its place; None: the same."""
    quantity: int | None = None
    """How many; None: as many as before."""


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
    new_skus: tuple[str, ...] = ()
    """Of an exchange: what comes for each of ``skus``; empty: the same again."""
    payment_method: str | None = None
    """Id of the method that the refund goes to, or that the difference is settled with; None: the way it was paid."""
    difference: Decimal | None = None
    """What an exchange costs more, or less if negative."""


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
class Visit:
    """An appointment at the customer's home for something ordered. ``name`` and ``phone`` are personal data."""

    order_number: str
    kind: VisitKind
    day: date
    """In shop time."""
    name: str
    """Whom to ask for."""
    phone: str


@dataclass(frozen=True, slots=True)
class Cashback:
    """Money for a review with a photo."""

    order_number: str
    status: Literal["in_review", "registered"]
    """A person has yet to look at the photo, or it was found good."""


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
    payment_method: str | None = None
    """Id of the method it was or will be paid with; None when unknown."""
    postal_address: PostalAddress | None = None
    """``address`` in parts, where the shop keeps it so."""
    modified: bool = False
    """Its lines were changed after it was placed."""

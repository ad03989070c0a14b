"""What a skill may ask of a shop. Reads are plain; every WRITE takes an idempotency key and runs exactly once per key.

A shop back end is one class that provides this protocol; ``tests/dialogue/shop/conformance`` runs against each.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Protocol

from dialogue.policies import Policies
from dialogue.shop.types import (
    Address,
    Cashback,
    Coupon,
    Customer,
    DayPart,
    LineChange,
    Order,
    PaymentMethod,
    PriceAdjustment,
    Product,
    ProductNames,
    RelatedProduct,
    Relation,
    Return,
    ReviewSummary,
    Ticket,
    TicketKind,
    Visit,
    VisitKind,
)


class Shop(Protocol):
    """A shop's order, customer and product systems. All methods raise ``ShopUnavailable`` when it does not answer."""

    @property
    def policies(self) -> Policies:
        """The numbers of its rules; skills ask ``dialogue.shop.rules`` with them before they ask for a confirmation."""
        ...

    async def customer(self, customer_id: str) -> Customer | None:
        """READ the customer, None when unknown."""
        ...

    async def customer_by_phone(self, phone: str) -> Customer | None:
        """READ the customer with this 11-digit phone number, None when unknown."""
        ...

    async def customer_by_email(self, email: str) -> Customer | None:
        """READ the customer with this e-mail address, in any letters; None when unknown."""
        ...

    async def customer_by_name(self, name: str, postal_code: str) -> Customer | None:
        """READ the one customer with this postal code and full name, in any letters; the name may have been misheard
        (``dialogue.shop.names``), the code not. None when there is none or several.
        """
        ...

    async def payment_methods(self, customer_id: str) -> tuple[PaymentMethod, ...]:
        """READ the ways to pay that a customer has with the shop; what they use first comes first."""
        ...

    async def order(self, order_number: str) -> Order | None:
        """READ one order, None when unknown."""
        ...

    async def order_by_tracking(self, tracking_number: str) -> Order | None:
        """READ the order that a parcel belongs to, None when unknown."""
        ...

    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        """READ a customer's orders, newest first."""
        ...

    async def product(self, sku: str) -> Product | None:
        """READ one product, None when unknown."""
        ...

    async def variants(self, sku: str) -> tuple[Product, ...]:
        """READ every product of the same family, ``sku`` too and those out of stock, in the order of the skus; the
        product alone where it has no family, empty when it is unknown.
        """
        ...

    async def search_products(
        self,
        words: str,
        *,
        category: str | None = None,
        max_price: Decimal | None = None,
        in_stock: bool = False,
        limit: int = 5,
    ) -> tuple[Product, ...]:
        """READ products that match ``words`` (Chinese or English, in any order), best first."""
        ...

    async def catalogue(self) -> tuple[ProductNames, ...]:
        """READ what every product is called, in the order of the skus; asked now and then, never in a turn."""
        ...

    async def coupons(self, customer_id: str) -> tuple[Coupon, ...]:
        """READ a customer's coupons, the first to end first; used and ended ones too."""
        ...

    async def reviews(self, sku: str) -> ReviewSummary | None:
        """READ what customers say of a product, None when nobody has."""
        ...

    async def related(self, sku: str, relation: Relation, limit: int = 5) -> tuple[RelatedProduct, ...]:
        """READ the products that stand in this relation to ``sku``, closest first; out of stock ones too."""
        ...

    async def visits(self, order_number: str) -> tuple[Visit, ...]:
        """READ the appointments at the customer's home for this order, at most one of each kind."""
        ...

    async def cashback(self, order_number: str) -> Cashback | None:
        """READ what was registered as a review of this order, None when nothing was."""
        ...

    async def tickets(self, customer_id: str) -> tuple[Ticket, ...]:
        """READ a customer's tickets, newest first."""
        ...

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        """WRITE: cancel an order that has not shipped. Raises ``ActionRefused`` when it is too late."""
        ...

    async def create_return(
        self,
        order_number: str,
        skus: tuple[str, ...],
        reason: str,
        *,
        kind: str = "return",
        new_skus: tuple[str, ...] = (),
        payment_method: str | None = None,
        idempotency_key: str,
    ) -> Return:
        """WRITE: open a return or exchange for lines of a delivered order. ``new_skus``: what comes for each of
        ``skus`` in an exchange, empty: the same again. ``payment_method``: id of where the refund goes or the
        difference is settled, None: the way it was paid. Raises ``ActionRefused``.
        """
        ...

    async def change_address(self, order_number: str, address: Address, *, idempotency_key: str) -> Order:
        """WRITE: change the delivery address of an order that has not shipped. Raises ``ActionRefused``."""
        ...

    async def change_account_address(self, customer_id: str, address: Address, *, idempotency_key: str) -> Customer:
        """WRITE: change the address that new orders go to. Raises ``ActionRefused``."""
        ...

    async def change_payment(self, order_number: str, payment_method: str, *, idempotency_key: str) -> Order:
        """WRITE: pay an order that has not shipped with another method of the customer; what was paid goes back.
        Raises ``ActionRefused``.
        """
        ...

    async def request_invoice(self, order_number: str, title: str, *, idempotency_key: str) -> Order:
        """WRITE: ask for an invoice of a paid order. Raises ``ActionRefused``."""
        ...

    async def urge_order(self, order_number: str, *, idempotency_key: str) -> Order:
        """WRITE: ask the warehouse to hurry a paid order that has not shipped. Raises ``ActionRefused``."""
        ...

    async def modify_order(
        self,
        order_number: str,
        changes: tuple[LineChange, ...],
        *,
        payment_method: str | None = None,
        idempotency_key: str,
    ) -> Order:
        """WRITE: other products or quantities for lines of an order that has not shipped, all or none of them; the
        difference is settled with ``payment_method`` (None: the way it was paid), ``Order.total`` changes. Raises
        ``ActionRefused``.
        """
        ...

    async def place_order(
        self, customer_id: str, items: tuple[tuple[str, int], ...], payment_method: str, *, idempotency_key: str
    ) -> Order:
        """WRITE: order ``items`` (sku, pieces) to the customer's address, paid at once with a method of theirs that
        covers all of it. Raises ``ActionRefused``.
        """
        ...

    async def book_visit(
        self,
        order_number: str,
        kind: VisitKind,
        day: date,
        *,
        name: str | None = None,
        phone: str | None = None,
        idempotency_key: str,
    ) -> Visit:
        """WRITE: have somebody come on ``day``; again: move the appointment. ``name`` and ``phone``: whom to ask for,
        None: the customer. Raises ``ActionRefused``.
        """
        ...

    async def register_cashback(self, order_number: str, photo: str, *, idempotency_key: str) -> Cashback:
        """WRITE: ask for the money for a review; ``photo``: a link to a picture of it. A shop that can tell what is on
        it refuses or registers, any other has a person look. Raises ``ActionRefused``.
        """
        ...

    async def protect_price(self, order_number: str, *, idempotency_key: str) -> PriceAdjustment:
        """WRITE: pay back what the order would cost less today. Raises ``ActionRefused``."""
        ...

    async def book_pickup(self, return_number: str, day: date, part: DayPart, *, idempotency_key: str) -> Return:
        """WRITE: have the goods of an open return fetched; again: move the appointment. Raises ``ActionRefused``."""
        ...

    async def withdraw_return(self, return_number: str, *, idempotency_key: str) -> Return:
        """WRITE: undo ``create_return`` while nothing has been sent back. Raises ``ActionRefused``."""
        ...

    async def restore_order(self, order_number: str, *, idempotency_key: str) -> Order:
        """WRITE: undo ``cancel_order`` shortly after it, when the goods are still there. Raises ``ActionRefused``."""
        ...

    async def notify_restock(self, sku: str, customer_id: str, *, idempotency_key: str) -> bool:
        """WRITE: note who wants to hear when it is back; False when it was noted before. Raises ``ActionRefused``."""
        ...

    async def open_ticket(
        self,
        kind: TicketKind,
        *,
        customer_id: str | None,
        order_number: str | None,
        text: str,
        compensation: Decimal | None = None,
        idempotency_key: str,
    ) -> Ticket:
        """WRITE: hand a matter to the shop's people, with a compensation within policy. Raises ``ActionRefused``."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...

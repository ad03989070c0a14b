"""What a skill may ask of a shop. Reads are plain; every WRITE takes an idempotency key and runs exactly once per key.

A shop back end is one class that provides this protocol; ``tests/dialogue/shop/conformance`` runs against each.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from dialogue.shop.types import Customer, Order, Product, Return


class Shop(Protocol):
    """A shop's order, customer and product systems. All methods raise ``ShopUnavailable`` when it does not answer."""

    async def customer(self, customer_id: str) -> Customer | None:
        """READ the customer, None when unknown."""
        ...

    async def customer_by_phone(self, phone: str) -> Customer | None:
        """READ the customer with this 11-digit phone number, None when unknown."""
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

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        """WRITE: cancel an order that has not shipped. Raises ``ActionRefused`` when it is too late."""
        ...

    async def create_return(
        self, order_number: str, skus: tuple[str, ...], reason: str, *, kind: str = "return", idempotency_key: str
    ) -> Return:
        """WRITE: open a return or exchange for lines of a delivered order. Raises ``ActionRefused``."""
        ...

    async def change_address(self, order_number: str, address: str, *, idempotency_key: str) -> Order:
        """WRITE: change the delivery address of an order that has not shipped. Raises ``ActionRefused``."""
        ...

    async def request_invoice(self, order_number: str, title: str, *, idempotency_key: str) -> Order:
        """WRITE: ask for an invoice of a paid order. Raises ``ActionRefused``."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...

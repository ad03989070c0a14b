"""The READs of an ECom-Bench world as a shop; its WRITEs are in ``ecom_shop``."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from dialogue.policies import Policies
from dialogue.shop.search import rank
from dialogue.shop.types import (
    Cashback,
    Coupon,
    Customer,
    Order,
    PaymentMethod,
    Product,
    ProductNames,
    RelatedProduct,
    Relation,
    ReviewSummary,
    Ticket,
    Visit,
)
from tests.worlds import ecom_views as views
from tests.worlds.ecom_records import Records


class EcomReads:
    """See ``dialogue.shop.protocol.Shop``."""

    def __init__(self, records: Records, policies: Policies) -> None:
        """``records`` are changed in place."""
        self.records = records
        self._policies = policies
        self._protected: dict[str, Decimal] = {}
        self._done: dict[str, tuple[object, object]] = {}
        self._catalogue = {sku: views.product(record) for sku, record in records.products.items()}
        others = {one.sku: one for record in records.products.values() for one in views.stand_ins(record)}
        self._known = {**others, **self._catalogue}

    @property
    def policies(self) -> Policies:
        return self._policies

    async def customer(self, customer_id: str) -> Customer | None:
        record = self.records.users.get(customer_id)
        return views.customer(customer_id, record) if record else None

    async def customer_by_phone(self, phone: str) -> Customer | None:
        users = self.records.users.items()
        return next((views.customer(user, one) for user, one in users if one["电话号码"] == phone), None)

    async def customer_by_email(self, email: str) -> Customer | None:
        return None

    async def customer_by_name(self, name: str, postal_code: str) -> Customer | None:
        return None

    async def payment_methods(self, customer_id: str) -> tuple[PaymentMethod, ...]:
        record = self.records.users.get(customer_id)
        return views.methods(record) if record else ()

    async def order(self, order_number: str) -> Order | None:
        user = self.records.owner_of(order_number)
        found = views.order(user, order_number, self.records) if user else None
        return replace(found, price_adjustment=self._protected.get(order_number)) if found else None

    async def order_by_tracking(self, tracking_number: str) -> Order | None:
        found = [
            (user, number)
            for user, parcels in self.records.parcels.items()
            for number, parcel in parcels.items()
            if parcel["物流单号"] == tracking_number
        ]
        return views.order(*found[0], self.records) if len(found) == 1 else None

    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        numbers = self.records.orders.get(customer_id, {})
        found = [views.order(customer_id, number, self.records) for number in numbers]
        found.sort(key=lambda order: order.created_at, reverse=True)
        return tuple(found[:limit])

    async def product(self, sku: str) -> Product | None:
        return self._known.get(sku)

    async def variants(self, sku: str) -> tuple[Product, ...]:
        record, own = self.records.products.get(sku), self._known.get(sku)
        if record is None or own is None:
            return (own,) if own else ()
        return (replace(own, attributes=views.measures(own.name)), *views.stand_ins(record))

    async def search_products(
        self,
        words: str,
        *,
        category: str | None = None,
        max_price: Decimal | None = None,
        in_stock: bool = False,
        limit: int = 5,
    ) -> tuple[Product, ...]:
        shelf = [
            one
            for one in self._catalogue.values()
            if (category is None or one.category == category)
            and (max_price is None or one.price <= max_price)
            and (not in_stock or one.stock > 0)
        ]
        return rank(words, shelf, limit) if words else tuple(shelf[:limit])

    async def catalogue(self) -> tuple[ProductNames, ...]:
        return tuple((sku, (one.name,)) for sku, one in sorted(self._known.items()))

    async def coupons(self, customer_id: str) -> tuple[Coupon, ...]:
        return ()

    async def reviews(self, sku: str) -> ReviewSummary | None:
        return None

    async def related(self, sku: str, relation: Relation, limit: int = 5) -> tuple[RelatedProduct, ...]:
        return ()

    async def tickets(self, customer_id: str) -> tuple[Ticket, ...]:
        return ()

    async def visits(self, order_number: str) -> tuple[Visit, ...]:
        return ()

    async def cashback(self, order_number: str) -> Cashback | None:
        done = self.records.cashbacks.get(order_number)
        return Cashback(order_number, "registered") if done else None

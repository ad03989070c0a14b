"""What the SQL shop can be asked: each READ is one snapshot of the ``shop_`` tables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue.database import PATIENCE_S, reading, retrying, storable
from dialogue.errors import ShopUnavailable
from dialogue.goods.co_purchase import ranked
from dialogue.shop import schema, search
from dialogue.shop.names import the_one_named
from dialogue.shop.records import (
    load_orders,
    rows,
    to_cashback,
    to_coupon,
    to_customer,
    to_payment_method,
    to_product,
    to_related,
    to_reviews,
    to_ticket,
    to_visit,
)
from dialogue.shop.types import (
    Cashback,
    Coupon,
    Customer,
    Order,
    OrderStatus,
    PaymentMethod,
    Product,
    ProductNames,
    RelatedProduct,
    Relation,
    ReviewSummary,
    Ticket,
    Visit,
)

T = TypeVar("T")
_MAX_ORDERS = 100
_MAX_TICKETS = 50


class SqlReads:
    """The READs of ``Shop``. Any may be cancelled.

    Raises ``ShopUnavailable`` when the database stays busy for ``patience_s`` seconds or does not answer.
    """

    def __init__(self, engine: AsyncEngine, *, patience_s: float = PATIENCE_S) -> None:
        """``engine`` stays the caller's, who disposes of it."""
        self._engine = engine
        self._patience_s = patience_s

    async def customer(self, customer_id: str) -> Customer | None:
        """READ the customer, None when unknown."""
        found = await self._rows(schema.customers, schema.customers.c.customer_id, customer_id)
        return to_customer(found[0]) if found else None

    async def customer_by_phone(self, phone: str) -> Customer | None:
        """READ the customer with this 11-digit phone number, None when unknown."""
        found = await self._rows(schema.customers, schema.customers.c.phone, phone)
        return to_customer(found[0]) if found else None

    async def customer_by_email(self, email: str) -> Customer | None:
        """READ the customer with this e-mail address, in any letters; None when unknown."""
        found = await self._rows(schema.customers, schema.customers.c.email, email.strip().lower())
        return to_customer(found[0]) if found else None

    async def customer_by_name(self, name: str, postal_code: str) -> Customer | None:
        """READ the one customer with this postal code and full name; see ``names.the_one_named``."""
        found = await self._rows(schema.customers, schema.customers.c.postal_code, postal_code.strip())
        row = the_one_named(name, found, lambda row: str(row["name"]))
        return to_customer(row) if row is not None else None

    async def payment_methods(self, customer_id: str) -> tuple[PaymentMethod, ...]:
        """READ the ways to pay that a customer has, in the order they were noted."""
        table = schema.payment_methods
        found = await self._rows(table, table.c.customer_id, customer_id, table.c.position, table.c.method_id)
        return tuple(to_payment_method(row) for row in found)

    async def order(self, order_number: str) -> Order | None:
        """READ one order, None when unknown."""
        return await self._read(lambda connection: one_order(connection, order_number))

    async def order_by_tracking(self, tracking_number: str) -> Order | None:
        """READ the order that a parcel belongs to, None when unknown; letters in either case."""
        wanted = storable(tracking_number).strip().upper()

        async def read(connection: AsyncConnection) -> Order | None:
            parcels = await rows(connection, schema.shipments, schema.shipments.c.tracking_number == wanted)
            return await one_order(connection, parcels[0]["order_number"]) if parcels else None

        return await self._read(read)

    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        """READ a customer's orders, newest first; at most 100."""
        table = schema.orders
        query = (
            select(table)
            .where(table.c.customer_id == storable(customer_id))
            .order_by(table.c.created_at.desc(), table.c.order_number)
            .limit(min(max(limit, 0), _MAX_ORDERS))
        )

        async def read(connection: AsyncConnection) -> tuple[Order, ...]:
            return await load_orders(connection, (await connection.execute(query)).mappings().all())

        return await self._read(read)

    async def product(self, sku: str) -> Product | None:
        """READ one product, None when unknown."""
        found = await self._rows(schema.products, schema.products.c.sku, sku)
        return to_product(found[0]) if found else None

    async def variants(self, sku: str) -> tuple[Product, ...]:
        """READ every product of the same family; the product alone where it has none."""
        product = await self.product(sku)
        if product is None or product.family is None:
            return (product,) if product else ()
        found = await self._rows(schema.products, schema.products.c.family, product.family, schema.products.c.sku)
        return tuple(to_product(row) for row in found)

    async def search_products(
        self,
        words: str,
        *,
        category: str | None = None,
        max_price: Decimal | None = None,
        in_stock: bool = False,
        limit: int = 5,
    ) -> tuple[Product, ...]:
        """READ products that match ``words``, best first; without words the filters alone decide."""
        table = schema.products
        query = select(table).order_by((table.c.stock > 0).desc(), table.c.price.desc(), table.c.sku)
        if category is not None:
            query = query.where(table.c.category == storable(category))
        if max_price is not None:
            query = query.where(table.c.price <= max_price)
        if in_stock:
            query = query.where(table.c.stock > 0)

        async def read(connection: AsyncConnection) -> tuple[Product, ...]:
            return tuple(to_product(row) for row in (await connection.execute(query)).mappings())

        candidates = await self._read(read)
        if not words.strip():
            return candidates[: max(limit, 0)]
        # The first search loads jieba's dictionary, which takes a second: off the event loop.
        return await asyncio.to_thread(_search, words, candidates, limit)

    async def catalogue(self) -> tuple[ProductNames, ...]:
        """READ what every product is called, in the order of the skus."""
        table = schema.products
        query = select(table.c.sku, table.c.name, table.c.name_en).order_by(table.c.sku)

        async def read(connection: AsyncConnection) -> tuple[ProductNames, ...]:
            return tuple((row.sku, (row.name, row.name_en)) for row in await connection.execute(query))

        return await self._read(read)

    async def reviews(self, sku: str) -> ReviewSummary | None:
        """READ what customers say of a product, None when nobody has."""
        found = await self._rows(schema.reviews, schema.reviews.c.sku, sku)
        return to_reviews(found[0]) if found else None

    async def coupons(self, customer_id: str) -> tuple[Coupon, ...]:
        """READ a customer's coupons, the first to end first; used and ended ones too."""
        table = schema.coupons
        found = await self._rows(table, table.c.customer_id, customer_id, table.c.valid_until, table.c.code)
        return tuple(to_coupon(row) for row in found)

    async def visits(self, order_number: str) -> tuple[Visit, ...]:
        """READ the appointments for this order."""
        table = schema.visits
        found = await self._rows(table, table.c.order_number, order_number, table.c.kind)
        return tuple(to_visit(row) for row in found)

    async def cashback(self, order_number: str) -> Cashback | None:
        """READ what was registered as a review of this order."""
        found = await self._rows(schema.cashbacks, schema.cashbacks.c.order_number, order_number)
        return to_cashback(found[0]) if found else None

    async def tickets(self, customer_id: str) -> tuple[Ticket, ...]:
        """READ a customer's tickets, newest first; at most 50."""
        return await self._read(lambda connection: customer_tickets(connection, customer_id, _MAX_TICKETS))

    async def related(self, sku: str, relation: Relation, limit: int = 5) -> tuple[RelatedProduct, ...]:
        """READ the products that stand in this relation to ``sku``, closest first; out of stock ones too."""
        table, wanted = schema.relations, storable(sku)
        query = (
            select(table)
            .where(table.c.sku == wanted, table.c.relation == relation)
            .order_by(table.c.position)
            .limit(max(limit, 0))
        )

        async def read(connection: AsyncConnection) -> tuple[RelatedProduct, ...]:
            if relation == "also_bought":
                return await _also_bought(connection, wanted, max(limit, 0))
            found = (await connection.execute(query)).mappings().all()
            products = await load_products(connection, [row["related_sku"] for row in found])
            return tuple(to_related(products[row["related_sku"]], row["reason"], row["reason_en"]) for row in found)

        return await self._read(read)

    async def _read(self, query: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def transaction() -> T:
            async with reading(self._engine) as connection:
                return await query(connection)

        return await retrying(transaction, unavailable=ShopUnavailable, patience_s=self._patience_s)

    async def _rows(self, table: Any, column: Any, value: str, *order_by: Any) -> Any:
        query = select(table).where(column == storable(value)).order_by(*order_by)

        async def read(connection: AsyncConnection) -> Any:
            return (await connection.execute(query)).mappings().all()

        return await self._read(read)


async def one_order(connection: AsyncConnection, order_number: str) -> Order | None:
    """The order with all that belongs to it."""
    heads = await rows(connection, schema.orders, schema.orders.c.order_number == storable(order_number))
    found = await load_orders(connection, heads)
    return found[0] if found else None


async def load_products(
    connection: AsyncConnection, skus: Collection[str], *, lock: bool = False
) -> dict[str, Product]:
    """The products with these skus, by sku; ``lock`` holds them, in the order of the skus, until the end."""
    query = select(schema.products).where(schema.products.c.sku.in_(skus)).order_by(schema.products.c.sku)
    found = (await connection.execute(query.with_for_update() if lock else query)).mappings()
    return {row["sku"]: to_product(row) for row in found}


async def customer_tickets(
    connection: AsyncConnection, customer_id: str, limit: int | None = None
) -> tuple[Ticket, ...]:
    """A customer's tickets, newest first."""
    table = schema.tickets
    query = select(table).where(table.c.customer_id == storable(customer_id)).order_by(table.c.id.desc()).limit(limit)
    return tuple(to_ticket(row) for row in (await connection.execute(query)).mappings())


async def _also_bought(connection: AsyncConnection, sku: str, limit: int) -> tuple[RelatedProduct, ...]:
    """What lies in the same orders; once together is chance. Customers who bought both, over the root of how many
    bought the other (the cosine but for a constant): what everybody buys goes less with each
    (``dialogue.evaluate --baskets``).
    """
    these, others, orders = schema.order_lines.alias(), schema.order_lines.alias(), schema.orders
    times = func.count(orders.c.customer_id.distinct()).label("times")
    query = (
        select(others.c.sku, times)
        .join(these, these.c.order_number == others.c.order_number)
        .join(orders, orders.c.order_number == others.c.order_number)
        .where(these.c.sku == sku, others.c.sku != sku, orders.c.status != OrderStatus.CANCELLED)
        .group_by(others.c.sku)
        .having(times > 1)
    )
    together = {row.sku: row.times for row in (await connection.execute(query)).all()}
    buyers = (
        select(others.c.sku, func.count(orders.c.customer_id.distinct()).label("buyers"))
        .join(orders, orders.c.order_number == others.c.order_number)
        .where(others.c.sku.in_(together), orders.c.status != OrderStatus.CANCELLED)
        .group_by(others.c.sku)
    )
    bought_by = {row.sku: row.buyers for row in (await connection.execute(buyers)).all()}
    best = ranked(together, bought_by)[:limit]
    products = await load_products(connection, best)
    return tuple(
        to_related(
            products[other], f"有{together[other]}位顾客一起买过", f"{together[other]} customers bought them together"
        )
        for other in best
        if other in products
    )


def _search(words: str, candidates: tuple[Product, ...], limit: int) -> tuple[Product, ...]:
    search.load_dictionary()
    return search.rank(words, candidates, limit)

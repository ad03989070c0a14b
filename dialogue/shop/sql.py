"""The SQL shop: ``Shop`` over the ``shop_`` tables, on SQLite or PostgreSQL.

Every WRITE is one transaction: take the idempotency key, lock the order, check the rules, change, keep the result
beside the key. So a key gives its first result again, also to a concurrent caller and after a crash; a refused or
failed WRITE leaves no key behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue.database import PATIENCE_S, insert_once, reading, retrying, storable, writing
from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.shop import rules, schema, search
from dialogue.shop.clock import Clock, wall_clock
from dialogue.shop.protocol import Shop
from dialogue.shop.records import load_orders, rows, to_customer, to_product
from dialogue.shop.types import Customer, Order, OrderStatus, Product, Return, ReturnStatus

T = TypeVar("T")
_MAX_ORDERS = 100
_MAX_TEXT = 200
"""Characters kept of a reason, an invoice title; an address may have 300."""
_MAX_ADDRESS = 300
_ORDER = TypeAdapter(Order)
_RETURN = TypeAdapter(Return)
_Change = Callable[[AsyncConnection, Order, datetime], Awaitable[None]]


class SqlShop(Shop):
    """A shop in a SQL database that ``dialogue.database.migrate`` has prepared.

    Any method may be cancelled; a WRITE then either happened whole or not at all. Raises ``ShopUnavailable`` when the
    database stays busy for ``patience_s`` seconds or does not answer.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock = wall_clock, *, patience_s: float = PATIENCE_S) -> None:
        """``engine`` stays the caller's, who disposes of it."""
        self._engine = engine
        self._clock = clock
        self._patience_s = patience_s

    async def customer(self, customer_id: str) -> Customer | None:
        """READ the customer, None when unknown."""
        found = await self._rows(schema.customers, schema.customers.c.customer_id, customer_id)
        return to_customer(found[0]) if found else None

    async def customer_by_phone(self, phone: str) -> Customer | None:
        """READ the customer with this 11-digit phone number, None when unknown."""
        found = await self._rows(schema.customers, schema.customers.c.phone, phone)
        return to_customer(found[0]) if found else None

    async def order(self, order_number: str) -> Order | None:
        """READ one order, None when unknown."""
        return await self._read(lambda connection: _order(connection, order_number))

    async def order_by_tracking(self, tracking_number: str) -> Order | None:
        """READ the order that a parcel belongs to, None when unknown; letters in either case."""
        wanted = storable(tracking_number).strip().upper()

        async def read(connection: AsyncConnection) -> Order | None:
            parcels = await rows(connection, schema.shipments, schema.shipments.c.tracking_number == wanted)
            return await _order(connection, parcels[0]["order_number"]) if parcels else None

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

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        """WRITE: cancel an order that has not shipped; what was reserved goes back on stock."""

        async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
            _refuse(rules.why_not_cancel(order, now))
            await _set_order(
                connection,
                order,
                status=OrderStatus.CANCELLED,
                cancelled_at=now,
                cancel_reason=storable(reason)[:_MAX_TEXT],
            )
            await _restock(connection, order)

        arguments = {"order_number": order_number, "reason": reason}
        return await self._change_order("cancel_order", arguments, idempotency_key, change)

    async def change_address(self, order_number: str, address: str, *, idempotency_key: str) -> Order:
        """WRITE: change the delivery address of an order that has not shipped."""
        wanted = storable(address).strip()[:_MAX_ADDRESS]

        async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
            _refuse(rules.why_not_change_address(order, now) or (None if wanted else "empty_address"))
            await _set_order(connection, order, address=wanted)

        arguments = {"order_number": order_number, "address": address}
        return await self._change_order("change_address", arguments, idempotency_key, change)

    async def request_invoice(self, order_number: str, title: str, *, idempotency_key: str) -> Order:
        """WRITE: ask for an invoice of a paid order."""
        wanted = storable(title).strip()[:_MAX_TEXT]

        async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
            _refuse(rules.why_not_request_invoice(order, now) or (None if wanted else "empty_title"))
            await _set_order(connection, order, invoice="requested", invoice_title=wanted)

        arguments = {"order_number": order_number, "title": title}
        return await self._change_order("request_invoice", arguments, idempotency_key, change)

    async def create_return(
        self, order_number: str, skus: tuple[str, ...], reason: str, *, kind: str = "return", idempotency_key: str
    ) -> Return:
        """WRITE: open a return or exchange for lines of a delivered order."""
        chosen = tuple(dict.fromkeys(skus))

        async def write(connection: AsyncConnection) -> Any:
            order, now = await _locked_order(connection, order_number), self._clock()
            _refuse(rules.why_not_return(order, chosen, reason, now, kind=kind))
            opened = _opened_return(order, chosen, reason, kind, now)
            await connection.execute(insert(schema.returns).values(**_RETURN.dump_python(opened)))
            await _set_order(connection, order, status=OrderStatus.RETURNING)
            return _RETURN.dump_python(opened, mode="json")

        arguments = {"order_number": order_number, "skus": list(chosen), "reason": reason, "kind": kind}
        return _RETURN.validate_python(await self._once("create_return", arguments, idempotency_key, write))

    async def close(self) -> None:
        """Nothing to release: the engine is the caller's."""

    async def _change_order(self, action: str, arguments: Mapping[str, Any], key: str, change: _Change) -> Order:
        async def write(connection: AsyncConnection) -> Any:
            order = await _locked_order(connection, arguments["order_number"])
            await change(connection, order, self._clock())
            return _ORDER.dump_python(await _locked_order(connection, order.order_number), mode="json")

        return _ORDER.validate_python(await self._once(action, arguments, key, write))

    async def _once(
        self, action: str, arguments: Mapping[str, Any], key: str, write: Callable[[AsyncConnection], Awaitable[Any]]
    ) -> Any:
        """The JSON result of ``write`` under ``key``: the first one, however often and by whomever it is called."""
        claim = {"key": key, "action": action, "arguments_hash": _hash(arguments), "created_at": self._clock()}

        async def transaction() -> Any:
            async with writing(self._engine) as connection:
                if not await insert_once(connection, schema.idempotency_keys, claim):
                    return await _first_result(connection, claim)
                result = await write(connection)
                await connection.execute(
                    update(schema.idempotency_keys).where(schema.idempotency_keys.c.key == key).values(result=result)
                )
                return result

        return await retrying(transaction, unavailable=ShopUnavailable, patience_s=self._patience_s)

    async def _read(self, query: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def transaction() -> T:
            async with reading(self._engine) as connection:
                return await query(connection)

        return await retrying(transaction, unavailable=ShopUnavailable, patience_s=self._patience_s)

    async def _rows(self, table: Any, column: Any, value: str) -> Any:
        return await self._read(lambda connection: rows(connection, table, column == storable(value)))


def _refuse(rule: str | None) -> None:
    if rule is not None:
        raise ActionRefused(rule)


def _hash(arguments: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()


async def _first_result(connection: AsyncConnection, claim: Mapping[str, Any]) -> Any:
    found = (await rows(connection, schema.idempotency_keys, schema.idempotency_keys.c.key == claim["key"]))[0]
    if (found["action"], found["arguments_hash"]) != (claim["action"], claim["arguments_hash"]):
        raise ActionRefused("idempotency_key_reused")
    return found["result"]


async def _order(connection: AsyncConnection, order_number: str) -> Order | None:
    heads = await rows(connection, schema.orders, schema.orders.c.order_number == storable(order_number))
    found = await load_orders(connection, heads)
    return found[0] if found else None


async def _locked_order(connection: AsyncConnection, order_number: str) -> Order:
    """The order, held against other writers until the transaction ends."""
    table = schema.orders
    query = select(table).where(table.c.order_number == storable(order_number)).with_for_update()
    found = await load_orders(connection, (await connection.execute(query)).mappings().all())
    if not found:
        raise ActionRefused("unknown_order")
    return found[0]


async def _set_order(connection: AsyncConnection, order: Order, **values: Any) -> None:
    table = schema.orders
    await connection.execute(update(table).where(table.c.order_number == order.order_number).values(**values))


async def _restock(connection: AsyncConnection, order: Order) -> None:
    table = schema.products
    # In the order of the skus, so that two cancellations cannot wait for each other.
    for line in sorted(order.lines, key=lambda line: line.sku):
        await connection.execute(
            update(table).where(table.c.sku == line.sku).values(stock=table.c.stock + line.quantity)
        )


def _opened_return(order: Order, skus: tuple[str, ...], reason: str, kind: str, now: datetime) -> Return:
    return Return(
        return_number=f"R{order.order_number}{len(order.returns) + 1:02d}",
        order_number=order.order_number,
        kind=kind,
        skus=skus,
        reason=storable(reason)[:_MAX_TEXT],
        status=ReturnStatus.REQUESTED,
        amount=rules.refund_amount(order, skus) if kind == "return" else Decimal("0.00"),
        created_at=now,
    )


def _search(words: str, candidates: tuple[Product, ...], limit: int) -> tuple[Product, ...]:
    search.load_dictionary()
    return search.rank(words, candidates, limit)

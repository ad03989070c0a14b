"""The SQL shop: ``Shop`` over the ``shop_`` tables, on SQLite or PostgreSQL.

Every WRITE is one transaction: take the idempotency key, lock the order, check the rules, change, keep the result
beside the key. So a key gives its first result again, also to a concurrent caller and after a crash; a refused or
failed WRITE leaves no key behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue.database import PATIENCE_S, insert_once, retrying, writing
from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.policies import Policies, shipped_policies
from dialogue.shop import schema, sql_changes, sql_orders, sql_purchase, sql_service
from dialogue.shop.clock import Clock, wall_clock
from dialogue.shop.protocol import Shop
from dialogue.shop.records import rows
from dialogue.shop.sql_reads import SqlReads
from dialogue.shop.types import (
    Address,
    Cashback,
    Customer,
    DayPart,
    LineChange,
    Order,
    PriceAdjustment,
    Return,
    Ticket,
    TicketKind,
    Visit,
    VisitKind,
)

V = TypeVar("V")
_ORDER = TypeAdapter(Order)
_CUSTOMER = TypeAdapter(Customer)
_RETURN = TypeAdapter(Return)
_TICKET = TypeAdapter(Ticket)
_ADJUSTMENT = TypeAdapter(PriceAdjustment)
_VISIT = TypeAdapter(Visit)
_CASHBACK = TypeAdapter(Cashback)
_BOOL = TypeAdapter(bool)


class SqlShop(SqlReads, Shop):
    """A shop in a SQL database that ``dialogue.database.migrate`` has prepared.

    Any method may be cancelled; a WRITE then either happened whole or not at all. Raises ``ShopUnavailable`` when the
    database stays busy for ``patience_s`` seconds or does not answer.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock = wall_clock,
        policies: Policies | None = None,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """``engine`` stays the caller's, who disposes of it; without ``policies`` the shipped ones count."""
        super().__init__(engine, patience_s=patience_s)
        self._clock = clock
        self._policies = policies or shipped_policies()

    @property
    def policies(self) -> Policies:
        """The numbers of its rules."""
        return self._policies

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        """WRITE: cancel an order that has not shipped; what was reserved goes back on stock."""
        arguments = {"order_number": order_number, "reason": reason}
        return await self._change_order(
            "cancel_order", arguments, idempotency_key, sql_orders.cancel(reason, self._policies)
        )

    async def restore_order(self, order_number: str, *, idempotency_key: str) -> Order:
        """WRITE: undo ``cancel_order`` shortly after it; what is needed is taken from stock again."""
        change = sql_orders.restore(self._policies)
        return await self._change_order("restore_order", {"order_number": order_number}, idempotency_key, change)

    async def change_address(self, order_number: str, address: Address, *, idempotency_key: str) -> Order:
        """WRITE: change the delivery address of an order that has not shipped; it is kept as one line."""
        arguments = {"order_number": order_number, "address": str(address)}
        change = sql_orders.change_address(str(address))
        return await self._change_order("change_address", arguments, idempotency_key, change)

    async def change_account_address(self, customer_id: str, address: Address, *, idempotency_key: str) -> Customer:
        """WRITE: change the address that new orders go to; it is kept as one line."""

        async def write(connection: AsyncConnection) -> Customer:
            return await sql_service.change_account_address(connection, customer_id, address)

        arguments = {"customer_id": customer_id, "address": str(address)}
        return await self._once("change_account_address", arguments, idempotency_key, write, _CUSTOMER)

    async def change_payment(self, order_number: str, payment_method: str, *, idempotency_key: str) -> Order:
        """WRITE: pay an order that has not shipped with another method; balances follow."""
        arguments = {"order_number": order_number, "payment_method": payment_method}
        change = sql_changes.change_payment(payment_method)
        return await self._change_order("change_payment", arguments, idempotency_key, change)

    async def request_invoice(self, order_number: str, title: str, *, idempotency_key: str) -> Order:
        """WRITE: ask for an invoice of a paid order."""
        arguments = {"order_number": order_number, "title": title}
        return await self._change_order(
            "request_invoice", arguments, idempotency_key, sql_orders.request_invoice(title)
        )

    async def urge_order(self, order_number: str, *, idempotency_key: str) -> Order:
        """WRITE: ask the warehouse to hurry a paid order that has not shipped."""
        change = sql_orders.urge(self._policies)
        return await self._change_order("urge_order", {"order_number": order_number}, idempotency_key, change)

    async def modify_order(
        self,
        order_number: str,
        changes: tuple[LineChange, ...],
        *,
        payment_method: str | None = None,
        idempotency_key: str,
    ) -> Order:
        """WRITE: other products or quantities for lines, all or none; stock, total and balances follow."""
        arguments = {
            "order_number": order_number,
            "changes": [[change.sku, change.new_sku, change.quantity] for change in changes],
            "payment_method": payment_method,
        }
        change = sql_changes.modify(changes, payment_method, self._policies)
        return await self._change_order("modify_order", arguments, idempotency_key, change)

    async def protect_price(self, order_number: str, *, idempotency_key: str) -> PriceAdjustment:
        """WRITE: pay back what the order would cost less today."""

        async def write(connection: AsyncConnection) -> PriceAdjustment:
            return await sql_orders.protect_price(connection, order_number, self._clock(), self._policies)

        arguments = {"order_number": order_number}
        return await self._once("protect_price", arguments, idempotency_key, write, _ADJUSTMENT)

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
        """WRITE: open a return or exchange for lines of a delivered order."""
        wish = sql_service.ReturnWish.of(skus, reason, kind, new_skus, payment_method)

        async def write(connection: AsyncConnection) -> Return:
            return await sql_service.create_return(connection, order_number, wish, self._clock(), self._policies)

        arguments = {"order_number": order_number, **wish.arguments()}
        return await self._once("create_return", arguments, idempotency_key, write, _RETURN)

    async def withdraw_return(self, return_number: str, *, idempotency_key: str) -> Return:
        """WRITE: undo ``create_return`` while nothing has been sent back."""

        async def write(connection: AsyncConnection) -> Return:
            return await sql_service.withdraw_return(connection, return_number)

        arguments = {"return_number": return_number}
        return await self._once("withdraw_return", arguments, idempotency_key, write, _RETURN)

    async def book_pickup(self, return_number: str, day: date, part: DayPart, *, idempotency_key: str) -> Return:
        """WRITE: have the goods of an open return fetched; again: move the appointment."""

        async def write(connection: AsyncConnection) -> Return:
            return await sql_service.book_pickup(connection, return_number, day, part, self._clock(), self._policies)

        arguments = {"return_number": return_number, "day": day.isoformat(), "part": part}
        return await self._once("book_pickup", arguments, idempotency_key, write, _RETURN)

    async def notify_restock(self, sku: str, customer_id: str, *, idempotency_key: str) -> bool:
        """WRITE: note who wants to hear when it is back; False when it was noted before."""

        async def write(connection: AsyncConnection) -> bool:
            return await sql_service.notify_restock(connection, sku, customer_id, self._clock())

        arguments = {"sku": sku, "customer_id": customer_id}
        return await self._once("notify_restock", arguments, idempotency_key, write, _BOOL)

    async def place_order(
        self, customer_id: str, items: tuple[tuple[str, int], ...], payment_method: str, *, idempotency_key: str
    ) -> Order:
        """WRITE: order goods to the customer's address, paid at once; stock and balance follow."""

        async def write(connection: AsyncConnection) -> Order:
            return await sql_purchase.place_order(
                connection, customer_id, items, payment_method, idempotency_key, self._clock(), self._policies
            )

        arguments = {
            "customer_id": customer_id,
            "items": [list(item) for item in items],
            "payment_method": payment_method,
        }
        return await self._once("place_order", arguments, idempotency_key, write, _ORDER)

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
        """WRITE: have somebody come on ``day``; again: move the appointment."""

        async def write(connection: AsyncConnection) -> Visit:
            return await sql_purchase.book_visit(
                connection, order_number, kind, day, (name, phone), self._clock(), self._policies
            )

        arguments = {"order_number": order_number, "kind": kind, "day": day.isoformat(), "whom": [name, phone]}
        return await self._once("book_visit", arguments, idempotency_key, write, _VISIT)

    async def register_cashback(self, order_number: str, photo: str, *, idempotency_key: str) -> Cashback:
        """WRITE: ask for the money for a review; a person looks at the photo."""

        async def write(connection: AsyncConnection) -> Cashback:
            return await sql_purchase.register_cashback(connection, order_number, photo, self._clock(), self._policies)

        arguments = {"order_number": order_number, "photo": photo}
        return await self._once("register_cashback", arguments, idempotency_key, write, _CASHBACK)

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
        """WRITE: hand a matter to the shop's people, with a compensation within policy."""

        async def write(connection: AsyncConnection) -> Ticket:
            return await sql_service.open_ticket(
                connection, kind, customer_id, order_number, text, compensation, self._clock(), self._policies
            )

        arguments = {
            "kind": kind,
            "customer_id": customer_id,
            "order_number": order_number,
            "text": text,
            "compensation": None if compensation is None else str(compensation),
        }
        return await self._once("open_ticket", arguments, idempotency_key, write, _TICKET)

    async def close(self) -> None:
        """Nothing to release: the engine is the caller's."""

    async def _change_order(
        self, action: str, arguments: Mapping[str, Any], key: str, change: sql_orders.Change
    ) -> Order:
        async def write(connection: AsyncConnection) -> Order:
            order = await sql_orders.locked_order(connection, arguments["order_number"])
            await change(connection, order, self._clock())
            return await sql_orders.locked_order(connection, order.order_number)

        return await self._once(action, arguments, key, write, _ORDER)

    async def _once(
        self,
        action: str,
        arguments: Mapping[str, Any],
        key: str,
        write: Callable[[AsyncConnection], Awaitable[V]],
        result: TypeAdapter[V],
    ) -> V:
        """What ``write`` gives under ``key``: the first time's, however often and by whomever it is called."""
        claim = {"key": key, "action": action, "arguments_hash": _hash(arguments), "created_at": self._clock()}
        keys = schema.idempotency_keys

        async def transaction() -> Any:
            async with writing(self._engine) as connection:
                if not await insert_once(connection, keys, claim):
                    return await _first_result(connection, claim)
                written = result.dump_python(await write(connection), mode="json")
                await connection.execute(update(keys).where(keys.c.key == key).values(result=written))
                return written

        written = await retrying(transaction, unavailable=ShopUnavailable, patience_s=self._patience_s)
        return result.validate_python(written)


def _hash(arguments: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()


async def _first_result(connection: AsyncConnection, claim: Mapping[str, Any]) -> Any:
    found = (await rows(connection, schema.idempotency_keys, schema.idempotency_keys.c.key == claim["key"]))[0]
    if (found["action"], found["arguments_hash"]) != (claim["action"], claim["arguments_hash"]):
        raise ActionRefused("idempotency_key_reused")
    return found["result"]

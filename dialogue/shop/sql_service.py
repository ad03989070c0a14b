"""Returns, pick-up, restock notices and tickets in the SQL shop, each inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from pydantic import TypeAdapter
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue.database import insert_once, storable
from dialogue.errors import ActionRefused
from dialogue.policies import Policies
from dialogue.shop import change_rules, rules, schema, service_rules
from dialogue.shop.records import rows, to_customer, to_ticket
from dialogue.shop.sql_changes import load_methods
from dialogue.shop.sql_orders import MAX_ADDRESS, MAX_TEXT, locked_order, refuse, set_order, status_before
from dialogue.shop.sql_reads import customer_tickets, load_products
from dialogue.shop.types import (
    Address,
    Customer,
    DayPart,
    LineChange,
    Order,
    OrderStatus,
    PostalAddress,
    Return,
    ReturnStatus,
    Ticket,
    TicketKind,
)

_RETURN = TypeAdapter(Return)
_MAX_TICKET_TEXT = 2000
_OVER = (ReturnStatus.REFUNDED, ReturnStatus.REJECTED, ReturnStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class ReturnWish:
    """What a customer wants of a return or an exchange."""

    skus: tuple[str, ...]
    reason: str
    kind: str
    new_skus: tuple[str, ...]
    payment_method: str | None

    @classmethod
    def of(
        cls, skus: Sequence[str], reason: str, kind: str, new_skus: Sequence[str], payment_method: str | None
    ) -> ReturnWish:
        """Each sku once. Raises ``ActionRefused`` when there is not one new product for each."""
        if new_skus and (kind != "exchange" or len(new_skus) != len(skus) or len(set(skus)) != len(skus)):
            raise ActionRefused("no_change")
        return cls(tuple(dict.fromkeys(skus)), reason, kind, tuple(new_skus), payment_method)

    @property
    def changes(self) -> tuple[LineChange, ...]:
        """What comes for what."""
        return tuple(LineChange(old, new) for old, new in zip(self.skus, self.new_skus, strict=False))

    def arguments(self) -> dict[str, Any]:
        """For the idempotency key."""
        more = {"new_skus": list(self.new_skus)} if self.new_skus else {}
        method = {"payment_method": self.payment_method} if self.payment_method else {}
        return {"skus": list(self.skus), "reason": self.reason, "kind": self.kind, **more, **method}


async def create_return(
    connection: AsyncConnection, order_number: str, wish: ReturnWish, now: datetime, policies: Policies
) -> Return:
    """Open a return or an exchange; a difference is settled when the goods are back."""
    order = await locked_order(connection, order_number)
    refuse(rules.why_not_return(order, wish.skus, wish.reason, now, kind=wish.kind, policies=policies))
    methods = await load_methods(connection, order.customer_id)
    difference = None
    if wish.kind == "exchange":
        products = await load_products(connection, {storable(sku) for sku in wish.new_skus})
        refuse(change_rules.why_not_exchange(order, wish.changes, products, policies=policies))
        if wish.new_skus:
            difference = change_rules.difference(order, wish.changes, products)
        refuse(change_rules.why_not_settle(methods, wish.payment_method, difference or Decimal(0)))
    else:
        refuse(change_rules.why_not_refund_to(order, methods, wish.payment_method, policies=policies))
    opened = Return(
        return_number=f"R{order.order_number}{len(order.returns) + 1:02d}",
        order_number=order.order_number,
        kind=wish.kind,
        skus=wish.skus,
        reason=storable(wish.reason)[:MAX_TEXT],
        status=ReturnStatus.REQUESTED,
        amount=rules.refund_amount(order, wish.skus) if wish.kind == "return" else Decimal("0.00"),
        created_at=now,
        new_skus=wish.new_skus,
        payment_method=wish.payment_method,
        difference=difference,
    )
    await connection.execute(insert(schema.returns).values(**_RETURN.dump_python(opened)))
    before = (
        {"status_before": str(order.status)} if order.status in (OrderStatus.DELIVERED, OrderStatus.COMPLETED) else {}
    )
    await set_order(connection, order, status=OrderStatus.RETURNING, **before)
    return opened


async def withdraw_return(connection: AsyncConnection, return_number: str) -> Return:
    """The order becomes what it was, unless other goods of it go back."""
    order, entry = await _locked_return(connection, return_number)
    refuse(rules.why_not_withdraw(entry))
    await _set_return(connection, entry, status=ReturnStatus.WITHDRAWN, pickup_day=None, pickup_part=None)
    others = [other for other in order.returns if other.return_number != entry.return_number]
    if any(other.status not in _OVER for other in others):
        status: OrderStatus | None = OrderStatus.RETURNING
    elif any(other.status is ReturnStatus.REFUNDED for other in others):
        status = OrderStatus.RETURNED
    else:
        status = await status_before(connection, order)
    await set_order(connection, order, status=status or OrderStatus.DELIVERED)
    return await _reloaded(connection, entry)


async def book_pickup(
    connection: AsyncConnection, return_number: str, day: date, part: DayPart, now: datetime, policies: Policies
) -> Return:
    """A carrier comes then; the last booking counts."""
    _, entry = await _locked_return(connection, return_number)
    refuse(service_rules.why_not_book_pickup(entry, day, part, now, policies=policies))
    await _set_return(connection, entry, pickup_day=day, pickup_part=part)
    return await _reloaded(connection, entry)


async def change_account_address(connection: AsyncConnection, customer_id: str, address: Address) -> Customer:
    """The address that new orders go to."""
    wanted = storable(str(address)).strip()[:MAX_ADDRESS]
    refuse(None if wanted else "empty_address")
    customer = await locked_customer(connection, customer_id)
    code = address.postal_code if isinstance(address, PostalAddress) else customer.postal_code
    table = schema.customers
    await connection.execute(
        update(table).where(table.c.customer_id == customer.customer_id).values(address=wanted, postal_code=code)
    )
    return replace(customer, address=wanted, postal_code=code)


async def notify_restock(connection: AsyncConnection, sku: str, customer_id: str, now: datetime) -> bool:
    """Note who waits; False when it was noted before."""
    found = await load_products(connection, [storable(sku)])
    refuse(service_rules.why_not_notify(found.get(sku)))
    await locked_customer(connection, customer_id)
    row = {"sku": sku, "customer_id": customer_id, "created_at": now}
    return await insert_once(connection, schema.restock_notices, row)


async def open_ticket(
    connection: AsyncConnection,
    kind: TicketKind,
    customer_id: str | None,
    order_number: str | None,
    text: str,
    compensation: Decimal | None,
    now: datetime,
    policies: Policies,
) -> Ticket:
    """Open a ticket; the customer's limit is held while a compensation is granted."""
    refuse(None if kind in get_args(TicketKind) else "unknown_kind")
    order = None if order_number is None else await locked_order(connection, order_number)
    if order is not None and customer_id not in (None, order.customer_id):
        refuse("wrong_customer")
    owner_id = order.customer_id if order is not None else customer_id
    owner = None if owner_id is None else await locked_customer(connection, owner_id)
    if compensation is not None:
        tickets = await customer_tickets(connection, owner.customer_id) if owner else ()
        level = owner.level if owner else None
        left = service_rules.compensation_left(kind, level, tickets, now, policies=policies)
        refuse(service_rules.why_not_compensate(compensation, left))
    row = {
        "kind": kind,
        "customer_id": owner_id,
        "order_number": order.order_number if order else None,
        "text": storable(text)[:_MAX_TICKET_TEXT],
        "status": "open",
        "compensation": compensation,
        "created_at": now,
        "due_at": service_rules.ticket_due(kind, now, policies=policies),
    }
    inserted = await connection.execute(insert(schema.tickets).values(**row))
    (ticket_id,) = inserted.inserted_primary_key or (None,)
    return to_ticket((await rows(connection, schema.tickets, schema.tickets.c.id == ticket_id))[0])


async def locked_customer(connection: AsyncConnection, customer_id: str) -> Customer:
    """The customer, held until the transaction ends. Raises ``ActionRefused``."""
    table = schema.customers
    query = select(table).where(table.c.customer_id == storable(customer_id)).with_for_update()
    found = (await connection.execute(query)).mappings().first()
    if found is None:
        raise ActionRefused("unknown_customer")
    return to_customer(found)


async def _locked_return(connection: AsyncConnection, return_number: str) -> tuple[Order, Return]:
    """The return as it is while its order is held. Raises ``ActionRefused``."""
    wanted = storable(return_number).strip().upper()
    found = await rows(connection, schema.returns, schema.returns.c.return_number == wanted)
    if not found:
        raise ActionRefused("unknown_return")
    order = await locked_order(connection, found[0]["order_number"])
    return order, next(entry for entry in order.returns if entry.return_number == wanted)


async def _set_return(connection: AsyncConnection, entry: Return, **values: object) -> None:
    table = schema.returns
    await connection.execute(update(table).where(table.c.return_number == entry.return_number).values(**values))


async def _reloaded(connection: AsyncConnection, entry: Return) -> Return:
    order = await locked_order(connection, entry.order_number)
    return next(each for each in order.returns if each.return_number == entry.return_number)

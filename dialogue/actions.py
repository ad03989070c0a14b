"""A WRITE asked for by a skill, done on the shop: an ``Action`` in, an ``ActionResult`` out. Never raises shop errors.
Another domain's back end performs its own.

Arguments and facts are JSON: money as text with two places, days and instants in ISO 8601.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Protocol, assert_never, cast, get_args, runtime_checkable

from pydantic import TypeAdapter, ValidationError

from dialogue.backend import Backend
from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.shop.protocol import Shop
from dialogue.shop.types import (
    Address,
    Cashback,
    Customer,
    DayPart,
    LineChange,
    Order,
    PostalAddress,
    PriceAdjustment,
    Return,
    Ticket,
    TicketKind,
    VisitKind,
)
from dialogue.types import Action, ActionResult, ShopAction

UNAVAILABLE = "unavailable"
"""``ActionResult.rule`` when the shop did not answer: whether it happened is not known, ask again with the same key."""
BAD_ARGUMENTS = "bad_arguments"
"""``ActionResult.rule`` when an argument is missing or has the wrong type."""
_RETURN = TypeAdapter(Return)
_TICKET = TypeAdapter(Ticket)
_ADJUSTMENT = TypeAdapter(PriceAdjustment)
_CASHBACK = TypeAdapter(Cashback)
_ITEMS = TypeAdapter(tuple[tuple[str, int], ...])
_CHANGES = TypeAdapter(tuple[LineChange, ...])
_ADDRESS: TypeAdapter[PostalAddress] = TypeAdapter(PostalAddress)
Facts = Mapping[str, Any]


@runtime_checkable
class Performing(Protocol):
    """A back end that knows its WRITEs itself."""

    async def perform(self, action: Action) -> Facts:
        """WRITE: do it, once for each key, and give its JSON facts. Raises ``ActionRefused``, ``ShopUnavailable``."""
        ...


async def perform(backend: Backend, action: Action) -> ActionResult:
    """Do ``action`` and return its facts, or the rule that forbids it.

    Facts are the fields of what the shop's method gives (``Return``, ``PriceAdjustment``, ``Ticket``); of an order:
    ``order_number``, ``status``, ``total``, ``address``, ``invoice``, ``paid``; of ``notify_restock``: ``sku``,
    ``noted``. Calling it again with the same action gives the same result.
    """
    try:
        if isinstance(backend, Performing):
            return ActionResult(ok=True, data=await backend.perform(action))
        return ActionResult(ok=True, data=await _call(cast(Shop, backend), action))
    except ActionRefused as refused:
        return ActionResult(ok=False, rule=refused.rule)
    except ShopUnavailable:
        return ActionResult(ok=False, rule=UNAVAILABLE)
    except _BadArguments:
        return ActionResult(ok=False, rule=BAD_ARGUMENTS)


class _BadArguments(Exception):
    """An argument is missing or has the wrong type."""


async def _call(shop: Shop, action: Action) -> Facts:
    if action.name not in get_args(ShopAction):
        raise _BadArguments(action.name)
    name = cast(ShopAction, action.name)
    match name:
        case (
            "cancel_order"
            | "change_address"
            | "change_payment"
            | "request_invoice"
            | "urge_order"
            | "modify_order"
            | "restore_order"
        ):
            return _order_facts(await _call_order(shop, name, action.arguments, action.idempotency_key))
        case "create_return" | "book_pickup" | "withdraw_return":
            return _facts(_RETURN, await _call_return(shop, name, action.arguments, action.idempotency_key))
        case "change_account_address":
            customer_id, address = _text(action.arguments, "customer_id"), _address(action.arguments)
            key = action.idempotency_key
            customer: Customer = await shop.change_account_address(customer_id, address, idempotency_key=key)
            return {"customer_id": customer.customer_id, "address": customer.address}
        case "protect_price":
            number = _text(action.arguments, "order_number")
            return _facts(_ADJUSTMENT, await shop.protect_price(number, idempotency_key=action.idempotency_key))
        case "notify_restock":
            sku, customer_id = _text(action.arguments, "sku"), _text(action.arguments, "customer_id")
            noted = await shop.notify_restock(sku, customer_id, idempotency_key=action.idempotency_key)
            return {"sku": sku, "noted": noted}
        case "place_order" | "book_visit" | "register_cashback":
            return await _call_new(shop, name, action.arguments, action.idempotency_key)
        case "open_ticket":
            return _facts(_TICKET, await _open_ticket(shop, action.arguments, action.idempotency_key))
        case _:
            assert_never(name)


_OrderAction = Literal[
    "cancel_order",
    "change_address",
    "change_payment",
    "request_invoice",
    "urge_order",
    "modify_order",
    "restore_order",
]


async def _call_order(shop: Shop, name: _OrderAction, given: Facts, key: str) -> Order:
    number = _text(given, "order_number")
    match name:
        case "cancel_order":
            return await shop.cancel_order(number, _text(given, "reason", ""), idempotency_key=key)
        case "change_address":
            return await shop.change_address(number, _address(given), idempotency_key=key)
        case "change_payment":
            return await shop.change_payment(number, _text(given, "payment_method"), idempotency_key=key)
        case "request_invoice":
            return await shop.request_invoice(number, _text(given, "title"), idempotency_key=key)
        case "urge_order":
            return await shop.urge_order(number, idempotency_key=key)
        case "restore_order":
            return await shop.restore_order(number, idempotency_key=key)
        case "modify_order":
            changes, method = _changes(given), _optional_text(given, "payment_method")
            return await shop.modify_order(number, changes, payment_method=method, idempotency_key=key)
        case _:
            assert_never(name)


async def _call_return(
    shop: Shop, name: Literal["create_return", "book_pickup", "withdraw_return"], given: Facts, key: str
) -> Return:
    match name:
        case "create_return":
            return await shop.create_return(
                _text(given, "order_number"),
                _skus(given),
                _text(given, "reason", ""),
                kind=_text(given, "kind", "return"),
                new_skus=_skus(given, "new_skus", ()),
                payment_method=_optional_text(given, "payment_method"),
                idempotency_key=key,
            )
        case "book_pickup":
            number, day = _text(given, "return_number"), _day(given, "day")
            part: DayPart = _one_of(DayPart, given, "part")
            return await shop.book_pickup(number, day, part, idempotency_key=key)
        case "withdraw_return":
            return await shop.withdraw_return(_text(given, "return_number"), idempotency_key=key)
        case _:
            assert_never(name)


async def _call_new(
    shop: Shop, name: Literal["place_order", "book_visit", "register_cashback"], given: Facts, key: str
) -> Facts:
    match name:
        case "place_order":
            customer_id, method = _text(given, "customer_id"), _text(given, "payment_method")
            return _order_facts(await shop.place_order(customer_id, _items(given), method, idempotency_key=key))
        case "book_visit":
            kind: VisitKind = _one_of(VisitKind, given, "kind")
            whom, phone = _optional_text(given, "name"), _optional_text(given, "phone")
            number, day = _text(given, "order_number"), _day(given, "day")
            visit = await shop.book_visit(number, kind, day, name=whom, phone=phone, idempotency_key=key)
            return {"order_number": visit.order_number, "kind": visit.kind, "visit_day": visit.day.isoformat()}
        case "register_cashback":
            number, photo = _text(given, "order_number"), _text(given, "photo")
            return _facts(_CASHBACK, await shop.register_cashback(number, photo, idempotency_key=key))
        case _:
            assert_never(name)


async def _open_ticket(shop: Shop, given: Facts, key: str) -> Ticket:
    kind: TicketKind = _one_of(TicketKind, given, "kind")
    return await shop.open_ticket(
        kind,
        customer_id=_optional_text(given, "customer_id"),
        order_number=_optional_text(given, "order_number"),
        text=_text(given, "text", ""),
        compensation=_money(given, "compensation"),
        idempotency_key=key,
    )


def _order_facts(order: Order) -> Facts:
    return {
        "order_number": order.order_number,
        "status": str(order.status),
        "total": str(order.total),
        "address": order.address,
        "invoice": order.invoice,
        "paid": order.paid_at is not None,
    }


def _facts(adapter: TypeAdapter[Any], value: object) -> Facts:
    facts: dict[str, Any] = adapter.dump_python(value, mode="json")
    return facts


def _text(arguments: Facts, name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise _BadArguments(name)
    return value


def _optional_text(arguments: Facts, name: str) -> str | None:
    return None if arguments.get(name) is None else _text(arguments, name)


def _changes(arguments: Facts) -> tuple[LineChange, ...]:
    """``changes``; an action of an older Kefu names its one line itself."""
    names = ("sku", "new_sku", "quantity")
    given = arguments.get("changes", [{name: arguments.get(name) for name in names}])
    try:
        return _CHANGES.validate_json(json.dumps(given), strict=True)
    except (ValidationError, TypeError):
        raise _BadArguments("changes") from None


def _address(arguments: Facts) -> Address:
    """Text, or the fields of a ``PostalAddress``."""
    value = arguments.get("address")
    try:
        return value if isinstance(value, str) else _ADDRESS.validate_python(value)
    except ValidationError:
        raise _BadArguments("address") from None


def _money(arguments: Facts, name: str) -> Decimal | None:
    value = _optional_text(arguments, name)
    try:
        amount = None if value is None else Decimal(value)
    except InvalidOperation:
        raise _BadArguments(name) from None
    if amount is not None and not amount.is_finite():
        raise _BadArguments(name)
    return amount


def _day(arguments: Facts, name: str) -> date:
    try:
        return date.fromisoformat(_text(arguments, name))
    except ValueError:
        raise _BadArguments(name) from None


def _one_of(choices: Any, arguments: Facts, name: str) -> Any:
    value = _text(arguments, name)
    if value not in get_args(choices):
        raise _BadArguments(name)
    return value


def _items(arguments: Facts) -> tuple[tuple[str, int], ...]:
    try:
        return tuple(_ITEMS.validate_python(arguments.get("items"), strict=False))
    except ValidationError:
        raise _BadArguments("items") from None


def _skus(arguments: Facts, name: str = "skus", default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    value = arguments.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(sku, str) for sku in value):
        raise _BadArguments(name)
    return tuple(value)

"""A WRITE asked for by a skill, done on the shop: an ``Action`` in, an ``ActionResult`` out. Never raises shop errors.

The facts that come back are JSON: money as text with two places, instants in ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from pydantic import TypeAdapter

from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.shop.protocol import Shop
from dialogue.shop.types import Order, Return
from dialogue.types import Action, ActionResult

UNAVAILABLE = "unavailable"
"""``ActionResult.rule`` when the shop did not answer: whether it happened is not known, ask again with the same key."""
BAD_ARGUMENTS = "bad_arguments"
"""``ActionResult.rule`` when an argument is missing or has the wrong type."""
_RETURN = TypeAdapter(Return)


async def perform(shop: Shop, action: Action) -> ActionResult:
    """Do ``action`` and return its facts, or the rule that forbids it.

    Facts of ``create_return``: the fields of ``Return``. Of the others: ``order_number``, ``status``, ``total``,
    ``address``, ``invoice``, ``paid``. Calling it again with the same action gives the same result.
    """
    try:
        return ActionResult(ok=True, data=await _call(shop, action))
    except ActionRefused as refused:
        return ActionResult(ok=False, rule=refused.rule)
    except ShopUnavailable:
        return ActionResult(ok=False, rule=UNAVAILABLE)
    except _BadArguments:
        return ActionResult(ok=False, rule=BAD_ARGUMENTS)


class _BadArguments(Exception):
    """An argument is missing or has the wrong type."""


async def _call(shop: Shop, action: Action) -> Mapping[str, Any]:
    given, key = action.arguments, action.idempotency_key
    number = _text(given, "order_number")
    match action.name:
        case "cancel_order":
            return _order_facts(await shop.cancel_order(number, _text(given, "reason", ""), idempotency_key=key))
        case "change_address":
            return _order_facts(await shop.change_address(number, _text(given, "address"), idempotency_key=key))
        case "request_invoice":
            return _order_facts(await shop.request_invoice(number, _text(given, "title"), idempotency_key=key))
        case "create_return":
            reason, kind = _text(given, "reason", ""), _text(given, "kind", "return")
            opened = await shop.create_return(number, _skus(given), reason, kind=kind, idempotency_key=key)
            facts: dict[str, Any] = _RETURN.dump_python(opened, mode="json")
            return facts
        case _:
            assert_never(action.name)


def _order_facts(order: Order) -> dict[str, Any]:
    return {
        "order_number": order.order_number,
        "status": str(order.status),
        "total": str(order.total),
        "address": order.address,
        "invoice": order.invoice,
        "paid": order.paid_at is not None,
    }


def _text(arguments: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise _BadArguments(name)
    return value


def _skus(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    value = arguments.get("skus")
    if not isinstance(value, list | tuple) or not all(isinstance(sku, str) for sku in value):
        raise _BadArguments("skus")
    return tuple(value)

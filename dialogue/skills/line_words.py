"""What is said of lines of orders and their variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dialogue import phrasing
from dialogue.shop.types import Order, OrderLine, PaymentMethod, Product, Return
from dialogue.skills import paying
from dialogue.skills.context import Context
from dialogue.skills.line_reading import Owned

SHOWN = 5
"""Variants read out; more are only counted."""


def called(context: Context, item: OrderLine | Product) -> str:
    """Name and options: T-Shirt (red, M, cotton)."""
    name = phrasing.line_name(item, context.language)
    options = item.options if isinstance(item, OrderLine) else (item.attributes if item.family else {})
    inside = context.say("list.separator").join(options.values()) if options else ""
    return context.say("lines.called", name=name, options=told(context, options)) if inside else name


def told(context: Context, options: Mapping[str, str]) -> str:
    """Options in a row; a value that says nothing alone comes with its name."""
    parts = []
    for name, value in options.items():
        bare = value.lower() in {"yes", "no", "none"} or value.isdigit() or value.lower() in {"high", "low", "medium"}
        parts.append(f"{name} {value}" if bare else value)
    return ("、" if context.language == "zh" else ", ").join(parts)


def priced(context: Context, product: Product) -> str:
    """A variant to choose: its options and its price."""
    options = told(context, product.attributes) if product.family else phrasing.line_name(product, context.language)
    return context.say("lines.priced", options=options, price=phrasing.money(product.price, context.language))


def with_order(context: Context, owned: Owned) -> str:
    """A line to choose, with its order."""
    return context.say("lines.with_order", what=called(context, owned.line), number=owned.order.order_number)


def read_back(
    context: Context,
    kind: str,
    order: Order,
    changes: Sequence[tuple[OrderLine, Product | None]],
    methods: Sequence[PaymentMethod],
    method_id: str | None,
    difference: Decimal,
    refund: Decimal,
) -> tuple[str, ...]:
    """All that will be done with one order, and what it costs."""
    if kind == "return":
        what = phrasing.listing([called(context, line) for line, _ in changes], context.language)
        money = phrasing.money(refund, context.language)
        to = paying.name_of(context, methods, method_id or order.payment_method)
        return (
            context.say("lines.read_back.return", number=order.order_number, what=what),
            context.say("lines.refund", amount=money, method=to),
            context.say("lines.ask.return"),
        )
    parts = [
        context.say("lines.becomes", old=called(context, line), new=_becomes(context, line, product))
        for line, product in changes
    ]
    first = context.say(
        f"lines.read_back.{kind}", number=order.order_number, changes=phrasing.clauses(parts, context.language)
    )
    sign = "more" if difference > 0 else "less" if difference < 0 else "same"
    amount = phrasing.money(abs(difference), context.language)
    to = paying.name_of(context, methods, method_id or order.payment_method)
    return (first, context.say(f"lines.difference.{sign}", amount=amount, method=to), context.say(f"lines.ask.{kind}"))


def _becomes(context: Context, line: OrderLine, product: Product | None) -> str:
    if product is None or product.sku == line.sku:
        return context.say("lines.same_anew")
    return priced(context, product)


def done_fields(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a result that words need; a ``Return`` as JSON in."""
    return {name: facts.get(name, "") for name in ("return_number", "order_number", "amount")}


def is_open(entry: Return) -> bool:
    """Whether a return counts."""
    return entry.status not in {"withdrawn", "rejected"}

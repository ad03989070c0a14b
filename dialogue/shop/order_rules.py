"""The shop's rules about ordering by dialogue, appointments at home and cash back for reviews. Pure.

place_order        unknown_customer, no_orders_here, unknown_product, bad_quantity, out_of_stock,
                   already_in_order, unknown_payment_method, balance_too_low
book_visit         no_visits, already_cancelled, not_delivered, day_not_offered
register_cashback  no_cashback, not_paid, not_delivered, already_cancelled, already_registered, no_photo
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from dialogue.policies import Policies
from dialogue.shop.change_rules import MAX_QUANTITY
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.rules import delivered_at
from dialogue.shop.types import Cashback, Order, OrderStatus, PaymentMethod, Product, VisitKind

_OVER = frozenset({OrderStatus.CANCELLED, OrderStatus.RETURNED, OrderStatus.RETURNING})


def why_not_order(wanted: Sequence[tuple[Product | None, int]], *, policies: Policies) -> str | None:
    """None when these products can be ordered, so many of each."""
    if not policies.ordering.by_dialogue:
        return "no_orders_here"
    if not wanted or any(product is None for product, _ in wanted):
        return "unknown_product"
    if any(not 1 <= count <= MAX_QUANTITY for _, count in wanted):
        return "bad_quantity"
    return "out_of_stock" if any(product and product.stock < count for product, count in wanted) else None


def why_not_pay(method: PaymentMethod, total: Decimal) -> str | None:
    """None when ``method`` pays ``total``: what has a balance must cover all of it."""
    return "balance_too_low" if method.balance is not None and method.balance < total else None


def total(goods: Sequence[tuple[Product, int]]) -> Decimal:
    """What the goods cost today, in yuan."""
    return sum((product.price * count for product, count in goods), Decimal())


def visit_days(now: datetime, *, policies: Policies) -> tuple[date, ...]:
    """The days, shop time, on which somebody can come."""
    today = now.astimezone(SHOP_ZONE).date()
    visits = policies.visits
    return tuple(today + timedelta(days=ahead) for ahead in range(visits.first_day, visits.last_day + 1))


def why_not_visit(order: Order, kind: VisitKind, *, policies: Policies) -> str | None:
    """None when somebody can come for what was ordered."""
    if kind not in policies.visits.kinds:
        return "no_visits"
    if order.status in _OVER:
        return "already_cancelled" if order.status is OrderStatus.CANCELLED else "already_returned"
    return None if policies.visits.before_delivery or delivered_at(order) is not None else "not_delivered"


def why_not_on(day: date, now: datetime, *, policies: Policies) -> str | None:
    """None when somebody can come on ``day``."""
    return None if day in visit_days(now, policies=policies) else "day_not_offered"


def why_not_cashback(order: Order, known: Cashback | None, *, policies: Policies) -> str | None:
    """None when a review of what was ordered can be registered."""
    cashback = policies.cashback
    if cashback is None:
        return "no_cashback"
    if known is not None:
        return "already_registered"
    if order.status in _OVER:
        return "already_cancelled"
    if order.paid_at is None:
        return "not_paid"
    return "not_delivered" if cashback.after == "delivered" and delivered_at(order) is None else None

"""The shop's rules about money back, pick-up, tickets and restock notices; ``dialogue.shop.rules`` lists the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from dialogue.policies import Policies
from dialogue.policies.schema import WEEKDAYS
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.rules import OPEN, after_days, paid_share, returned_skus
from dialogue.shop.types import Order, OrderLine, OrderStatus, Product, Return, Ticket, TicketKind

_UNPAID = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLED})


def why_not_protect_price(
    order: Order, products: Mapping[str, Product], now: datetime, *, policies: Policies
) -> str | None:
    """None when something of a paid order costs less today; ``products``: those of its lines, by sku."""
    if order.paid_at is None or order.status in _UNPAID:
        return "not_paid"
    if order.price_adjustment is not None:
        return "already_protected"
    if not any(_is_protected(order, line, now, policies) for line in order.lines):
        return "price_window_over"
    least = max(policies.price_protection.minimum_yuan, Decimal("0.01"))
    return "not_cheaper" if price_difference(order, products, now, policies=policies) < least else None


def price_difference(order: Order, products: Mapping[str, Product], now: datetime, *, policies: Policies) -> Decimal:
    """What the order's lines would cost less today, in yuan; without those that go back or are out of the window."""
    share, gone = paid_share(order), returned_skus(order)
    total = Decimal()
    for line in order.lines:
        product = products.get(line.sku)
        if product is None or line.sku in gone or not _is_protected(order, line, now, policies):
            continue
        total += max(Decimal(), line.unit_price * share - product.price) * line.quantity
    return total.quantize(Decimal("0.01"), ROUND_DOWN)


def _is_protected(order: Order, line: OrderLine, now: datetime, policies: Policies) -> bool:
    protection = policies.price_protection
    days = protection.categories.get(line.category or "", protection.days)
    return order.paid_at is not None and days > 0 and now < after_days(order.paid_at, days)


def pickup_days(now: datetime, *, policies: Policies) -> tuple[date, ...]:
    """The days, shop time, on which a carrier can fetch goods."""
    pickup, here = policies.pickup, now.astimezone(SHOP_ZONE)
    late = 1 if here.time() >= pickup.cut_off else 0
    days = (here.date() + timedelta(days=ahead) for ahead in range(pickup.first_day + late, pickup.last_day + 1))
    return tuple(day for day in days if WEEKDAYS[day.weekday()] in pickup.weekdays)


def why_not_book_pickup(entry: Return, day: date, part: str, now: datetime, *, policies: Policies) -> str | None:
    """None when a carrier can come then for the goods of this return; a second booking moves the first."""
    if entry.status not in OPEN:
        return "not_open"
    offered = part in policies.pickup.parts and day in pickup_days(now, policies=policies)
    return None if offered else "day_not_offered"


def why_not_notify(product: Product | None) -> str | None:
    """None when there is something to wait for."""
    if product is None:
        return "unknown_product"
    return "in_stock" if product.stock > 0 else None


def compensation_left(
    kind: TicketKind, level: str | None, tickets: Iterable[Ticket], now: datetime, *, policies: Policies
) -> Decimal:
    """What may still be granted with a ticket of this kind, in yuan; ``tickets``: all that the customer has."""
    compensation = policies.compensation
    since = now - timedelta(days=compensation.period_days)
    granted = sum((ticket.compensation or Decimal() for ticket in tickets if ticket.created_at > since), Decimal())
    return max(Decimal(), compensation.limits[kind].get(level or "", Decimal()) - granted)


def why_not_compensate(amount: Decimal, left: Decimal) -> str | None:
    """None when ``amount`` yuan may be granted; ``left``: see ``compensation_left``."""
    if amount <= 0:
        return "bad_amount"
    return "compensation_over_limit" if amount > left else None


def ticket_due(kind: TicketKind, now: datetime, *, policies: Policies) -> datetime:
    """When the customer hears from the shop at the latest."""
    return now + timedelta(hours=policies.tickets.due_hours[kind])

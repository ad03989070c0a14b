"""The shop's rules, pure: an ``Order`` and the time in, None or the word of the rule that forbids it out.

A skill asks here before it asks the customer to confirm; the shop asks again inside the transaction. The numbers come
from ``Policies``, which ``Shop.policies`` gives. The words are those of ``ActionRefused.rule`` and never change:

  cancel_order     already_shipped, already_cancelled, already_returning, already_modified, reason_not_accepted
  create_return    not_delivered, not_in_order, already_returned, not_returnable, return_window_over, unknown_kind
  change_address   already_shipped, already_cancelled, empty_address
  request_invoice  not_paid, already_issued, empty_title
  urge_order       already_shipped, not_paid, already_cancelled, already_urged
  modify_order, change_payment, and what is wanted in an exchange: see ``change_rules``
  change_account_address  unknown_customer, empty_address
  protect_price    not_paid, already_protected, price_window_over, not_cheaper
  book_pickup      unknown_return, not_open, day_not_offered
  withdraw_return  unknown_return, not_open, already_withdrawn
  restore_order    not_cancelled, undo_over, out_of_stock
  notify_restock   unknown_product, unknown_customer, in_stock
  open_ticket      unknown_customer, wrong_customer, bad_amount, compensation_over_limit
  any of them      unknown_order, idempotency_key_reused
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

from dialogue.policies import Policies
from dialogue.policies.schema import NO_REASON
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import Order, OrderLine, OrderStatus, Product, Return, ReturnStatus

KINDS = ("return", "exchange")

_NOT_SHIPPED = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING})
_RETURN_RUNS = frozenset({OrderStatus.RETURNING, OrderStatus.RETURNED})
_ARRIVED = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED}) | _RETURN_RUNS
_UNPAID = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLED})
OPEN = frozenset({ReturnStatus.REQUESTED, ReturnStatus.APPROVED})
"""A return whose goods have not been sent."""
_NOT_A_RETURN = frozenset({ReturnStatus.REJECTED, ReturnStatus.WITHDRAWN})


def why_not_cancel(order: Order, now: datetime, *, policies: Policies | None = None) -> str | None:
    """None when the order can be cancelled: nothing of it has left the warehouse."""
    if order.status in _NOT_SHIPPED:
        return "already_modified" if policies and policies.changes.once and order.modified else None
    if order.status is OrderStatus.CANCELLED:
        return "already_cancelled"
    return "already_returning" if order.status in _RETURN_RUNS else "already_shipped"


def why_not_this_reason(reason: str, *, policies: Policies) -> str | None:
    """None when an order may be cancelled for ``reason``."""
    accepted = policies.cancel.reasons
    return None if accepted is None or reason in accepted.values() else "reason_not_accepted"


def why_not_restore(
    order: Order, now: datetime, *, policies: Policies, products: Mapping[str, Product] | None = None
) -> str | None:
    """None when a cancelled order can come back; ``products``: those of its lines, by sku; None: stock is not asked."""
    if order.status is not OrderStatus.CANCELLED:
        return "not_cancelled"
    within = timedelta(minutes=policies.undo.restore_minutes)
    if order.cancelled_at is None or now >= order.cancelled_at + within:
        return "undo_over"
    if products is None:
        return None
    enough = all(line.sku in products and products[line.sku].stock >= line.quantity for line in order.lines)
    return None if enough else "out_of_stock"


def why_not_change_address(order: Order, now: datetime) -> str | None:
    """None when the parcel has not been handed to the carrier."""
    if order.status in _NOT_SHIPPED:
        return None
    return "already_cancelled" if order.status is OrderStatus.CANCELLED else "already_shipped"


def why_not_request_invoice(order: Order, now: datetime) -> str | None:
    """None when the order is paid and its invoice has not been issued; a second request changes the title."""
    if order.paid_at is None or order.status in _UNPAID:
        return "not_paid"
    return "already_issued" if order.invoice == "issued" else None


def why_not_urge(order: Order, now: datetime, *, policies: Policies) -> str | None:
    """None when the shop can be asked to hurry: its warehouse, or by its policy the parcel too."""
    if order.status is OrderStatus.CANCELLED:
        return "already_cancelled"
    takes_parcels = policies.urge.on_the_way == "shop" and order.status is OrderStatus.SHIPPED
    if order.status not in _NOT_SHIPPED and not takes_parcels:
        return "already_shipped"
    if order.status is OrderStatus.PENDING_PAYMENT:
        return "not_paid"
    again = order.urged_at and order.urged_at + timedelta(hours=policies.urge.every_hours)
    return "already_urged" if again is not None and now < again else None


def why_not_return(
    order: Order, skus: Collection[str], reason: str, now: datetime, *, kind: str = "return", policies: Policies
) -> str | None:
    """None when these lines can be returned or exchanged at ``now``."""
    if kind not in KINDS:
        return "unknown_kind"
    if order.status not in _ARRIVED:
        return "not_delivered"
    lines = [line for line in order.lines if line.sku in skus]
    if not skus or {line.sku for line in lines} != set(skus):
        return "not_in_order"
    gone = returned_skus(order)
    if gone & set(skus) or (gone and policies.returns.once):
        return "already_returned"
    if not all(_is_returnable(line, policies) for line in lines):
        return "not_returnable"
    deadline = return_deadline(order, reason, skus, policies=policies)
    return "return_window_over" if deadline is not None and now >= deadline else None


def return_deadline(
    order: Order, reason: str = "", skus: Collection[str] = (), *, policies: Policies
) -> datetime | None:
    """The first instant when ``reason`` comes too late for all of ``skus`` together; without any: for the last line.

    None while it is not known when the order arrived. The day of delivery does not count: delivered on the 1st,
    returnable for 7 days until the 8th, 24:00, shop time.
    """
    arrived = delivered_at(order)
    if arrived is None:
        return None
    kind = reason_kind(reason, policies=policies)
    lines = [line for line in order.lines if line.sku in skus] or list(order.lines)
    days = [_return_days(line, kind, policies) for line in lines] or [policies.returns.reasons[kind].days]
    return after_days(arrived, min(days) if skus else max(days))


def _return_days(line: OrderLine, kind: str, policies: Policies) -> int:
    """A reason never shortens the days that need none."""
    returns = policies.returns
    category = returns.categories.get(line.category or "")
    differs = category.days if category else {}
    return max(differs.get(name, returns.reasons[name].days) for name in (kind, NO_REASON))


def open_return(order: Order) -> Return | None:
    """The newest return whose goods have not been sent, None when there is none."""
    return next((entry for entry in reversed(order.returns) if entry.status in OPEN), None)


def why_not_withdraw(entry: Return) -> str | None:
    """None while the goods have not been sent."""
    if entry.status is ReturnStatus.WITHDRAWN:
        return "already_withdrawn"
    return None if entry.status in OPEN else "not_open"


def after_days(start: datetime, days: int) -> datetime:
    """Midnight, shop time, at the end of the last of ``days`` whole days after the day of ``start``."""
    last_day = start.astimezone(SHOP_ZONE).date() + timedelta(days=days)
    return datetime.combine(last_day + timedelta(days=1), time.min, SHOP_ZONE)


def delivered_at(order: Order) -> datetime | None:
    """When the last parcel arrived."""
    if order.delivered_at is not None:
        return order.delivered_at
    return max((parcel.delivered_at for parcel in order.shipments if parcel.delivered_at is not None), default=None)


def reason_kind(reason: str, *, policies: Policies) -> str:
    """The name of the policies' reason that the customer's words mean."""
    lowered = reason.lower()
    for name, kind in policies.returns.reasons.items():
        if any(word in lowered for word in kind.words):
            return name
    return NO_REASON


def is_quality_reason(reason: str, *, policies: Policies) -> bool:
    """True when the fault is the shop's (broken, faulty or wrong goods): it pays for the parcel back."""
    return policies.returns.reasons[reason_kind(reason, policies=policies)].freight == "shop"


def return_freight(reason: str, level: str | None, *, policies: Policies) -> Decimal:
    """What sending it back costs a customer of this membership level, in yuan."""
    free = is_quality_reason(reason, policies=policies) or level in policies.returns.freight_free_levels
    return Decimal(0) if free else policies.returns.freight_yuan


def returned_skus(order: Order) -> frozenset[str]:
    """Lines that are in a return already; a rejected or withdrawn one does not count."""
    return frozenset(sku for entry in order.returns if entry.status not in _NOT_A_RETURN for sku in entry.skus)


def returnable_skus(order: Order, reason: str, now: datetime, *, policies: Policies) -> tuple[str, ...]:
    """The lines that ``why_not_return`` lets through one by one, in the order's order."""
    return tuple(
        line.sku for line in order.lines if why_not_return(order, (line.sku,), reason, now, policies=policies) is None
    )


def refund_amount(order: Order, skus: Collection[str]) -> Decimal:
    """What comes back for these lines, in yuan: their share of what the order cost after discounts."""
    chosen = sum((line.unit_price * line.quantity for line in order.lines if line.sku in skus), Decimal())
    return (chosen * paid_share(order)).quantize(Decimal("0.01"), ROUND_DOWN)


def paid_share(order: Order) -> Decimal:
    """How much of its price each line cost after discounts and what price protection paid back, 0 to 1."""
    full = sum((line.unit_price * line.quantity for line in order.lines), Decimal())
    paid = min(full, order.total) - (order.price_adjustment or 0)
    return max(Decimal(0), paid / full) if full else Decimal(1)


def _is_returnable(line: OrderLine, policies: Policies) -> bool:
    category = policies.returns.categories.get(line.category or "")
    return line.returnable and (category is None or category.returnable)

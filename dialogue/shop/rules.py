"""The shop's rules, pure: an ``Order`` and the time in, None or the word of the rule that forbids it out.

A skill asks here before it asks the customer to confirm; the shop asks again inside the transaction. The words are
those of ``ActionRefused.rule`` and never change:

  cancel_order     already_shipped, already_cancelled, already_returning
  create_return    not_delivered, not_in_order, already_returned, not_returnable, return_window_over, unknown_kind
  change_address   already_shipped, already_cancelled, empty_address
  request_invoice  not_paid, already_issued, empty_title
  any of them      unknown_order, idempotency_key_reused
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import Order, OrderStatus, ReturnStatus

RETURN_DAYS = 7
"""Days after the day of delivery in which a customer returns without a reason (七天无理由退货)."""
QUALITY_RETURN_DAYS = 15
"""The same for goods that came broken, faulty or wrong."""
KINDS = ("return", "exchange")

_NOT_SHIPPED = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING})
_RETURN_RUNS = frozenset({OrderStatus.RETURNING, OrderStatus.RETURNED})
_ARRIVED = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED}) | _RETURN_RUNS
_QUALITY_WORDS = (
    "质量", "破损", "损坏", "破了", "坏了", "坏的", "瑕疵", "故障", "发错", "错发", "漏发", "少发", "少件", "变质",
    "过期", "quality", "damaged", "broken", "defect", "faulty", "wrong item", "missing",
)  # fmt: skip


def why_not_cancel(order: Order, now: datetime) -> str | None:
    """None when the order can be cancelled: nothing of it has left the warehouse."""
    if order.status in _NOT_SHIPPED:
        return None
    if order.status is OrderStatus.CANCELLED:
        return "already_cancelled"
    return "already_returning" if order.status in _RETURN_RUNS else "already_shipped"


def why_not_return(
    order: Order, skus: Collection[str], reason: str, now: datetime, *, kind: str = "return"
) -> str | None:
    """None when these lines can be returned or exchanged at ``now``."""
    if kind not in KINDS:
        return "unknown_kind"
    if order.status not in _ARRIVED:
        return "not_delivered"
    lines = [line for line in order.lines if line.sku in skus]
    if not skus or {line.sku for line in lines} != set(skus):
        return "not_in_order"
    if returned_skus(order) & set(skus):
        return "already_returned"
    if not all(line.returnable for line in lines):
        return "not_returnable"
    deadline = return_deadline(order, reason)
    return "return_window_over" if deadline is not None and now >= deadline else None


def why_not_change_address(order: Order, now: datetime) -> str | None:
    """None when the parcel has not been handed to the carrier."""
    if order.status in _NOT_SHIPPED:
        return None
    return "already_cancelled" if order.status is OrderStatus.CANCELLED else "already_shipped"


def why_not_request_invoice(order: Order, now: datetime) -> str | None:
    """None when the order is paid and its invoice has not been issued; a second request changes the title."""
    if order.paid_at is None or order.status in (OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLED):
        return "not_paid"
    return "already_issued" if order.invoice == "issued" else None


def return_deadline(order: Order, reason: str = "") -> datetime | None:
    """The first instant when ``reason`` comes too late; None while it is not known when the order arrived.

    The day of delivery does not count: delivered on the 1st, returnable until the 8th, 24:00, shop time.
    """
    arrived = delivered_at(order)
    if arrived is None:
        return None
    days = QUALITY_RETURN_DAYS if is_quality_reason(reason) else RETURN_DAYS
    last_day = arrived.astimezone(SHOP_ZONE).date() + timedelta(days=days)
    return datetime.combine(last_day + timedelta(days=1), time.min, SHOP_ZONE)


def delivered_at(order: Order) -> datetime | None:
    """When the last parcel arrived."""
    if order.delivered_at is not None:
        return order.delivered_at
    return max((parcel.delivered_at for parcel in order.shipments if parcel.delivered_at is not None), default=None)


def is_quality_reason(reason: str) -> bool:
    """True when the fault is the shop's: broken, faulty or wrong goods."""
    lowered = reason.lower()
    return any(word in lowered for word in _QUALITY_WORDS)


def returned_skus(order: Order) -> frozenset[str]:
    """Lines that are in a return already; a rejected one does not count."""
    return frozenset(sku for entry in order.returns if entry.status is not ReturnStatus.REJECTED for sku in entry.skus)


def returnable_skus(order: Order, reason: str, now: datetime) -> tuple[str, ...]:
    """The lines that ``why_not_return`` lets through one by one, in the order's order."""
    return tuple(line.sku for line in order.lines if why_not_return(order, (line.sku,), reason, now) is None)


def refund_amount(order: Order, skus: Collection[str]) -> Decimal:
    """What comes back for these lines, in yuan: their share of what the order cost after discounts."""
    full = sum((line.unit_price * line.quantity for line in order.lines), Decimal())
    chosen = sum((line.unit_price * line.quantity for line in order.lines if line.sku in skus), Decimal())
    if full > order.total:
        chosen = chosen * order.total / full
    return chosen.quantize(Decimal("0.01"), ROUND_DOWN)

"""The rules, one by one, on orders made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from dialogue.policies import shipped_policies
from dialogue.shop import rules
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import Order, OrderLine, OrderStatus, Return, ReturnStatus

P = shipped_policies()
DELIVERED = datetime(2026, 11, 1, 9, 30, tzinfo=SHOP_ZONE)
NOW = datetime(2026, 11, 4, 12, 0, tzinfo=SHOP_ZONE)
SHIRT = OrderLine("A", "衬衫", "Shirt", 2, Decimal("50.00"), returnable=True)
SHOES = OrderLine("B", "鞋", "Shoes", 1, Decimal("200.00"), returnable=True)
NUTS = OrderLine("C", "坚果", "Nuts", 1, Decimal("30.00"), returnable=False)
ORDER = Order(
    "12345674", "C1", OrderStatus.DELIVERED, DELIVERED, (SHIRT, SHOES, NUTS), Decimal("330.00"), "某地",
    paid_at=DELIVERED, delivered_at=DELIVERED, invoice="none",
)  # fmt: skip


def with_status(status: OrderStatus) -> Order:
    return replace(ORDER, status=status)


def with_return(status: ReturnStatus) -> Order:
    opened = Return("R1", ORDER.order_number, "return", ("A",), "", status, Decimal(100), NOW)
    return replace(ORDER, status=OrderStatus.RETURNING, returns=(opened,))


@pytest.mark.parametrize(
    ("status", "cancel", "address", "returning", "invoice"),
    [
        (OrderStatus.PENDING_PAYMENT, None, None, "not_delivered", "not_paid"),
        (OrderStatus.PAID, None, None, "not_delivered", None),
        (OrderStatus.PACKING, None, None, "not_delivered", None),
        (OrderStatus.SHIPPED, "already_shipped", "already_shipped", "not_delivered", None),
        (OrderStatus.DELIVERED, "already_shipped", "already_shipped", None, None),
        (OrderStatus.COMPLETED, "already_shipped", "already_shipped", None, None),
        (OrderStatus.CANCELLED, "already_cancelled", "already_cancelled", "not_delivered", "not_paid"),
        (OrderStatus.RETURNING, "already_returning", "already_shipped", None, None),
        (OrderStatus.RETURNED, "already_returning", "already_shipped", None, None),
    ],
)
def test_what_each_status_allows(
    status: OrderStatus, cancel: str | None, address: str | None, returning: str | None, invoice: str | None
) -> None:
    order = with_status(status)
    assert rules.why_not_cancel(order, NOW) == cancel
    assert rules.why_not_change_address(order, NOW) == address
    assert rules.why_not_return(order, ("A",), "", NOW, policies=P) == returning
    assert rules.why_not_request_invoice(order, NOW) == invoice


def test_an_issued_invoice_and_an_unpaid_order() -> None:
    assert rules.why_not_request_invoice(replace(ORDER, invoice="issued"), NOW) == "already_issued"
    assert rules.why_not_request_invoice(replace(ORDER, invoice="requested"), NOW) is None
    assert rules.why_not_request_invoice(replace(ORDER, paid_at=None), NOW) == "not_paid"


def test_the_return_window_ends_with_the_seventh_day_shop_time() -> None:
    end = datetime(2026, 11, 9, 0, 0, tzinfo=SHOP_ZONE)
    assert rules.return_deadline(ORDER, policies=P) == end
    assert rules.why_not_return(ORDER, ("A",), "不喜欢", end - timedelta(seconds=1), policies=P) is None
    assert rules.why_not_return(ORDER, ("A",), "不喜欢", end, policies=P) == "return_window_over"


@pytest.mark.parametrize("reason", ["质量问题", "收到时包装破损", "发错了颜色", "It arrived BROKEN", "wrong item"])
def test_a_fault_of_the_shop_has_fifteen_days(reason: str) -> None:
    assert rules.return_deadline(ORDER, reason, policies=P) == datetime(2026, 11, 17, 0, 0, tzinfo=SHOP_ZONE)
    assert rules.why_not_return(ORDER, ("A",), reason, NOW + timedelta(days=10), policies=P) is None


def test_the_window_counts_from_the_last_parcel_and_is_open_while_nobody_knows() -> None:
    unknown = replace(ORDER, delivered_at=None)
    assert rules.return_deadline(unknown, policies=P) is None
    assert rules.why_not_return(unknown, ("A",), "", NOW + timedelta(days=99), policies=P) is None


@pytest.mark.parametrize(
    ("skus", "rule"),
    [
        (("A", "B"), None),
        (("C",), "not_returnable"),
        (("A", "C"), "not_returnable"),
        (("A", "X"), "not_in_order"),
        ((), "not_in_order"),
    ],
)
def test_every_line_must_be_returnable(skus: tuple[str, ...], rule: str | None) -> None:
    assert rules.why_not_return(ORDER, skus, "", NOW, policies=P) == rule


def test_a_line_is_returned_once_unless_the_return_was_rejected() -> None:
    running = with_return(ReturnStatus.APPROVED)
    assert rules.why_not_return(running, ("A",), "", NOW, policies=P) == "already_returned"
    assert rules.why_not_return(running, ("B",), "", NOW, policies=P) is None
    assert rules.returnable_skus(running, "", NOW, policies=P) == ("B",)
    assert rules.why_not_return(with_return(ReturnStatus.REJECTED), ("A",), "", NOW, policies=P) is None


def test_kind_is_return_or_exchange() -> None:
    assert rules.why_not_return(ORDER, ("A",), "", NOW, kind="exchange", policies=P) is None
    assert rules.why_not_return(ORDER, ("A",), "", NOW, kind="gift", policies=P) == "unknown_kind"


def test_the_refund_is_what_was_paid_for_the_lines() -> None:
    assert rules.refund_amount(ORDER, ("A",)) == Decimal("100.00")
    assert rules.refund_amount(ORDER, ("A", "B", "C")) == Decimal("330.00")
    discounted = replace(ORDER, total=Decimal("300.00"))
    assert rules.refund_amount(discounted, ("A",)) == Decimal("90.90")
    assert rules.refund_amount(discounted, ("A", "B", "C")) == Decimal("300.00")
    with_postage = replace(ORDER, total=Decimal("340.00"))
    assert rules.refund_amount(with_postage, ("A",)) == Decimal("100.00")

"""The rules on several lines at once, on options of one family and on ways to pay, on orders made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from dialogue.policies import Policies, shipped_policies
from dialogue.shop import change_rules, rules
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import (
    LineChange,
    Order,
    OrderLine,
    OrderStatus,
    PaymentMethod,
    Product,
    Return,
    ReturnStatus,
)

CHINA = shipped_policies()
STRICT = CHINA.model_copy(
    update={
        "changes": CHINA.changes.model_copy(update={"within": "family", "once": True, "renew": False}),
        "cancel": CHINA.cancel.model_copy(update={"reasons": {"unwanted": "no longer needed"}}),
        "payment": CHINA.payment.model_copy(update={"refund_kinds": ("gift_card",)}),
        "returns": CHINA.returns.model_copy(update={"once": True}),
    }
)
NOW = datetime(2026, 11, 4, 12, 0, tzinfo=SHOP_ZONE)
SHIRT = OrderLine("S1", "T恤", "T-shirt", 1, Decimal("50.00"), True, "服饰", "S", {"size": "M"})
LAMP = OrderLine("L1", "台灯", "Lamp", 2, Decimal("80.00"), True, "家居", "L", {"color": "black"})
ORDER = Order(
    "12345674", "C1", OrderStatus.PAID, NOW - timedelta(days=2), (SHIRT, LAMP), Decimal("210.00"), "某地",
    paid_at=NOW - timedelta(days=2), payment_method="card",
)  # fmt: skip
CARD = PaymentMethod("card", "card", "银行卡", "card")
GIFT = PaymentMethod("gift", "gift_card", "礼品卡", "gift card", Decimal("30.00"))
PAYPAL = PaymentMethod("paypal", "paypal", "PayPal", "PayPal")
METHODS = (CARD, GIFT, PAYPAL)


def product(sku: str, family: str | None, price: str, category: str = "服饰", stock: int = 9) -> Product:
    return Product(sku, sku, sku, category, Decimal(price), stock, True, 0, {}, "", family=family)


PRODUCTS = {
    each.sku: each
    for each in (
        product("S1", "S", "55"), product("S2", "S", "60"), product("S3", "S", "60", stock=0), product("X", None, "9"),
        product("L1", "L", "80", "家居"), product("L2", "L", "70", "家居"),
    )
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "china", "strict"),
    [
        ((LineChange("S1", "S2"), LineChange("L1", "L2")), None, None),
        ((LineChange("S1", "S2"), LineChange("L1", None, 3)), None, None),
        ((LineChange("S1", "S2"), LineChange("S1", "X")), "already_in_order", "already_in_order"),
        ((LineChange("S1", "X"),), None, "other_family"),
        ((LineChange("S1", "L2"),), "other_category", "other_family"),
        ((LineChange("S1", "S2"), LineChange("L1", "S3")), "other_category", "other_family"),
        ((LineChange("S1", "S3"),), "out_of_stock", "out_of_stock"),
        ((LineChange("S1", "L1"),), "already_in_order", "already_in_order"),
        ((), "no_change", "no_change"),
    ],
)
def test_several_lines_at_once(changes: tuple[LineChange, ...], china: str | None, strict: str | None) -> None:
    def why(policies: Policies) -> str | None:
        return change_rules.why_not_change_lines(ORDER, changes, PRODUCTS, policies=policies)

    assert (why(CHINA), why(STRICT)) == (china, strict)


def test_the_difference_of_several_lines() -> None:
    changes = (LineChange("S1", "S2"), LineChange("L1", "L2"))
    assert change_rules.difference(ORDER, changes, PRODUCTS) == Decimal("-10.00")
    assert change_rules.changed_total(ORDER, changes, PRODUCTS) == Decimal("200.00")


def test_an_order_is_changed_once_where_policy_says_so() -> None:
    changed = replace(ORDER, modified=True)
    assert change_rules.why_not_modify(changed, policies=CHINA) is None
    assert change_rules.why_not_modify(changed, policies=STRICT) == "already_modified"
    assert rules.why_not_cancel(changed, NOW, policies=CHINA) is None
    assert rules.why_not_cancel(changed, NOW, policies=STRICT) == "already_modified"


def test_a_reason_must_be_one_that_counts() -> None:
    assert rules.why_not_this_reason("等太久", policies=CHINA) is None
    assert rules.why_not_this_reason("no longer needed", policies=STRICT) is None
    assert rules.why_not_this_reason("too slow", policies=STRICT) == "reason_not_accepted"


def test_one_return_is_all_where_policy_says_so() -> None:
    opened = Return("R1", ORDER.order_number, "return", ("S1",), "", ReturnStatus.APPROVED, Decimal(50), NOW)
    order = replace(ORDER, status=OrderStatus.RETURNING, delivered_at=NOW, returns=(opened,))
    assert rules.why_not_return(order, ("L1",), "", NOW, policies=CHINA) is None
    assert rules.why_not_return(order, ("L1",), "", NOW, policies=STRICT) == "already_returned"


def test_what_may_come_in_exchange() -> None:
    def why(*changes: LineChange, policies: Policies = STRICT) -> str | None:
        return change_rules.why_not_exchange(ORDER, changes, PRODUCTS, policies=policies)

    assert why(LineChange("S1", "S2"), LineChange("L1", "L2")) is None
    assert why(LineChange("S1", "S1")) == why(LineChange("S1")) == "same_thing"
    assert why(LineChange("S1", "S1"), policies=CHINA) is None, "a new one of the same"
    assert why(LineChange("S1", "S3")) == "out_of_stock"
    assert why(LineChange("S1", "X")) == "other_family"
    assert why(LineChange("S1", "X"), policies=CHINA) is None
    assert why(LineChange("S1", "Y")) == "unknown_product"
    assert why(LineChange("Z", "S2")) == "not_in_order"


def test_another_way_to_pay() -> None:
    def why(method: str, order: Order = ORDER) -> str | None:
        return change_rules.why_not_change_payment(order, METHODS, method)

    assert why("paypal") is None
    assert why("card") == "same_payment_method"
    assert why("gift") == "balance_too_low"
    assert why("gift", replace(ORDER, total=Decimal("30.00"))) is None
    assert why("cash") == "unknown_payment_method"
    assert why("paypal", replace(ORDER, status=OrderStatus.SHIPPED)) == "already_shipped"
    assert why("paypal", replace(ORDER, status=OrderStatus.CANCELLED)) == "already_cancelled"


def test_a_balance_must_cover_the_difference() -> None:
    assert change_rules.why_not_settle(METHODS, "gift", Decimal("30.00")) is None
    assert change_rules.why_not_settle(METHODS, "gift", Decimal("30.01")) == "balance_too_low"
    assert change_rules.why_not_settle(METHODS, "gift", Decimal(-500)) is None
    assert change_rules.why_not_settle(METHODS, "card", Decimal(500)) is None
    assert change_rules.why_not_settle(METHODS, None, Decimal(500)) is None
    assert change_rules.why_not_settle(METHODS, "cash", Decimal(1)) == "unknown_payment_method"


def test_where_a_refund_may_go() -> None:
    def why(method: str | None, policies: Policies = STRICT) -> str | None:
        return change_rules.why_not_refund_to(ORDER, METHODS, method, policies=policies)

    assert (why(None), why("card"), why("gift")) == (None, None, None)
    assert why("paypal") == "refund_not_there"
    assert why("gift", CHINA) == "refund_not_there"
    assert why("cash") == "unknown_payment_method"

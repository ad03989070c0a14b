"""The rules about undoing, changing, hurrying, money back, pick-up and tickets, on orders made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from dialogue.policies import shipped_policies
from dialogue.policies.schema import Pickup
from dialogue.shop import change_rules, rules, service_rules
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import LineChange, Order, OrderLine, OrderStatus, Product, Return, ReturnStatus, Ticket

P = shipped_policies()
NOW = datetime(2026, 11, 4, 12, 0, tzinfo=SHOP_ZONE)
SHIRT = OrderLine("A", "衬衫", "Shirt", 2, Decimal("50.00"), returnable=True, category="服饰")
NUTS = OrderLine("C", "坚果", "Nuts", 1, Decimal("30.00"), returnable=False, category="食品")
ORDER = Order(
    "12345674", "C1", OrderStatus.PAID, NOW - timedelta(days=2), (SHIRT, NUTS), Decimal("130.00"), "某地",
    paid_at=NOW - timedelta(days=2), invoice="none",
)  # fmt: skip
ENTRY = Return("R1", ORDER.order_number, "return", ("A",), "", ReturnStatus.APPROVED, Decimal(100), NOW)


def product(sku: str, price: str, stock: int = 9, category: str = "服饰") -> Product:
    return Product(sku, sku, sku, category, Decimal(price), stock, True, 0, {}, "")


def test_a_cancelled_order_comes_back_for_half_an_hour() -> None:
    cancelled = replace(ORDER, status=OrderStatus.CANCELLED, cancelled_at=NOW)
    stock = {"A": product("A", "50", 2), "C": product("C", "30", 1)}
    end = NOW + timedelta(minutes=30)

    def why(order: Order, at: datetime, products: dict[str, Product] | None = None) -> str | None:
        return rules.why_not_restore(order, at, policies=P, products=products)

    assert why(cancelled, end - timedelta(seconds=1), stock) is None
    assert why(cancelled, end, stock) == "undo_over"
    assert why(replace(cancelled, cancelled_at=None), NOW, stock) == "undo_over"
    assert why(cancelled, NOW, stock | {"A": product("A", "50", 1)}) == "out_of_stock"
    assert why(cancelled, NOW, {"A": stock["A"]}) == "out_of_stock"
    assert why(cancelled, NOW) is None
    assert why(ORDER, NOW, stock) == "not_cancelled"


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (OrderStatus.PENDING_PAYMENT, "not_paid"),
        (OrderStatus.PAID, None),
        (OrderStatus.PACKING, None),
        (OrderStatus.SHIPPED, "already_shipped"),
        (OrderStatus.CANCELLED, "already_cancelled"),
        (OrderStatus.RETURNED, "already_shipped"),
    ],
)
def test_what_can_be_hurried(status: OrderStatus, rule: str | None) -> None:
    assert rules.why_not_urge(replace(ORDER, status=status), NOW, policies=P) == rule


def test_hurrying_once_a_day() -> None:
    urged = replace(ORDER, urged_at=NOW)
    assert rules.why_not_urge(urged, NOW + timedelta(hours=23, minutes=59), policies=P) == "already_urged"
    assert rules.why_not_urge(urged, NOW + timedelta(hours=24), policies=P) is None


@pytest.mark.parametrize(
    ("sku", "becomes", "quantity", "rule"),
    [
        ("A", product("A", "60"), 3, None),
        ("A", product("A", "60"), 1, None),
        ("A", product("B", "60"), None, None),
        ("A", product("A", "60"), 2, "same_thing"),
        ("A", product("A", "60"), None, "same_thing"),
        ("A", product("A", "60", stock=0), 3, "out_of_stock"),
        ("A", product("A", "60", stock=0), 1, None),
        ("A", product("B", "60", stock=1), None, "out_of_stock"),
        ("A", product("B", "60", category="鞋靴"), None, "other_category"),
        ("A", product("C", "30", category="食品"), None, "already_in_order"),
        ("A", product("A", "60"), 0, "bad_quantity"),
        ("A", product("A", "60"), 100, "bad_quantity"),
        ("A", None, 3, "unknown_product"),
        ("Z", product("A", "60"), 3, "not_in_order"),
    ],
)
def test_what_a_line_can_become(sku: str, becomes: Product | None, quantity: int | None, rule: str | None) -> None:
    change = LineChange(sku, None if becomes is None or becomes.sku == sku else becomes.sku, quantity)
    products = {becomes.sku: becomes} if becomes else {}
    assert change_rules.why_not_change_lines(ORDER, (change,), products, policies=P) == rule
    shipped = replace(ORDER, status=OrderStatus.SHIPPED)
    assert change_rules.why_not_change_lines(shipped, (change,), products, policies=P) == "already_shipped"


def test_a_kept_product_keeps_its_price_and_another_has_todays() -> None:
    def total(becomes: Product, quantity: int | None) -> Decimal:
        change = LineChange("A", None if becomes.sku == "A" else becomes.sku, quantity)
        return change_rules.changed_total(ORDER, (change,), {becomes.sku: becomes})

    assert total(product("A", "60"), 3) == Decimal("180.00")
    assert total(product("B", "60"), None) == Decimal("150.00")
    assert total(product("B", "10"), 1) == Decimal("40.00")


def test_what_became_cheaper_comes_back() -> None:
    today = {"A": product("A", "45.50"), "C": product("C", "20", category="食品")}

    def difference(order: Order) -> Decimal:
        return service_rules.price_difference(order, today, NOW, policies=P)

    def why(order: Order, at: datetime = NOW, products: dict[str, Product] = today) -> str | None:
        return service_rules.why_not_protect_price(order, products, at, policies=P)

    assert difference(ORDER) == Decimal("9.00"), "food has no price protection"
    assert why(ORDER) is None
    discounted = replace(ORDER, total=Decimal("117.00"))
    assert difference(discounted) == Decimal("0.00"), "45.00 was paid for each"
    assert why(discounted) == "not_cheaper"
    assert why(ORDER, products={"A": product("A", "49.60")}) == "not_cheaper", "less than a yuan"
    assert why(replace(ORDER, returns=(ENTRY,))) == "not_cheaper", "what goes back is refunded whole"
    assert why(replace(ORDER, price_adjustment=Decimal(9))) == "already_protected"
    assert why(replace(ORDER, status=OrderStatus.PENDING_PAYMENT)) == "not_paid"
    end = datetime(2026, 11, 10, 0, 0, tzinfo=SHOP_ZONE)
    assert why(ORDER, end - timedelta(seconds=1)) is None
    assert why(ORDER, end) == "price_window_over"


def test_a_refund_leaves_out_what_was_paid_back_before() -> None:
    assert rules.refund_amount(ORDER, ("A", "C")) == Decimal("130.00")
    protected = replace(ORDER, price_adjustment=Decimal("13.00"))
    assert rules.refund_amount(protected, ("A", "C")) == Decimal("117.00")
    with_postage = replace(protected, total=Decimal("140.00"))
    assert rules.refund_amount(with_postage, ("A", "C")) == Decimal("117.00")


def test_when_a_carrier_comes() -> None:
    days = service_rules.pickup_days(NOW, policies=P)
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 5), date(2026, 11, 9), 5)
    late = service_rules.pickup_days(NOW.replace(hour=20), policies=P)
    assert (late[0], late[-1]) == (date(2026, 11, 6), date(2026, 11, 9))
    weekdays = P.model_copy(
        update={"pickup": Pickup.model_validate(P.pickup.model_dump() | {"weekdays": ["mon", "fri"]})}
    )
    assert service_rules.pickup_days(NOW, policies=weekdays) == (date(2026, 11, 6), date(2026, 11, 9))

    def why(entry: Return, day: date, part: str = "morning") -> str | None:
        return service_rules.why_not_book_pickup(entry, day, part, NOW, policies=P)

    assert why(ENTRY, days[0]) is None
    assert why(ENTRY, NOW.date()) == "day_not_offered"
    assert why(ENTRY, days[0], "night") == "day_not_offered"
    assert why(replace(ENTRY, status=ReturnStatus.IN_TRANSIT), days[0]) == "not_open"


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (ReturnStatus.REQUESTED, None),
        (ReturnStatus.APPROVED, None),
        (ReturnStatus.IN_TRANSIT, "not_open"),
        (ReturnStatus.REFUNDED, "not_open"),
        (ReturnStatus.WITHDRAWN, "already_withdrawn"),
    ],
)
def test_what_can_be_withdrawn(status: ReturnStatus, rule: str | None) -> None:
    entry = replace(ENTRY, status=status)
    assert rules.why_not_withdraw(entry) == rule
    order = replace(ORDER, returns=(entry,))
    assert (rules.open_return(order) == entry) is (rule is None)
    assert rules.returned_skus(order) == (frozenset() if status is ReturnStatus.WITHDRAWN else {"A"})


def test_who_pays_for_the_parcel_back() -> None:
    assert rules.return_freight("不喜欢", "普通", policies=P) == 10
    assert rules.return_freight("不喜欢", None, policies=P) == 10
    assert rules.return_freight("不喜欢", "金卡", policies=P) == 0
    assert rules.return_freight("收到就坏了", "普通", policies=P) == 0
    assert rules.return_freight("发错颜色", "普通", policies=P) == 0
    assert rules.reason_kind("发错颜色", policies=P) == "wrong_item"


def test_compensations_of_a_period_add_up() -> None:
    def ticket(days: int, amount: str | None) -> Ticket:
        at = NOW - timedelta(days=days)
        return Ticket("T1", "complaint", "open", at, at, Decimal(amount) if amount else None)

    def left(level: str | None, *tickets: Ticket) -> Decimal:
        return service_rules.compensation_left("complaint", level, tickets, NOW, policies=P)

    assert (left("普通"), left("银卡"), left("金卡"), left(None), left("钻石")) == (20, 30, 50, 0, 0)
    assert left("金卡", ticket(1, "20.00"), ticket(29, "10.00"), ticket(31, "50.00"), ticket(2, None)) == 20
    assert left("普通", ticket(1, "50.00")) == 0
    assert service_rules.why_not_compensate(Decimal(20), Decimal(20)) is None
    assert service_rules.why_not_compensate(Decimal("20.01"), Decimal(20)) == "compensation_over_limit"
    assert service_rules.why_not_compensate(Decimal(0), Decimal(20)) == "bad_amount"
    assert service_rules.ticket_due("supervisor", NOW, policies=P) == NOW + timedelta(hours=4)

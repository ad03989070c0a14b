"""Records of tau2's retail world in, Kefu's shop values out. Pure.

The records know no times: orders were placed and delivered the day before ``now``, and policies.yaml lets nothing run
out. An item is a product of its own, its product a family; two of the same item in an order are one line of two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from dialogue.shop.types import (
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    PaymentKind,
    PaymentMethod,
    PostalAddress,
    Product,
    Return,
    ReturnStatus,
    Shipment,
)
from tests.worlds.tau2_records import MODIFIED, Record, Records

_STATUS = {
    "pending": OrderStatus.PAID,
    MODIFIED: OrderStatus.PAID,
    "processed": OrderStatus.SHIPPED,
    "delivered": OrderStatus.DELIVERED,
    "cancelled": OrderStatus.CANCELLED,
    "return requested": OrderStatus.RETURNING,
    "exchange requested": OrderStatus.RETURNING,
}
_KINDS: dict[str, PaymentKind] = {"credit_card": "card", "gift_card": "gift_card", "paypal": "paypal"}
_AGO = timedelta(days=1)
_HAS_ARRIVED = frozenset({OrderStatus.DELIVERED, OrderStatus.RETURNING})


def customer_of(user: Record) -> Customer:
    """A user."""
    address = address_of(user["address"])
    return Customer(
        user["user_id"],
        f"{user['name']['first_name']} {user['name']['last_name']}",
        phone="",
        address=str(address),
        level="",
        points=0,
        email=user["email"],
        postal_code=address.postal_code,
        postal_address=address,
    )


def address_of(record: Mapping[str, str]) -> PostalAddress:
    """An address."""
    return PostalAddress(
        record["address1"], record["address2"], record["city"], record["state"], record["zip"], record["country"]
    )


def record_of(address: PostalAddress) -> dict[str, str]:
    """The other way round. A country that nobody said is the one where all of these customers live."""
    return {
        "address1": address.street,
        "address2": address.unit,
        "city": address.city,
        "country": address.country or "USA",
        "state": address.state,
        "zip": address.postal_code,
    }


def method_of(record: Record) -> PaymentMethod:
    """A payment method."""
    kind = _KINDS[record["source"]]
    if kind == "card":
        label = f"{record['brand'].capitalize()} ending in {record['last_four']}"
    else:
        label = "gift card" if kind == "gift_card" else "PayPal"
    balance = money(record["balance"]) if kind == "gift_card" else None
    return PaymentMethod(record["id"], kind, label, label, balance)


def products_of(records: Records) -> Iterator[Product]:
    """Every item that can be bought."""
    for product_id, product in records.products.items():
        for item_id, variant in product["variants"].items():
            yield Product(
                item_id,
                product["name"],
                product["name"],
                category=product["name"],
                price=money(variant["price"]),
                stock=100 if variant["available"] else 0,
                returnable=True,
                warranty_months=0,
                attributes=dict(variant["options"]),
                description="",
                family=product_id,
            )


def order_of(record: Record, now: datetime) -> Order:
    """An order."""
    status, at = _STATUS[record["status"]], now - _AGO
    lines = _lines(record)
    address = address_of(record["address"])
    arrived = at if status in _HAS_ARRIVED else None
    return Order(
        record["order_id"],
        record["user_id"],
        status,
        created_at=at,
        lines=lines,
        total=sum((line.unit_price * line.quantity for line in lines), Decimal()),
        address=str(address),
        shipments=tuple(_shipments(record, at, arrived)),
        returns=_returns(record, lines, now),
        paid_at=at,
        delivered_at=arrived,
        cancelled_at=at if status is OrderStatus.CANCELLED else None,
        payment_method=payment_of(record),
        postal_address=address,
        modified=record["status"] == MODIFIED,
    )


def payment_of(record: Record) -> str:
    """Id of the method that an order is paid with: that of its last whole payment."""
    history = record["payment_history"]
    if (
        len(history) >= 3
        and history[1]["transaction_type"] == "payment"
        and history[1]["amount"] == history[0]["amount"]
    ):
        return str(history[1]["payment_method_id"])
    return str(history[0]["payment_method_id"])


def money(amount: float) -> Decimal:
    """Dollars and cents."""
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def _lines(record: Record) -> tuple[OrderLine, ...]:
    count = Counter(item["item_id"] for item in record["items"])
    first: dict[str, Any] = {}
    for item in record["items"]:
        first.setdefault(item["item_id"], item)
    return tuple(
        OrderLine(
            item_id,
            item["name"],
            item["name"],
            count[item_id],
            money(item["price"]),
            returnable=True,
            category=item["name"],
            family=item["product_id"],
            options=dict(item["options"]),
        )
        for item_id, item in first.items()
    )


def _shipments(record: Record, at: datetime, arrived: datetime | None) -> Iterator[Shipment]:
    for parcel in record["fulfillments"]:
        for tracking_number in parcel["tracking_id"]:
            yield Shipment(tracking_number, "", "", at, None, arrived, (), skus=tuple(parcel["item_ids"]))


def _returns(record: Record, lines: tuple[OrderLine, ...], now: datetime) -> tuple[Return, ...]:
    kind = {"return requested": "return", "exchange requested": "exchange"}.get(record["status"])
    if kind is None:
        return ()
    skus = tuple(dict.fromkeys(record[f"{kind}_items"]))
    refund = sum((line.unit_price * line.quantity for line in lines if line.sku in skus), Decimal())
    return (
        Return(
            f"R{record['order_id'].lstrip('#')}",
            record["order_id"],
            kind,
            skus,
            reason="",
            status=ReturnStatus.REQUESTED,
            amount=refund if kind == "return" else Decimal(),
            created_at=now,
            new_skus=tuple(record.get("exchange_new_items", ())),
            payment_method=record[f"{kind}_payment_method_id"],
            difference=money(record["exchange_price_difference"]) if kind == "exchange" else None,
        ),
    )

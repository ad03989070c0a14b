"""Rows of the SQL shop to the values of ``dialogue.shop.types``. Instants come out in the shop's zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue.shop import schema
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import (
    Cashback,
    Coupon,
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    PaymentMethod,
    Product,
    RelatedProduct,
    Return,
    ReturnStatus,
    ReviewSummary,
    Shipment,
    Ticket,
    TrackingEvent,
    Visit,
)

V = TypeVar("V")
_TRACKING_NUMBER = "tracking_number"


async def rows(connection: AsyncConnection, table: Table, *where: ColumnElement[bool]) -> Sequence[RowMapping]:
    """Every column of the rows of ``table`` that match."""
    return (await connection.execute(select(table).where(*where))).mappings().all()


async def load_orders(connection: AsyncConnection, heads: Sequence[RowMapping]) -> tuple[Order, ...]:
    """Orders with all that belongs to them, in four queries whatever their number; ``heads``: rows of orders."""
    if not heads:
        return ()
    numbers = [head["order_number"] for head in heads]

    async def of_orders(table: Table, *order_by: Any) -> Sequence[RowMapping]:
        query = select(table).where(table.c.order_number.in_(numbers)).order_by(*order_by)
        return (await connection.execute(query)).mappings().all()

    lines = await of_orders(schema.order_lines, schema.order_lines.c.position)
    parcels = await of_orders(schema.shipments, schema.shipments.c.shipped_at, schema.shipments.c.tracking_number)
    returned = await of_orders(schema.returns, schema.returns.c.created_at, schema.returns.c.return_number)
    scans = await _scans(connection, [parcel[_TRACKING_NUMBER] for parcel in parcels])
    lines_of = _grouped([(row["order_number"], _line(row)) for row in lines])
    parcels_of = _grouped([(row["order_number"], _shipment(row, scans[row[_TRACKING_NUMBER]])) for row in parcels])
    returns_of = _grouped([(row["order_number"], to_return(row)) for row in returned])
    return tuple(_order(head, lines_of, parcels_of, returns_of) for head in heads)


async def _scans(connection: AsyncConnection, tracking_numbers: list[str]) -> dict[str, list[TrackingEvent]]:
    if not tracking_numbers:
        return {}
    table = schema.tracking_events
    query = select(table).where(table.c.tracking_number.in_(tracking_numbers)).order_by(table.c.position)
    found = (await connection.execute(query)).mappings()
    return _grouped(
        [(row[_TRACKING_NUMBER], TrackingEvent(_at(row["at"]), row["place"], row["text"])) for row in found]
    )


def _grouped(pairs: list[tuple[str, V]]) -> dict[str, list[V]]:
    groups: dict[str, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def to_customer(row: RowMapping) -> Customer:
    """A row of shop_customers."""
    return Customer(**row)


def to_product(row: RowMapping) -> Product:
    """A row of shop_products."""
    return Product(**{**row, "price_since": _at_or_none(row["price_since"])})


def to_visit(row: RowMapping) -> Visit:
    """A row of shop_visits."""
    return Visit(**row)


def to_cashback(row: RowMapping) -> Cashback:
    """A row of shop_cashbacks."""
    return Cashback(row["order_number"], row["status"])


def to_payment_method(row: RowMapping) -> PaymentMethod:
    """A row of shop_payment_methods."""
    return PaymentMethod(row["method_id"], row["kind"], row["label"], row["label_en"], row["balance"])


def to_related(product: Product, reason: str, reason_en: str) -> RelatedProduct:
    """A product with the reason why it is named."""
    values = {field.name: getattr(product, field.name) for field in fields(product)}
    return RelatedProduct(**values, reason=reason, reason_en=reason_en)


def to_reviews(row: RowMapping) -> ReviewSummary:
    """A row of shop_reviews."""
    return ReviewSummary(**{**row, "praised": tuple(row["praised"]), "criticised": tuple(row["criticised"])})


def to_coupon(row: RowMapping) -> Coupon:
    """A row of shop_coupons."""
    values = {name: value for name, value in row.items() if name != "customer_id"}
    return Coupon(**{**values, "valid_until": _at(row["valid_until"])})


def to_ticket(row: RowMapping) -> Ticket:
    """A row of shop_tickets."""
    return Ticket(
        ticket_number=f"T{row['id']:06d}",
        kind=row["kind"],
        status=row["status"],
        created_at=_at(row["created_at"]),
        due_at=_at(row["due_at"]),
        compensation=row["compensation"],
        order_number=row["order_number"],
    )


def to_return(row: RowMapping) -> Return:
    """A row of shop_returns."""
    values = dict(row)
    values.update(
        skus=tuple(row["skus"]),
        status=ReturnStatus(row["status"]),
        created_at=_at(row["created_at"]),
        refunded_at=_at_or_none(row["refunded_at"]),
        new_skus=tuple(row["new_skus"] or ()),
    )
    return Return(**values)


def _line(row: RowMapping) -> OrderLine:
    return OrderLine(
        row["sku"],
        row["name"],
        row["name_en"],
        row["quantity"],
        row["unit_price"],
        row["returnable"],
        row["category"],
        row["family"],
        dict(row["options"] or {}),
    )


def _shipment(row: RowMapping, scans: list[TrackingEvent]) -> Shipment:
    return Shipment(
        tracking_number=row[_TRACKING_NUMBER],
        carrier=row["carrier"],
        carrier_en=row["carrier_en"],
        shipped_at=_at(row["shipped_at"]),
        eta=_at_or_none(row["eta"]),
        delivered_at=_at_or_none(row["delivered_at"]),
        events=tuple(scans),
        delay_reason=row["delay_reason"],
        skus=tuple(row["skus"] or ()),
    )


def _order(
    row: RowMapping,
    lines: dict[str, list[OrderLine]],
    parcels: dict[str, list[Shipment]],
    returned: dict[str, list[Return]],
) -> Order:
    number = row["order_number"]
    return Order(
        order_number=number,
        customer_id=row["customer_id"],
        status=OrderStatus(row["status"]),
        created_at=_at(row["created_at"]),
        lines=tuple(lines.get(number, ())),
        total=row["total"],
        address=row["address"],
        shipments=tuple(parcels.get(number, ())),
        returns=tuple(returned.get(number, ())),
        paid_at=_at_or_none(row["paid_at"]),
        delivered_at=_at_or_none(row["delivered_at"]),
        invoice=row["invoice"],
        cancelled_at=_at_or_none(row["cancelled_at"]),
        urged_at=_at_or_none(row["urged_at"]),
        price_adjustment=row["price_adjustment"],
        payment_method=row["payment_method"],
        modified=row["modified"],
    )


def _at(value: datetime) -> datetime:
    return value.astimezone(SHOP_ZONE)


def _at_or_none(value: datetime | None) -> datetime | None:
    return None if value is None else _at(value)

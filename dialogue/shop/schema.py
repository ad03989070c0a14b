"""The tables of the SQL shop, all named ``shop_...``. Money is whole fen, time is UTC.

Lines, parcels and returns go with their order (ON DELETE CASCADE); products may leave the catalogue while orders keep
the name and the price that the customer saw.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from dialogue.database import UtcDateTime, Yuan, metadata

customers = Table(
    "shop_customers",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("phone", String(16), nullable=False, unique=True),
    Column("address", String(300), nullable=False),
    Column("level", String(16), nullable=False),
    Column("points", Integer, nullable=False),
)

products = Table(
    "shop_products",
    metadata,
    Column("sku", String(32), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("category", String(32), nullable=False, index=True),
    Column("price", Yuan, nullable=False),
    Column("stock", Integer, nullable=False),
    Column("returnable", Boolean, nullable=False),
    Column("warranty_months", Integer, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("description", Text, nullable=False),
)

orders = Table(
    "shop_orders",
    metadata,
    Column("order_number", String(32), primary_key=True),
    Column("customer_id", ForeignKey("shop_customers.customer_id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("paid_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("cancelled_at", UtcDateTime),
    Column("cancel_reason", String(200)),
    Column("total", Yuan, nullable=False),
    Column("address", String(300), nullable=False),
    Column("invoice", String(16), nullable=False),
    Column("invoice_title", String(200)),
    Index("ix_shop_orders_customer_created", "customer_id", "created_at"),
)


def _of_order() -> Column[str]:
    return Column(
        "order_number", ForeignKey("shop_orders.order_number", ondelete="CASCADE"), nullable=False, index=True
    )


order_lines = Table(
    "shop_order_lines",
    metadata,
    Column("order_number", ForeignKey("shop_orders.order_number", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("sku", String(32), nullable=False),
    Column("name", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", Yuan, nullable=False),
    Column("returnable", Boolean, nullable=False),
)

shipments = Table(
    "shop_shipments",
    metadata,
    Column("tracking_number", String(40), primary_key=True),
    _of_order(),
    Column("carrier", String(32), nullable=False),
    Column("carrier_en", String(32), nullable=False),
    Column("shipped_at", UtcDateTime, nullable=False),
    Column("eta", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("delay_reason", String(200)),
)

tracking_events = Table(
    "shop_tracking_events",
    metadata,
    Column("tracking_number", ForeignKey("shop_shipments.tracking_number", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("place", String(64), nullable=False),
    Column("text", String(200), nullable=False),
)

returns = Table(
    "shop_returns",
    metadata,
    Column("return_number", String(40), primary_key=True),
    _of_order(),
    Column("kind", String(16), nullable=False),
    Column("skus", JSON, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("status", String(16), nullable=False),
    Column("amount", Yuan, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("refunded_at", UtcDateTime),
)

idempotency_keys = Table(
    "shop_idempotency_keys",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("action", String(32), nullable=False),
    Column("arguments_hash", String(64), nullable=False),
    Column("result", JSON),
    Column("created_at", UtcDateTime, nullable=False),
)

demo = Table(
    "shop_demo",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seed", Integer, nullable=False),
    Column("anchored_at", UtcDateTime, nullable=False),
)
"""One row where the shop was seeded: the moment that its dates are relative to."""

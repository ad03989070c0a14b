"""The tables of the SQL shop, all named ``shop_...``. Money is whole fen, time is UTC.

Lines, parcels and returns go with their order (ON DELETE CASCADE); products may leave the catalogue while orders keep
the name and the price that the customer saw.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, Text, false

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
    Column("email", String(120)),
    Column("postal_code", String(16)),
    Index("ix_shop_customers_email", "email", unique=True),
    Index("ix_shop_customers_postal_code", "postal_code"),
)
"""``email`` in lower case."""

payment_methods = Table(
    "shop_payment_methods",
    metadata,
    Column("method_id", String(64), primary_key=True),
    Column("customer_id", ForeignKey("shop_customers.customer_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("label", String(64), nullable=False),
    Column("label_en", String(64), nullable=False),
    Column("balance", Yuan),
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
    Column("price_since", UtcDateTime),
    Column("previous_price", Yuan),
    Column("family", String(32), index=True),
)


def _of_product() -> Column[str]:
    return Column("sku", ForeignKey("shop_products.sku", ondelete="CASCADE"), primary_key=True)


reviews = Table(
    "shop_reviews",
    metadata,
    _of_product(),
    Column("count", Integer, nullable=False),
    Column("average", Float, nullable=False),
    Column("praised", JSON, nullable=False),
    Column("criticised", JSON, nullable=False),
)

relations = Table(
    "shop_relations",
    metadata,
    _of_product(),
    Column("relation", String(16), primary_key=True),
    Column("related_sku", ForeignKey("shop_products.sku", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("reason", String(120), nullable=False),
    Column("reason_en", String(120), nullable=False),
)
"""What was bought together is not here: ``related`` counts it in the orders."""

coupons = Table(
    "shop_coupons",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("customer_id", ForeignKey("shop_customers.customer_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title", String(64), nullable=False),
    Column("title_en", String(64), nullable=False),
    Column("amount", Yuan, nullable=False),
    Column("minimum", Yuan, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("used", Boolean, nullable=False),
    Column("category", String(32)),
)

restock_notices = Table(
    "shop_restock_notices",
    metadata,
    _of_product(),
    Column("customer_id", ForeignKey("shop_customers.customer_id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
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
    Column("urged_at", UtcDateTime),
    Column("price_adjustment", Yuan),
    Column("status_before", String(16)),
    Column("payment_method", String(64)),
    Column("modified", Boolean, nullable=False, server_default=false()),
    Index("ix_shop_orders_customer_created", "customer_id", "created_at"),
)
"""``status_before``: the status that an undone cancellation or return gives back."""


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
    Column("category", String(32)),
    Column("family", String(32)),
    Column("options", JSON),
    Index("ix_shop_order_lines_sku", "sku"),
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
    Column("skus", JSON),
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
    Column("pickup_day", Date),
    Column("pickup_part", String(16)),
    Column("new_skus", JSON),
    Column("payment_method", String(64)),
    Column("difference", Yuan),
)

visits = Table(
    "shop_visits",
    metadata,
    Column("order_number", ForeignKey("shop_orders.order_number", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("day", Date, nullable=False),
    Column("name", String(64), nullable=False),
    Column("phone", String(16), nullable=False),
)

cashbacks = Table(
    "shop_cashbacks",
    metadata,
    Column("order_number", ForeignKey("shop_orders.order_number", ondelete="CASCADE"), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("photo", String(1000), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

tickets = Table(
    "shop_tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("customer_id", ForeignKey("shop_customers.customer_id", ondelete="CASCADE"), index=True),
    Column("order_number", ForeignKey("shop_orders.order_number", ondelete="CASCADE")),
    Column("text", String(2000), nullable=False),
    Column("status", String(16), nullable=False),
    Column("compensation", Yuan),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
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

"""widen the shop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("shop_products", sa.Column("price_since", sa.DateTime(timezone=True)))
    op.add_column("shop_products", sa.Column("previous_price", sa.BigInteger()))
    op.add_column("shop_orders", sa.Column("urged_at", sa.DateTime(timezone=True)))
    op.add_column("shop_orders", sa.Column("price_adjustment", sa.BigInteger()))
    op.add_column("shop_orders", sa.Column("status_before", sa.String(length=16)))
    op.add_column("shop_order_lines", sa.Column("category", sa.String(length=32)))
    op.create_index("ix_shop_order_lines_sku", "shop_order_lines", ["sku"])
    op.add_column("shop_shipments", sa.Column("skus", sa.JSON()))
    op.add_column("shop_returns", sa.Column("pickup_day", sa.Date()))
    op.add_column("shop_returns", sa.Column("pickup_part", sa.String(length=16)))
    op.execute(
        "UPDATE shop_order_lines SET category ="
        " (SELECT category FROM shop_products WHERE shop_products.sku = shop_order_lines.sku)"
    )

    op.create_table(
        "shop_reviews",
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("average", sa.Float(), nullable=False),
        sa.Column("praised", sa.JSON(), nullable=False),
        sa.Column("criticised", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sku"], ["shop_products.sku"], name="fk_shop_reviews_sku_shop_products", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sku", name="pk_shop_reviews"),
    )
    op.create_table(
        "shop_relations",
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("related_sku", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("reason_en", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["related_sku"],
            ["shop_products.sku"],
            name="fk_shop_relations_related_sku_shop_products",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sku"], ["shop_products.sku"], name="fk_shop_relations_sku_shop_products", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sku", "relation", "related_sku", name="pk_shop_relations"),
    )
    op.create_table(
        "shop_coupons",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("title_en", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=32)),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["shop_customers.customer_id"],
            name="fk_shop_coupons_customer_id_shop_customers",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code", name="pk_shop_coupons"),
    )
    op.create_index("ix_shop_coupons_customer_id", "shop_coupons", ["customer_id"])
    op.create_table(
        "shop_restock_notices",
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["shop_customers.customer_id"],
            name="fk_shop_restock_notices_customer_id_shop_customers",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sku"], ["shop_products.sku"], name="fk_shop_restock_notices_sku_shop_products", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sku", "customer_id", name="pk_shop_restock_notices"),
    )
    op.create_table(
        "shop_tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("order_number", sa.String(length=32)),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("compensation", sa.BigInteger()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["shop_customers.customer_id"],
            name="fk_shop_tickets_customer_id_shop_customers",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["shop_orders.order_number"],
            name="fk_shop_tickets_order_number_shop_orders",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_shop_tickets"),
    )
    op.create_index("ix_shop_tickets_customer_id", "shop_tickets", ["customer_id"])


def downgrade() -> None:
    """Undo the step."""
    for table in ("shop_tickets", "shop_restock_notices", "shop_coupons", "shop_relations", "shop_reviews"):
        op.drop_table(table)
    op.drop_index("ix_shop_order_lines_sku", "shop_order_lines")
    for table, column in (
        ("shop_shipments", "skus"),
        ("shop_returns", "pickup_part"),
        ("shop_returns", "pickup_day"),
        ("shop_order_lines", "category"),
        ("shop_orders", "status_before"),
        ("shop_orders", "price_adjustment"),
        ("shop_orders", "urged_at"),
        ("shop_products", "previous_price"),
        ("shop_products", "price_since"),
    ):
        op.drop_column(table, column)

"""pay, choose options, prove who one is by other means."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("shop_customers", sa.Column("email", sa.String(length=120)))
    op.add_column("shop_customers", sa.Column("postal_code", sa.String(length=16)))
    op.create_index("ix_shop_customers_email", "shop_customers", ["email"], unique=True)
    op.create_index("ix_shop_customers_postal_code", "shop_customers", ["postal_code"])
    op.add_column("shop_products", sa.Column("family", sa.String(length=32)))
    op.create_index("ix_shop_products_family", "shop_products", ["family"])
    op.add_column("shop_orders", sa.Column("payment_method", sa.String(length=64)))
    op.add_column("shop_orders", sa.Column("modified", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("shop_order_lines", sa.Column("family", sa.String(length=32)))
    op.add_column("shop_order_lines", sa.Column("options", sa.JSON()))
    op.add_column("shop_returns", sa.Column("new_skus", sa.JSON()))
    op.add_column("shop_returns", sa.Column("payment_method", sa.String(length=64)))
    op.add_column("shop_returns", sa.Column("difference", sa.BigInteger()))
    op.create_table(
        "shop_payment_methods",
        sa.Column("method_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("label_en", sa.String(length=64), nullable=False),
        sa.Column("balance", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["shop_customers.customer_id"],
            name="fk_shop_payment_methods_customer_id_shop_customers",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("method_id", name="pk_shop_payment_methods"),
    )
    op.create_index("ix_shop_payment_methods_customer_id", "shop_payment_methods", ["customer_id"])


def downgrade() -> None:
    """Undo the step."""
    op.drop_index("ix_shop_payment_methods_customer_id", "shop_payment_methods")
    op.drop_table("shop_payment_methods")
    op.drop_column("shop_returns", "difference")
    op.drop_column("shop_returns", "payment_method")
    op.drop_column("shop_returns", "new_skus")
    op.drop_column("shop_order_lines", "options")
    op.drop_column("shop_order_lines", "family")
    op.drop_column("shop_orders", "modified")
    op.drop_column("shop_orders", "payment_method")
    op.drop_index("ix_shop_products_family", "shop_products")
    op.drop_column("shop_products", "family")
    op.drop_index("ix_shop_customers_postal_code", "shop_customers")
    op.drop_index("ix_shop_customers_email", "shop_customers")
    op.drop_column("shop_customers", "postal_code")
    op.drop_column("shop_customers", "email")

"""appointments at home, cash back for reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "shop_visits",
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["shop_orders.order_number"],
            name="fk_shop_visits_order_number_shop_orders",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_number", "kind", name="pk_shop_visits"),
    )
    op.create_table(
        "shop_cashbacks",
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("photo", sa.String(length=1000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["shop_orders.order_number"],
            name="fk_shop_cashbacks_order_number_shop_orders",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_number", name="pk_shop_cashbacks"),
    )


def downgrade() -> None:
    """Undo the step."""
    op.drop_table("shop_cashbacks")
    op.drop_table("shop_visits")

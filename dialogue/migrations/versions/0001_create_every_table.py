"""create every table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=64)),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_customer_id", "conversations", ["customer_id"])
    op.create_index("ix_conversations_updated_at", "conversations", ["updated_at"])

    op.create_table(
        "shop_customers",
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_shop_customers"),
        sa.UniqueConstraint("phone", name="uq_shop_customers_phone"),
    )
    op.create_table(
        "shop_demo",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("anchored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shop_demo"),
    )
    op.create_table(
        "shop_idempotency_keys",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("arguments_hash", sa.String(length=64), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_shop_idempotency_keys"),
    )
    op.create_table(
        "shop_products",
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("returnable", sa.Boolean(), nullable=False),
        sa.Column("warranty_months", sa.Integer(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name="pk_shop_products"),
    )
    op.create_index("ix_shop_products_category", "shop_products", ["category"])

    op.create_table(
        "actions",
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=64)),
        sa.Column("result", sa.JSON()),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name="fk_actions_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("idempotency_key", name="pk_actions"),
    )
    op.create_index("ix_actions_conversation_id", "actions", ["conversation_id"])
    op.create_index("ix_actions_state", "actions", ["state"])

    op.create_table(
        "events",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name="fk_events_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_events"),
    )
    op.create_table(
        "hand_offs",
        sa.Column("hand_off_id", sa.String(length=100), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("mood", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.String(length=64)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name="fk_hand_offs_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hand_off_id", name="pk_hand_offs"),
    )
    op.create_index("ix_hand_offs_conversation_id", "hand_offs", ["conversation_id"])
    op.create_index("ix_hand_offs_state", "hand_offs", ["state"])

    op.create_table(
        "shop_orders",
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("cancel_reason", sa.String(length=200)),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("invoice", sa.String(length=16), nullable=False),
        sa.Column("invoice_title", sa.String(length=200)),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["shop_customers.customer_id"], name="fk_shop_orders_customer_id_shop_customers"
        ),
        sa.PrimaryKeyConstraint("order_number", name="pk_shop_orders"),
    )
    op.create_index("ix_shop_orders_customer_created", "shop_orders", ["customer_id", "created_at"])

    op.create_table(
        "transcripts",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("turn_id", sa.Integer()),
        sa.Column("utterance_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("start_ms", sa.Float(), nullable=False),
        sa.Column("end_ms", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name="fk_transcripts_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_transcripts"),
    )
    op.create_table(
        "turns",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("turn_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("reply", sa.Text()),
        sa.Column("reply_complete", sa.Boolean()),
        sa.Column("modality", sa.String(length=8)),
        sa.Column("channel", sa.String(length=32)),
        sa.Column("language", sa.String(length=8)),
        sa.Column("intent", sa.String(length=32)),
        sa.Column("confidence", sa.Float()),
        sa.Column("sentiment", sa.String(length=16)),
        sa.Column("classifier", sa.String(length=32)),
        sa.Column("degraded", sa.Boolean()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name="fk_turns_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "turn_id", name="pk_turns"),
    )
    op.create_table(
        "shop_order_lines",
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("returnable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["shop_orders.order_number"],
            name="fk_shop_order_lines_order_number_shop_orders",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_number", "position", name="pk_shop_order_lines"),
    )
    op.create_table(
        "shop_returns",
        sa.Column("return_number", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("skus", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["shop_orders.order_number"],
            name="fk_shop_returns_order_number_shop_orders",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("return_number", name="pk_shop_returns"),
    )
    op.create_index("ix_shop_returns_order_number", "shop_returns", ["order_number"])

    op.create_table(
        "shop_shipments",
        sa.Column("tracking_number", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("carrier", sa.String(length=32), nullable=False),
        sa.Column("carrier_en", sa.String(length=32), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("eta", sa.DateTime(timezone=True)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("delay_reason", sa.String(length=200)),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["shop_orders.order_number"],
            name="fk_shop_shipments_order_number_shop_orders",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tracking_number", name="pk_shop_shipments"),
    )
    op.create_index("ix_shop_shipments_order_number", "shop_shipments", ["order_number"])

    op.create_table(
        "shop_tracking_events",
        sa.Column("tracking_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["tracking_number"],
            ["shop_shipments.tracking_number"],
            name="fk_shop_tracking_events_tracking_number_shop_shipments",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tracking_number", "position", name="pk_shop_tracking_events"),
    )


def downgrade() -> None:
    """Undo the step."""
    op.drop_table("shop_tracking_events")
    op.drop_table("shop_shipments")
    op.drop_table("shop_returns")
    op.drop_table("shop_order_lines")
    op.drop_table("turns")
    op.drop_table("transcripts")
    op.drop_table("shop_orders")
    op.drop_table("hand_offs")
    op.drop_table("events")
    op.drop_table("actions")
    op.drop_table("shop_products")
    op.drop_table("shop_idempotency_keys")
    op.drop_table("shop_demo")
    op.drop_table("shop_customers")
    op.drop_table("conversations")

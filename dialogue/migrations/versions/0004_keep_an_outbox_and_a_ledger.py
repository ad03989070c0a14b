"""keep an outbox and a ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003_knowledge"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("actions", sa.Column("attempts", sa.Integer(), server_default="1", nullable=False))
    op.add_column("actions", sa.Column("next_try_at", sa.DateTime(timezone=True)))
    op.create_index("ix_actions_state_next_try", "actions", ["state", "next_try_at"])
    op.create_table(
        "ledger",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("read_back_turn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("read_back", sa.Text(), nullable=False),
        sa.Column("read_back_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard", sa.Text()),
        sa.Column("heard_complete", sa.Boolean()),
        sa.Column("heard_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_turn", sa.Integer()),
        sa.Column("confirmed_words", sa.Text()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name="fk_ledger_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "idempotency_key", "read_back_turn", name="pk_ledger"),
    )


def downgrade() -> None:
    """Undo the step."""
    op.drop_table("ledger")
    op.drop_index("ix_actions_state_next_try", "actions")
    op.drop_column("actions", "next_try_at")
    op.drop_column("actions", "attempts")

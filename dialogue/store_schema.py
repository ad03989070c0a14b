"""The tables of the conversation store. Everything goes with its conversation (ON DELETE CASCADE): it can be forgotten.

``events`` is the truth; ``turns``, ``actions``, ``ledger``, ``hand_offs`` are projections of it, written in the same
transaction.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from dialogue.database import UtcDateTime, metadata

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", String(64), primary_key=True),
    Column("customer_id", String(64), index=True),
    Column("channel", String(32), nullable=False),
    Column("language", String(8), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    Column("last_seq", Integer, nullable=False),
)


def _of_conversation(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "conversation_id",
        ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
        index=not primary_key,
    )


events = Table(
    "events",
    metadata,
    _of_conversation(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    _of_conversation(primary_key=True),
    Column("turn_id", Integer, primary_key=True, autoincrement=False),
    Column("text", Text),
    Column("reply", Text),
    Column("reply_complete", Boolean),
    Column("modality", String(8)),
    Column("channel", String(32)),
    Column("language", String(8)),
    Column("intent", String(32)),
    Column("confidence", Float),
    Column("sentiment", String(16)),
    Column("classifier", String(32)),
    Column("degraded", Boolean),
    Column("at", UtcDateTime, nullable=False),
)

transcripts = Table(
    "transcripts",
    metadata,
    _of_conversation(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("turn_id", Integer),
    Column("utterance_id", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("start_ms", Float, nullable=False),
    Column("end_ms", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

actions = Table(
    "actions",
    metadata,
    Column("idempotency_key", String(200), primary_key=True),
    _of_conversation(),
    Column("name", String(32), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("rule", String(64)),
    Column("result", JSON),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("next_try_at", UtcDateTime),
    Index("ix_actions_state_next_try", "state", "next_try_at"),
)
"""The outbox: a row is written with the event that decides a WRITE, before it is performed.

    pending --ok--> done      --the shop's rule--> refused      --the customer's no--> dropped
       ^  |
       |  +-- no answer: ``attempts`` + 1, tried again at ``next_try_at``; after too many: failed
"""

ledger = Table(
    "ledger",
    metadata,
    _of_conversation(primary_key=True),
    Column("idempotency_key", String(200), primary_key=True),
    Column("read_back_turn", Integer, primary_key=True, autoincrement=False),
    Column("read_back", Text, nullable=False),
    Column("read_back_at", UtcDateTime, nullable=False),
    Column("heard", Text),
    Column("heard_complete", Boolean),
    Column("heard_at", UtcDateTime),
    Column("confirmed_turn", Integer),
    Column("confirmed_words", Text),
    Column("confirmed_at", UtcDateTime),
)
"""What the customer was told that a WRITE would do, how much of it they got, and the words that confirmed it."""

hand_offs = Table(
    "hand_offs",
    metadata,
    Column("hand_off_id", String(100), primary_key=True),
    _of_conversation(),
    Column("summary", Text, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("slots", JSON, nullable=False),
    Column("mood", String(16), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("agent", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
)

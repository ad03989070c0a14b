"""The ledger: for each WRITE, the words it was read back in, what of them the customer got, and who said yes to it.

Kept beside the events of the conversation and forgotten with it: its words are personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue import store_schema as schema
from dialogue.database import insert_once, storable
from dialogue.types import ReadBack, Said


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One read-back of one WRITE, and what became of both."""

    idempotency_key: str
    read_back_turn: int
    read_back: str
    """The words as they were to be said."""
    read_back_at: datetime
    heard: str | None
    """The words that were shown, or that playout has confirmed; None: none of them."""
    heard_complete: bool | None
    """False when the customer spoke over the rest."""
    heard_at: datetime | None
    confirmed_turn: int | None
    """The turn that confirmed this read-back; None: it was corrected, declined, or left."""
    confirmed_words: str | None
    confirmed_at: datetime | None
    action: str | None
    """What was then done; the next four are None when nothing was."""
    state: str | None
    """pending, done, refused, dropped or failed."""
    rule: str | None
    attempts: int | None
    settled_at: datetime | None


async def read_back(connection: AsyncConnection, conversation_id: str, event: ReadBack, now: datetime) -> None:
    """The words are about to be said."""
    row = {
        "conversation_id": conversation_id,
        "idempotency_key": event.idempotency_key,
        "read_back_turn": event.turn_id,
        "read_back": storable(event.text),
        "read_back_at": now,
    }
    await insert_once(connection, schema.ledger, row)


async def heard(connection: AsyncConnection, conversation_id: str, said: Said, now: datetime) -> None:
    """The customer got words of a turn; several replies of one turn stand below each other."""
    table = schema.ledger
    text = func.coalesce(table.c.heard + "\n", "") + storable(said.text)
    mine = (table.c.conversation_id == conversation_id, table.c.read_back_turn == said.turn_id)
    values = {"heard": text, "heard_complete": said.complete, "heard_at": now}
    await connection.execute(update(table).where(*mine).values(**values))


async def confirmed(connection: AsyncConnection, conversation_id: str, key: str, now: datetime) -> None:
    """The customer's last words confirmed the last read-back of this WRITE; trying again changes nothing."""
    table, turns = schema.ledger, schema.turns
    mine = (table.c.conversation_id == conversation_id, table.c.idempotency_key == key)
    last = select(table.c.read_back_turn, table.c.confirmed_turn).where(*mine).order_by(table.c.read_back_turn.desc())
    found = (await connection.execute(last.limit(1))).first()
    if found is None or found.confirmed_turn is not None:
        return
    words = (
        select(turns.c.turn_id, turns.c.text)
        .where(turns.c.conversation_id == conversation_id, turns.c.text.is_not(None))
        .order_by(turns.c.turn_id.desc())
        .limit(1)
    )
    turn = (await connection.execute(words)).first()
    if turn is not None:
        values = {"confirmed_turn": turn.turn_id, "confirmed_words": turn.text, "confirmed_at": now}
        where = (*mine, table.c.read_back_turn == found.read_back_turn)
        await connection.execute(update(table).where(*where).values(**values))


async def entries(connection: AsyncConnection, conversation_id: str) -> tuple[LedgerEntry, ...]:
    """The ledger of a conversation, oldest read-back first."""
    table, actions = schema.ledger, schema.actions
    query = (
        select(
            *(column for column in table.columns if column.name != "conversation_id"),
            actions.c.name.label("action"),
            actions.c.state,
            actions.c.rule,
            actions.c.attempts,
            actions.c.finished_at.label("settled_at"),
        )
        .join(actions, actions.c.idempotency_key == table.c.idempotency_key, isouter=True)
        .where(table.c.conversation_id == conversation_id)
        .order_by(table.c.read_back_turn, table.c.idempotency_key)
    )
    return tuple(_entry(dict(row)) for row in (await connection.execute(query)).mappings())


def _entry(row: dict[str, Any]) -> LedgerEntry:
    if row["confirmed_turn"] is None:  # the WRITE belongs to the read-back that was confirmed
        row |= {"action": None, "state": None, "rule": None, "attempts": None, "settled_at": None}
    return LedgerEntry(**row)

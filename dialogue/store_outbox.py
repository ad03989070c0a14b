"""The outbox of WRITEs, table ``actions``: what is owed to customers, until the shop has answered.

An attempt holds its row for ``LEASE``; a row whose time has come is claimed by one worker at a time, so a WRITE whose
worker died, and one that the shop did not answer, is tried again, always under its own idempotency key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue import store_schema as schema
from dialogue.event_codec import unpack
from dialogue.types import Action

LEASE = timedelta(seconds=60)
"""Longer than any attempt: the shop's patience and a turn's deadline are shorter."""
MAX_ATTEMPTS = 200
"""About two days; a row that has failed so often needs a person."""
_FIRST, _MOST = timedelta(seconds=5), timedelta(minutes=15)
_BATCH = 50


@dataclass(frozen=True, slots=True)
class PendingAction:
    """A WRITE that began and has no known end; performing it again with its key is safe."""

    conversation_id: str
    action: Action
    started_at: datetime
    attempts: int = 1


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts without an answer: 5 s, doubled each time, at most 15 minutes."""
    doubled: int = 2 ** min(attempts - 1, 16)
    return min(_FIRST * doubled, _MOST)


async def postpone(connection: AsyncConnection, key: str, rule: str | None, now: datetime) -> bool:
    """The shop did not answer: when to try again, or ``failed`` after too many attempts; whether it came to that."""
    table = schema.actions
    mine = (table.c.idempotency_key == key, table.c.state == "pending")
    attempts = (await connection.execute(select(table.c.attempts).where(*mine).with_for_update())).scalar_one_or_none()
    if attempts is None:
        return False
    gives_up = attempts >= MAX_ATTEMPTS
    await connection.execute(
        update(table)
        .where(*mine)
        .values(
            rule=rule,
            state="failed" if gives_up else "pending",
            finished_at=now if gives_up else None,
            next_try_at=None if gives_up else now + wait_after(attempts),
        )
    )
    return bool(gives_up)


async def pending(connection: AsyncConnection) -> tuple[PendingAction, ...]:
    """Every row without an end, oldest first."""
    table = schema.actions
    query = select(table).where(table.c.state == "pending").order_by(table.c.started_at, table.c.idempotency_key)
    return tuple(_pending(row) for row in (await connection.execute(query)).mappings())


async def is_due(connection: AsyncConnection, now: datetime) -> bool:
    """Whether ``claim_due`` would find anything; cheap, takes no lock."""
    table = schema.actions
    query = select(table.c.state).where(table.c.state == "pending", table.c.next_try_at <= now).limit(1)
    return (await connection.execute(query)).first() is not None


async def claim_due(connection: AsyncConnection, now: datetime) -> tuple[PendingAction, ...]:
    """The rows whose time has come, each now held for ``LEASE``; another worker does not get them."""
    table = schema.actions
    due = (table.c.state == "pending", table.c.next_try_at <= now)
    query = select(table).where(*due).order_by(table.c.next_try_at).limit(_BATCH).with_for_update(skip_locked=True)
    found = (await connection.execute(query)).mappings().all()
    keys = [row["idempotency_key"] for row in found]
    held = {"attempts": table.c.attempts + 1, "next_try_at": now + LEASE}
    await connection.execute(update(table).where(table.c.idempotency_key.in_(keys)).values(**held))
    return tuple(_pending(row) for row in found)


def _pending(row: object) -> PendingAction:
    values = dict(row)  # type: ignore[call-overload]
    action = Action(values["name"], unpack(values["arguments"]), values["idempotency_key"])
    return PendingAction(values["conversation_id"], action, values["started_at"], values["attempts"])

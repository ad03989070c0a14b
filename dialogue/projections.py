"""What people and recovery read of a conversation, kept beside its events: one event in, changed rows out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue import store_ledger
from dialogue import store_schema as schema
from dialogue.actions import UNAVAILABLE
from dialogue.database import insert_once, storable
from dialogue.event_codec import pack
from dialogue.store_outbox import LEASE, postpone
from dialogue.types import (
    Action,
    ActionDropped,
    ActionFinished,
    ActionResult,
    ActionStarted,
    CustomerIdentified,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    LanguageChanged,
    ReadBack,
    Said,
    Turn,
)


async def project(
    connection: AsyncConnection, conversation_id: str, seq: int, event: DialogueEvent, now: datetime
) -> None:
    """Bring the rows beside the events up to date; events that leave no trace there do nothing."""
    match event:
        case CustomerSaid(turn):
            await _set_turn(connection, conversation_id, turn.turn_id, now, _customer_words(turn))
        case Said(turn_id, text, complete):
            # Several replies of one turn stand below each other.
            so_far = func.coalesce(schema.turns.c.reply + "\n", "")
            reply = {"reply": so_far + storable(text), "reply_complete": complete}
            await _set_turn(connection, conversation_id, turn_id, now, reply)
            await store_ledger.heard(connection, conversation_id, event, now)
        case ReadBack():
            await store_ledger.read_back(connection, conversation_id, event, now)
        case ActionStarted(action):
            await _start_action(connection, conversation_id, action, now)
            await store_ledger.confirmed(connection, conversation_id, action.idempotency_key, now)
        case ActionFinished(action, result):
            await _finish_action(connection, conversation_id, action, result, now)
        case ActionDropped(key):
            ended = {"state": "dropped", "finished_at": now, "next_try_at": None}
            await _set_action(connection, conversation_id, key, ("pending", "failed"), **ended)
        case HandedOff():
            await _open_hand_off(connection, conversation_id, seq, event, now)
        case CustomerIdentified(customer_id):
            await _set_conversation(connection, conversation_id, customer_id=customer_id)
        case LanguageChanged(language):
            await _set_conversation(connection, conversation_id, language=language)


def _customer_words(turn: Turn) -> dict[str, Any]:
    parse = turn.parse
    return {
        "text": storable(turn.text),
        "modality": turn.modality,
        "channel": turn.channel,
        "language": parse.language,
        "intent": parse.intent,
        "confidence": parse.confidence,
        "sentiment": parse.sentiment.polarity,
        "classifier": parse.classifier,
        "degraded": parse.degraded,
    }


async def _set_turn(
    connection: AsyncConnection, conversation_id: str, turn_id: int, now: datetime, values: dict[str, Any]
) -> None:
    table = schema.turns
    await insert_once(connection, table, {"conversation_id": conversation_id, "turn_id": turn_id, "at": now})
    await connection.execute(
        update(table).where(table.c.conversation_id == conversation_id, table.c.turn_id == turn_id).values(**values)
    )


async def _start_action(connection: AsyncConnection, conversation_id: str, action: Action, now: datetime) -> None:
    if not await insert_once(connection, schema.actions, _new_action(conversation_id, action, now)):
        # Begun a second time: its end is open again, unless it is known to have happened.
        before = ("pending", "failed", "dropped")
        again = {
            "name": action.name,
            "arguments": pack(action.arguments),
            "attempts": schema.actions.c.attempts + 1,
            "next_try_at": now + LEASE,
        }
        await _set_action(
            connection, conversation_id, action.idempotency_key, before, state="pending", finished_at=None, **again
        )


async def _finish_action(
    connection: AsyncConnection, conversation_id: str, action: Action, result: ActionResult, now: datetime
) -> None:
    await insert_once(connection, schema.actions, _new_action(conversation_id, action, now))
    if result.rule in (None, UNAVAILABLE) and not result.ok:
        await postpone(connection, action.idempotency_key, result.rule, now)
        return
    await _set_action(
        connection,
        conversation_id,
        action.idempotency_key,
        ("pending", "failed", "dropped"),
        state="done" if result.ok else "refused",
        rule=result.rule,
        result=pack(result.data),
        finished_at=now,
        next_try_at=None,
    )


def _new_action(conversation_id: str, action: Action, now: datetime) -> dict[str, Any]:
    return {
        "idempotency_key": action.idempotency_key,
        "conversation_id": conversation_id,
        "name": action.name,
        "arguments": pack(action.arguments),
        "state": "pending",
        "started_at": now,
        "attempts": 1,
        "next_try_at": now + LEASE,
    }


async def _set_action(
    connection: AsyncConnection, conversation_id: str, key: str, before: tuple[str, ...], **values: Any
) -> None:
    table = schema.actions
    await connection.execute(
        update(table)
        .where(
            table.c.idempotency_key == key,
            table.c.conversation_id == conversation_id,
            table.c.state.in_(before),
        )
        .values(**values)
    )


async def _open_hand_off(
    connection: AsyncConnection, conversation_id: str, seq: int, event: HandedOff, now: datetime
) -> None:
    await connection.execute(
        schema.hand_offs.insert().values(
            hand_off_id=f"{conversation_id}-{seq}",
            conversation_id=conversation_id,
            summary=storable(event.summary),
            reason=event.reason,
            slots=pack(event.slots),
            mood=event.mood,
            state="open",
            created_at=now,
        )
    )


async def _set_conversation(connection: AsyncConnection, conversation_id: str, **values: Any) -> None:
    table = schema.conversations
    await connection.execute(update(table).where(table.c.conversation_id == conversation_id).values(**values))

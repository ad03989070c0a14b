"""The conversation store: what was said, decided and done, in the database of ``dialogue.database``.

A conversation is its events, in order; folding them again gives its state. Turns, actions and hand-offs are kept
beside them for people and for recovery, always in the same transaction, so they never disagree. A write that finds the
database busy is tried again; one that cannot be kept raises ``StoreUnavailable``, it is never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue import store_ledger, store_outbox
from dialogue import store_schema as schema
from dialogue.actions import UNAVAILABLE
from dialogue.database import PATIENCE_S, insert_once, reading, retrying, storable, writing
from dialogue.errors import StoreUnavailable, UnknownConversation
from dialogue.event_codec import decode, encode, unpack
from dialogue.projections import project
from dialogue.shop.clock import Clock, wall_clock
from dialogue.store_ledger import LedgerEntry
from dialogue.store_outbox import PendingAction
from dialogue.types import DialogueEvent
from nlu.types import Language
from speech.types import Transcript

__all__ = [
    "ConversationStore", "HandOffRecord", "HandOffState", "LedgerEntry", "PendingAction", "Position", "Reading",
    "TurnRecord",
]  # fmt: skip

T = TypeVar("T")
HandOffState = Literal["open", "claimed", "closed"]


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One exchange as people read it. ``text`` and ``reply`` are personal data."""

    turn_id: int
    text: str | None
    """The customer's words; None for words of ours that answer nothing, such as the greeting."""
    reply: str | None
    """Our words that the customer got, one line for each ``Said``."""
    reply_complete: bool | None
    """False when the last of them was cut off."""
    modality: str | None
    channel: str | None
    language: str | None
    intent: str | None
    confidence: float | None
    sentiment: str | None
    classifier: str | None
    degraded: bool | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """How much of a conversation's stored events a reader knows."""

    events: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What ``read_on`` found."""

    events: tuple[DialogueEvent, ...]
    position: Position
    """Where the reader is now."""
    is_whole: bool
    """True: ``events`` is the whole conversation, to be folded from its beginning; False: what follows the position."""


@dataclass(frozen=True, slots=True)
class HandOffRecord:
    """A conversation that waits for a person, or has one."""

    hand_off_id: str
    conversation_id: str
    summary: str
    reason: str
    slots: Mapping[str, Any]
    mood: str
    state: HandOffState
    agent: str | None
    created_at: datetime
    claimed_at: datetime | None
    closed_at: datetime | None


class ConversationStore:
    """Conversations in the database that ``migrate`` has prepared. Every method may be cancelled: it rolls back.

    Raises ``StoreUnavailable`` when the database stays busy for ``patience_s`` seconds or does not answer.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock = wall_clock, *, patience_s: float = PATIENCE_S) -> None:
        """``engine`` stays the caller's, who disposes of it."""
        self._engine = engine
        self._clock = clock
        self._patience_s = patience_s

    async def open(self, conversation_id: str, customer_id: str | None, channel: str, language: Language) -> bool:
        """Begin a conversation, True; or come back to one, False: a customer known before stays known."""
        now = self._clock()
        row = {
            "conversation_id": conversation_id,
            "customer_id": customer_id,
            "channel": channel,
            "language": language,
            "opened_at": now,
            "updated_at": now,
            "last_seq": 0,
        }
        table = schema.conversations

        async def write(connection: AsyncConnection) -> bool:
            if await insert_once(connection, table, row):
                return True
            known = func.coalesce(table.c.customer_id, customer_id)
            await connection.execute(
                update(table)
                .where(table.c.conversation_id == conversation_id)
                .values(updated_at=now, channel=channel, customer_id=known)
            )
            return False

        return await self._write(write)

    async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> int:
        """Keep ``events``, all or none; returns the sequence number of the last (0 when there are none).

        Raises ``UnknownConversation`` when the conversation was not opened or was forgotten.
        """
        if not events:
            return 0
        payloads = [encode(event) for event in events]
        now = self._clock()

        async def write(connection: AsyncConnection) -> int:
            first = await self._take_numbers(connection, conversation_id, len(events), now)
            rows = [
                {
                    "conversation_id": conversation_id,
                    "seq": seq,
                    "type": payload["type"],
                    "payload": payload,
                    "at": now,
                }
                for seq, payload in enumerate(payloads, first)
            ]
            await connection.execute(schema.events.insert(), rows)
            for seq, event in enumerate(events, first):
                await project(connection, conversation_id, seq, event, now)
            return first + len(events) - 1

        return await self._write(write)

    async def load(self, conversation_id: str) -> tuple[DialogueEvent, ...]:
        """Every event, oldest first; empty when unknown. Raises ``StoreUnavailable`` when one cannot be read."""
        return (await self.read_on(conversation_id, Position())).events

    async def read_on(self, conversation_id: str, known: Position) -> Reading:
        """What is stored beyond ``known``: cheap when there is nothing.

        Where others have stored events before ``known.last_seq`` too, the order that was known is not the stored one,
        and everything is read again. Raises ``StoreUnavailable`` when an event cannot be read.
        """
        table = schema.events
        mine = table.c.conversation_id == conversation_id
        size = select(func.count(), func.max(table.c.seq)).where(mine)
        rows = select(table.c.seq, table.c.payload).where(mine).order_by(table.c.seq)

        async def transaction() -> tuple[Position, bool, Sequence[Any]]:
            async with reading(self._engine) as connection:
                count, last = (await connection.execute(size)).one()
                now = Position(count, last or 0)
                if now == known:
                    return now, False, ()
                news = (await connection.execute(rows.where(table.c.seq > known.last_seq))).mappings().all()
                if known.events + len(news) == count:
                    return now, False, news
                return now, True, (await connection.execute(rows)).mappings().all()

        now, is_whole, found = await retrying(transaction, unavailable=StoreUnavailable, patience_s=self._patience_s)
        return Reading(tuple(_event(row) for row in found), now, is_whole)

    async def keep_transcript(self, conversation_id: str, transcript: Transcript, turn_id: int | None = None) -> None:
        """Keep a final transcript; partial ones are not kept. Raises ``UnknownConversation``."""
        if not transcript.is_final:
            return
        now = self._clock()

        async def write(connection: AsyncConnection) -> None:
            row = {
                "conversation_id": conversation_id,
                "seq": await self._take_numbers(connection, conversation_id, 1, now),
                "turn_id": turn_id,
                "utterance_id": transcript.utterance_id,
                "text": storable(transcript.text),
                "language": transcript.language,
                "confidence": transcript.confidence,
                "start_ms": transcript.start_ms,
                "end_ms": transcript.end_ms,
                "at": now,
            }
            await connection.execute(schema.transcripts.insert(), row)

        await self._write(write)

    async def transcripts(self, conversation_id: str) -> tuple[Transcript, ...]:
        """The final transcripts, oldest first."""
        table = schema.transcripts
        query = select(table).where(table.c.conversation_id == conversation_id).order_by(table.c.seq)
        return tuple(
            Transcript(
                utterance_id=row["utterance_id"],
                text=row["text"],
                is_final=True,
                language=row["language"],
                confidence=row["confidence"],
                start_ms=row["start_ms"],
                end_ms=row["end_ms"],
            )
            for row in await self._all(query)
        )

    async def turns(self, conversation_id: str) -> tuple[TurnRecord, ...]:
        """The exchanges, oldest first."""
        table = schema.turns
        columns = [column for column in table.columns if column.name != "conversation_id"]
        query = select(*columns).where(table.c.conversation_id == conversation_id).order_by(table.c.turn_id)
        return tuple(TurnRecord(**row) for row in await self._all(query))

    async def pending_actions(self) -> tuple[PendingAction, ...]:
        """WRITEs of all conversations that began and have no end, oldest first: after a crash, perform them again."""
        return await self._read(store_outbox.pending)

    async def claim_due_actions(self) -> tuple[PendingAction, ...]:
        """WRITEs whose time to be tried again has come, each given to one caller only for ``store_outbox.LEASE``."""
        now = self._clock()
        if not await self._read(lambda connection: store_outbox.is_due(connection, now)):
            return ()
        return await self._write(lambda connection: store_outbox.claim_due(connection, now))

    async def postpone_action(self, idempotency_key: str) -> bool:
        """The shop did not answer again: try later, or give up after too many times (true)."""
        now = self._clock()
        return await self._write(
            lambda connection: store_outbox.postpone(connection, idempotency_key, UNAVAILABLE, now)
        )

    async def ledger(self, conversation_id: str) -> tuple[LedgerEntry, ...]:
        """What the customer was read back, heard and confirmed, oldest first."""
        return await self._read(lambda connection: store_ledger.entries(connection, conversation_id))

    async def hand_offs(
        self, state: HandOffState | None = None, *, conversation_id: str | None = None
    ) -> tuple[HandOffRecord, ...]:
        """Hand-offs in this state, or in any; of this conversation, or of all. Longest waiting first."""
        table = schema.hand_offs
        query = select(table).order_by(table.c.created_at, table.c.hand_off_id)
        if state is not None:
            query = query.where(table.c.state == state)
        if conversation_id is not None:
            query = query.where(table.c.conversation_id == conversation_id)
        return tuple(HandOffRecord(**{**row, "slots": unpack(row["slots"])}) for row in await self._all(query))

    async def claim_hand_off(self, hand_off_id: str, agent: str) -> bool:
        """Give an open hand-off to ``agent``; False when another was first."""
        return await self._move_hand_off(hand_off_id, ("open",), state="claimed", agent=agent, claimed_at=self._clock())

    async def close_hand_off(self, hand_off_id: str) -> bool:
        """End a hand-off; False when it was closed before or does not exist."""
        return await self._move_hand_off(hand_off_id, ("open", "claimed"), state="closed", closed_at=self._clock())

    async def forget(self, conversation_id: str) -> bool:
        """Delete a conversation with all that belongs to it; False when there is none."""
        table = schema.conversations

        async def write(connection: AsyncConnection) -> bool:
            result = await connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
            return bool(result.rowcount)

        return await self._write(write)

    async def _take_numbers(self, connection: AsyncConnection, conversation_id: str, count: int, now: datetime) -> int:
        """The first of ``count`` sequence numbers; holds the conversation until the transaction ends."""
        table = schema.conversations
        taken = (
            update(table)
            .where(table.c.conversation_id == conversation_id)
            .values(last_seq=table.c.last_seq + count, updated_at=now)
            .returning(table.c.last_seq)
        )
        last: int | None = (await connection.execute(taken)).scalar_one_or_none()
        if last is None:
            raise UnknownConversation("the conversation was never opened, or has been forgotten")
        return last - count + 1

    async def _move_hand_off(self, hand_off_id: str, before: tuple[str, ...], **values: Any) -> bool:
        table = schema.hand_offs
        moved = update(table).where(table.c.hand_off_id == hand_off_id, table.c.state.in_(before)).values(**values)

        async def write(connection: AsyncConnection) -> bool:
            return bool((await connection.execute(moved)).rowcount)

        return await self._write(write)

    async def _write(self, write: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def transaction() -> T:
            async with writing(self._engine) as connection:
                return await write(connection)

        return await retrying(transaction, unavailable=StoreUnavailable, patience_s=self._patience_s)

    async def _read(self, read: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def transaction() -> T:
            async with reading(self._engine) as connection:
                return await read(connection)

        return await retrying(transaction, unavailable=StoreUnavailable, patience_s=self._patience_s)

    async def _all(self, query: Any) -> Sequence[Any]:
        async def read(connection: AsyncConnection) -> Sequence[Any]:
            return (await connection.execute(query)).mappings().all()

        return await self._read(read)


def _event(row: Any) -> DialogueEvent:
    try:
        return decode(row["payload"])
    except (ValueError, TypeError, ArithmeticError) as error:
        raise StoreUnavailable(f"event {row['seq']} of the conversation cannot be read") from error

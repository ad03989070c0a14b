"""The demo bank in the gateway's database: a few tables of its own, made where they are missing.

Every WRITE is one transaction: take the idempotency key, check the rules, change, keep the result beside the key. So a
key gives its first result again, also to a concurrent caller and after a crash.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import JSON, Boolean, Column, Date, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue import domains
from dialogue.database import UtcDateTime, Yuan, insert_once, reading, retrying, writing
from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.shop.clock import Clock, wall_clock
from dialogue.skills.bank.bank import Application, Bank, BankCard, Customer, Payment, Policies, load_policies
from dialogue.types import Action

POLICIES = Path(domains.__file__).parent / "bank_card" / "policies.yaml"
TAIL_DIGITS = 4
T = TypeVar("T")

metadata = MetaData()
customers = Table(
    "bank_customers",
    metadata,
    Column("customer_id", String(16), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("phone", String(20), nullable=False),
)
cards = Table(
    "bank_cards",
    metadata,
    Column("card_id", String(16), primary_key=True),
    Column("customer_id", String(16), nullable=False, index=True),
    Column("tail", String(4), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("status", String(8), nullable=False),
    Column("balance", Yuan, nullable=False),
    Column("limit", Yuan, nullable=False),
    Column("bill", Yuan, nullable=False),
    Column("minimum", Yuan, nullable=False),
    Column("due", Date),
    Column("autopay", Boolean, nullable=False),
    Column("points", Integer, nullable=False),
)
payments = Table(
    "bank_payments",
    metadata,
    Column("payment_id", String(16), primary_key=True),
    Column("card_id", String(16), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("amount", Yuan, nullable=False),
    Column("merchant", String(60), nullable=False),
    Column("merchant_en", String(60), nullable=False),
    Column("status", String(8), nullable=False),
    Column("ticket_number", String(16)),
)
applications = Table(
    "bank_applications",
    metadata,
    Column("customer_id", String(16), primary_key=True),
    Column("product", String(60), nullable=False),
    Column("product_en", String(60), nullable=False),
    Column("stage", String(8), nullable=False),
    Column("since", UtcDateTime, nullable=False),
)
demo = Table(
    "bank_demo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("anchored_at", UtcDateTime, nullable=False),
)
"""One row in a demo bank: the moment that its dates are counted from."""
writes = Table(
    "bank_writes",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("result", JSON),
)


class SqlBank(Bank):
    """Any method may be cancelled; a WRITE then either happened whole or not at all."""

    def __init__(self, engine: AsyncEngine, clock: Clock = wall_clock, policies: Policies | None = None) -> None:
        """``engine`` stays the caller's, who disposes of it; without ``policies`` those of the domain count."""
        self._engine = engine
        self._clock = clock
        self.policies = policies or load_policies(POLICIES)

    async def customer(self, customer_id: str) -> Customer | None:
        """See ``Bank``."""
        found = await self._rows(select(customers).where(customers.c.customer_id == customer_id))
        return Customer(found[0]["customer_id"], found[0]["name"]) if found else None

    async def holder(self, card_tail: str, phone_tail: str) -> str | None:
        """See ``Bank``."""
        if not all(len(tail) == TAIL_DIGITS and tail.isdecimal() for tail in (card_tail, phone_tail)):
            return None
        query = (
            select(customers.c.customer_id)
            .join(cards, cards.c.customer_id == customers.c.customer_id)
            .where(cards.c.tail == card_tail, customers.c.phone.like(f"%{phone_tail}"))
            .distinct()
        )
        found = await self._rows(query)
        return str(found[0]["customer_id"]) if len(found) == 1 else None

    async def cards(self, customer_id: str) -> tuple[BankCard, ...]:
        """See ``Bank``."""
        query = select(cards).where(cards.c.customer_id == customer_id).order_by(cards.c.kind, cards.c.card_id)
        return tuple(BankCard(**row) for row in await self._rows(query))

    async def payments(self, customer_id: str, limit: int = 20) -> tuple[Payment, ...]:
        """See ``Bank``."""
        query = (
            select(payments)
            .join(cards, cards.c.card_id == payments.c.card_id)
            .where(cards.c.customer_id == customer_id)
            .order_by(payments.c.at.desc())
            .limit(limit)
        )
        return tuple(Payment(**row) for row in await self._rows(query))

    async def application(self, customer_id: str) -> Application | None:
        """See ``Bank``."""
        found = await self._rows(select(applications).where(applications.c.customer_id == customer_id))
        fields = ("product", "product_en", "stage", "since")
        return Application(**{name: found[0][name] for name in fields}) if found else None

    async def perform(self, action: Action) -> Mapping[str, Any]:
        """See ``Bank``."""

        async def transaction() -> Mapping[str, Any]:
            async with writing(self._engine) as connection:
                taken = {"key": action.idempotency_key, "name": action.name}
                if not await insert_once(connection, writes, taken):
                    kept = select(writes.c.result).where(writes.c.key == action.idempotency_key)
                    return dict((await connection.execute(kept)).scalar_one())
                done = await self._write(connection, action)
                where = writes.c.key == action.idempotency_key
                await connection.execute(update(writes).where(where).values(result=dict(done)))
                return done

        return await retrying(transaction, unavailable=ShopUnavailable)

    async def close(self) -> None:
        """Nothing is its own."""

    async def _write(self, connection: AsyncConnection, action: Action) -> Mapping[str, Any]:
        match action.name:
            case "block_card":
                return await self._block(connection, str(action.arguments["card_id"]))
            case "open_dispute":
                return await self._dispute(connection, str(action.arguments["payment_id"]))
            case _:
                raise ActionRefused("unknown_action")

    async def _block(self, connection: AsyncConnection, card_id: str) -> Mapping[str, Any]:
        row = (await connection.execute(select(cards).where(cards.c.card_id == card_id))).mappings().one_or_none()
        if row is None:
            raise ActionRefused("unknown_card")
        if row["status"] == "blocked":
            raise ActionRefused("already_blocked")
        await connection.execute(update(cards).where(cards.c.card_id == card_id).values(status="blocked"))
        return {"tail": row["tail"], "days": self.policies.replacement_days}

    async def _dispute(self, connection: AsyncConnection, payment_id: str) -> Mapping[str, Any]:
        query = select(payments).where(payments.c.payment_id == payment_id)
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise ActionRefused("unknown_payment")
        if row["ticket_number"]:
            raise ActionRefused("already_disputed")
        if row["at"] < self._clock() - timedelta(days=self.policies.dispute_days):
            raise ActionRefused("dispute_window_over")
        number = f"D{payment_id[1:]}"
        where = payments.c.payment_id == payment_id
        await connection.execute(update(payments).where(where).values(ticket_number=number))
        return {"ticket_number": number, "days": self.policies.dispute_answer_days}

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async def transaction() -> list[dict[str, Any]]:
            async with reading(self._engine) as connection:
                return [dict(row) for row in (await connection.execute(query)).mappings()]

        return await retrying(transaction, unavailable=ShopUnavailable)


async def fill(engine: AsyncEngine, rows: Callable[[], Mapping[Table, list[dict[str, Any]]]]) -> None:
    """Make the tables; give an empty bank these rows. Safe to run twice and by several processes at once."""

    async def transaction() -> None:
        async with writing(engine) as connection:
            await connection.run_sync(metadata.create_all)
            if (await connection.execute(select(customers.c.customer_id).limit(1))).first() is None:
                for table, of_table in rows().items():
                    await connection.execute(insert(table), of_table)

    work: Callable[[], Awaitable[None]] = transaction
    await retrying(work, unavailable=ShopUnavailable)

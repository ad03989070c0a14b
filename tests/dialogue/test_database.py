"""Opening, migrating and locking, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade, upgrade
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue import store_schema
from dialogue.database import (
    alembic_config,
    insert_once,
    is_busy,
    metadata,
    migrate,
    open_database,
    reading,
    retrying,
    storable,
    to_json,
    writing,
)
from dialogue.errors import StoreUnavailable
from dialogue.shop import schema as shop_schema
from dialogue.shop.clock import SHOP_ZONE
from tests.dialogue.databases import NOW

TABLE = store_schema.conversations
ROW = {
    "conversation_id": "c", "channel": "web", "language": "zh", "opened_at": NOW, "updated_at": NOW, "last_seq": 0,
}  # fmt: skip


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "version_table": "kefu_schema"}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_the_migrations_make_the_tables_of_the_code(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        await connection.execute(text("ALTER TABLE turns DROP COLUMN degraded"))
        assert len(await connection.run_sync(_differences)) == 1
        await connection.rollback()


async def test_migrating_again_and_all_the_way_down(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with writing(engine) as connection:
        await connection.run_sync(lambda sync: downgrade(alembic_config(sync), "base"))
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["kefu_schema"]
        await connection.run_sync(lambda sync: upgrade(alembic_config(sync), "head"))
        assert await connection.run_sync(_differences) == []
        # Steps are transactional on SQLite too, so the test's database comes out as it was.
        await connection.rollback()


async def test_several_gateways_may_migrate_at_once(tmp_path) -> None:
    urls = [f"sqlite+aiosqlite:///{tmp_path}/deep/folder/a.db"] * 4
    await asyncio.gather(*(migrate(url) for url in urls))
    engine = open_database(urls[0])
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


async def test_a_schema_of_the_future_is_refused(engine: AsyncEngine) -> None:
    async def set_version(version: str) -> None:
        async with writing(engine) as connection:
            await connection.execute(text("UPDATE kefu_schema SET version_num = :version"), {"version": version})

    async with reading(engine) as connection:
        head = (await connection.execute(text("SELECT version_num FROM kefu_schema"))).scalar_one()
    await set_version("9999")
    with pytest.raises(StoreUnavailable, match="not one that this version of Kefu knows"):
        await migrate(engine)
    await set_version(head)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "the database URL is not one: use sqlite"),
        ("mysql://root:secret@host/x", "driver 'mysql' is not supported: use sqlite[+]aiosqlite or postgresql"),
        ("sqlite+aiosqlite://", "SQLite needs a file"),
        ("sqlite+aiosqlite:////dev/null/a/b.db", "cannot create the database folder /dev/null/a"),
    ],
)
def test_a_wrong_url_says_what_to_do(url: str, message: str) -> None:
    with pytest.raises(StoreUnavailable, match=message) as error:
        open_database(url)
    assert "secret" not in str(error.value)


async def test_migrate_names_the_database_that_is_away() -> None:
    with pytest.raises(StoreUnavailable, match=r"postgresql\+asyncpg://me:\*\*\*@127.0.0.1:1/x: .*Connect call failed"):
        await migrate("postgresql+asyncpg://me:secret@127.0.0.1:1/x")


def test_a_file_that_is_no_database_says_so(tmp_path) -> None:
    (tmp_path / "a.db").write_text("this is no database, it is a diary\n" * 100)
    for name, message in (("a.db", "file is not a database"), ("", "unable to open database file")):
        with pytest.raises(StoreUnavailable, match=message):
            open_database(f"sqlite+aiosqlite:///{tmp_path}/{name}")


async def test_sqlite_is_durable_and_checks_references(tmp_path) -> None:
    engine = open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db", busy_timeout_s=0.7)
    async with engine.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [(await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one() for pragma in pragmas]
    assert values == ["wal", 2, 1, 700]
    await engine.dispose()


async def test_instants_and_money_come_back_exactly(engine: AsyncEngine) -> None:
    at = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=SHOP_ZONE)
    async with writing(engine) as connection:
        await connection.execute(shop_schema.demo.update().values(anchored_at=at))
        await connection.execute(shop_schema.products.update().values(price=Decimal("1234567.89")))
    async with reading(engine) as connection:
        back = (await connection.execute(select(shop_schema.demo.c.anchored_at))).scalar_one()
        price = (await connection.execute(select(shop_schema.products.c.price))).scalars().first()
    assert (back, back.tzinfo) == (at, UTC)
    assert str(price) == "1234567.89"


async def test_a_datetime_without_zone_is_a_mistake(engine: AsyncEngine) -> None:
    with pytest.raises(Exception, match="without a time zone"):
        async with writing(engine) as connection:
            await connection.execute(shop_schema.demo.update().values(anchored_at=datetime(2026, 1, 1)))


async def test_a_read_sees_one_snapshot(engine: AsyncEngine) -> None:
    count = text("SELECT count(*) FROM conversations")
    async with reading(engine) as reader:
        assert (await reader.execute(count)).scalar_one() == 0
        async with writing(engine) as writer:
            assert await insert_once(writer, TABLE, ROW)
            assert not await insert_once(writer, TABLE, ROW)
        assert (await reader.execute(count)).scalar_one() == 0
    async with reading(engine) as reader:
        assert (await reader.execute(count)).scalar_one() == 1


async def test_an_exception_rolls_back(engine: AsyncEngine) -> None:
    async def fail() -> None:
        async with writing(engine) as connection:
            await insert_once(connection, TABLE, ROW)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with writing(engine) as connection:
        assert await insert_once(connection, TABLE, ROW)


async def test_retrying_gives_up_on_what_is_not_busy(engine: AsyncEngine) -> None:
    tries = []

    async def broken() -> None:
        tries.append(1)
        async with reading(engine) as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))

    with pytest.raises(StoreUnavailable, match="did not answer") as error:
        await retrying(broken, unavailable=StoreUnavailable)
    assert len(tries) == 1
    assert not is_busy(error.value)

    async def twice() -> None:
        async with writing(engine) as connection:
            await connection.execute(TABLE.insert(), [ROW, ROW])

    with pytest.raises(IntegrityError):
        await retrying(twice, unavailable=StoreUnavailable)


async def test_a_deadlock_is_tried_again(engine: AsyncEngine) -> None:
    """Two writers that take two rows in opposite order: PostgreSQL ends one, SQLite never lets them start."""
    async with writing(engine) as connection:
        await connection.execute(TABLE.insert(), [{**ROW, "conversation_id": name} for name in "ab"])
    met = asyncio.Barrier(2)
    aborted: list[bool] = []

    async def visit(first: str, second: str) -> None:
        try:
            async with writing(engine) as connection:
                await connection.execute(_touch(first))
                if engine.dialect.name == "postgresql" and not aborted and met.n_waiting < met.parties:
                    await asyncio.wait_for(met.wait(), 5)
                await connection.execute(_touch(second))
        except DBAPIError as error:
            aborted.append(is_busy(error))
            raise

    async with asyncio.TaskGroup() as group:
        for order in ("ab", "ba"):
            group.create_task(retrying(lambda order=order: visit(*order), unavailable=StoreUnavailable))
    async with reading(engine) as connection:
        seqs = (await connection.execute(select(TABLE.c.last_seq))).scalars().all()
    assert list(seqs) == [2, 2]
    assert all(aborted)
    assert len(aborted) == (engine.dialect.name == "postgresql")


def _touch(name: str):
    return TABLE.update().where(TABLE.c.conversation_id == name).values(last_seq=TABLE.c.last_seq + 1)


def test_json_and_text_survive_any_unicode() -> None:
    assert to_json({"a": "中文"}) == '{"a": "中文"}'
    assert to_json("\ud800") == '"\\ud800"'
    assert storable("a\0b\ud800中") == "ab?中"
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(float("nan"))

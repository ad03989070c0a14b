"""The one database of Kefu: conversations, and the SQL shop. A URL in, an ``AsyncEngine`` and transactions out.

SQLite (``sqlite+aiosqlite:///FILE``) and PostgreSQL (``postgresql+asyncpg://USER@HOST/NAME``) behave alike here:

* ``reading(engine)``: one snapshot, never blocked by a writer.
* ``writing(engine)``: one transaction that holds its locks from the start (SQLite: ``BEGIN IMMEDIATE``), so two writers
  queue instead of deadlocking on a lock upgrade.
* ``retrying(...)``: tries a transaction again while the database says it is busy, for a bounded time.

Cancelling is safe everywhere: an open transaction rolls back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import BigInteger, Connection, DateTime, MetaData, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from dialogue.errors import DialogueError, StoreUnavailable

T = TypeVar("T")

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE_S = 5.0
"""How long a transaction is tried again while the database is busy, in seconds."""
_BUSY_TIMEOUT_S = 1.0
"""How long SQLite itself waits for a lock in one try, in seconds."""
_DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6
_PG_BUSY = frozenset({"40001", "40P01", "55P03"})
"""serialization_failure, deadlock_detected, lock_not_available: the transaction did not happen; try it again."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of Kefu; ``dialogue/shop/schema.py`` and ``dialogue/store_schema.py`` add to it."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Takes any aware datetime, gives it back in UTC; naive ones raise ``ValueError``."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite stores it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone is no instant")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Yuan(TypeDecorator[Decimal]):
    """Money in yuan as a Decimal with two places; stored as whole fen, so that sums and comparisons are exact."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Yuan to fen."""
        return None if value is None else int((value * 100).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Fen to yuan."""
        return None if value is None else Decimal(value).scaleb(-2)


def open_database(url: str, *, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> AsyncEngine:
    """An engine for ``url``; connects at first use. Creates the folder of a SQLite file. The caller disposes of it.

    Raises ``StoreUnavailable`` with what to do when the URL or the folder is wrong.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, busy_timeout_s)
    return create_async_engine(
        parsed, pool_pre_ping=True, pool_timeout=PATIENCE_S, hide_parameters=True, json_serializer=to_json
    )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnavailable(
            "the database URL is not one: use sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
        ) from error
    if parsed.drivername not in _DRIVERS:
        raise StoreUnavailable(f"database driver {parsed.drivername!r} is not supported: use {' or '.join(_DRIVERS)}")
    return parsed


def _open_sqlite(url: URL, busy_timeout_s: float) -> AsyncEngine:
    if not url.database or url.database == ":memory:":
        raise StoreUnavailable("SQLite needs a file (sqlite+aiosqlite:///FILE): in memory, connections share nothing")
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"cannot create the database folder {folder}: {error.strerror}") from error
    _check_file(url.database)
    engine = create_async_engine(
        url,
        pool_timeout=PATIENCE_S,
        hide_parameters=True,
        json_serializer=to_json,
        # isolation_level None: the driver begins nothing by itself; _begin_sqlite below does.
        connect_args={"timeout": busy_timeout_s, "isolation_level": None},
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _check_file(path: str) -> None:
    """A wrong file shows here, in one line, before aiosqlite starts threads on it."""
    try:
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (_SQLITE_BUSY, _SQLITE_LOCKED):
            raise StoreUnavailable(f"cannot use the database file {path}: {error}") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on beside a writer; synchronous FULL keeps a committed write through a power cut."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("kefu_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees one snapshot. For SELECT only."""
    snapshot = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    async with engine.execution_options(**snapshot).begin() as connection:
        yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that commits at the end and rolls back on any exception, cancellation included."""
    async with engine.execution_options(kefu_writes=True).begin() as connection:
        yield connection


async def retrying(
    transaction: Callable[[], Awaitable[T]], *, unavailable: type[DialogueError], patience_s: float = PATIENCE_S
) -> T:
    """The result of ``transaction``, tried again while the database is busy, up to ``patience_s`` seconds.

    Only errors that mean "nothing was written" are tried again. Raises ``unavailable`` when patience is over or the
    database does not answer; errors of ours and broken constraints pass through.
    """
    tries = AsyncRetrying(
        retry=retry_if_exception(is_busy),
        stop=stop_after_delay(patience_s),
        wait=wait_random_exponential(multiplier=0.02, max=0.25),
        reraise=True,
    )
    try:
        async for attempt in tries:
            with attempt:
                return await transaction()
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout, OSError) as error:
        busy = "stayed busy" if is_busy(error) else "did not answer"
        raise unavailable(f"the database {busy} ({type(error).__name__})") from error
    raise AssertionError("tenacity ends with a result or an error")


def is_busy(error: BaseException) -> bool:
    """True when another connection holds the lock and this transaction left nothing behind."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    # The driver's own error is the cause of SQLAlchemy's asyncio wrapper around it.
    for original in (error.orig, error.orig.__cause__):
        code = getattr(original, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in (_SQLITE_BUSY, _SQLITE_LOCKED):
            return True
        if getattr(original, "sqlstate", None) in _PG_BUSY:
            return True
    return False


async def insert_once(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; True when inserted.

    On PostgreSQL a concurrent insert of the same key waits here until the first transaction ends.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    result = await connection.execute(insert(table).values(**values).on_conflict_do_nothing())
    return bool(result.rowcount)


async def migrate(database: str | AsyncEngine, *, patience_s: float = 30.0) -> None:
    """Bring the database to the newest schema. Safe to run twice and by several processes at once.

    Raises ``StoreUnavailable`` when the database does not answer or was made by a newer Kefu.
    """
    if isinstance(database, str):
        engine = open_database(database)
        try:
            await migrate(engine, patience_s=patience_s)
        finally:
            await engine.dispose()
        return
    try:
        await retrying(lambda: _upgrade(database), unavailable=StoreUnavailable, patience_s=patience_s)
    except StoreUnavailable as error:
        where = database.url.render_as_string(hide_password=True)
        raise StoreUnavailable(f"cannot use the database {where}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    """The driver's own words where there are any; a schema change carries no personal data."""
    cause = error.__cause__
    if isinstance(cause, CommandError):
        return str(error)
    if isinstance(cause, DBAPIError) and cause.orig is not None:
        cause = cause.orig
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


async def _upgrade(engine: AsyncEngine) -> None:
    try:
        async with writing(engine) as connection:
            await connection.run_sync(_run_alembic)
    except CommandError as error:
        raise StoreUnavailable("its schema is not one that this version of Kefu knows") from error


def _run_alembic(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an ini file; ``env.py`` runs on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def to_json(value: Any) -> str:
    """JSON as the database keeps it: readable Chinese, escapes where a text is not valid Unicode."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return text


def storable(text: str) -> str:
    """``text`` as every database takes it: without NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()

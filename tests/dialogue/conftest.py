"""Fixtures of dialogue: a seeded database for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import open_database
from tests.dialogue.databases import POSTGRES, PostgresTemplate, SqliteTemplate, Template, prepare


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The seeded database of this kind."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("database") / "template.db"
        asyncio.run(prepare(f"sqlite+aiosqlite:///{file}"))
        yield SqliteTemplate(file)
        return
    postgres = PostgresTemplate(f"kefu_test_{os.getpid()}")
    try:
        postgres.prepare()
    except OSError as error:
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {error}")
    yield postgres
    postgres.drop()


@pytest.fixture
def database_url(template: Template) -> str:
    """A database with fresh rows; the test must leave its tables as they are."""
    return template.fresh()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on it."""
    engine = open_database(database_url, busy_timeout_s=0.1)
    yield engine
    await engine.dispose()

"""The REST engine against a strict double, in both dialects: it answers as the index in process, and fails cleanly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from dialogue.errors import KnowledgeUnavailable
from dialogue.knowledge import Entry
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.knowledge.rest_engine import Dialect, RestEngine
from tests.dialogue.knowledge.conftest import FakeEmbed
from tests.dialogue.knowledge.rest_double import SearchDouble

ENTRIES = (
    Entry("a", ("运费怎么算", "邮费多少"), ("shipping fee",), "八元。", "8 yuan.", "x"),
    Entry("b", ("积分怎么用", "积分抵钱"), ("use points",), "抵钱。", "As money.", "x"),
    Entry("c", ("停电",), (), "仓库停电时第二天发。", "", "说明", is_passage=True, valid_until=date(2026, 12, 31)),
)
QUESTIONS = ("邮费多少钱", "积分能抵钱吗", "仓库停电了怎么办", "use my points")


@pytest.fixture(params=["opensearch", "elasticsearch"])
def dialect(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def double(dialect: Dialect) -> SearchDouble:
    return SearchDouble(dialect, "secret")


@pytest.fixture
async def server(double: SearchDouble) -> AsyncIterator[TestServer]:
    async with TestServer(double.app()) as running:
        yield running


@pytest.fixture
def engine(server: TestServer, dialect: Dialect) -> RestEngine:
    return RestEngine(str(server.make_url("")), "kefu", dialect, "secret")


async def opened(engine: RestEngine | None, cache: Path, entries: tuple[Entry, ...] = ENTRIES) -> KnowledgeIndex:
    index = KnowledgeIndex(FakeEmbed(), entries, cache, engine=engine, today=lambda: date(2026, 11, 22))
    await index.build()
    return index


async def test_it_answers_as_the_index_in_process(engine: RestEngine, tmp_path: Path) -> None:
    here, there = await opened(None, tmp_path), await opened(engine, tmp_path)
    for question in QUESTIONS:
        mine, theirs = await here.search(question, "zh"), await there.search(question, "zh")
        assert [(hit.entry, hit.confident) for hit in mine] == [(hit.entry, hit.confident) for hit in theirs]
        assert [hit.score for hit in mine] == pytest.approx([hit.score for hit in theirs], abs=2e-3)


async def test_entries_are_sent_once(engine: RestEngine, double: SearchDouble, tmp_path: Path) -> None:
    await opened(engine, tmp_path)
    assert "POST /kefu/_bulk" in double.requests
    double.requests.clear()
    await opened(engine, tmp_path)
    assert double.requests == ["GET /kefu/_mapping"]


async def test_what_is_gone_goes(engine: RestEngine, double: SearchDouble, tmp_path: Path) -> None:
    await opened(engine, tmp_path)
    index = await opened(engine, tmp_path, ENTRIES[:1])
    assert {row["entry_id"] for row in double.indices["kefu"]["rows"].values()} == {"a"}
    assert [hit.entry.entry_id for hit in await index.search("积分怎么用", "zh")] == ["a"]


async def test_what_no_longer_holds_is_not_found(engine: RestEngine, tmp_path: Path) -> None:
    index = KnowledgeIndex(FakeEmbed(), ENTRIES, tmp_path, engine=engine, today=lambda: date(2027, 1, 1))
    await index.build()
    assert "c" not in {hit.entry.entry_id for hit in await index.search("仓库停电了怎么办", "zh", 10)}


async def test_a_server_that_is_away_is_unavailable(engine: RestEngine, double: SearchDouble, tmp_path: Path) -> None:
    index = await opened(engine, tmp_path)
    double.down = True
    with pytest.raises(KnowledgeUnavailable, match="503"):
        await index.search("邮费多少钱", "zh")
    double.down = False
    double.indices.clear()
    with pytest.raises(KnowledgeUnavailable, match="refused"):
        await index.search("邮费多少钱", "zh")


async def test_a_wrong_key_is_said(server: TestServer, dialect: Dialect, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeUnavailable, match="401"):
        await opened(RestEngine(str(server.make_url("")), "kefu", dialect, "wrong"), tmp_path)


async def test_nobody_there(dialect: Dialect, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeUnavailable, match="does not answer"):
        await opened(RestEngine("http://127.0.0.1:9", "kefu", dialect), tmp_path)


async def test_the_other_dialect_is_refused(server: TestServer, dialect: Dialect, tmp_path: Path) -> None:
    other: Dialect = "elasticsearch" if dialect == "opensearch" else "opensearch"
    with pytest.raises(KnowledgeUnavailable):
        await opened(RestEngine(str(server.make_url("")), "kefu", other, "secret"), tmp_path)

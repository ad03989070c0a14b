"""Ingesting again reads only what changed; one bad document costs only itself; what is gone goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dialogue.knowledge.documents import BadDocument
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.knowledge.ingest import Step, ingest
from dialogue.knowledge.sources import sources
from dialogue.knowledge.store import DocumentStore
from tests.dialogue.knowledge.conftest import FakeEmbed

_ticks = count()


def clock() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=next(_ticks))


async def ingested(store: DocumentStore, target: Path | str, *, force: bool = False) -> dict[str, Step]:
    return {step.uri: step async for step in ingest(store, sources(str(target)), clock, force=force)}


def outcomes(steps: dict[str, Step]) -> dict[str, str]:
    return {uri: step.outcome for uri, step in steps.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three documents, one of them bad, and a file of another kind."""
    root = tmp_path / "帮助"
    (root / "售后").mkdir(parents=True)
    (root / "a.md").write_text("# 配送\n## 几点发货？\n下午四点前。\n## 停电\n仓库停电时第二天发。\n", "utf-8")
    (root / "售后" / "b.csv").write_text("问题,答案\n怎么退|如何退,先申请\n", "utf-8")
    (root / "bad.csv").write_text("问题,答案\n怎么换,\n", "utf-8")
    (root / "logo.png").write_bytes(b"x")
    (root / ".hidden.md").write_text("秘密", "utf-8")
    return root


async def test_a_folder_is_read_once_and_kept_up_to_date(store: DocumentStore, folder: Path) -> None:
    assert sources(str(folder)).skipped == ("logo.png",)
    first = await ingested(store, folder)
    assert outcomes(first) == {"a.md": "added", "bad.csv": "failed", "售后/b.csv": "added"}
    assert first["a.md"].chunks == 2
    assert "第2行" in first["bad.csv"].problem
    assert outcomes(await ingested(store, folder))["a.md"] == "unchanged"

    (folder / "a.md").write_text("# 配送\n换了规定。\n", "utf-8")
    (folder / "bad.csv").write_text("问题,答案\n怎么换,先说\n", "utf-8")
    (folder / "售后" / "b.csv").unlink()
    again = await ingested(store, folder)
    assert outcomes(again) == {"a.md": "changed", "bad.csv": "added", "售后/b.csv": "removed"}
    assert [(one.uri, one.chunk_count) for one in await store.list()] == [("a.md", 1), ("bad.csv", 1)]
    assert [kept.entry.answer_zh for kept in await store.entries()] == ["换了规定。", "先说"]


async def test_a_document_that_became_unreadable_stays_as_it_was(store: DocumentStore, folder: Path) -> None:
    await ingested(store, folder)
    (folder / "a.md").write_bytes(b"---\ntitle: [\n---\n")
    assert (await ingested(store, folder))["a.md"].outcome == "failed"
    assert "a.md" in {one.uri for one in await store.list()}


async def test_force_reads_everything_again(store: DocumentStore, folder: Path) -> None:
    await ingested(store, folder)
    assert outcomes(await ingested(store, folder, force=True))["a.md"] == "changed"


async def test_the_same_name_in_two_folders_is_two_documents(store: DocumentStore, tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "faq.md").write_text(f"关于{name}的规定\n", "utf-8")
        await ingested(store, tmp_path / name)
    assert len(await store.list()) == 2
    assert await store.remove([(await store.list())[0].document_id]) == 1
    assert len(await store.entries()) == 1


def test_a_target_that_is_not_there_is_said() -> None:
    with pytest.raises(BadDocument, match="no such file"):
        sources("/nowhere/at/all")


@pytest.fixture
async def site() -> AsyncIterator[TestServer]:
    """A page, a Markdown file sent as plain text, and an error."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<h1>运费</h1><p>满九十九元包邮</p>", content_type="text/html")

    async def markdown(_: web.Request) -> web.Response:
        return web.Response(text="## 怎么退货？\n先申请。\n", content_type="text/plain")

    async def broken(_: web.Request) -> web.Response:
        raise web.HTTPInternalServerError

    app = web.Application()
    app.router.add_get("/page", page)
    app.router.add_get("/faq.md", markdown)
    app.router.add_get("/broken", broken)
    async with TestServer(app) as server:
        yield server


async def test_a_list_of_addresses(store: DocumentStore, tmp_path: Path, site: TestServer) -> None:
    urls = tmp_path / "urls.txt"
    addresses = [str(site.make_url(path)) for path in ("/page", "/faq.md", "/broken")]
    urls.write_text("# 帮助中心\n" + "\n".join(addresses) + "\n", "utf-8")
    steps = await ingested(store, urls)
    assert [steps[url].outcome for url in addresses] == ["added", "added", "failed"]
    assert "500" in steps[addresses[2]].problem
    assert [steps[url].outcome for url in addresses[:2]] == [
        step.outcome.replace("unchanged", "added") for step in list((await ingested(store, urls)).values())[:2]
    ]
    questions = {kept.entry.questions_zh[0]: kept.entry for kept in await store.entries()}
    assert questions["怎么退货？"].answer_zh == "先申请。"


async def test_an_address_that_does_not_answer(store: DocumentStore) -> None:
    (step,) = (await ingested(store, "http://127.0.0.1:9/page")).values()
    assert step.outcome == "failed"
    assert "cannot be fetched" in step.problem


async def test_what_was_ingested_is_found_with_its_source(store: DocumentStore, folder: Path, tmp_path: Path) -> None:
    client = FakeEmbed()
    index = await KnowledgeIndex.open(client, cache=tmp_path, documents=store)
    before = client.texts
    await ingested(store, folder)
    assert await index.refresh()
    assert client.texts == before + 1 + 4, "the probe, two paraphrases, one question, one passage"
    hit = (await index.search("如何退", "zh"))[0]
    assert (hit.entry.answer_zh, hit.entry.source) == ("先申请", "b.csv · 第2行")
    assert not await index.refresh(), "nothing has changed"
    again = FakeEmbed()
    await KnowledgeIndex.open(again, cache=tmp_path, documents=store)
    assert again.texts == 1, "only the probe: vectors are kept in the database"


async def test_words_find_documents_while_the_model_is_away(store: DocumentStore, folder: Path, tmp_path: Path) -> None:
    client = FakeEmbed(away=True)
    await ingested(store, folder)
    index = await KnowledgeIndex.open(client, (), tmp_path, documents=store)
    assert not index.has_vectors
    assert (await index.search("仓库停电", "zh"))[0].entry.is_passage
    client.away = False
    assert await index.refresh()
    assert index.has_vectors


async def test_another_model_embeds_documents_anew(store: DocumentStore, folder: Path, tmp_path: Path) -> None:
    await ingested(store, folder)
    await KnowledgeIndex.open(FakeEmbed(), (), tmp_path, documents=store)
    other = FakeEmbed(flavour=1)
    await KnowledgeIndex.open(other, (), tmp_path, documents=store)
    assert other.texts >= 4


async def test_only_what_holds_today_is_told(store: DocumentStore, tmp_path: Path) -> None:
    file = tmp_path / "活动.csv"
    file.write_text("问题,答案,valid_from,valid_until\n双十二有什么活动,满二百减三十,2026-12-01,2026-12-12\n", "utf-8")
    await ingested(store, file)
    today = date(2026, 11, 30)
    index = KnowledgeIndex(FakeEmbed(), (), tmp_path, documents=store, today=lambda: today)
    await index.build()
    for today, found in (
        (date(2026, 11, 30), 0),
        (date(2026, 12, 1), 1),
        (date(2026, 12, 12), 1),
        (date(2026, 12, 13), 0),
    ):
        assert len(await index.search("双十二有什么活动", "zh")) == found, today

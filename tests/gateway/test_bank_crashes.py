"""The bank's gateway killed at every await of the turn that confirms a WRITE: nothing lost, nothing done twice."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import pytest

from dialogue.database import migrate, open_database
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.skills import load
from dialogue.skills.bank import demo, sql
from dialogue.skills.bank.sql import SqlBank
from tests.dialogue.demo_shop import NOW, clock
from tests.dialogue.domains.bank import BUSINESS, CUSTOMER, understanding
from tests.gateway.crashes import (
    Line,
    Scene,
    ToldUnderstanding,
    come_back,
    copied,
    deaths,
    gateway,
    say,
    shop_rows,
    sqlite_url,
    turn_and_die,
)

SCRIPTS: dict[str, tuple[Line, ...]] = {
    "block_card": (("lost_card", "信用卡丢了，帮我挂失"), ("affirm", "确认")),
    "open_dispute": (("dispute", "有一笔998的不是我刷的"), ("affirm", "确认")),
}
"""Each WRITE of the bank as customers bring it about; the last turn confirms."""
_folder = Path()


@cache
def _knowledge() -> KnowledgeIndex:
    assert BUSINESS.knowledge is not None
    return asyncio.run(KnowledgeIndex.open(None, entries(BUSINESS.knowledge, BUSINESS.facts)))


@cache
def _told() -> ToldUnderstanding:
    return ToldUnderstanding(understanding())


def _responder(bank: SqlBank) -> Responder:
    return Responder(bank, _knowledge(), clock=clock, skills=load(BUSINESS.skills), wordings=BUSINESS.wordings)


def _seeded() -> Path:
    return _folder / "bank.db"


BANK = Scene(
    lambda engine: SqlBank(engine, clock),
    _responder,
    _seeded,
    lambda: sql.metadata.sorted_tables,
    CUSTOMER,
    _told,
)


@pytest.fixture(scope="module", autouse=True)
def seeded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Once, and what the forked processes share."""
    global _folder  # noqa: PLW0603
    _folder = tmp_path_factory.mktemp("bank")

    async def fill() -> None:
        engine = open_database(sqlite_url(_seeded()))
        await migrate(engine)
        await demo.seed(engine, NOW)
        await engine.dispose()

    asyncio.run(fill())
    _knowledge()
    _told()


@pytest.fixture
def asked(tmp_path: Path, name: str) -> Path:
    """A database in which the customer has been asked to confirm."""
    file = copied(_seeded(), tmp_path / "asked.db")

    async def prepare() -> None:
        async with gateway(sqlite_url(file), BANK) as served:
            for line in SCRIPTS[name][:-1]:
                await served.say(line)

    asyncio.run(prepare())
    return file


@pytest.fixture
def gold(tmp_path: Path, name: str, asked: Path) -> object:
    """The bank when nobody was killed."""
    url = sqlite_url(copied(asked, tmp_path / "gold.db"))
    answer = asyncio.run(say(url, SCRIPTS[name][-1], BANK))
    rows = asyncio.run(shop_rows(url, BANK))
    assert rows != asyncio.run(shop_rows(sqlite_url(asked), BANK)), f"this confirmed nothing: {answer}"
    return rows


def test_every_write_of_the_bank_has_a_script() -> None:
    source = Path(sql.__file__).read_text("utf-8")
    assert set(SCRIPTS) == {name for name in ("block_card", "open_dispute") if f'case "{name}"' in source}
    assert source.count('case "') == len(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_killed_at_every_await(tmp_path: Path, name: str, asked: Path, gold: object) -> None:
    line = SCRIPTS[name][-1]
    every = deaths(asked, line, tmp_path, BANK)
    assert every.awaits > 50
    assert len(every.left) > 4, "the turn has several transactions"
    for _, file in every.left:
        for customer_first in (True, False):
            url = sqlite_url(copied(file, tmp_path / "again.db"))
            asyncio.run(come_back(url, name, line, gold, customer_first=customer_first, scene=BANK))


@pytest.mark.parametrize("name", ["block_card"])
def test_killed_by_a_signal_where_the_database_changes(tmp_path: Path, name: str, asked: Path, gold: object) -> None:
    line = SCRIPTS[name][-1]
    for at, _ in deaths(asked, line, tmp_path, BANK).left:
        for just in (at, at + 1):
            url = sqlite_url(copied(asked, tmp_path / "killed.db"))
            turn_and_die(url, line, just, BANK)
            asyncio.run(come_back(url, name, line, gold, customer_first=just % 2 == 0, scene=BANK))

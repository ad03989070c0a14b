"""``kefu ledger``: reads a database; an unknown conversation is one line."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialogue.database import migrate, open_database
from dialogue.store import ConversationStore
from dialogue.types import ActionFinished, ActionResult, ActionStarted, CustomerSaid, ReadBack, Said
from gateway.__main__ import app
from tests.dialogue.test_event_codec import ACTION, TURN
from tests.gateway.cli.commands import one_line


@pytest.fixture
def config(tmp_path: Path) -> Path:
    url = f"sqlite+aiosqlite:///{tmp_path}/kefu.db"
    asyncio.run(_fill(url))
    file = tmp_path / "kefu.toml"
    file.write_text(f'[database]\nurl = "{url}"\n')
    return file


async def _fill(url: str) -> None:
    engine = open_database(url)
    await migrate(engine)
    store = ConversationStore(engine)
    await store.open("rest-1", None, "rest", "zh")
    key = ACTION.idempotency_key
    await store.append("rest-1", [CustomerSaid(replace(TURN, turn_id=1)), ReadBack(key, 1, "要取消订单，对吗？")])
    await store.append("rest-1", [Said(1, "要取消订单，", False), CustomerSaid(replace(TURN, turn_id=2, text="对的"))])
    await store.append("rest-1", [ActionStarted(ACTION), ActionFinished(ACTION, ActionResult(True))])
    await engine.dispose()


def test_each_change_with_its_words(config: Path) -> None:
    result = CliRunner().invoke(app, ["ledger", "rest-1", "--config", str(config), "--json"])
    assert result.exit_code == 0, result.output
    (entry,) = json.loads(result.stdout)["entries"]
    assert (entry["read_back"], entry["heard"], entry["heard_complete"]) == (
        "要取消订单，对吗？",
        "要取消订单，",
        False,
    )
    assert (entry["confirmed_turn"], entry["confirmed_words"]) == (2, "对的")
    assert (entry["action"], entry["state"]) == (ACTION.name, "done")


def test_a_table_for_people(config: Path) -> None:
    result = CliRunner().invoke(app, ["ledger", "rest-1", "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert "对的" in result.stdout


def test_an_unknown_conversation_is_one_line(config: Path) -> None:
    result = CliRunner().invoke(app, ["ledger", "nobody", "--config", str(config)])
    assert "nobody" in one_line(result)

"""``kefu ledger CONVERSATION``: for each change in the shop, what the customer was told, heard and confirmed.

JSON: ``{"entries": [{"action", "state", "read_back", "heard", "heard_complete", "confirmed_words", ...}]}``, times in
ISO 8601: the fields of ``dialogue.store.LedgerEntry``. The words are personal data, forgotten with their conversation.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dialogue.shop.clock import SHOP_ZONE
from dialogue.store import ConversationStore, LedgerEntry
from gateway.cli import ConfigOption, JsonOption, fail, run_or_fail, settings_or_fail
from gateway.config import Settings
from gateway.ground import connected


def ledger(
    conversation: Annotated[str, typer.Argument(help="Id of the conversation, as the gateway gave it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a customer was read back, heard and confirmed before each change."""
    settings = settings_or_fail(config)
    entries = run_or_fail(lambda: asyncio.run(_read(settings, conversation)))
    if as_json:
        print(json.dumps({"entries": [_as_json(entry) for entry in entries]}, ensure_ascii=False))
        return
    if not entries:
        fail(f"nothing was read back in conversation {conversation}")
    Console().print(_table(entries))


async def _read(settings: Settings, conversation: str) -> tuple[LedgerEntry, ...]:
    async with AsyncExitStack() as stack:
        return await ConversationStore(await connected(settings, stack)).ledger(conversation)


def _as_json(entry: LedgerEntry) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(entry).items()}


def _table(entries: tuple[LedgerEntry, ...]) -> Table:
    table = Table("turn", "read back", "heard", "confirmed", "done")
    for entry in entries:
        words = f"{entry.confirmed_words}\nturn {entry.confirmed_turn}, {_time(entry.confirmed_at)}"
        done = f"{entry.action}: {entry.rule or entry.state}\n{_time(entry.settled_at)}"
        table.add_row(
            f"{entry.read_back_turn}\n{_time(entry.read_back_at)}",
            entry.read_back,
            _heard(entry),
            words if entry.confirmed_turn is not None else "no",
            done if entry.action else "nothing",
        )
    return table


def _heard(entry: LedgerEntry) -> str:
    if entry.heard is None:
        return "nothing"
    return "all of it" if entry.heard_complete else f"{entry.heard}…"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(SHOP_ZONE):%m-%d %H:%M:%S}" if at else ""

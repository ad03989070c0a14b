"""The knowledge base as the settings want it, and kept up to date while the gateway runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.domains import load_business
from dialogue.errors import DialogueError
from dialogue.knowledge import Entry
from dialogue.knowledge.embedder import EmbeddingClient
from dialogue.knowledge.entries import FOLDER, entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.knowledge.rest_engine import RestEngine
from dialogue.knowledge.store import DocumentStore
from dialogue.policies import Policies
from gateway import log
from gateway.config import ConfigError, Settings

_RETRY_S = 5.0


async def open_knowledge(
    settings: Settings, client: EmbeddingClient | None, database: AsyncEngine, policies: Policies | None = None
) -> KnowledgeIndex:
    """An index of the entries and of what was ingested. Raises ``ConfigError``, ``StoreUnavailable``,
    ``KnowledgeUnavailable``."""
    shipped = shipped_entries(settings, policies)
    return await KnowledgeIndex.open(client, shipped, documents=DocumentStore(database), engine=_engine(settings))


def shipped_entries(settings: Settings, policies: Policies | None = None) -> tuple[Entry, ...]:
    """The entries that the settings name. Raises ``ConfigError``."""
    named = settings.knowledge.entries
    if named == "none":
        return ()
    business = load_business(settings.domain.name)
    folder = Path(named) if named else business.knowledge or FOLDER
    if not folder.is_dir():
        raise ConfigError(f"setting 'knowledge.entries': there is no folder {folder}; 'none' means no entries")
    try:
        return entries(folder, business.facts or policies)
    except ValueError as error:
        raise ConfigError(f"setting 'knowledge.entries': {error}") from error


async def keep_fresh(knowledge: KnowledgeIndex, every_s: float) -> None:
    """Takes in what ``kefu kb`` changes, and vectors when the model server is back."""
    while True:
        await asyncio.sleep(every_s if knowledge.has_vectors else min(_RETRY_S, every_s))
        try:
            if await knowledge.refresh():
                log.logger().info("knowledge base taken in", count=knowledge.size)
        except DialogueError as error:
            log.logger().warning("knowledge base not refreshed", code=error.code)


def _engine(settings: Settings) -> RestEngine | None:
    section = settings.knowledge
    if section.engine == "local":
        return None
    if not section.url:
        raise ConfigError(f"setting 'knowledge.url': the address of the {section.engine} server is missing")
    key = section.key.get_secret_value() if section.key else None
    return RestEngine(section.url, section.index, section.engine, key)

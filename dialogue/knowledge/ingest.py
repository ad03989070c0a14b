"""Brings the kept documents of a folder, file or list of addresses up to date. One bad document costs only itself.

What has not changed since (by content hash) is left alone; what is gone from the source goes; a document that cannot be
read any more stays as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dialogue.knowledge.documents import BadDocument, document_id
from dialogue.knowledge.readers import content_hash, read
from dialogue.knowledge.sources import Source, Sources
from dialogue.knowledge.store import DocumentStore, Kept

Outcome = Literal["added", "changed", "unchanged", "removed", "failed"]


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one document."""

    uri: str
    outcome: Outcome
    chunks: int = 0
    problem: str = ""
    """For ``failed``: where in it, what is wrong and what to do."""


async def ingest(
    store: DocumentStore, sources: Sources, clock: Callable[[], datetime], *, force: bool = False
) -> AsyncIterator[Step]:
    """A step per document, as it is done. ``force`` reads unchanged ones again. Raises ``StoreUnavailable``."""
    kept = {document.document_id: document for document in await store.list() if document.root == sources.root}
    for source in sources.found:
        yield await _one(store, sources.root, source, kept, clock, force=force)
    there = {document_id(sources.root, source.uri) for source in sources.found}
    for gone in (document for key, document in kept.items() if key not in there):
        await store.remove([gone.document_id])
        yield Step(gone.uri, "removed", gone.chunk_count)


async def _one(
    store: DocumentStore,
    root: str,
    source: Source,
    kept: dict[str, Kept],
    clock: Callable[[], datetime],
    *,
    force: bool,
) -> Step:
    before = kept.get(document_id(root, source.uri))
    try:
        fetched = await source.load()
        if before is not None and not force and before.content_hash == content_hash(fetched.data):
            return Step(source.uri, "unchanged", before.chunk_count)
        document = await asyncio.to_thread(read, root, source.uri, fetched.suffix, fetched.data)
    except BadDocument as error:
        return Step(source.uri, "failed", before.chunk_count if before else 0, str(error))
    await store.put(document, clock())
    return Step(source.uri, "changed" if before else "added", len(document.chunks))

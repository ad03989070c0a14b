"""Keeps what a shop ingested in Kefu's own database, with its vectors. Cancelling is safe: a document is there or not.

Raises ``StoreUnavailable`` where the database does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue.database import reading, retrying, storable, writing
from dialogue.errors import StoreUnavailable
from dialogue.knowledge import Entry
from dialogue.knowledge.documents import Chunk, Document, Validity, entry_of
from dialogue.knowledge.embedder import Vectors
from dialogue.knowledge.schema import chunks, documents
from inference_server.contracts import EMBEDDING_DIM


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as a list shows it."""

    document_id: str
    uri: str
    root: str
    title: str
    content_hash: str
    ingested_at: datetime
    chunk_count: int
    embedded: int
    """Chunks that have vectors."""


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A chunk as it is searched."""

    key: tuple[str, int]
    """Document id and number of the chunk."""
    entry: Entry
    vectors: Vectors | None
    """One row per text of ``entry.compared()``; None until embedded."""
    probe: Vectors | None


class DocumentStore:
    """Documents and their chunks. Holds no state of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        """``engine``: a database that ``dialogue.database.migrate`` has prepared."""
        self._engine = engine

    async def list(self) -> tuple[Kept, ...]:
        """Every document, by root and uri."""
        counted = (
            select(documents, func.count(chunks.c.number), func.count(chunks.c.vectors))
            .outerjoin(chunks, chunks.c.document_id == documents.c.document_id)
            .group_by(*documents.c)
            .order_by(documents.c.root, documents.c.uri)
        )
        rows = await self._read(lambda connection: connection.execute(counted))
        return tuple(
            Kept(row.document_id, row.uri, row.root, row.title, row.content_hash, row.ingested_at, row[6], row[7])
            for row in rows
        )

    async def version(self) -> str:
        """Another one after every change to documents or vectors."""
        state = select(
            func.count(documents.c.document_id),
            func.max(documents.c.ingested_at),
        )
        embedded = select(func.count(chunks.c.vectors))
        rows = await self._read(lambda connection: connection.execute(state))
        (vectors,) = (await self._read(lambda connection: connection.execute(embedded)))[0]
        return f"{rows[0][0]} {rows[0][1]} {vectors}"

    async def put(self, document: Document, at: datetime) -> None:
        """Add ``document``, or replace what was kept of it."""
        kept = [_row(document.document_id, number, chunk) for number, chunk in enumerate(document.chunks, 1)]
        row = {
            "document_id": document.document_id,
            "uri": document.uri,
            "root": document.root,
            "title": storable(document.title),
            "content_hash": document.content_hash,
            "ingested_at": at,
        }

        async def transaction() -> None:
            async with writing(self._engine) as connection:
                await connection.execute(delete(chunks).where(chunks.c.document_id == document.document_id))
                await connection.execute(delete(documents).where(documents.c.document_id == document.document_id))
                await connection.execute(insert(documents), row)
                if kept:
                    await connection.execute(insert(chunks), kept)

        await retrying(transaction, unavailable=StoreUnavailable)

    async def remove(self, document_ids: Sequence[str]) -> int:
        """How many of them were there."""

        async def transaction() -> int:
            async with writing(self._engine) as connection:
                await connection.execute(delete(chunks).where(chunks.c.document_id.in_(document_ids)))
                gone = await connection.execute(delete(documents).where(documents.c.document_id.in_(document_ids)))
                return gone.rowcount

        return await retrying(transaction, unavailable=StoreUnavailable) if document_ids else 0

    async def entries(self) -> tuple[KeptEntry, ...]:
        """Every chunk, by document and number."""
        wanted = (
            select(chunks, documents.c.uri, documents.c.title)
            .join(documents, chunks.c.document_id == documents.c.document_id)
            .order_by(documents.c.root, documents.c.uri, chunks.c.number)
        )
        return tuple(_kept(row) for row in await self._read(lambda connection: connection.execute(wanted)))

    async def keep_vectors(self, vectors: Mapping[tuple[str, int], Vectors], probe: Vectors) -> None:
        """Beside their chunks; those of a document that has been replaced meanwhile are dropped."""
        rows = [
            {"of": key[0], "at": key[1], "made": _blob(found), "by": _blob(probe)} for key, found in vectors.items()
        ]
        change = (
            update(chunks)
            .where(chunks.c.document_id == bindparam("of"), chunks.c.number == bindparam("at"))
            .values(vectors=bindparam("made"), probe=bindparam("by"))
        )

        async def transaction() -> None:
            async with writing(self._engine) as connection:
                await connection.execute(change, rows)

        if rows:
            await retrying(transaction, unavailable=StoreUnavailable)

    async def _read(self, ask: Callable[[AsyncConnection], Any]) -> Sequence[Any]:
        async def transaction() -> Sequence[Any]:
            async with reading(self._engine) as connection:
                return list((await ask(connection)).all())

        return await retrying(transaction, unavailable=StoreUnavailable)


def _row(document_id: str, number: int, chunk: Chunk) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "number": number,
        "text": storable(chunk.text),
        "place": storable(chunk.place),
        "language": chunk.language,
        "questions": [storable(question) for question in chunk.questions],
        "valid_from": chunk.validity.first,
        "valid_until": chunk.validity.last,
    }


def _kept(row: Any) -> KeptEntry:
    validity = Validity(row.valid_from, row.valid_until)
    chunk = Chunk(row.text, row.place, row.language, tuple(row.questions), validity)
    entry = entry_of(row.document_id, row.uri, row.title, row.number, chunk)
    vectors = _vectors(row.vectors, len(entry.compared()))
    return KeptEntry((row.document_id, row.number), entry, vectors, _vectors(row.probe, 1))


def _blob(vectors: Vectors) -> bytes:
    return vectors.astype("<f2").tobytes()


def _vectors(blob: bytes | None, rows: int) -> Vectors | None:
    if blob is None or len(blob) != rows * EMBEDDING_DIM * 2:
        return None
    return np.frombuffer(blob, "<f2").astype(np.float32).reshape(rows, EMBEDDING_DIM)

"""Finds the knowledge entry a customer asks for: a question in, entries with scores out.

Every text of every entry is embedded once by the served ``embed`` model and kept (the shipped entries' on disk, those
of ingested documents beside them in the database). A question is embedded; an engine finds candidates by meaning and by
BM25; they are scored by centred cosine and by what the words share. Without the model the words alone decide, with a
threshold of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from dialogue.errors import StoreUnavailable
from dialogue.knowledge import Entry, Hit
from dialogue.knowledge.document_vectors import complete
from dialogue.knowledge.embedder import (
    PROBE,
    QUERY_DEADLINE_S,
    EmbeddingClient,
    Vectors,
    embed,
    embed_compared,
    is_same_model,
)
from dialogue.knowledge.engine import Asked, Centre, Engine
from dialogue.knowledge.entries import entries as all_entries
from dialogue.knowledge.lexical import Lexicon, grams
from dialogue.knowledge.local import LocalEngine
from dialogue.knowledge.ranking import ranked
from dialogue.knowledge.store import DocumentStore, KeptEntry
from dialogue.shop.clock import wall_clock
from inference_server.contracts import EMBEDDING_DIM
from inference_server.errors import InferenceError
from inference_server.weights import default_cache
from nlu.types import Language

__all__ = ["EmbeddingClient", "KnowledgeIndex"]

RECIPE = 2
"""Raised whenever what is embedded changes its form."""
CANDIDATES = 32
"""By meaning, and as many by words."""


class RemoteEngine(Engine, Protocol):
    """An engine that must be given what it searches."""

    async def replace(self, entries: Sequence[Entry], vectors: Vectors, centre: Centre) -> None:
        """From now on exactly these. Raises ``KnowledgeUnavailable``."""
        ...


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What is searched until something changes."""

    entries: tuple[Entry, ...]
    lexicon: Lexicon
    engine: Engine
    has_vectors: bool
    version: str
    """Of the documents."""


class KnowledgeIndex:
    """Search over the shipped entries and the shop's documents. Shared by all conversations; ``search`` is safe to
    cancel."""

    def __init__(
        self,
        client: EmbeddingClient | None,
        entries: Sequence[Entry] | None = None,
        cache: Path | None = None,
        *,
        documents: DocumentStore | None = None,
        engine: RemoteEngine | None = None,
        today: Callable[[], date] = lambda: wall_clock().date(),
    ) -> None:
        """``client`` None: words alone. ``engine`` None: in process. Nothing is embedded or read before ``build``."""
        self._client = client
        self._shipped = tuple(all_entries() if entries is None else entries)
        self._folder = cache or default_cache() / "knowledge"
        self._documents = documents
        self._remote = engine
        self._today = today
        self._build_lock = asyncio.Lock()
        self._snapshot = _Snapshot(self._shipped, _lexicon(self._shipped), _local(self._shipped), False, "")

    @staticmethod
    async def open(
        client: EmbeddingClient | None,
        entries: Sequence[Entry] | None = None,
        cache: Path | None = None,
        *,
        documents: DocumentStore | None = None,
        engine: RemoteEngine | None = None,
    ) -> KnowledgeIndex:
        """An index, embedded where the model answers (seconds the first time, then kept). Never raises for it.

        Raises ``StoreUnavailable`` and, with a remote ``engine``, ``KnowledgeUnavailable``.
        """
        index = KnowledgeIndex(client, entries, cache, documents=documents, engine=engine)
        await index.build()
        return index

    @property
    def has_vectors(self) -> bool:
        """False while only the words are compared."""
        return self._snapshot.has_vectors

    @property
    def size(self) -> int:
        """How many entries are searched."""
        return len(self._snapshot.entries)

    async def refresh(self) -> bool:
        """Take in documents that have changed, and vectors that are missing; whether anything was done."""
        current = await self._documents.version() if self._documents is not None else ""
        if self.has_vectors and current == self._snapshot.version:
            return False
        await self.build()
        return True

    async def build(self) -> bool:
        """Load or make the vectors; False when the model is away and none are kept. Call it again when it is back."""
        async with self._build_lock:
            version, kept = "", tuple[KeptEntry, ...]()
            if self._documents is not None:
                version, kept = await self._documents.version(), await self._documents.entries()
            entries = (*self._shipped, *(found.entry for found in kept))
            vectors = await self._vectors(kept)
            if vectors is not None and self._documents is not None and self._client is not None:
                version = await self._documents.version()
            self._snapshot = await self._made(entries, vectors, version)
            return vectors is not None

    async def search(self, text: str, language: Language, k: int = 3) -> tuple[Hit, ...]:
        """The best ``k`` entries, best first; none where nothing is near; without the model by words alone.

        Raises ``KnowledgeUnavailable`` only where a remote engine does not answer.
        """
        now = self._snapshot
        vector = await self._asked(text) if now.has_vectors else None
        found = await now.engine.candidates(Asked(text, vector, self._today()), CANDIDATES)
        return ranked(grams(text), found, now.lexicon, by_meaning=vector is not None, k=k)

    async def _made(self, entries: tuple[Entry, ...], vectors: Vectors | None, version: str) -> _Snapshot:
        lexicon = await asyncio.to_thread(_lexicon, entries)
        if vectors is None or not entries:
            words = await asyncio.to_thread(_local, entries)
            return _Snapshot(entries, lexicon, words, vectors is not None, version)
        passages = [entry.is_passage for entry in entries for _ in entry.compared()]
        centre = Centre.of(vectors, passages)
        if self._remote is not None:
            await self._remote.replace(entries, vectors, centre)
            return _Snapshot(entries, lexicon, self._remote, True, version)
        local = await asyncio.to_thread(LocalEngine, entries, vectors, centre)
        return _Snapshot(entries, lexicon, local, True, version)

    async def _asked(self, text: str) -> Vectors | None:
        if self._client is None:
            return None
        try:
            vector: Vectors = (await embed(self._client, [text], "query", QUERY_DEADLINE_S))[0]
            return vector
        except InferenceError:
            return None

    async def _vectors(self, kept: Sequence[KeptEntry]) -> Vectors | None:
        """A row for every text; None when some are missing and the model is away."""
        path = self._folder / f"{self._fingerprint()}.npz"
        texts = [text for entry in self._shipped for text in entry.compared()]
        shipped = await asyncio.to_thread(_load, path, len(texts) + 1)
        if self._client is None:
            return None
        try:
            probe = (await embed(self._client, [PROBE], "query", QUERY_DEADLINE_S))[0]
            if shipped is None or not is_same_model(shipped[0], probe):
                shipped = np.concatenate([probe[None], await embed_compared(self._client, texts)])
                await asyncio.to_thread(_save, path, shipped)
        except InferenceError:
            if shipped is None:
                return None
            probe = shipped[0]
        if self._documents is None:
            return shipped[1:]
        try:
            of_documents = await complete(self._documents, kept, self._client, probe)
        except (InferenceError, StoreUnavailable):
            # What was made is kept; the rest is made at the next try.
            return None
        return np.concatenate([shipped[1:], *of_documents])

    def _fingerprint(self) -> str:
        texts = [f"{kind} {text}" for entry in self._shipped for kind, text in entry.compared()]
        return hashlib.sha256("\n".join([str(RECIPE), PROBE, *texts]).encode()).hexdigest()[:32]


@lru_cache(maxsize=4)
def _lexicon(entries: tuple[Entry, ...]) -> Lexicon:
    return Lexicon(
        frozenset[str]().union(*(grams(text) for _, text in entry.compared()), frozenset()) for entry in entries
    )


@lru_cache(maxsize=4)
def _local(entries: tuple[Entry, ...]) -> LocalEngine:
    return LocalEngine(entries)


def _load(path: Path, rows: int) -> Vectors | None:
    """Kept vectors, the probe first; None when there are none or they are broken."""
    try:
        with np.load(path, allow_pickle=False) as file:
            vectors = np.asarray(file["vectors"], dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return vectors if vectors.shape == (rows, EMBEDDING_DIM) and np.isfinite(vectors).all() else None


def _save(path: Path, vectors: Vectors) -> None:
    """Atomic; a cache that cannot be written only costs time at the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            np.savez(file, vectors=vectors)
        Path(file.name).replace(path)
    except OSError:
        return

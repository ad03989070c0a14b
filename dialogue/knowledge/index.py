"""Finds the knowledge entry a customer asks for: a question in, entries with scores out.

Every paraphrase of every entry is embedded once by the served ``embed`` model and kept on disk; a query is embedded,
centred (raw cosines of e5 all lie between 0.7 and 1) and compared with each, fused with what the words share. Without
the model the words alone decide, with a threshold of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dialogue.knowledge import Entry, Hit
from dialogue.knowledge.entries import entries as all_entries
from dialogue.knowledge.lexical import Lexicon
from inference_server.contracts import EMBEDDING_DIM, MODELS
from inference_server.errors import InferenceError, InferenceFailed
from inference_server.weights import default_cache
from nlu.types import Language

Vectors = NDArray[np.float32]

RECIPE = 1
"""Raised whenever what is embedded changes its form."""
PROBE = "运费怎么算？"
"""Embedded anew at start-up; when it no longer matches the kept one, another model is being served."""
QUERY_DEADLINE_S = 0.8
BUILD_DEADLINE_S = 30.0
"""For one batch."""
LEXICAL_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Bar:
    """What a score must reach to be an answer. Set on tests/dialogue/knowledge/questions.yaml."""

    sure: float
    """From here whatever comes second."""
    likely: float
    """From here when it leads the second by ``margin``."""
    margin: float


WITH_MODEL = Bar(sure=0.46, likely=0.4, margin=0.06)
WORDS_ALONE = Bar(sure=0.6, likely=0.36, margin=0.08)


class EmbeddingClient(Protocol):
    """The part of ``inference_server.client.InferenceClient`` that is used here."""

    async def infer(self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None) -> dict[str, Any]:
        """One answer. Raises ``InferenceError``."""
        ...


@dataclass(frozen=True, slots=True)
class _Question:
    """One paraphrase."""

    entry: int
    """Index of its entry."""
    text: str


class KnowledgeIndex:
    """In-process search over the entries. Shared by all conversations; ``search`` is safe to cancel."""

    def __init__(
        self, client: EmbeddingClient | None, entries: Sequence[Entry] | None = None, cache: Path | None = None
    ) -> None:
        """``client`` None: words alone. Nothing is embedded before ``build``."""
        self._client = client
        self._entries = tuple(all_entries() if entries is None else entries)
        self._folder = cache or default_cache() / "knowledge"
        languages: tuple[Language, ...] = ("zh", "en")
        self._questions = tuple(
            _Question(position, text)
            for position, entry in enumerate(self._entries)
            for language in languages
            for text in entry.questions(language)
        )
        self._lexicons = {
            language: Lexicon([entry.questions(language) for entry in self._entries]) for language in languages
        }
        self._centre: Vectors | None = None
        self._vectors: Vectors | None = None
        self._build_lock = asyncio.Lock()

    @staticmethod
    async def open(
        client: EmbeddingClient | None, entries: Sequence[Entry] | None = None, cache: Path | None = None
    ) -> KnowledgeIndex:
        """An index, embedded where the model answers (seconds the first time, then from disk). Never raises for it."""
        index = KnowledgeIndex(client, entries, cache)
        await index.build()
        return index

    @property
    def has_vectors(self) -> bool:
        """False while only the words are compared."""
        return self._vectors is not None

    async def build(self) -> bool:
        """Load or make the vectors; False when the model is away and none are kept. Call it again when it is back."""
        async with self._build_lock:
            path = self._folder / f"{self._fingerprint()}.npz"
            kept = await asyncio.to_thread(_load, path, len(self._questions) + 1)
            if self._client is None:
                return False
            try:
                probe = await self._embed([PROBE], QUERY_DEADLINE_S)
                if kept is None or float(kept[0] @ probe[0]) < 0.999:
                    texts = [question.text for question in self._questions]
                    kept = np.concatenate([probe, await self._embed(texts, BUILD_DEADLINE_S)])
                    await asyncio.to_thread(_save, path, kept)
            except InferenceError:
                if kept is None:
                    return False
            self._centre = kept[1:].mean(axis=0)
            self._vectors = _normalised(kept[1:] - self._centre)
            return True

    async def search(self, text: str, language: Language, k: int = 3) -> tuple[Hit, ...]:
        """The best ``k`` entries, best first; without the model by words alone. Raises nothing for it."""
        words = np.asarray(self._lexicons[language].scores(text), np.float32)
        meaning = await self._by_meaning(text)
        if meaning is None:
            scores, bar = words, WORDS_ALONE
        else:
            scores, bar = (1 - LEXICAL_SHARE) * np.maximum(meaning, 0) + LEXICAL_SHARE * words, WITH_MODEL
        order = np.argsort(-scores, kind="stable")[: max(k, 2)]
        lead = float(scores[order[0]] - scores[order[1]]) if len(order) > 1 else 1.0
        hits = []
        for rank, position in enumerate(order[:k]):
            score = float(scores[position])
            sure = score >= bar.sure or (rank == 0 and score >= bar.likely and lead >= bar.margin)
            hits.append(Hit(self._entries[position], score, sure))
        return tuple(hits)

    async def _by_meaning(self, text: str) -> NDArray[np.float32] | None:
        """Centred cosine with the nearest paraphrase of each entry; None without the model."""
        if self._vectors is None or self._centre is None:
            return None
        try:
            query = await self._embed([text], QUERY_DEADLINE_S)
        except InferenceError:
            return None
        cosines = self._vectors @ _normalised(query - self._centre)[0]
        scores = np.full(len(self._entries), -1, np.float32)
        np.maximum.at(scores, [question.entry for question in self._questions], cosines)
        return scores

    async def _embed(self, texts: Sequence[str], deadline_s: float) -> Vectors:
        assert self._client is not None
        size, made = MODELS["embed"].max_batch_size, []
        for start in range(0, len(texts), size):
            batch = texts[start : start + size]
            inputs = {
                "TEXT": np.array([[text] for text in batch], dtype=np.object_),
                "KIND": np.array([["query"]] * len(batch), dtype=np.object_),
            }
            answer = await self._client.infer("embed", inputs, deadline_s=deadline_s)
            vectors = np.asarray(answer.get("EMBEDDING"), dtype=np.float32)
            if vectors.shape != (len(batch), EMBEDDING_DIM) or not np.isfinite(vectors).all():
                raise InferenceFailed(f"embed answered with shape {vectors.shape}")
            made.append(vectors)
        return _normalised(np.concatenate(made))

    def _fingerprint(self) -> str:
        content = "\n".join([str(RECIPE), PROBE, *(question.text for question in self._questions)])
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def _normalised(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


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

"""A migrated database, and an ``embed`` model that counts characters."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import migrate, open_database
from dialogue.knowledge.store import DocumentStore
from inference_server.errors import InferenceUnavailable


class FakeEmbed:
    """Embeds by character counts, deterministically; may be away."""

    def __init__(self, *, away: bool = False, flavour: int = 0) -> None:
        self.away, self.calls, self.texts, self._flavour = away, 0, 0, flavour

    async def infer(self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None) -> dict[str, Any]:
        assert model == "embed"
        assert inputs["TEXT"].shape == inputs["KIND"].shape
        assert inputs["TEXT"].shape[0] <= 64
        if self.away:
            raise InferenceUnavailable("gone")
        self.calls += 1
        self.texts += len(inputs["TEXT"])
        return {"EMBEDDING": np.stack([self._vector(text) for (text,) in inputs["TEXT"]])}

    def _vector(self, text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
        vector = np.full(384, 0.5, np.float32)
        for char in text:
            vector[int(hashlib.sha256(f"{char}{self._flavour}".encode()).hexdigest(), 16) % 384] += 1
        return vector


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An empty SQLite database with the newest schema."""
    engine = open_database(f"sqlite+aiosqlite:///{tmp_path}/kb.db")
    await migrate(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
def store(database: AsyncEngine) -> DocumentStore:
    """No documents yet."""
    return DocumentStore(database)

"""Candidates from an OpenSearch or Elasticsearch that the shop runs: BM25 (``cjk`` analyser) and k-NN over REST.

One document per text of an entry; its source carries the entry and, as base64 float16, the vectors of all of its texts,
so that scores are computed here exactly as in process. Both dialects differ in two places only: the mapping of the
vector and the k-NN clause. Held to by a strict double (tests/dialogue/knowledge/rest_double.py), not to a real server.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

import aiohttp
import numpy as np

from dialogue.errors import KnowledgeUnavailable
from dialogue.knowledge import Entry
from dialogue.knowledge.embedder import Vectors
from dialogue.knowledge.engine import Asked, Candidate, Centre, nearness
from inference_server.contracts import EMBEDDING_DIM

Dialect = Literal["opensearch", "elasticsearch"]
_DEADLINE_S = 2.0
_BULK_DEADLINE_S = 120.0
_PER_BULK = 200
_ALWAYS = (date(1, 1, 1), date(9999, 12, 31))
"""What stands for an open end."""


class RestEngine:
    """One index of a server. Safe to share and to cancel."""

    def __init__(self, url: str, index: str, dialect: Dialect, key: str | None = None) -> None:
        """``url``: of the server, user and password in it where it wants them. ``key``: an API key instead."""
        self._url = url.rstrip("/")
        self._index = index
        self._dialect = dialect
        self._headers = {"Authorization": f"ApiKey {key}"} if key else {}
        self._centre: Centre | None = None

    async def replace(self, entries: Sequence[Entry], vectors: Vectors, centre: Centre) -> None:
        """See ``index.RemoteEngine``. Nothing is sent when the index holds exactly these already."""
        self._centre = centre
        generation = _generation(entries, vectors)
        if await self._generation() == generation:
            return
        if await self._ask("HEAD", "", allowed=(404,)) is None:
            # 400: another gateway was quicker.
            settings = {"settings": {"index.knn": True}} if self._dialect == "opensearch" else {}
            await self._ask("PUT", "", {**settings, "mappings": {"properties": self._properties()}}, allowed=(400,))
        rows = _rows(entries, vectors, generation)
        while lines := [line for row in _some(rows) for line in row]:
            answer = await self._ask("POST", "/_bulk", "\n".join([*lines, ""]), deadline_s=_BULK_DEADLINE_S)
            if answer is None or answer.get("errors"):
                raise KnowledgeUnavailable(f"{self._index}: the search engine refused some entries")
        await self._ask("POST", "/_refresh")
        stale = {"query": {"bool": {"must_not": [{"term": {"generation": generation}}]}}}
        await self._ask("POST", "/_delete_by_query?conflicts=proceed", stale, deadline_s=_BULK_DEADLINE_S)
        await self._ask("PUT", "/_mapping", {"_meta": {"kefu_generation": generation}})

    async def candidates(self, asked: Asked, k: int) -> Sequence[Candidate]:
        """See ``engine.Engine``."""
        day = asked.on.isoformat()
        holds = [{"range": {"valid_from": {"lte": day}}}, {"range": {"valid_until": {"gte": day}}}]
        searches = [{"query": {"bool": {"must": [{"match": {"text": asked.text}}], "filter": holds}}}]
        if asked.vector is not None:
            searches.append(self._nearest(asked.vector, k, holds))
        head = json.dumps({"index": self._index})
        common = {"size": k, "_source": ["entry_id", "entry", "vectors"]}
        lines = [line for search in searches for line in (head, json.dumps({**search, **common}, ensure_ascii=False))]
        answer = await self._ask("POST", "/_msearch", "\n".join([*lines, ""]), of_index=False)
        found: dict[str, Mapping[str, Any]] = {}
        for response in (answer or {}).get("responses", ()):
            if "error" in response:
                raise KnowledgeUnavailable(f"{self._index}: the search engine refused the search")
            found |= {hit["_source"]["entry_id"]: hit["_source"] for hit in response["hits"]["hits"]}
        return [self._candidate(source, asked.vector) for source in found.values()]

    def _candidate(self, source: Mapping[str, Any], vector: Vectors | None) -> Candidate:
        entry = _entry(source["entry"])
        if vector is None or self._centre is None:
            return Candidate(entry, 0.0)
        rows = np.frombuffer(base64.b64decode(source["vectors"]), "<f2").astype(np.float32).reshape(-1, EMBEDDING_DIM)
        cosines = self._centre.rows(rows, [entry.is_passage] * len(rows)) @ self._centre.asked(vector)
        return Candidate(entry, nearness(cosines))

    def _nearest(self, vector: Vectors, k: int, holds: list[dict[str, Any]]) -> dict[str, Any]:
        numbers = [round(float(number), 6) for number in vector]
        filtered = {"bool": {"filter": holds}}
        if self._dialect == "elasticsearch":
            clause = {"field": "vector", "query_vector": numbers, "k": k, "num_candidates": 10 * k, "filter": filtered}
            return {"knn": clause}
        return {"query": {"knn": {"vector": {"vector": numbers, "k": k, "filter": filtered}}}}

    def _properties(self) -> dict[str, Any]:
        if self._dialect == "elasticsearch":
            vector: dict[str, Any] = {
                "type": "dense_vector", "dims": EMBEDDING_DIM, "index": True, "similarity": "cosine",
            }  # fmt: skip
        else:
            method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
            vector = {"type": "knn_vector", "dimension": EMBEDDING_DIM, "method": method}
        return {
            "text": {"type": "text", "analyzer": "cjk"},
            "vector": vector,
            "vectors": {"type": "binary"},
            "entry_id": {"type": "keyword"},
            "entry": {"type": "object", "enabled": False},
            "generation": {"type": "keyword"},
            "valid_from": {"type": "date", "format": "strict_date"},
            "valid_until": {"type": "date", "format": "strict_date"},
        }

    async def _generation(self) -> str | None:
        answer = await self._ask("GET", "/_mapping", allowed=(404,))
        # Asked by an alias, the server answers with the name of the index behind it.
        mappings = [each.get("mappings", {}) for each in (answer or {}).values() if isinstance(each, dict)]
        return next((found.get("_meta", {}).get("kefu_generation") for found in mappings), None)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | str | None = None,
        *,
        allowed: tuple[int, ...] = (),
        of_index: bool = True,
        deadline_s: float = _DEADLINE_S,
    ) -> dict[str, Any] | None:
        """The answer's JSON; None for a status that is ``allowed``. Raises ``KnowledgeUnavailable``."""
        lines = isinstance(body, str)
        kind = "application/x-ndjson" if lines else "application/json"
        data = body if lines or body is None else json.dumps(body, ensure_ascii=False)
        headers = {**self._headers, **({"Content-Type": kind} if data is not None else {})}
        url = f"{self._url}/{self._index}{path}" if of_index else f"{self._url}{path}"
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=deadline_s)) as session,
                session.request(
                    method, url, data=data.encode() if isinstance(data, str) else None, headers=headers
                ) as got,
            ):
                if got.status in allowed:
                    return None
                if got.status >= 400:
                    raise KnowledgeUnavailable(
                        f"{self._index}: the search engine answered {got.status} to {method} {path}"
                    )
                return {} if method == "HEAD" else await got.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KnowledgeUnavailable(f"the search engine does not answer ({type(error).__name__})") from error


def _rows(entries: Sequence[Entry], vectors: Vectors, generation: str) -> Iterator[tuple[str, str]]:
    at = 0
    for entry in entries:
        texts = entry.compared()
        rows = vectors[at : at + len(texts)]
        at += len(texts)
        shared = {
            "entry_id": entry.entry_id,
            "entry": _json(entry),
            "vectors": base64.b64encode(rows.astype("<f2").tobytes()).decode(),
            "generation": generation,
            "valid_from": (entry.valid_from or _ALWAYS[0]).isoformat(),
            "valid_until": (entry.valid_until or _ALWAYS[1]).isoformat(),
        }
        for number, ((_, text), row) in enumerate(zip(texts, rows, strict=True)):
            document = {**shared, "text": text, "vector": [round(float(each), 6) for each in row]}
            action = {"index": {"_id": f"{entry.entry_id}#{number}"}}
            yield json.dumps(action, ensure_ascii=False), json.dumps(document, ensure_ascii=False)


def _some(rows: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for _, row in zip(range(_PER_BULK), rows, strict=False):
        yield row


def _json(entry: Entry) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(entry).items()
    }


def _entry(found: Mapping[str, Any]) -> Entry:
    dates = {name: date.fromisoformat(found[name]) if found[name] else None for name in ("valid_from", "valid_until")}
    questions = {name: tuple(found[name]) for name in ("questions_zh", "questions_en")}
    return Entry(**{**found, **dates, **questions})


def _generation(entries: Sequence[Entry], vectors: Vectors) -> str:
    """Another one when anything that is sent changes."""
    digest = hashlib.sha256(json.dumps([_json(entry) for entry in entries], ensure_ascii=False).encode())
    digest.update(vectors.astype("<f2").tobytes())
    return digest.hexdigest()[:24]

"""Questions and a corpus in; how often the right entry comes first, and how fast, out. Through ``KnowledgeIndex``, as
customers are answered.

A file of pairs (``text1, text2, label``): the first texts of positive pairs ask, every second text is the corpus; a
document with the very words of the question is passed over, for nobody has said whether it is right. Or queries
(``query, relevant``) for a file that is the corpus (``doc_id, question``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dialogue.knowledge import Entry
from dialogue.knowledge.embedder import Vectors
from dialogue.knowledge.index import KnowledgeIndex
from nlu.train.embeddings import Encoder
from nlu.train.embeddings import embed as remembered

DEPTH = 10
"""Ranks beyond it count as not found."""


class DataError(ValueError):
    """A file does not hold what is measured; the message names the line."""


@dataclass(frozen=True, slots=True)
class Search:
    """Questions, and the entries that answer each."""

    entries: tuple[Entry, ...]
    questions: tuple[str, ...]
    relevant: tuple[frozenset[str], ...]
    """Ids of entries, at least one per question."""


def of_pairs(rows: Sequence[Mapping[str, Any]]) -> Search:
    """Every distinct second text is an entry."""
    corpus = list(dict.fromkeys(str(row["text2"]) for row in rows))
    ids = {text: f"d{place}" for place, text in enumerate(corpus)}
    wanted: dict[str, set[str]] = {}
    for row in rows:
        if int(row["label"]) == 1:
            wanted.setdefault(str(row["text1"]), set()).add(ids[str(row["text2"])])
    return Search(_as_entries(ids), tuple(wanted), tuple(frozenset(found) for found in wanted.values()))


def of_queries(queries: Sequence[Mapping[str, Any]], corpus: Sequence[Mapping[str, Any]]) -> Search:
    """Every row of ``corpus`` is an entry."""
    first: dict[str, str] = {}
    for row in corpus:
        first.setdefault(str(row["question"]), str(row["doc_id"]))
    # Of documents with the same words the first stands for all.
    known = {str(row["doc_id"]): first[str(row["question"])] for row in corpus}
    return Search(
        _as_entries(first),
        tuple(str(row["query"]) for row in queries),
        tuple(frozenset(known[str(one)] for one in row["relevant"]) for row in queries),
    )


def read_rows(path: Path) -> list[dict[str, Any]]:
    """One JSON object a line. Raises ``DataError``."""
    rows = []
    try:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise DataError(f"{path}, line {number}: it is no JSON") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error
    return rows


def load(path: Path, corpus: Path | None) -> Search:
    """What ``path`` asks. Raises ``DataError``."""
    rows = read_rows(path)
    try:
        return of_pairs(rows) if corpus is None else of_queries(rows, read_rows(corpus))
    except (KeyError, TypeError) as error:
        needed = "text1, text2 and label (or give --corpus)" if corpus is None else "query, relevant; doc_id, question"
        raise DataError(f"{path}: each row needs {needed}; missing: {error}") from error


class Remembering:
    """An ``EmbeddingClient`` over vectors that were made before, so that time is that of the search alone."""

    def __init__(self, encode: Encoder, cache: Path | None = None) -> None:
        """``encode`` makes what the cache of ``nlu.train.embeddings`` (or the file ``cache``) does not hold."""
        self._encode = encode
        self._cache = cache
        self._known: dict[str, Vectors] = {}

    def learn(self, texts: Sequence[str]) -> None:
        """Embed them now, as questions."""
        distinct = list(dict.fromkeys(texts))
        self._known |= dict(zip(distinct, remembered(distinct, self._encode, self._cache), strict=True))

    async def infer(self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None) -> dict[str, Any]:
        """See ``EmbeddingClient``; every text is one that was learned."""
        return {"EMBEDDING": np.stack([self._known[text] for (text,) in inputs["TEXT"]])}


async def measured(search: Search, client: Remembering, cache: Path, limit: int | None = None) -> dict[str, Any]:
    """R@1, R@5, MRR@10 and the time of one search without its embedding. ``limit``: evenly spaced questions."""
    index = await KnowledgeIndex.open(client, search.entries, cache)
    places = range(len(search.questions))
    if limit and limit < len(places):
        places = range(0, len(search.questions), -(-len(search.questions) // limit))
    ranks, times = [], []
    for place in places:
        start = time.perf_counter()
        hits = await index.search(search.questions[place], "zh", DEPTH + 1)
        times.append((time.perf_counter() - start) * 1000)
        others = [hit.entry for hit in hits if search.questions[place] not in hit.entry.questions_zh][:DEPTH]
        found = [entry.entry_id in search.relevant[place] for entry in others]
        ranks.append(found.index(True) + 1 if True in found else 0)
    reached = np.array(ranks, dtype=np.float64)
    return {
        "task": "retrieval",
        "n": len(ranks),
        "corpus": len(search.entries),
        "r_at_1": round(float((reached == 1).mean()), 4),
        "r_at_5": round(float(((reached >= 1) & (reached <= 5)).mean()), 4),
        "mrr": round(float(np.where(reached > 0, 1 / np.maximum(reached, 1), 0).mean()), 4),
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p99_ms": round(float(np.percentile(times, 99)), 2),
    }


def _as_entries(ids: Mapping[str, str]) -> tuple[Entry, ...]:
    return tuple(Entry(entry_id, (text,), (), text, "", entry_id) for text, entry_id in ids.items())

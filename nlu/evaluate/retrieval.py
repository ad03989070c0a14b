"""Questions and a corpus in; how often the right question comes first, out. Measures the encoder as the knowledge
index uses it: "query" embeddings of both sides, centred on the corpus, cosine; beside it the words alone (TF-IDF over
1 to 3 characters) and both together.

Either two files (``query_id, query, relevant[doc_id]`` and ``doc_id, question``), or one of pairs
(``text1, text2, label``): the first texts of positive pairs ask, all texts that do not ask are the corpus.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.evaluate.rows import Row, RowsError, read, spaced
from nlu.normalize import normalize

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Ranks = NDArray[np.int64]
WORDS_SHARE = 0.15
QUERIES = 600
"""Most queries made of a file of pairs."""
_BLOCK = 256
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Search:
    """Queries, documents, and the documents that answer each query."""

    queries: tuple[str, ...]
    corpus: tuple[str, ...]
    relevant: tuple[frozenset[int], ...]
    """Indices into ``corpus``, at least one per query."""


def load(files: Sequence[Path], limit: int | None) -> Search:
    """One file of pairs, or queries and corpus. Raises ``RowsError``."""
    if len(files) == 1:
        return from_pairs(read(files[0], "text1", "text2", "label"), limit or QUERIES)
    if len(files) != 2:
        raise RowsError("retrieval takes a file of pairs, or queries and corpus")
    documents = read(files[1], "doc_id", "question")
    place = {row["doc_id"]: index for index, row in enumerate(documents)}
    rows = read(files[0], "query_id", "query", "relevant", limit=limit)
    if missing := [doc for row in rows for doc in row["relevant"] if doc not in place]:
        raise RowsError(f"{files[1]}: no document {missing[0]}, which a query needs")
    if idle := [row["query_id"] for row in rows if not row["relevant"]]:
        raise RowsError(f"{files[0]}: no relevant document for the query {idle[0]}")
    return Search(
        tuple(row["query"] for row in rows),
        tuple(row["question"] for row in documents),
        tuple(frozenset(place[doc] for doc in row["relevant"]) for row in rows),
    )


def from_pairs(rows: Sequence[Row], most: int) -> Search:
    """At most ``most`` queries, evenly spaced over the positive pairs. Raises ``RowsError`` where there are none."""
    positive = [row for row in rows if str(row["label"]) == "1"]
    asking = dict.fromkeys(row["text1"] for row in spaced(positive, most))
    corpus = dict.fromkeys(text for row in rows for text in (row["text1"], row["text2"]) if text not in asking)
    place = {text: index for index, text in enumerate(corpus)}
    partners: dict[str, set[int]] = defaultdict(set)
    for row in positive:
        for text, other in ((row["text1"], row["text2"]), (row["text2"], row["text1"])):
            if text in asking and other in place:
                partners[text].add(place[other])
    queries = [text for text in asking if partners[text]]
    if not queries:
        raise RowsError("no pair with label 1 whose second text is in the corpus: nothing to ask")
    return Search(tuple(queries), tuple(corpus), tuple(frozenset(partners[text]) for text in queries))


def retrieval(search: Search, embed: Embed) -> dict[str, Any]:
    """R@1, R@5 and MRR of the embeddings, of the words, and of both together."""
    queries = [normalize(text).text for text in search.queries]
    corpus = [normalize(text).text for text in search.corpus]
    vectors = embed([*queries, *corpus])
    asked, kept = vectors[: len(queries)], vectors[len(queries) :]
    centre = kept.mean(axis=0)
    asked, kept = _unit(asked - centre), _unit(kept - centre)
    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    terms = words.fit_transform(corpus)
    ranks: dict[str, list[int]] = defaultdict(list)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        meaning = asked[block] @ kept.T
        shared = (words.transform(queries[block]) @ terms.T).toarray()
        together = (1 - WORDS_SHARE) * np.maximum(meaning, 0) + WORDS_SHARE * shared
        for name, scores in (("", meaning), ("words_", shared), ("with_words_", together)):
            ranks[name] += [first(row, right) for row, right in zip(scores, search.relevant[block], strict=True)]
    found: dict[str, Any] = {"task": "retrieval", "n": len(queries), "corpus": len(corpus)}
    for name, of in ranks.items():
        found |= {f"{name}{key}": value for key, value in summary(np.array(of)).items()}
    return found


def first(scores: NDArray[Any], relevant: frozenset[int]) -> int:
    """Rank of the best relevant document, from 1; documents as good as it come before it."""
    best = max(scores[index] for index in relevant)
    others = np.ones(len(scores), dtype=bool)
    others[list(relevant)] = False
    return 1 + int((scores[others] >= best).sum())


def summary(ranks: Ranks) -> dict[str, float]:
    """Shares of ranks within 1 and 5, and the mean reciprocal rank within 10."""
    return {
        "recall_at_1": round(float((ranks <= 1).mean()), 4),
        "recall_at_5": round(float((ranks <= 5).mean()), 4),
        "mrr": round(float(np.where(ranks <= _DEPTH, 1 / ranks, 0).mean()), 4),
    }


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit

"""Retrieval is measured by the code that answers customers, on pairs and on queries with a corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dialogue.evaluate.__main__ import main
from dialogue.evaluate.retrieval import DataError, Remembering, load, measured, of_pairs, of_queries
from dialogue.knowledge.embedder import PROBE

PAIRS = [
    {"text1": "运费怎么算", "text2": "邮费怎么算", "label": 1},
    {"text1": "运费怎么算", "text2": "今天天气好吗", "label": 0},
    {"text1": "积分怎么用", "text2": "积分如何用掉", "label": "1"},
    {"text1": "你好吗", "text2": "积分怎么用", "label": 0},
]


def encode(texts: Sequence[str], done: Callable[[int], None]) -> NDArray[np.float32]:
    """By character counts."""
    rows = np.full((len(texts), 384), 0.5, np.float32)
    for row, text in zip(rows, texts, strict=True):
        for char in text:
            row[int(hashlib.sha256(char.encode()).hexdigest(), 16) % 384] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


async def test_pairs_are_searched_and_the_question_itself_is_passed_over(tmp_path: Path) -> None:
    search = of_pairs(PAIRS)
    assert search.questions == ("运费怎么算", "积分怎么用")
    assert len(search.entries) == 4
    client = Remembering(encode, tmp_path / "vectors.sqlite")
    client.learn([PROBE, *search.questions, *(entry.questions_zh[0] for entry in search.entries)])
    found = await measured(search, client, tmp_path)
    assert (found["n"], found["corpus"]) == (2, 4)
    assert (found["r_at_1"], found["r_at_5"], found["mrr"]) == (1.0, 1.0, 1.0)
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert (await measured(search, client, tmp_path, 1))["n"] == 1


def test_documents_with_the_same_words_are_one() -> None:
    corpus = [{"doc_id": "a", "question": "x"}, {"doc_id": "b", "question": "x"}, {"doc_id": "c", "question": "y"}]
    search = of_queries([{"query": "q", "relevant": ["b"]}], corpus)
    assert [entry.entry_id for entry in search.entries] == ["a", "c"]
    assert search.relevant == (frozenset({"a"}),)


@pytest.mark.parametrize(("text", "words"), [("{", "line 1"), ('{"text1": "a"}', "text2"), (None, "cannot be read")])
def test_a_wrong_file_is_said(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "a.jsonl"
    if text is not None:
        file.write_text(text)
    with pytest.raises(DataError, match=words):
        load(file, None)
    assert main(["--retrieval", str(file)]) == 2


def test_latency_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--latency", "300", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["entries"] == 300
    assert 0 < found["p50_ms"] <= found["p99_ms"]

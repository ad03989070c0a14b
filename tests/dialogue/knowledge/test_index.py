"""The knowledge base is complete and finds answers: by meaning, and by words where the model is away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dialogue.knowledge import Entry
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policies import facts, shipped_policies
from inference_server.client import InferenceClient
from inference_server.errors import InferenceUnavailable
from nlu.types import Language

QUESTIONS = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text("utf-8"))
ASKED: list[tuple[Language, str, str]] = [
    (language, text, wanted) for language, pairs in QUESTIONS.items() for text, wanted in pairs
]
TWO = (
    Entry("a", ("运费怎么算", "邮费多少"), ("shipping fee", "delivery cost"), "八元。", "8 yuan.", "x"),
    Entry("b", ("积分怎么用", "积分抵钱"), ("use points", "spend points"), "抵钱。", "As money.", "x"),
)


def test_entries_are_complete() -> None:
    found = entries()
    assert len(found) >= 40
    for entry in found:
        for language in ("zh", "en"):
            asked = entry.questions(language)  # type: ignore[arg-type]
            assert 3 <= len(asked) <= 6, entry.entry_id
            assert len(set(asked)) == len(asked)
        assert entry.source
        assert entry.answer_zh.count("。") <= 3, entry.entry_id
        assert "你" not in entry.answer_zh
    all_questions = [question for entry in found for question in (*entry.questions_zh, *entry.questions_en)]
    assert len(all_questions) == len(set(all_questions)), "two entries claim the same question"


def test_answers_state_the_shops_own_rules() -> None:
    window = next(entry for entry in entries() if entry.entry_id == "return-window")
    for answer in (window.answer_zh, window.answer_en):
        assert str(facts(shipped_policies())["return_days"]) in answer
        assert str(facts(shipped_policies())["quality_days"]) in answer


def test_a_broken_entry_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- {id: x, questions: {zh: [a], en: [b]}, source: s}", "utf-8")
    with pytest.raises(ValueError, match="'x' lacks 'answer'"):
        entries(tmp_path)


async def judged(index: KnowledgeIndex) -> tuple[int, int, int, int]:
    """Answered rightly, answered wrongly, answered though there is no answer; how many have one."""
    right = wrong = false = known = 0
    for language, text, wanted in ASKED:
        best = (await index.search(text, language))[0]
        known += wanted != "none"
        right += best.confident and best.entry.entry_id == wanted
        wrong += best.confident and wanted not in {"none", best.entry.entry_id}
        false += best.confident and wanted == "none"
    return right, wrong, false, known


async def test_words_alone_answer_half_and_hardly_ever_wrongly() -> None:
    right, wrong, false, known = await judged(KnowledgeIndex(None))
    assert known == 63
    assert right >= 34
    assert wrong <= 5
    assert false == 0


@pytest.mark.triton
async def test_the_model_answers_nearly_all(triton_url: str, tmp_path: Path) -> None:
    client = InferenceClient(triton_url, deadline_s=60)
    try:
        index = await KnowledgeIndex.open(client, cache=tmp_path)
        assert index.has_vectors
        right, wrong, false, _ = await judged(index)
    finally:
        await client.close()
    assert right >= 56
    assert wrong <= 2
    assert false <= 2


class FakeEmbed:
    """Embeds by character counts, deterministically; may be away."""

    def __init__(self, *, away: bool = False, flavour: int = 0) -> None:
        self.away, self.calls, self._flavour = away, 0, flavour

    async def infer(self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None) -> dict[str, Any]:
        assert model == "embed"
        assert inputs["TEXT"].shape == inputs["KIND"].shape
        assert inputs["TEXT"].shape[0] <= 64
        if self.away:
            raise InferenceUnavailable("gone")
        self.calls += 1
        return {"EMBEDDING": np.stack([self._vector(text) for (text,) in inputs["TEXT"]])}

    def _vector(self, text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
        vector = np.full(384, 0.5, np.float32)
        for char in text:
            vector[int(hashlib.sha256(f"{char}{self._flavour}".encode()).hexdigest(), 16) % 384] += 1
        return vector


async def test_vectors_are_kept_on_disk(tmp_path: Path) -> None:
    first = FakeEmbed()
    await KnowledgeIndex.open(first, TWO, tmp_path)
    assert first.calls == 2, "the probe, and all questions in one batch"
    second = FakeEmbed()
    index = await KnowledgeIndex.open(second, TWO, tmp_path)
    assert second.calls == 1, "only the probe"
    assert index.has_vectors
    assert (await index.search("邮费多少钱", "zh"))[0].entry.entry_id == "a"
    assert not list(tmp_path.glob("*.tmp"))  # noqa: ASYNC240


async def test_another_model_makes_new_vectors(tmp_path: Path) -> None:
    await KnowledgeIndex.open(FakeEmbed(), TWO, tmp_path)
    other = FakeEmbed(flavour=1)
    await KnowledgeIndex.open(other, TWO, tmp_path)
    assert other.calls == 2


async def test_a_broken_cache_is_made_again(tmp_path: Path) -> None:
    await KnowledgeIndex.open(FakeEmbed(), TWO, tmp_path)
    (kept,) = tmp_path.glob("*.npz")  # noqa: ASYNC240
    kept.write_bytes(b"torn")
    client = FakeEmbed()
    assert (await KnowledgeIndex.open(client, TWO, tmp_path)).has_vectors
    assert client.calls == 2


async def test_without_the_model_words_decide_and_it_comes_back(tmp_path: Path) -> None:
    client = FakeEmbed(away=True)
    index = await KnowledgeIndex.open(client, TWO, tmp_path)
    assert not index.has_vectors
    assert (await index.search("运费怎么算", "zh"))[0].confident
    client.away = False
    assert await index.build()
    client.away = True
    hits = await index.search("积分怎么用", "zh")
    assert hits[0].entry.entry_id == "b", "the model went away again: words decide"
    assert not (await index.search("天气", "zh"))[0].confident


async def test_a_model_that_answers_nonsense_counts_as_away(tmp_path: Path) -> None:
    class Nonsense(FakeEmbed):
        async def infer(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return {"EMBEDDING": np.full((1, 384), np.nan, np.float32)}

    index = await KnowledgeIndex.open(Nonsense(), TWO, tmp_path)
    assert not index.has_vectors
    assert (await index.search("运费怎么算", "zh"))[0].entry.entry_id == "a"


@pytest.mark.parametrize("text", ["", "？？？", "🙂", "x" * 5000])
async def test_any_text_can_be_searched(text: str) -> None:
    hits = await KnowledgeIndex(None).search(text, "zh")
    assert len(hits) == 3
    assert not any(hit.confident for hit in hits)

"""The knowledge base is complete and finds answers: by meaning, and by words where the model is away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dialogue.knowledge import Entry
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policies import shipped_policies
from dialogue.shop import demo
from inference_server.client import InferenceClient
from nlu.types import Language
from tests.dialogue.knowledge.conftest import FakeEmbed

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
    assert len(found) >= 200
    for entry in found:
        for language in ("zh", "en"):
            asked = entry.questions(language)  # type: ignore[arg-type]
            assert (4 if language == "zh" else 2) <= len(asked) <= 8, entry.entry_id
            assert len(set(asked)) == len(asked)
        assert entry.source
        assert entry.answer_zh.count("。") <= 3, entry.entry_id
        assert "你" not in entry.answer_zh
    all_questions = [question for entry in found for question in (*entry.questions_zh, *entry.questions_en)]
    assert len(all_questions) == len(set(all_questions)), "two entries claim the same question"


def test_answers_state_the_shops_own_rules() -> None:
    policies = shipped_policies()
    shipped = {entry.entry_id: entry for entry in entries()}
    window = shipped["return-window"]
    for answer in (window.answer_zh, window.answer_en):
        assert str(policies.returns.reasons["no_reason"].days) in answer
        assert str(policies.returns.reasons["quality"].days) in answer
    other = policies.model_copy(update={"price_protection": policies.price_protection.model_copy(update={"days": 33})})
    changed = {entry.entry_id: entry for entry in entries(policies=other)}
    assert "33天" in changed["price-protection"].answer_zh


def test_what_answers_say_in_words_agrees_with_the_policies() -> None:
    policies = shipped_policies()
    assert policies.membership.points_months == 24, "points-expire says two years"
    assert not policies.returns.categories["食品"].returnable, "return-not-possible names food"
    assert policies.price_protection.categories["食品"] == 0, "price-protection-excluded names food"
    assert set(policies.returns.freight_free_levels) == {"银卡", "金卡"}, "return-insurance names them"
    assert policies.pickup.first_day == 1, "return-pickup begins tomorrow"


def test_warranties_agree_with_the_catalogue() -> None:
    catalogue = yaml.safe_load((Path(demo.__file__).parent / "demo_data" / "products.yaml").read_text("utf-8"))
    months = {group["category"]: group["warranty_months"] for group in catalogue}
    told = {"小家电": 12, "数码配件": 12, "家居": 12, "母婴": 6, "鞋靴": 3, "服饰": 0, "美妆个护": 0, "食品": 0}
    assert months == told, "warranty-length and warranty-none say these"
    assert sum(len(group["products"]) for group in catalogue) == 200, "shop-about says so"


def test_a_broken_entry_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- {id: x, questions: {zh: [a], en: [b]}, source: s}", "utf-8")
    with pytest.raises(ValueError, match="'x' lacks 'answer'"):
        entries(tmp_path)


@dataclass
class Judged:
    """What became of the questions."""

    known: int = 0
    """Have an answer."""
    first: int = 0
    """The right entry came first."""
    among: int = 0
    """Among the first five."""
    right: int = 0
    wrong: int = 0
    """Answered with another entry."""
    false: int = 0
    """Answered though there is no answer."""


async def judged(index: KnowledgeIndex, half: int) -> Judged:
    """Of the questions at even (0) or odd (1) places of each language."""
    found = Judged()
    for language in QUESTIONS:
        for text, wanted in QUESTIONS[language][half::2]:
            hits = await index.search(text, language, 5)
            ids = [hit.entry.entry_id for hit in hits]
            told = ids[0] if hits and hits[0].confident else None
            found.known += wanted != "none"
            found.first += ids[:1] == [wanted]
            found.among += wanted in ids
            found.right += told == wanted
            found.wrong += wanted != "none" and told not in {None, wanted}
            found.false += wanted == "none" and told is not None
    return found


def test_questions_are_held_out() -> None:
    asked = [text for _, text, _ in ASKED]
    assert len(asked) == len(set(asked)) >= 150
    written = {text for entry in entries() for _, text in entry.compared()}
    assert not written & set(asked)
    assert {wanted for _, _, wanted in ASKED} <= {entry.entry_id for entry in entries()} | {"none"}


async def test_words_alone_answer_many_and_hardly_ever_wrongly() -> None:
    found = await judged(KnowledgeIndex(None), 1)
    assert found.known == 123
    assert found.right >= 50
    assert found.wrong <= 7
    assert found.false <= 2


@pytest.mark.triton
async def test_the_model_answers_most(triton_url: str, tmp_path: Path) -> None:
    client = InferenceClient(triton_url, deadline_s=60)
    try:
        index = await KnowledgeIndex.open(client, cache=tmp_path)
        assert index.has_vectors
        found = await judged(index, 1)
    finally:
        await client.close()
    assert found.first >= 97
    assert found.among >= 118
    assert found.right >= 77
    assert found.wrong <= 4
    assert found.false <= 1


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


async def test_no_entries_at_all(tmp_path: Path) -> None:
    index = await KnowledgeIndex.open(FakeEmbed(), (), tmp_path)
    assert index.has_vectors
    assert await index.search("运费怎么算", "zh") == ()


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
    assert not await index.search("天气", "zh"), "not a word in common"


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
    assert not any(hit.confident for hit in hits)

"""Scores worked out by hand, from parses that are given; the mappings against the shop's labels; files refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nlu.domains import DomainError
from nlu.evaluate import intents, oos, retrieval, sentiment
from nlu.evaluate.__main__ import main
from nlu.evaluate.mapping import FOLDER, Classes, load_classes
from nlu.evaluate.product import understanding_of
from nlu.evaluate.rows import RowsError, read
from nlu.scope import in_scope
from nlu.train.report import Acceptance
from nlu.types import INTENTS, Language, Parse, ScoredLabel, Sentiment


class GivenParses:
    """Labels by text, best first, the first also the intent."""

    def __init__(
        self, labels: Mapping[str, Mapping[str, float]], moods: Mapping[str, Mapping[str, float]] = {}
    ) -> None:
        self._labels = labels
        self._moods = moods

    def understand(self, texts: Sequence[str]) -> list[Parse]:
        return [self._parse(text) for text in texts]

    def moods(self, texts: Sequence[str]) -> list[dict[str, float]]:
        return [dict(self._moods[text]) for text in texts]

    def _parse(self, text: str) -> Parse:
        labels = tuple(ScoredLabel(label, score) for label, score in self._labels[text].items())
        return Parse(text, text, "zh", labels[0].label, labels[0].score, (), Sentiment("neutral", 1.0), labels)


def rows(*texts: str, **columns: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"text": text} | {name: of[n] for name, of in columns.items()} for n, text in enumerate(texts)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_mappings_name_labels_of_their_domain(path: Path) -> None:
    assert load_classes(path.stem, yaml.safe_load(path.read_text("utf-8"))["domain"]).accepted


def test_every_label_has_one_coarse_group_or_is_passed_over() -> None:
    classes = load_classes("cic", "shop")
    mapped = [label for labels in classes.accepted.values() for label in labels]
    assert sorted([*mapped, *classes.pass_over]) == sorted(INTENTS)
    assert len(classes.accepted) == 29


def test_a_mapping_of_another_domain_is_refused() -> None:
    with pytest.raises(DomainError, match="shop"):
        load_classes("cic", "bank_card")


def test_the_best_label_with_a_group_answers() -> None:
    product = GivenParses(
        {
            "a": {"out_of_scope": 0.6, "freight": 0.3},
            "b": {"greet": 0.9},
            "c": {"promotion": 0.8},
            "d": {"out_of_scope": 1.0},
        }
    )
    truth = ["freight_fee", "greet", "invoice", "greet"]
    scores = intents.cic(rows(*"abcd", coarse=truth), product, load_classes("cic", "shop"))
    assert scores["n"] == 4
    assert scores["coarse_accuracy"] == 0.5
    assert scores["refused"] == 0.5
    assert scores["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3, abs=1e-4)
    assert scores["groups"]["greet"] == {"n": 2, "precision": 1.0, "recall": 0.5, "f1": 0.6667}
    assert {"of": "invoice", "taken_for": "promo_coupon_price", "count": 1} in scores["confusions"]


def test_a_label_may_be_right_for_several_classes_and_their_category() -> None:
    product = GivenParses({"a": {"account": 1.0}, "b": {"account": 1.0}, "c": {"invoice": 1.0}, "d": {"freight": 1.0}})
    given = rows(
        *"abcd",
        intent=["create_account", "delete_account", "edit_account", "get_invoice"],
        category=["ACCOUNT", "ACCOUNT", "ACCOUNT", "INVOICE"],
    )
    scores = intents.bitext(given, product, load_classes("bitext", "shop"))
    assert (scores["accuracy"], scores["category_accuracy"]) == (0.5, 0.5)
    assert {"of": "edit_account", "taken_for": "check_invoice", "count": 1} in scores["confusions"]
    assert {"of": "get_invoice", "taken_for": "none", "count": 1} in scores["confusions"]


def test_what_has_no_counterpart_should_be_refused() -> None:
    product = GivenParses({"a": {"account": 1.0}, "b": {"out_of_scope": 1.0}, "c": {"stock": 1.0}})
    scores = intents.natcs(
        rows(*"abc", intent=["ResetPassword", "GetQuote", "FileClaim"]), product, load_classes("natcs", "shop")
    )
    assert (scores["mapped"], scores["accuracy"], scores["unmapped"], scores["unmapped_refused"]) == (1, 1.0, 2, 0.5)


def test_what_is_not_among_the_best_labels_is_bounded_by_the_last() -> None:
    assert in_scope([ScoredLabel("stock", 0.7), ScoredLabel("out_of_scope", 0.2), ScoredLabel("gift", 0.1)]) == 0.8
    assert in_scope([ScoredLabel("stock", 0.7), ScoredLabel("gift", 0.1)]) == 0.9
    assert in_scope([ScoredLabel("stock", 0.7)]) == 1.0
    assert in_scope([ScoredLabel("out_of_scope", 1.0)]) == 0.0


def test_oos_is_taken_at_the_threshold_of_our_own() -> None:
    product = GivenParses(
        {
            "a": {"out_of_scope": 0.9, "stock": 0.1},
            "b": {"stock": 0.7, "out_of_scope": 0.3},
            "c": {"thanks": 1.0},
            "d": {"invoice": 1.0},
        }
    )
    scores = oos.oos(
        rows(*"abcd", intent=["oos", "oos", "thank_you", "calories"]),
        product,
        load_classes("clinc", "shop"),
        Acceptance(0.95, 0.5, (0.2, 0.6, 0.95, 0.99)),
    )
    assert (scores["oos"], scores["oos_recall"], scores["oos_refused_by_product"]) == (2, 0.5, 0.5)
    assert scores["auroc"] == (1.0 + 0.5) / 2
    assert (scores["other_business"], scores["other_business_recall"]) == (1, 0.0)
    assert (scores["in_common"], scores["in_common_accuracy"]) == (1, 1.0)


def test_reviews_compare_good_with_bad_and_leave_neutral_aside() -> None:
    moods = {
        "a": {"positive": 0.3, "neutral": 0.6, "negative": 0.1},
        "b": {"positive": 0.1, "neutral": 0.1, "negative": 0.8},
        "c": {"positive": 0.5, "neutral": 0.1, "negative": 0.4},
    }
    given = rows(*"abc", label=[1, 0, 0], category=["书", "书", "水果"])
    scores = sentiment.sentiment(given, GivenParses({}, moods))
    assert scores["accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert scores["neutral"] == pytest.approx(1 / 3, abs=1e-4)
    assert scores["categories"] == {"书": 1.0, "水果": 0.0}
    with pytest.raises(RowsError, match="3"):
        sentiment.sentiment(rows("a", label=[3]), GivenParses({}, moods))


def test_pairs_become_queries_and_a_corpus() -> None:
    pairs = [
        {"text1": "怎么退货", "text2": "如何退货", "label": 1},
        {"text1": "怎么退货", "text2": "怎么开票", "label": 0},
        {"text1": "运费多少", "text2": "邮费多少", "label": "1"},
    ]
    search = retrieval.from_pairs(pairs, 10)
    assert search.queries == ("怎么退货", "运费多少")
    assert search.corpus == ("如何退货", "怎么开票", "邮费多少")
    assert search.relevant == (frozenset({0}), frozenset({2}))


def test_retrieval_ranks_by_meaning_and_words() -> None:
    search = retrieval.Search(
        ("怎么退货", "运费多少"), ("如何退货", "怎么开票", "邮费"), (frozenset({0}), frozenset({1}))
    )
    place = {"怎么退货": 0, "如何退货": 0, "怎么开票": 1, "运费多少": 2, "邮费": 2}
    found = retrieval.retrieval(search, lambda texts: np.eye(3, dtype=np.float32)[[place[text] for text in texts]])
    assert (found["n"], found["corpus"]) == (2, 3)
    assert (found["recall_at_1"], found["recall_at_5"]) == (0.5, 1.0)
    assert found["with_words_recall_at_1"] == 0.5


def test_the_first_rank_is_the_pessimistic_one() -> None:
    assert retrieval.first(np.array([0.5, 0.9, 0.9, 0.1]), frozenset({2})) == 2
    assert retrieval.summary(np.array([1, 4, 20])) == {"recall_at_1": 0.3333, "recall_at_5": 0.6667, "mrr": 0.4167}


def test_rows_are_checked_and_spaced(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": str(n), "intent": "oos"}) + "\n" for n in range(10)), "utf-8")
    assert [row["text"] for row in read(path, "text", limit=3)] == ["0", "3", "6"]
    with pytest.raises(RowsError, match=r"rows\.jsonl:1: no coarse; there are text, intent"):
        read(path, "text", "coarse")
    path.write_text("{}\nnot json\n", "utf-8")
    with pytest.raises(RowsError, match=r":2: not JSON"):
        read(path)
    path.write_text("\n", "utf-8")
    with pytest.raises(RowsError, match="no rows"):
        read(path)


@pytest.mark.parametrize("mark", ["\u2028", "\x85"])
def test_only_a_newline_ends_a_row(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": f"a{mark}b"}, ensure_ascii=False) + "\n", "utf-8")
    assert [row["text"] for row in read(path, "text")] == [f"a{mark}b"]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\n', "utf-8-sig")
    assert [row["text"] for row in read(path, "text")] == ["a"]


def test_a_text_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\n{"text": null}\n', "utf-8")
    with pytest.raises(RowsError, match=r":2: text should be a string"):
        read(path, "text")


def test_categories_need_not_be_strings() -> None:
    moods = {"a": {"positive": 0.9, "neutral": 0.0, "negative": 0.1}}
    for category in (3, None):
        scores = sentiment.sentiment(rows("a", label=[1], category=[category]), GivenParses({}, moods))
        assert scores["categories"] == {str(category): 1.0}


def test_retrieval_without_a_question_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RowsError, match="nothing to ask"):
        retrieval.from_pairs([{"text1": "a", "text2": "b", "label": 0}], 10)
    queries, corpus = tmp_path / "queries.jsonl", tmp_path / "corpus.jsonl"
    queries.write_text('{"query_id": "q1", "query": "a", "relevant": []}\n', "utf-8")
    corpus.write_text('{"doc_id": "d1", "question": "b"}\n', "utf-8")
    with pytest.raises(RowsError, match="q1"):
        retrieval.load([queries, corpus], None)


@pytest.mark.parametrize("limit", ["0", "-3", "x"])
def test_a_limit_is_a_count(limit: str) -> None:
    with pytest.raises(SystemExit):
        main(["--cic", "rows.jsonl", "--limit", limit])


def test_a_file_that_is_away_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--cic", str(tmp_path / "none.jsonl"), "--json"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "none.jsonl" in printed.err


@pytest.mark.models
def test_json_is_all_that_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "cic.jsonl"
    given = [("我要开发票", "invoice"), ("运费是多少呀", "freight_fee")]
    path.write_text(
        "".join(json.dumps({"id": "1", "text": text, "intent": 1, "intent_name": "", "coarse": of}) + "\n"
                for text, of in given), "utf-8",
    )  # fmt: skip
    assert main(["--cic", str(path), "--json", "--cache", str(tmp_path / "e5.sqlite")]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert (scores["n"], scores["coarse_accuracy"]) == (2, 1.0)


def test_a_class_that_is_not_mapped_is_wrong() -> None:
    classes = Classes("x", {"a": ("stock",)}, frozenset({"thanks"}))
    assert classes.answer(["thanks", "stock"], "b") == "a"
    assert classes.answer(["stock"], "a") == "a"
    assert classes.answer(["thanks"], "a") == ""
    assert classes.answer(["invoice"], "a") == ""


class _Noting:
    """Keeps what it is asked."""

    name = "noting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        self.asked.append(text)
        return (ScoredLabel("out_of_scope", 1.0),)

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        return tuple([await self.classify(text, language) for text in texts])

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        return Sentiment("neutral", 1.0)


@pytest.mark.parametrize(("domain", "read_as"), [("bank_card", "我要挂失"), ("shop", "我要卦失")])
async def test_words_are_put_right_by_the_terms_of_the_domain(domain: str, read_as: str) -> None:
    noting = _Noting()
    await understanding_of(domain, noting).understand("我要卦失")
    assert noting.asked == [read_as]

"""What speaks for a reading, gathered from the classifier, the rules and the slots."""

from __future__ import annotations

from nlu.classifiers.keyword import Match
from nlu.evidence import gather, without_evidence
from nlu.types import INFORM, Evidence, Expectation, Language, ScoredLabel, Sentiment
from nlu.understand import Understanding

NEAR = Evidence("nearest", "return_request", "我想把它退了", 0.91)
FAR = Evidence("nearest", "exchange_request", "能换一个吗", 0.62)


class _Explaining:
    """A classifier that shows its training utterances."""

    name = "triton"

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        return (ScoredLabel("return_request", 0.9, (NEAR,)), ScoredLabel("exchange_request", 0.1, (FAR,)))

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        return Sentiment("neutral", 0.9)


def test_the_nearest_come_first_whatever_label_they_bear() -> None:
    near = [Evidence("nearest", "stock", f"{place}", place / 10) for place in range(5)]
    labels = (ScoredLabel("logistics", 0.5, (FAR,)), ScoredLabel("stock", 0.4, tuple(near)))
    assert [found.score for found in gather(labels, (), (), ())] == [0.62, 0.4, 0.3]


def test_matched_words_by_weight_and_cut_short() -> None:
    found = gather((), (Match("stock", 1.0, "货"), Match("stock", 3.0, "有货" * 100)), (), ())
    assert [(one.kind, one.score, len(one.words)) for one in found] == [("words", 3.0, 80), ("words", 1.0, 1)]


def test_labels_lose_their_evidence_only() -> None:
    assert without_evidence((ScoredLabel("stock", 0.5, (NEAR,)),)) == (ScoredLabel("stock", 0.5),)


async def test_a_parse_carries_neighbours_words_slot_rules_and_mood() -> None:
    parse = await Understanding(_Explaining()).understand("我要退货，订单12345674，气死我了")
    assert parse.alternatives == (ScoredLabel("return_request", 0.9), ScoredLabel("exchange_request", 0.1))
    assert parse.evidence[:2] == (NEAR, FAR)
    kinds = {(found.kind, found.label) for found in parse.evidence}
    assert {("words", "return_request"), ("slot", "order_number"), ("mood", "anger")} <= kinds


async def test_an_answer_keeps_what_the_classifier_showed() -> None:
    parse = await Understanding(_Explaining()).understand("12345674", Expectation("digits", "order_number", 8))
    assert parse.intent == INFORM
    assert NEAR in parse.evidence

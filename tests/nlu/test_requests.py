"""Where a message falls apart into requests, on a small labelled set, with a classifier made of a few words."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nlu.domains import OUT_OF_SCOPE
from nlu.requests import clauses, requests
from nlu.types import Expectation, Parse, ScoredLabel, Sentiment
from nlu.understand import Understanding
from tests.fakes_nlu import FakeClassifier

WORDS = {
    "退货": "return_request", "开胶": "faulty_goods", "发票": "invoice", "运费": "freight", "快递": "logistics",
    "物流": "logistics", "地址": "change_address", "取消": "cancel_order", "会员": "membership", "优惠": "promotion",
    "气死": "complaint", "return": "return_request", "invoice": "invoice", "coupon": "promotion",
    "cancel": "cancel_order", "parcel": "logistics", "broken": "faulty_goods", "address": "change_address",
}  # fmt: skip

SEVERAL = [
    ("我要退货，运费谁出？顺便帮我开个发票", ("return_request", "freight", "invoice")),
    ("快递到哪了顺便问一下发票怎么开", ("logistics", "invoice")),
    ("帮我改下地址，另外发票也开一下", ("change_address", "invoice")),
    ("我想取消订单，对了，会员怎么加入", ("cancel_order", "membership")),
    ("查一下物流还有我想问一下现在有什么优惠", ("logistics", "promotion")),
    ("先帮我退货，然后再帮我开张发票", ("return_request", "invoice")),
    ("i want to return this and can you send me the invoice", ("return_request", "invoice")),
    ("where is my parcel? by the way do you have a coupon", ("logistics", "promotion")),
    ("please cancel my order. Also, I need to change the address", ("cancel_order", "change_address")),
]
ONE = [
    ("鞋子收到了，左脚开胶，我要退货", "return_request"),
    ("我的快递怎么还没到？物流都三天没动了", "logistics"),
    ("我买了两双鞋，一双开胶了，气死我了，我要退货", "return_request"),
    ("这个快递，能帮我查一下吗", "logistics"),
    ("另外一个颜色能退货吗", "return_request"),
    ("还有货吗", OUT_OF_SCOPE),
    ("发票开好了吗？还没有的话麻烦开一下发票", "invoice"),
    ("it came broken and i want to return it", "return_request"),
    ("it is broken, i want to return it", "return_request"),
    ("谢谢你，麻烦帮我查下快递", "logistics"),
]


class WordClassifier(FakeClassifier):
    """The label of the last known word, surely; of several words the others too, less surely."""

    async def classify(self, text: str, language: str) -> tuple[ScoredLabel, ...]:
        found = [label for _, label in sorted((text.casefold().rfind(word), label) for word, label in WORDS.items()
                                              if word in text.casefold())]  # fmt: skip
        labels = list(dict.fromkeys(reversed(found))) or [OUT_OF_SCOPE]
        return tuple(ScoredLabel(label, 0.9 if n == 0 else 0.05) for n, label in enumerate(labels))


async def parsed(text: str, expectation: Expectation | None = None) -> Parse:
    understanding = Understanding(WordClassifier(mood=Sentiment("neutral", 0.9)))
    return await understanding.understand(text, expectation or Expectation())


@pytest.mark.parametrize(("text", "intents"), SEVERAL)
async def test_several_requests(text: str, intents: tuple[str, ...]) -> None:
    parse = await parsed(text)
    assert tuple(request.intent for request in parse.requests) == intents
    assert parse.intent in intents
    spans = [(request.start, request.end) for request in parse.requests]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(("text", "intent"), ONE)
async def test_a_story_of_one_matter_is_one_request(text: str, intent: str) -> None:
    parse = await parsed(text)
    assert parse.intent == intent
    assert [request.intent for request in parse.requests] == [intent] * (intent != OUT_OF_SCOPE)


async def test_spans_are_of_the_original_text() -> None:
    text = "你好，ＯＫ，我要退货！顺便把訂單一二三四五六七八的发票开一下"
    parse = await parsed(text)
    first, second = (text[request.start : request.end] for request in parse.requests)
    assert first.endswith("我要退货！")
    assert second == "把訂單一二三四五六七八的发票开一下"


async def test_an_answer_may_carry_a_request_that_is_announced() -> None:
    parse = await parsed("对的没错，顺便帮我开个发票", Expectation("yes_no"))
    assert parse.intent == "affirm"
    assert [request.intent for request in parse.requests] == ["invoice"]


async def test_what_is_no_request_asks_for_nothing() -> None:
    assert (await parsed("今天天气不错")).requests == ()
    assert (await parsed("")).requests == ()


def test_nothing_is_cut_that_is_short_or_asks_once() -> None:
    assert clauses("我要退货") == ()
    assert clauses("") == ()
    assert clauses("顺便") == ()
    assert clauses("12.50元，谢谢") == ()


def test_an_unsure_clause_is_no_request() -> None:
    text = "帮我退货，顺便看看这个怎么样"
    parts = clauses(text)
    judged = [(ScoredLabel("return_request", 0.9),), (ScoredLabel("stock", 0.3),)]
    (found,) = requests(parts, judged, judged[0])
    assert (found.intent, found.start, found.end) == ("return_request", 0, len(text))


@pytest.mark.parametrize(
    ("text", "answer", "asked"),
    [
        ("确认，顺便问一下运费", "affirm", "freight"),
        ("好的确认取消吧，顺便开发票", "affirm", "invoice"),
        ("好的，另外帮我查一下快递", "affirm", "logistics"),
        ("不用了，顺便问一下运费", "deny", "freight"),
        ("yes, and could you send me the invoice", "affirm", "invoice"),
    ],
)
async def test_a_yes_or_no_keeps_being_the_answer(text: str, answer: str, asked: str) -> None:
    parse = await parsed(text, Expectation("yes_no"))
    assert parse.intent == answer
    (request,) = parse.requests
    assert request.intent == asked
    assert request.start > 1, "the answer is no part of the request"


async def test_a_question_beside_is_no_yes() -> None:
    assert (await parsed("可以再帮我查一下快递吗", Expectation("yes_no"))).intent == "logistics"


def test_a_sure_wish_stands_beside_a_question_that_takes_all() -> None:
    text = "我要退货，运费谁出？"
    judged = [(ScoredLabel("return_request", 0.9),), (ScoredLabel("freight", 0.9),)]
    whole = (ScoredLabel("freight", 0.999), ScoredLabel("return_request", 0.001))
    assert [found.intent for found in requests(clauses(text), judged, whole)] == ["return_request", "freight"]
    unsure = [(ScoredLabel("return_request", 0.7),), judged[1]]
    assert [found.intent for found in requests(clauses(text), unsure, whole)] == ["freight"]

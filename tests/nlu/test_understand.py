"""Understanding a message: classifier, fallback, pending question, and any text at all."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.types import INFORM, INTENTS, Expectation, Sentiment
from nlu.understand import Understanding
from tests.fakes_nlu import FakeClassifier

CALM = Sentiment("neutral", 0.9)
ORDER = Expectation("digits", "order_number", 8)
YES_NO = Expectation("yes_no")


def _with(**labels: float) -> Understanding:
    return Understanding(FakeClassifier(labels, CALM), clock=lambda: date(2026, 11, 19))


async def test_a_request_with_its_slots_language_and_reasons() -> None:
    parse = await _with(logistics=0.9, order_status=0.1).understand("订单一二三四五六七八的快递到哪了")
    assert (parse.intent, parse.confidence, parse.language) == ("logistics", 0.9, "zh")
    assert parse.normalized == "订单12345678的快递到哪了"
    slot = parse.slot("order_number")
    assert slot is not None
    assert (slot.value, parse.text[slot.start : slot.end]) == ("12345678", "一二三四五六七八")
    assert (parse.classifier, parse.degraded, parse.sentiment) == ("triton", False, CALM)
    assert [label.label for label in parse.alternatives] == ["logistics", "order_status"]
    assert "triton: logistics 0.90" in parse.why[0]
    assert not any("12345678" in line for line in parse.why)


async def test_the_keyword_classifier_answers_when_the_back_end_is_away() -> None:
    parse = await Understanding(FakeClassifier()).understand("我要投诉，气死我了")
    assert (parse.intent, parse.classifier, parse.degraded) == ("complaint", "keyword", True)
    assert parse.sentiment.polarity == "negative"


async def test_a_missing_mood_alone_leaves_the_intent_to_the_classifier() -> None:
    parse = await Understanding(FakeClassifier({"complaint": 0.9})).understand("太差了")
    assert (parse.intent, parse.classifier, parse.degraded) == ("complaint", "triton", True)
    assert parse.sentiment.polarity == "negative"


async def test_without_a_classifier_the_keyword_one_is_the_configured_one() -> None:
    parse = await Understanding().understand("转人工")
    assert (parse.intent, parse.classifier, parse.degraded) == ("talk_to_human", "keyword", False)


async def test_an_unsure_best_label_is_out_of_scope_and_stays_an_alternative() -> None:
    parse = await _with(stock=0.3, promotion=0.2).understand("那个什么来着")
    assert (parse.intent, parse.confidence) == ("out_of_scope", 0.7)
    assert parse.alternatives[0].label == "stock"


async def test_the_request_behind_a_greeting_is_what_is_classified() -> None:
    classifier = FakeClassifier({"return_request": 0.9}, CALM)
    understanding = Understanding(classifier)
    assert (await understanding.understand("你好，我要退货")).intent == "return_request"
    await understanding.understand("hello there")
    await understanding.understand("history of my orders")
    assert classifier.asked == ["我要退货", "hello there", "history of my orders"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [("好的", "affirm"), ("嗯", "affirm"), ("ok", "affirm"), ("不是", "deny"), ("算了", "deny"), ("don't", "deny"),
     ("好的，帮我办吧", "affirm"), ("不，我要改地址", "change_address"), ("我要改地址", "change_address")],
)  # fmt: skip
async def test_yes_or_no_decides_whatever_the_classifier_says(text: str, intent: str) -> None:
    parse = await _with(change_address=0.9, affirm=0.05).understand(text, YES_NO)
    assert parse.intent == intent
    assert parse.confidence >= 0.8
    assert "change_address" in [label.label for label in parse.alternatives]


@pytest.mark.parametrize(
    "text", ["12345678", "一二三四 五六七八", "我的订单号是12345678", "嗯，是 12345678 吧", "12345678 谢谢"]
)
async def test_the_number_asked_for_informs(text: str) -> None:
    parse = await _with(order_status=0.9).understand(text, ORDER)
    assert (parse.intent, parse.alternatives[0].label) == (INFORM, INFORM)
    slot = parse.slot("order_number")
    assert slot is not None
    assert slot.value == "12345678"


async def test_too_few_digits_are_an_answer_too() -> None:
    parse = await _with(out_of_scope=0.9).understand("1234567", ORDER)
    slot = parse.slot("digits")
    assert parse.intent == INFORM
    assert slot is not None
    assert slot.value == "1234567"


async def test_a_confident_request_of_its_own_outweighs_the_slot_it_carries() -> None:
    parse = await _with(cancel_order=0.9).understand("帮我把12345678这个订单直接取消掉吧", ORDER)
    assert parse.intent == "cancel_order"
    parse = await _with(cancel_order=0.5).understand("帮我把12345678这个订单直接取消掉吧", ORDER)
    assert parse.intent == INFORM


async def test_without_the_slot_the_classifier_decides() -> None:
    assert (await _with(talk_to_human=0.9).understand("转人工", ORDER)).intent == "talk_to_human"


async def test_a_choice_informs() -> None:
    expectation = Expectation("choice", choices=("退货", "换货"))
    assert (await _with(out_of_scope=0.9).understand("第二个", expectation)).intent == INFORM


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "\x00\x07", "？！", "\ud800"])
async def test_a_message_without_words_asks_nobody(text: str) -> None:
    classifier = FakeClassifier({"greet": 1.0}, CALM)
    parse = await Understanding(classifier).understand(text)
    assert (parse.intent, parse.confidence, parse.slots, classifier.asked) == ("out_of_scope", 1.0, (), [])


async def test_two_thousand_characters() -> None:
    for text in (
        "我要退货" * 500,
        "1234 " * 400,
        "一二三 " * 500,
        "a" * 2000,
        "订单号" * 666,
        "one " * 500,
        "好" * 2000,
    ):
        for expectation in (Expectation(), ORDER, YES_NO):
            assert (await Understanding().understand(text, expectation)).text == text


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from([Expectation(), ORDER, YES_NO, Expectation("choice", choices=("a", "退"))])
)
async def test_any_text_is_understood_somehow(text: str, expectation: Expectation) -> None:
    parse = await Understanding().understand(text, expectation)
    assert parse.intent in (*INTENTS, INFORM)
    assert 0 <= parse.confidence <= 1
    assert all(parse.text[slot.start : slot.end] == slot.raw for slot in parse.slots)


async def test_the_parse_tells_what_makes_the_conversation_tense() -> None:
    parse = await Understanding().understand("气死我了，再不退款就12315见！！！")
    assert [signal.kind for signal in parse.signals] == ["legal", "anger", "shouting"]
    assert [signal.kind for signal in (await Understanding().understand("？？？？")).signals] == ["shouting"]

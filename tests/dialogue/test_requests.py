"""One sentence, several requests: which is served, which wait."""

from __future__ import annotations

from dataclasses import replace

from dialogue.requests import split
from nlu.types import Parse, Request, Slot
from tests.dialogue.words import parse

TEXT = "取消订单12345678，顺便开个发票"


def asking(text: str, intent: str, *requests: tuple[str, str]) -> Parse:
    """``requests``: intent and words."""
    spans = tuple(Request(label, 0.9, text.index(words), text.index(words) + len(words)) for label, words in requests)
    return replace(parse(text, intent), requests=spans)


def test_one_request_stays_whole() -> None:
    one = asking(TEXT, "cancel_order", ("cancel_order", TEXT))
    assert split(one) == (one,)
    none = parse("你好", "greet")
    assert split(none) == (none,)


def test_each_request_gets_its_words_and_slots() -> None:
    two = asking(TEXT, "cancel_order", ("cancel_order", "取消订单12345678，"), ("invoice", "开个发票"))
    number = Slot("order_number", "12345678", "12345678", 4, 12)
    first, second = split(replace(two, slots=(number,)))
    assert (first.intent, first.text, first.slots) == ("cancel_order", "取消订单12345678，", (number,))
    assert (second.intent, second.text, second.normalized, second.slots) == ("invoice", "开个发票", "开个发票", ())


def test_spans_of_slots_count_from_the_request() -> None:
    text = "我的快递呢，顺便把订单12345678取消"
    two = asking(text, "logistics", ("logistics", "我的快递呢，"), ("cancel_order", "把订单12345678取消"))
    start = text.index("12345678")
    _, second = split(replace(two, slots=(Slot("order_number", "12345678", "12345678", start, start + 8),)))
    (slot,) = second.slots
    assert second.text[slot.start : slot.end] == "12345678"


def test_an_answer_is_served_without_what_is_asked_beside_it() -> None:
    text = "确认，顺便问一下满多少包邮"
    answer, freight = split(asking(text, "affirm", ("freight", "满多少包邮")))
    assert (answer.intent, answer.text) == ("affirm", "确认，顺便问一下")
    assert freight.intent == "freight"


def test_words_of_another_length_normalised_are_kept_as_said() -> None:
    two = asking("我的快递呢，顺便查幺二三四", "logistics", ("logistics", "我的快递呢，"), ("invoice", "查幺二三四"))
    assert split(replace(two, normalized="我的快递呢，顺便查1234个"))[1].normalized == "查幺二三四"


def test_small_talk_is_no_request() -> None:
    text = "你好，我的快递呢"
    greeted = asking(text, "logistics", ("greet", "你好，"), ("logistics", "我的快递呢"))
    assert split(greeted) == (greeted,)


def test_what_a_return_costs_is_told_before_it() -> None:
    text = "我要退货，运费谁出"
    first, second = split(asking(text, "freight", ("return_request", "我要退货，"), ("freight", "运费谁出")))
    assert (first.intent, second.intent) == ("freight", "return_request")
    assert first.text == text, "whose freight it is stands in the other half"


def test_how_it_is_paid_belongs_to_the_request_before_it() -> None:
    text = "我要退货，退到我的礼品卡"
    one = asking(text, "return_request", ("return_request", "我要退货，"), ("payment", "退到我的礼品卡"))
    assert split(one) == (one,)
    asked = "我要退货，可以退到礼品卡吗"
    first, second = split(
        asking(asked, "return_request", ("return_request", "我要退货，"), ("payment", "可以退到礼品卡吗"))
    )
    assert (first.intent, second.intent) == ("return_request", "payment")

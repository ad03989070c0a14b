"""What the words of a question on goods are about: topics, products, wishes for a recommendation, calls, tickets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dialogue import wishes
from dialogue.skills import recommend_draft as drafts
from dialogue.skills.complaint import Complaint
from dialogue.skills.handoff import wants_supervisor
from dialogue.skills.products import topic_of
from dialogue.skills.repair import Repair
from dialogue.skills.restock import Restock
from dialogue.skills.size_advice import SizeAdvice
from dialogue.skills.tickets import Tickets
from dialogue.skills.troubleshoot import Troubleshoot
from dialogue.skills.which_product import search_words, without_name
from dialogue.state import DialogueState
from tests.dialogue.goods.samples import product
from tests.dialogue.words import parse

NEW = DialogueState.new("c1")


@pytest.mark.parametrize(
    ("text", "intent", "topic"),
    [
        ("加湿器和净化器有什么区别", "", "compare"),
        ("这个多少钱", "", "price"),
        ("还有货吗", "", "stock"),
        ("有没有黑色的", "", "stock"),
        ("评价怎么样", "", "reviews"),
        ("保修几年", "", "warranty"),
        ("质量怎么样，容易掉色吗", "", "concept"),
        ("有什么颜色", "stock", "concept"),
        ("加湿器", "stock", "stock"),
        ("加湿器", "price_question", "price"),
        ("加湿器", "product_question", "about"),
        ("which one is better", "", "compare"),
        ("how much is it", "", "price"),
        ("is it any good", "", "reviews"),
    ],
)
def test_topics(text: str, intent: str, topic: str) -> None:
    assert topic_of(text, intent) == topic


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("云朵加湿器多少钱", "云朵加湿器"),
        ("请问你们有没有机械键盘", "机械键盘"),
        ("这个多少钱", ""),
        ("do you have any headphones in stock", "headphones"),
    ],
)
def test_what_is_searched_for(text: str, words: str) -> None:
    assert search_words(text) == words


def test_a_name_asks_nothing() -> None:
    mouse = product(name="键客静音无线鼠标", name_en="Jianke Silent Wireless Mouse")
    assert "静音" not in without_name("静音无线鼠标多重", mouse)
    assert "多重" in without_name("静音无线鼠标多重", mouse)
    assert "heavy" in without_name("how heavy is the silent mouse", mouse)
    assert "silent" not in without_name("how heavy is the silent mouse", mouse).lower()


@pytest.mark.parametrize(
    ("text", "expected", "budget"),
    [
        ("200以内的", None, "200"),
        ("200左右", None, "230"),
        ("不超过500", None, "500"),
        ("under 300", None, "300"),
        ("300", "budget", "300"),
        ("随便", "budget", None),
    ],
)
def test_budgets(text: str, expected: str | None, budget: str | None) -> None:
    draft: drafts.Draft = {}
    drafts.read(draft, text, parse(text), expected)
    assert draft.get("budget") == budget


def test_a_wish_is_put_together_over_turns() -> None:
    draft: drafts.Draft = {}
    drafts.read(draft, "推荐一款耳机", parse("推荐一款耳机"), None)
    drafts.read(draft, "500", parse("500"), "budget")
    drafts.read(draft, "跑步用的，黑色", parse("跑步用的，黑色", colour="黑色"), "use")
    wish = drafts.wish_of(draft)
    assert draft["what"] == "耳机"
    assert (wish.budget, wish.uses, wish.colours) == (Decimal(500), ("running",), ("黑色",))


def test_brands_that_are_not_wanted() -> None:
    shown = (product(name="听涛主动降噪耳机", name_en="Tingtao ANC Earbuds"),)
    for text in ("不要这个牌子", "不要听涛的", "not that brand", "I don't want Tingtao"):
        draft: drafts.Draft = {}
        assert drafts.reject_brands(draft, text, shown), text
        assert draft["not_brands"] == ["听涛"]
    assert not drafts.reject_brands({}, "不要太贵的", shown)


@pytest.mark.parametrize(
    "text",
    ["处理完了给我回个电话", "明天给我打电话", "修好了通知我", "安排回访", "please call me back", "ring me tomorrow"],
)
def test_a_call_back(text: str) -> None:
    assert wishes.wants_call_back(text)


@pytest.mark.parametrize("text", ["转人工", "客服电话多少", "我要找真人", "connect me to an agent"])
def test_a_person_now_is_no_call_back(text: str) -> None:
    assert not wishes.wants_call_back(text)


@pytest.mark.parametrize(
    "text",
    [
        "我的投诉怎么样了",
        "查一下我的工单",
        "维修进度",
        "投诉怎么还没处理",
        "how is my complaint",
        "status of my repair",
    ],
)
def test_how_a_matter_stands(text: str) -> None:
    assert Tickets().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["我要投诉", "我要投诉，没人处理", "申请维修", "订单到哪了"])
def test_no_question_how_a_matter_stands(text: str) -> None:
    assert not Tickets().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["我要投诉", "我要投诉快递员", "I want to complain"])
def test_a_complaint_in_so_many_words(text: str) -> None:
    assert Complaint().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["怎么投诉", "投诉电话多少", "how do I complain"])
def test_a_question_how_to_complain_is_none(text: str) -> None:
    assert not Complaint().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["到货通知我", "补货了告诉我一声", "let me know when it is back in stock"])
def test_a_notice(text: str) -> None:
    assert Restock().claims(NEW, parse(text))


def test_no_notice() -> None:
    assert not Restock().claims(NEW, parse("什么时候到货"))


@pytest.mark.parametrize("text", ["我要报修", "申请维修", "保修期内免费修", "I want a repair"])
def test_a_repair(text: str) -> None:
    assert Repair().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["维修进度怎么样", "维修要多久", "我要退货"])
def test_no_repair(text: str) -> None:
    assert not Repair().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["我一米七穿什么码", "这件偏大吗", "选多大码合适", "what size should I take"])
def test_size_advice(text: str) -> None:
    assert SizeAdvice().claims(NEW, parse(text))


@pytest.mark.parametrize("text", ["换大一码", "尺码不对要退", "exchange it for what size fits"])
def test_an_exchange_is_no_size_advice(text: str) -> None:
    assert not SizeAdvice().claims(NEW, parse(text))


def test_how_to_mend_something_is_troubleshooting_unless_it_just_came() -> None:
    assert Troubleshoot().claims(NEW, parse("加湿器漏水怎么办"))
    assert not Troubleshoot().claims(NEW, parse("收到的加湿器是坏的怎么办"))
    assert not Troubleshoot().claims(NEW, parse("加湿器怎么清洗"))


def test_a_supervisor() -> None:
    assert wants_supervisor("叫你们经理来")
    assert wants_supervisor("get me your manager")
    assert not wants_supervisor("转人工")

"""What the dialogue does next, decided without doing it."""

from __future__ import annotations

import pytest

from dialogue.policy import Routes, choose
from dialogue.skills import load
from dialogue.state import DialogueState, fold_all
from dialogue.types import (
    Action,
    ActionFinished,
    ActionResult,
    Asked,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    Said,
    TaskEnded,
    TaskStarted,
    TaskUpdated,
)
from nlu.types import INTENTS, Expectation, Parse
from tests.dialogue.words import parse, turn

SKILLS = load()
ROUTES = Routes.of(SKILLS)
NEW = DialogueState.new("c", "C1")


def running(skill: str, step: str, expectation: Expectation) -> DialogueState:
    events: list[DialogueEvent] = [TaskStarted(skill, "1"), TaskUpdated({}, step), Asked(expectation)]
    return fold_all(NEW, events)


CONFIRMING = running("returns", "confirm", Expectation("yes_no"))
ASKED_NUMBER = running("order_status", "order_number", Expectation("digits", slot="order_number", digits=8))
ASKED_REASON = running("returns", "reason", Expectation("free"))
CHOOSING = running("returns", "lines", Expectation("choice", choices=("蓝牙耳机", "保温杯", "全部")))
OFFERED = fold_all(
    CONFIRMING, [TaskStarted("handoff", "2", {"reason": "x"}), TaskUpdated({}, "offered"), Asked(Expectation("yes_no"))]
)
TOLD = fold_all(
    NEW,
    [TaskStarted("order_status", "1", {"order": "12345678"}), TaskEnded("done"), Said(1, "订单12345678已发货。", True)],
)
CANCELLED = fold_all(
    NEW,
    [
        CustomerSaid(turn(1, parse("确认", "affirm"))),
        ActionFinished(Action("cancel_order", {"order_number": "12345678"}, "c:1"), ActionResult(True)),
    ],
)
SHOWN = fold_all(NEW, [TaskStarted("recommend", "1", {"products": ["A1", "B2"]}), TaskEnded("done")])
MODIFYING = running("modify_order", "confirm", Expectation("yes_no"))
HANDED_OFF = fold_all(NEW, [HandedOff("s", "asked", {}, "neutral")])


def test_every_intent_has_a_skill_or_is_an_answer() -> None:
    assert set(INTENTS) - set(ROUTES.intents) == {"affirm", "deny"}


@pytest.mark.parametrize(
    ("state", "said", "skill", "mode"),
    [
        (NEW, parse("我的订单呢", "order_status"), "order_status", "start"),
        (NEW, parse("我的订单呢", "order_status", 0.2), "fallback", "start"),
        (NEW, parse("今天天气", "out_of_scope"), "fallback", "start"),
        (NEW, parse("12345678", order_number="12345678"), "order_status", "start"),
        (NEW, parse("好", "affirm"), "smalltalk", "start"),
        (NEW, parse("转人工", "talk_to_human"), "handoff", "start"),
        (NEW, parse("你是机器人吗", "talk_to_human"), "smalltalk", "start"),
        (NEW, parse("退货要多久", "return_request"), "return_policy", "start"),
        (NEW, parse("开发票怎么收费", "invoice"), "faq", "start"),
        (NEW, parse("订单12345678退货要多久", "return_request", order_number="12345678"), "returns", "start"),
        (HANDED_OFF, parse("我要退货", "return_request"), "handoff", "start"),
        (CONFIRMING, parse("确认", "affirm"), "returns", "continue"),
        (CONFIRMING, parse("不要", "deny"), "returns", "continue"),
        (CONFIRMING, parse("嗯", "affirm", 0.2), "fallback", "digress"),
        (NEW, parse("嗯", "out_of_scope"), "smalltalk", "start"),
        (CHOOSING, parse("哦", "affirm"), "smalltalk", "aside"),
        (CHOOSING, parse("等我看看", "out_of_scope"), "smalltalk", "aside"),
        (NEW, parse("还有呢", "stock"), "products", "start"),
        (TOLD, parse("还有呢", "stock"), "order_status", "start"),
        (CONFIRMING, parse("是换货", "exchange_request"), "returns", "continue"),
        (CONFIRMING, parse("不是这个订单", "out_of_scope"), "returns", "continue"),
        (CONFIRMING, parse("不是这个订单，是12345678", "order_status", order_number="12345678"), "returns", "continue"),
        (CONFIRMING, parse("不对，查一下12345678", "order_status", order_number="12345678"), "order_status", "digress"),
        (NEW, parse("第一个", "greet"), "fallback", "start"),
        (SHOWN, parse("第二个", "greet"), "products", "start"),
        (NEW, parse("质量问题", "complaint", 0.42, return_reason="质量问题"), "returns", "start"),
        (NEW, parse("质量问题", "complaint", 0.9, return_reason="质量问题"), "complaint", "start"),
        (NEW, parse("8812", "talk_to_human"), "fallback", "start"),
        (NEW, parse("收到的包裹里少了一件", "logistics"), "returns", "start"),
        (NEW, parse("催一下快递", "logistics"), "urge", "start"),
        (NEW, parse("催了好几次了，到哪了", "logistics"), "order_status", "start"),
        (TOLD, parse("每个包裹里是什么", "out_of_scope"), "order_status", "start"),
        (CONFIRMING, parse("运费多少", "freight"), "faq", "digress"),
        (CONFIRMING, parse("运费", "freight", 0.4), "fallback", "digress"),
        (CONFIRMING, parse("改地址", "change_address"), "change_address", "replace"),
        (CONFIRMING, parse("人工", "talk_to_human"), "handoff", "start"),
        (CONFIRMING, parse("谢谢", "thanks"), "smalltalk", "digress"),
        (CONFIRMING, parse("叽里咕噜"), "fallback", "digress"),
        (CONFIRMING, parse("稍等我找找单号", "wait"), "smalltalk", "aside"),
        (CONFIRMING, parse("什么意思", "not_understood"), "smalltalk", "aside"),
        (CONFIRMING, parse("人呢", "urge_reply"), "smalltalk", "digress"),
        (CONFIRMING, parse("显示签收了可我没收到", "logistics"), "not_received", "replace"),
        (CONFIRMING, parse("快递单号是多少", "price_question"), "order_status", "digress"),
        (ASKED_REASON, parse("显示签收了可我没收到", "logistics"), "not_received", "replace"),
        (NEW, parse("不取消了", "deny"), "smalltalk", "start"),
        (NEW, parse("恢复刚才的订单", "cancel_order"), "undo", "start"),
        (CANCELLED, parse("不取消了", "deny"), "undo", "start"),
        (CANCELLED, parse("还是留着吧", "out_of_scope"), "undo", "start"),
        (CANCELLED, parse("好的谢谢", "thanks"), "smalltalk", "start"),
        (MODIFYING, parse("要XL的", "out_of_scope"), "modify_order", "continue"),
        (MODIFYING, parse("好的", "affirm"), "modify_order", "continue"),
        (ASKED_NUMBER, parse("12345678", "inform", order_number="12345678"), "order_status", "continue"),
        (ASKED_NUMBER, parse("一二三四", digits="1234"), "order_status", "continue"),
        (ASKED_NUMBER, parse("算了", "deny"), "order_status", "stop"),
        (ASKED_NUMBER, parse("算了，我要退货", "return_request"), "returns", "replace"),
        (CHOOSING, parse("算了，我要换货", "exchange_request"), "returns", "continue"),
        (CHOOSING, parse("算了，下次再说吧", "return_request"), "returns", "stop"),
        (CHOOSING, parse("算了不退了", "return_request"), "returns", "stop"),
        (CHOOSING, parse("never mind, where is my parcel?", "logistics"), "order_status", "replace"),
        (ASKED_NUMBER, parse("我要退货", "return_request"), "returns", "digress"),
        (ASKED_REASON, parse("屏幕坏了", "troubleshoot"), "returns", "continue"),
        (ASKED_REASON, parse("不想要了", "cancel_order"), "returns", "continue"),
        (ASKED_REASON, parse("运费谁出？", "freight"), "faq", "digress"),
        (ASKED_REASON, parse("算了不退了", "deny"), "returns", "stop"),
        (CHOOSING, parse("第二个"), "returns", "continue"),
        (CHOOSING, parse("保温杯", "product_question", 0.5), "returns", "continue"),
        (CHOOSING, parse("都退"), "returns", "continue"),
        (OFFERED, parse("好", "affirm"), "handoff", "continue"),
        (OFFERED, parse("不用", "deny"), "handoff", "continue"),
        (OFFERED, parse("是换货", "exchange_request"), "returns", "resume"),
        (OFFERED, parse("查订单", "order_status"), "order_status", "replace"),
        (OFFERED, parse("叽里咕噜"), "fallback", "replace"),
        (NEW, parse("12345678", "troubleshoot", 0.7, order_number="12345678"), "order_status", "start"),
        (NEW, parse("12345678的加湿器不转了", "troubleshoot", 0.9, order_number="12345678"), "troubleshoot", "start"),
        (CHOOSING, parse("你是机器人吗", "talk_to_human", 0.97), "smalltalk", "digress"),
        (NEW, parse("我想退款，东西到现在还没收到", "refund_status", 0.66), "refund", "start"),
        (NEW, parse("退款什么时候到", "refund_status", 0.9), "refund_status", "start"),
    ],
)
def test_choice(state: DialogueState, said: Parse, skill: str, mode: str) -> None:
    choice = choose(state, said, ROUTES)
    assert (choice.skill, choice.mode) == (skill, mode), choice.reason


def test_a_waiting_task_of_the_wanted_skill_is_resumed() -> None:
    asked = Asked(Expectation("digits", slot="order_number", digits=8))
    state = fold_all(CONFIRMING, [TaskStarted("order_status", "2"), TaskUpdated({}, "order_number"), asked])
    choice = choose(state, parse("还是退货吧", "return_request"), ROUTES)
    assert (choice.skill, choice.mode) == ("returns", "resume")

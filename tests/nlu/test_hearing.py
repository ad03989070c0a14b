"""Which reading of an utterance to believe: the one whose number checks, else the recogniser's own."""

from __future__ import annotations

from datetime import date

import pytest

from nlu.hearing import best_reading, misheard_yes_no
from nlu.slots import ProductLexicon, SlotConfig
from nlu.types import Expectation
from nlu.understand import Understanding

TODAY = date(2026, 11, 22)
FREE = Expectation()
ORDER = Expectation("digits", "order_number", 8)
TAIL = Expectation("digits", "phone_tail", 4)


@pytest.mark.parametrize(
    ("readings", "expectation", "index"),
    [
        (["89070650"], ORDER, 0),
        (["8970650", "89070650", "890706500"], ORDER, 1),
        (["89070651", "89070650"], ORDER, 1),  # only the second has its check digit
        (["订单号是8907065", "订单号是89070650"], FREE, 1),
        (["890706", "8970650"], ORDER, 0),  # none is complete: the recogniser's own choice
        (["8801", "880一"], TAIL, 0),
        (["88 0", "8801"], TAIL, 1),
        (["我想退货", "我想退火"], FREE, 0),
        (["三天了还没到", "3天了还没到"], FREE, 0),
        ([""], ORDER, 0),
        (["", "89070650"], ORDER, 1),
    ],
)
def test_the_best_reading(readings: list[str], expectation: Expectation, index: int) -> None:
    assert best_reading(readings, expectation, "zh", TODAY, SlotConfig()) == index


def test_a_whole_phone_is_believed() -> None:
    readings = ["我的手机号是139-1345-678", "我的手机号是139-1234-5678"]
    assert best_reading(readings, FREE, "zh", TODAY, SlotConfig()) == 1


def test_a_product_of_the_catalogue_is_believed() -> None:
    config = SlotConfig(catalogue=ProductLexicon([("SM004", ("听涛骨传导运动耳机",))]))
    readings = ["古城岛一防水吗", "运动耳机防水吗"]
    assert best_reading(readings, FREE, "zh", TODAY, config) == 1
    assert best_reading(readings, FREE, "zh", TODAY, SlotConfig()) == 0


async def test_understanding_takes_the_better_number_and_says_so() -> None:
    parse = await Understanding().understand("8970650", ORDER, alternatives=("89070650",))
    assert parse.text == "89070650"
    slot = parse.slot("order_number")
    assert slot is not None
    assert slot.value == "89070650"
    assert "reading 2" in parse.why[0]


async def test_the_one_that_recognisers_write_as_a_verb() -> None:
    for heard, number in (("六八二七五二要七", "68275217"), ("订单号是要3758584", "13758584")):
        slot = (await Understanding().understand(heard, ORDER)).slot("order_number")
        assert slot is not None
        assert slot.value == number
    parse = await Understanding().understand("我买了两个要退一个")
    assert parse.slot("order_number") is None


async def test_an_order_by_another_spelling_is_no_product() -> None:
    parse = await Understanding().understand("我的定单什么时候到")
    assert parse.normalized == "我的订单什么时候到"
    assert parse.text == "我的定单什么时候到"
    assert parse.slots == ()


@pytest.mark.parametrize(
    ("readings", "intent"),
    [
        (("切人",), "affirm"), (("确人", "却认"), "affirm"), (("号的",), "affirm"), (("四的",), "affirm"),
        (("补药",), "deny"), (("布对",), "deny"), (("乱了",), "deny"),
        (("号单", "好的", "号变"), "affirm"), (("不许", "不是", "不训"), "deny"), (("不训", "不耀"), "deny"),
    ],
)  # fmt: skip
def test_a_short_answer_that_was_misheard(readings: tuple[str, ...], intent: str) -> None:
    answer = misheard_yes_no(readings, is_sure=False)
    assert answer is not None
    assert answer.intent == intent


@pytest.mark.parametrize(
    ("readings", "is_sure"),
    [
        (("谢谢", "确认", "行"), True), (("退货", "可以"), True), (("发票",), False), (("快递",), False),
        (("客服",), False),
        (("美丘", "没错", "没有"), False), (("我想换成黑色的那一件", "可以"), False), (("",), False),
    ],
)  # fmt: skip
def test_what_means_something_else_or_both_is_no_answer(readings: tuple[str, ...], is_sure: bool) -> None:
    assert misheard_yes_no(readings, is_sure=is_sure) is None

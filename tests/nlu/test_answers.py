"""Yes or no, and choices."""

from __future__ import annotations

import pytest

from nlu.answers import choice_of, yes_no


@pytest.mark.parametrize(
    "text",
    ["好的", "对", "是的", "嗯", "嗯嗯，好的", "可以", "确认", "行", "没问题", "没错", "好的谢谢", "确认退货", "ok",
    "yes",
     "yes please", "yeah sure", "that's right", "好的，帮我退了吧", "对的没错"],
)  # fmt: skip
def test_yes(text: str) -> None:
    answer = yes_no(text)
    assert answer is not None
    assert answer.intent == "affirm"


@pytest.mark.parametrize(
    "text",
    ["不", "不是", "算了", "不用了谢谢", "不对", "先不要", "不退了", "别取消", "no", "no thanks", "don't", "nope",
     "no, i want to change the address", "不是，我说的是另一个"],
)  # fmt: skip
def test_no(text: str) -> None:
    answer = yes_no(text)
    assert answer is not None
    assert answer.intent == "deny"


@pytest.mark.parametrize(
    "text",
    ["对不起", "不好意思", "是什么", "可以退吗", "好看吗", "行李箱有货吗", "我的订单到哪了", "好的，但是等一下",
    "是不是",
     "not sure what you mean", "note", "确认一下订单号", "", "。"],
)  # fmt: skip
def test_neither(text: str) -> None:
    assert yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "index"),
    [("退货", 0), ("我要换货", 1), ("第二个", 1), ("2", 1), ("选三", 2), ("最后一个", 2), ("the second one", 1),
    ("人工", 2),
     ("第九个", None), ("都行", None), ("退货还是换货", None), ("", None)],
)  # fmt: skip
def test_choice(text: str, index: int | None) -> None:
    assert choice_of(text, ("退货", "换货", "转人工")) == index


@pytest.mark.parametrize(("text", "index"), [("推货", 0), ("换获", 1), ("转人功", 2), ("不知道", None), ("退换", None)])
def test_choice_by_sound(text: str, index: int | None) -> None:
    assert choice_of(text, ("退货", "换货", "转人工")) == index


def test_a_product_is_chosen_by_its_sound() -> None:
    assert choice_of("听涛骨船导运动耳机", ("听涛真无线蓝牙耳机", "听涛骨传导运动耳机")) == 1

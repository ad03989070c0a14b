from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.completeness import Completeness, evidence_of

COMPLETE = """
我的订单什么时候到
我的快递到哪了？
我的包裹在哪里
这个多少钱
坏了怎么办
怎么退货
为什么还没发货
能不能便宜一点
可以退吗
有货吗？
你们几点下班
到了没有
这款有没有黑色的
帮我看看好吗
那就退了吧
那个呢
退款到账了没
要多久
好的谢谢
不用了
没有了谢谢。
我要退货。
我想申请退款
帮我取消订单
麻烦帮我查一下我的订单
我的订单帮我查一下
转人工
给我开发票
我想改一下收货地址
东西坏了
收到的杯子碎了。
还没到呢
是的啊
对呀
这是什么
质量太差了吧
再见
怎么还没到
哪个好
这个能用多久
什么时候能到啊
我要投诉
请问一下运费谁出
算了
不用改了
Where is my order?
where's my package
when will it arrive
where is it
How do I return this
I want to return my order.
I'd like to cancel my order
can you check my order status
thanks
Thank you so much
that's all
no, thanks
my package please
How much is it
Can I speak to a human
is there a warranty on this
did you ship my package
what is it made of
I need a refund
can I get my money back
Could you help me track my package please
what time do you close
Why is it so expensive
I don't know
"""

OPEN = """
退款
你好
黑色那双
好的
我买了
我就要这个
我要红色的
杭州市西湖区
对
没有
上周五
手机
不是
尺码偏小
什么时候
发给我
it broke
a blue one
yes
no
Hello
refund
last Friday
yes it is
I can't log in
the screen is cracked
it came back
black shoes in size nine
how do I cancel
can you help me?
我要退货，
"""

UNFINISHED = """
我想查一下订单，然后
就是
就是那个
那个
因为
我想
我想问一下
还有
我的
我要把
帮我
我昨天买的
我想要一个
我的手机号是
嗯
我觉得，嗯
我要退货，因为
然后啊
那个嗯
如果
但是
我想查一下
请问
麻烦帮我查一下
你们的
能不能
收货地址改到
我要
或者
这个产品很
买的时候
如果不合适的话
比如说
我的意思是
跟
还有就是
所以...
红色那双，
I want to
I want to return it and
It broke, but...
because
um
my
I'd like to return the
my order number is
I'm calling about
can you
could you please check
I was wondering if
it's
well I
so
where is
how long does it
I bought it from
let me see
I need
what is the
the shoes are too
I ordered, uh
and the
Hi, I'm
when I
can you please
"""


def lines(verdict: Completeness, block: str) -> list[tuple[str, Completeness]]:
    return [(line, verdict) for line in block.strip().splitlines()]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        *lines(Completeness.COMPLETE, COMPLETE),
        *lines(Completeness.OPEN, OPEN),
        *lines(Completeness.UNFINISHED, UNFINISHED),
    ],
)
def test_how_finished_words_sound(text: str, verdict: Completeness) -> None:
    assert evidence_of(text).completeness is verdict


@pytest.mark.parametrize("text", ["我要退货", "我想", "退款", "where is my order", "I want to", "refund"])
@pytest.mark.parametrize("mark", [".", "。", "!", "！"])
def test_a_full_stop_says_nothing(text: str, mark: str) -> None:
    assert evidence_of(text + mark).completeness is evidence_of(text).completeness


@pytest.mark.parametrize(
    "text",
    ["是", "是的", "对对对", "好的，可以", "嗯，对", "不用了", "不是", "没有", "确认", "好啊",
     "Yes.", "yeah sure", "no, thanks", "That's right", "uh-huh", "OK", "yes please"],
)  # fmt: skip
def test_yes_and_no(text: str) -> None:
    assert evidence_of(text).is_answer


@pytest.mark.parametrize("text", ["", "我要退货", "不是这个订单", "可以退吗", "no it broke", "yes but the red one"])
def test_more_than_yes_or_no(text: str) -> None:
    assert not evidence_of(text).is_answer


@pytest.mark.parametrize(
    "text",
    ["", "嗯", "好的，我看一下", "等一下啊", "我的手机号是", "订单号是", "尾号", "那个嗯", "稍等我找一下", "在爱生",
     "移生吧", "OK", "let me see", "one second", "my order number is", "sure, it's"],
)  # fmt: skip
def test_a_number_still_comes(text: str) -> None:
    assert evidence_of(text).leads_to_number


@pytest.mark.parametrize(
    "text",
    ["我不知道订单号", "没有订单号", "订单号在哪看", "我忘了手机号", "一三八", "我要人工",
     "找不到", "不是", "没有", "我要退货", "尺码偏小了一点",
     "I don't have it", "I lost the number", "where is the order number", "I don't know", "five five five"],
)  # fmt: skip
def test_no_number_comes(text: str) -> None:
    assert not evidence_of(text).leads_to_number


@given(st.text(alphabet="嗯好看我的是等一下没有什么时候 ,.?。，iwanttooherxn'", max_size=400))
def test_any_text_is_judged(text: str) -> None:
    assert evidence_of(text).completeness in Completeness


def test_long_repetitions_take_no_time() -> None:
    for word in ("嗯", "看看", "好的", "ok ", "here it is ", "什么时候"):
        assert evidence_of(word * 2000 + "x").completeness in Completeness


@pytest.mark.parametrize(
    ("text", "sounds"),
    [("我手机号移生吧", 3), ("我的订单号是以灵灵", 3), ("我的手机号是", 0), ("订单号在哪", 0), ("订单号怎么查", 0),
     ("移生吧", 0), ("我的订单号是一零零", 3), ("我的订单号是1000", 4), ("我手机后13吧", 3), ("订单号1000退款", 0)],
)  # fmt: skip
def test_digits_of_a_named_number_may_be_misheard(text: str, sounds: int) -> None:
    assert evidence_of(text).named_digits == sounds


def test_a_phone_number_has_a_name() -> None:
    assert evidence_of("我手机号是一三八").names_phone
    assert not evidence_of("我的订单号是一三八").names_phone

"""Misheard words of the shop are put right; what is a word of its own is left alone."""

from __future__ import annotations

import pytest

from nlu.domains import load_domain
from nlu.normalize import normalize
from nlu.repair import NO_TERMS, Terms, load_terms
from nlu.understand import Understanding


def shop() -> Terms:
    terms = load_terms(load_domain("shop").folder)
    assert terms is not None
    return terms


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("我要推货", "我要退货"), ("快滴到哪了", "快递到哪了"), ("我想退宽", "我想退款"), ("能开法票吗", "能开发票吗"),
        ("转人工克服", "转人工客服"), ("我要头诉你们", "我要投诉你们"), ("转人公", "转人工"), ("优惠劝怎么用",
        "优惠券怎么用"),
        ("查一下无流", "查一下物流"), ("云费谁出", "运费谁出"), ("什么时候发火", "什么时候发货"), ("吃码偏大吗",
        "尺码偏大吗"),
        ("我想取笑订单", "我想取消订单"), ("可以上门曲件吗", "可以上门取件吗"), ("质量闻题", "质量问题"), ("补差家",
        "补差价"),
        ("订丹号是12345678", "订单号是12345678"), ("收获地址写错了", "收货地址写错了"), ("发顺风快递吗",
        "发顺丰快递吗"),
        ("退换祸", "退换货"), ("我要退火", "我要退货"), ("换活", "换货"),
    ],
)  # fmt: skip
def test_misheard_words(heard: str, meant: str) -> None:
    assert shop().repair(normalize(heard)).text == meant


@pytest.mark.parametrize(
    "text",
    [
        "我要退货", "又会怎么样", "很快地解决", "我要发火了", "一路顺风", "推货物上车", "几分钟能到", "克服困难",
        "订单好了吗",
        "今天收获很大", "法国制造", "推后两天送", "地质勘探", "投宿酒店", "怎么报修", "取笑我", "飞快地跑", "有会员吗",
        "又换了一个",
        "这个法子好", "宽一点的", "飞机票", "挂号", "没活动了吗", "单号码", "运动鞋", "包过年吗", "头发护理",
        "千手观音", "人公里",
        "退一步说", "不会有问题", "不到货架上", "卖光了", "where is my refund", "",
    ],
)  # fmt: skip
def test_what_was_said_stays(text: str) -> None:
    assert shop().repair(normalize(text)).text == normalize(text).text


def test_the_span_stays_true() -> None:
    repaired = shop().repair(normalize("麻烦　帮我推货，谢谢"))
    start = repaired.text.index("退货")
    assert repaired.original[slice(*repaired.span(start, start + 2))] == "推货"


async def test_understanding_hears_the_request() -> None:
    assert (await Understanding().understand("我要推货")).intent == "return_request"
    assert (await Understanding(terms=NO_TERMS).understand("我要推货")).normalized == "我要推货"


def test_a_domain_of_its_own() -> None:
    bank = Terms({"terms": {"cards": "挂失 信用卡"}, "confusions": [{"said": "刮事", "term": "挂失", "after": "要"}]})
    assert bank.repair(normalize("我要刮事信用咔")).text == "我要挂失信用卡"
    assert bank.repair(normalize("我要推货")).text == "我要推货"

"""The keyword classifier on plain phrasings of every intent, and its promises on any text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.classifiers.keyword import KeywordClassifier
from nlu.normalize import normalize
from nlu.types import INTENTS

PLAIN = {
    "greet": ["你好", "您好，在吗", "喂", "hello", "hi there"],
    "order_status": ["我的订单什么时候到", "查一下我的订单", "怎么还没发货", "我买的东西发货了吗", "订单到哪了",
                     "where is my order", "has my order shipped"],
    "logistics": ["快递到哪了", "查一下物流", "包裹三天没动了", "物流一直不更新", "track my package",
    "where is my parcel"],
    "cancel_order": ["我要取消订单", "帮我把这个订单取消了", "我不想买了", "订单不要了", "cancel my order"],
    "change_address": ["我要改地址", "收货地址写错了", "能换个收货地址吗", "change my address"],
    "return_request": ["我要退货", "这个能退吗", "想把鞋子退了", "我要申请退货", "i want to return this item"],
    "exchange_request": ["我想换货", "能换个大一号的吗", "给我换成白色的", "can i exchange this for a bigger size"],
    "refund_status": ["退款什么时候到账", "我的退款到哪了", "钱怎么还没退给我", "where is my refund"],
    "invoice": ["我要开发票", "发票怎么开", "能开专票吗", "i need an invoice"],
    "product_question": ["这款是什么材质", "这个多少钱", "这个杯子容量多大", "防水吗", "is it waterproof",
                         "what is it made of"],
    "recommend": ["推荐一款耳机", "有什么好用的吹风机", "送女朋友什么礼物好", "can you recommend a laptop"],
    "stock": ["这个有货吗", "什么时候补货", "白色还有吗", "还有L码吗", "is it in stock"],
    "promotion": ["有优惠吗", "现在打折吗", "有没有优惠券", "能便宜点吗", "do you have any discounts"],
    "complaint": ["我要投诉", "你们服务太差了", "什么垃圾东西", "态度恶劣", "i want to complain", "this is terrible"],
    "troubleshoot": ["吹风机坏了", "耳机连不上蓝牙", "开不了机怎么办", "充不进电", "it stopped working"],
    "talk_to_human": ["转人工", "我要找人工客服", "我想跟真人说话", "talk to a human", "speak to an agent"],
    "affirm": ["好的", "是的", "对", "可以", "yes", "ok"],
    "deny": ["不是", "不用了", "算了", "no", "no thanks"],
    "thanks": ["谢谢", "谢谢你的帮助", "辛苦了", "thank you so much"],
    "goodbye": ["再见", "拜拜", "没别的事了", "bye"],
    "policy_question": ["退货政策是什么", "支持货到付款吗", "运费怎么算", "保修期多久", "what is your return policy"],
    "out_of_scope": ["今天天气怎么样", "给我讲个笑话", "你觉得人生的意义是什么", "what's the weather",
    "tell me a joke"],
}  # fmt: skip


def _best(text: str) -> str:
    return KeywordClassifier().score(normalize(text).text)[0].label


def test_plain_phrasings_of_every_intent() -> None:
    assert set(PLAIN) == set(INTENTS)
    total = right = 0
    per_intent: Counter[str] = Counter()
    for intent, texts in PLAIN.items():
        for text in texts:
            total += 1
            correct = _best(text) == intent
            right += correct
            per_intent[intent] += correct
    assert total >= 100
    assert right / total >= 0.95
    assert all(per_intent[intent] / len(texts) >= 0.6 for intent, texts in PLAIN.items())


def test_unmatched_text_is_out_of_scope_without_certainty() -> None:
    best = KeywordClassifier().score("桌子椅子")[0]
    assert best.label == "out_of_scope"
    assert best.score < 0.6


def test_more_evidence_is_more_confident() -> None:
    classifier = KeywordClassifier()
    weak, strong = classifier.score("地址")[0], classifier.score("我要改地址")[0]
    assert strong.label == "change_address"
    assert strong.score > 0.8 > weak.score


async def test_sentiment() -> None:
    classifier = KeywordClassifier()
    for polarity, texts in {
        "negative": [
            "太差了",
            "一点也不满意",
            "我要投诉你们",
            "this is terrible",
            "i am not happy",
            "等了三天了还没到",
        ],
        "positive": ["非常满意", "谢谢你们，很好用", "not bad", "i love it"],
        "neutral": ["我的订单到哪了", "查一下快递", "where is my order"],
    }.items():
        for text in texts:
            assert (await classifier.sentiment(normalize(text).text, "zh")).polarity == polarity, text


def test_rules_for_an_unknown_intent_are_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("intents: {fly_to_moon: {en: [[1, moon]]}}\nsentiment: {}\n")
    with pytest.raises(ValueError, match="fly_to_moon"):
        KeywordClassifier(rules)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_scores(text: str) -> None:
    labels = KeywordClassifier().score(text)
    assert labels
    assert all(label.label in INTENTS and 0 < label.score < 1 for label in labels)
    assert [label.score for label in labels] == sorted((label.score for label in labels), reverse=True)

"""The keyword classifier on plain phrasings of every intent, and its promises on any text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlu.classifiers.keyword import KeywordClassifier
from nlu.normalize import normalize
from nlu.types import INTENTS

PLAIN = {
    "greet": ["你好", "您好，在吗", "hello", "hi there"],
    "thanks": ["谢谢", "谢谢你的帮助", "thank you so much"],
    "goodbye": ["再见", "拜拜", "没别的事了", "bye"],
    "affirm": ["好的", "是的", "对", "可以", "yes", "ok"],
    "deny": ["不是", "不用了", "算了", "no", "no thanks"],
    "wait": ["稍等我找一下", "等一下", "hold on"],
    "not_understood": ["什么意思", "没听懂", "what do you mean"],
    "urge_reply": ["怎么不说话了", "人呢", "are you still there"],
    "praise": ["东西很好很喜欢", "质量很好，很满意", "i love it"],
    "talk_to_human": ["转人工", "我要找人工客服", "talk to a human", "speak to an agent"],
    "out_of_scope": ["今天天气怎么样", "给我讲个笑话", "what's the weather", "tell me a joke"],
    "product_question": ["这款是什么材质", "这个杯子容量多大", "防水吗", "is it waterproof", "what is it made of"],
    "size_advice": ["一米七穿多大码", "我120斤穿什么码", "which size fits me"],
    "recommend": ["推荐一款耳机", "有什么好用的吹风机", "can you recommend a laptop"],
    "stock": ["这个有货吗", "什么时候补货", "is it in stock"],
    "gift": ["有赠品吗", "送什么小礼品", "any free gift"],
    "hesitate": ["我再看看", "我考虑一下", "i'll think about it"],
    "warranty": ["保修多久", "质保期多长", "how long is the warranty"],
    "shop_info": ["有实体店吗", "你们店在哪里", "where is your store"],
    "price_question": ["这个多少钱", "现在什么价", "how much is it"],
    "promotion": ["有什么活动", "现在打折吗", "有没有优惠券", "any discount code"],
    "bargain": ["能便宜点吗", "再少点", "can you do better on price"],
    "price_protection": ["刚买就降价了给补差价吗", "能价保吗", "price dropped refund the difference"],
    "membership": ["怎么成为会员", "积分有什么用", "how do points work"],
    "place_order": ["怎么下单", "我要买这个", "i want to buy this"],
    "payment": ["可以微信支付吗", "支持货到付款吗", "my card was declined"],
    "account": ["密码忘了怎么办", "怎么注销账号", "i can't log in"],
    "order_status": ["我的订单什么情况", "查一下我的订单", "where is my order"],
    "logistics": ["快递到哪了", "查一下物流", "track my package", "where is my parcel"],
    "delivery_time": ["什么时候发货", "一般几天能到", "how long is delivery"],
    "urge_shipping": ["快点发货", "催一下发货", "please ship it today"],
    "courier_choice": ["发什么快递", "可以发顺丰吗", "do you ship to canada"],
    "freight": ["运费多少", "包邮吗", "is shipping free"],
    "cancel_order": ["我要取消订单", "我不想买了", "cancel my order"],
    "modify_order": ["颜色拍错了帮我改成黑色", "帮我改一下数量", "change an item in my order"],
    "change_address": ["我要改地址", "收货地址写错了", "change my address"],
    "return_request": ["我要退货", "我要申请退货", "i want to return this item"],
    "exchange_request": ["我想换货", "换个大一号的", "can i exchange this for a bigger size"],
    "return_policy": ["退货政策是什么", "拆了还能退吗", "what is your return policy"],
    "refund_request": ["申请退款", "我要退款", "i want a refund"],
    "refund_status": ["退款什么时候到账", "我的退款到哪了", "where is my refund"],
    "faulty_goods": ["收到的是坏的", "少发了一件", "it arrived damaged"],
    "troubleshoot": ["吹风机不转了怎么办", "耳机连不上蓝牙", "it won't turn on"],
    "invoice": ["我要开发票", "发票怎么开", "i need an invoice"],
    "cashback": ["晒图返现怎么登记", "好评有返现吗", "register my review cashback"],
    "appointment": ["帮我预约上门安装", "师傅几点来装", "book an installation please"],
    "change_payment": ["我想换个支付方式付这单", "付款方式选错了", "change the payment method on my order"],
    "account_address": ["改一下我的默认地址", "地址簿在哪里", "update the address on file"],
    "complaint": ["我要投诉", "你们服务太差了", "i want to complain"],
}


def _best(text: str) -> str:
    return KeywordClassifier().score(normalize(text).text)[0].label


def test_plain_phrasings_of_every_intent() -> None:
    assert set(PLAIN) == set(INTENTS)
    assert all(any(ord(c) > 0x2E80 for c in "".join(texts)) and texts[-1].isascii() for texts in PLAIN.values())
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
    weak, strong = classifier.score("订单")[1], classifier.score("查一下我的订单")[0]
    assert weak.label == strong.label == "order_status"
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
@example("ADDRESS")  # with rules that speak for one intent and against others
def test_any_text_has_scores(text: str) -> None:
    labels = KeywordClassifier().score(text)
    assert labels
    assert all(label.label in INTENTS and 0 < label.score < 1 for label in labels)
    assert [label.score for label in labels] == sorted((label.score for label in labels), reverse=True)

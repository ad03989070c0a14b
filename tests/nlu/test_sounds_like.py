"""Requests by their sound, where their words were lost on the line."""

from __future__ import annotations

import pytest

from nlu.phonetics import alike, syllables
from nlu.sounds_like import NOTHING_BY_EAR, SoundsLike
from nlu.types import Expectation
from nlu.understand import Understanding

HEARD = SoundsLike(
    {
        "delivery_time": ["什么时候发货", "多久能发货", "几天能到"],
        "return_request": ["我要退货", "我想退货怎么办", "可以退货吗"],
        "invoice": ["能开发票吗", "发票怎么开"],
        "talk_to_human": ["转人工客服", "我要找人工"],
    }
)


@pytest.mark.parametrize(
    ("heard", "intent"),
    [
        ("什么时候翻过", "delivery_time"), ("我想最过怎么办", "return_request"), ("发跳怎么该", "invoice"),
        ("宰人功克服", "talk_to_human"), ("什么时候发货", "delivery_time"),
    ],
)  # fmt: skip
def test_the_intent_by_ear(heard: str, intent: str) -> None:
    like = HEARD.best([heard])
    assert like is not None
    assert like.intent == intent


@pytest.mark.parametrize(
    "heard", ["今天天气不错", "你好", "", "where is my order", "我想听一首歌放松一下心情好吗谢谢啊"]
)
def test_what_sounds_like_nothing(heard: str) -> None:
    assert HEARD.best([heard]) is None
    assert NOTHING_BY_EAR.best([heard]) is None


def test_a_later_reading_may_be_the_better_one() -> None:
    like = HEARD.best(["新鲜模样", "什么时候翻货"])
    assert like is not None
    assert like.intent == "delivery_time"


def test_an_utterance_may_be_left_out() -> None:
    like = HEARD.best(["我要找人工"], apart_from="我要找人工")
    assert like is None or like.score < 1


def test_all_at_once_is_as_each_alone() -> None:
    like = HEARD.best(["什么时候翻过"])
    assert like is not None
    assert like.score == pytest.approx(alike(syllables("什么时候翻过"), syllables("什么时候发货")), abs=1e-3)


async def test_only_what_was_spoken_is_taken_by_its_sound() -> None:
    understanding = Understanding(by_ear=HEARD)
    spoken = await understanding.understand("什么时候翻过", Expectation(), alternatives=("什么时候翻锅",))
    assert spoken.intent == "delivery_time"
    assert spoken.confidence < 0.6
    assert any("sounds like" in why for why in spoken.why)
    typed = await understanding.understand("什么时候翻过", Expectation())
    assert typed.intent == "out_of_scope"

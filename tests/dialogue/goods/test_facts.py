"""What is asked of goods, and where a page says it."""

from __future__ import annotations

import pytest

from dialogue.goods import facts
from dialogue.goods.compare import side_by_side
from dialogue.shop.demo_data_files import data
from tests.dialogue.goods.samples import product, reviews


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("这个多重", "weight"),
        ("噪音大吗", "noise"),
        ("充一次能用多久", "battery"),
        ("什么面料的", "material"),
        ("能机洗吗", "wash"),
        ("可以带上飞机吗", "plane"),
        ("冬天能穿吗", "warmth"),
        ("有哪些颜色", "colour"),
        ("保质期多久", "shelf_life"),
        ("is it waterproof", "waterproof"),
        ("what is it made of", "material"),
        ("how long does the battery last", "battery"),
    ],
)
def test_what_is_asked(text: str, key: str) -> None:
    concept = facts.asked(text)
    assert concept is not None
    assert concept.key == key


def test_nothing_is_asked() -> None:
    assert facts.asked("我要这个") is None


def test_an_attribute_comes_first_then_the_description_then_reviews() -> None:
    noise = facts.asked("噪音大吗")
    assert noise is not None
    said = reviews(praised="声音小 颜值高")
    page = product(description="云朵加湿器：上加水设计，睡眠档几乎听不见声音。", 噪音="28分贝")
    assert facts.find(noise, page, said) == facts.Fact("attribute", "噪音", "28分贝")
    page = product(description="云朵加湿器：上加水设计，睡眠档几乎听不见声音。")
    assert facts.find(noise, page, said) == facts.Fact("description", "", "睡眠档几乎听不见声音")
    assert facts.find(noise, product(), said) == facts.Fact("reviews", "", "声音小")
    assert facts.find(noise, product(), reviews(praised="颜值高")) is None


def test_english_as_far_as_the_glossary_goes() -> None:
    assert facts.value_in("28分贝", "en") == "28 dB"
    assert facts.value_in("304不锈钢", "en") == "304 stainless steel"
    assert facts.value_in("28分贝", "zh") == "28分贝"
    assert not facts.is_english(facts.value_in("手工缝线", "en"))
    assert facts.review_words_in(("声音小", "没见过的词"), "en") == ("quiet",)


def test_every_review_word_of_the_demo_shop_has_english() -> None:
    words = [word for kinds in data("service")["reviews"].values() for side in kinds.values() for word in side]
    assert facts.review_words_in(tuple(words), "en").__len__() == len(words)


def test_most_attributes_of_the_demo_shop_are_asked_for_by_some_concept() -> None:
    names = {
        pair.split("=")[0].strip()
        for category in data("products")
        for line in category["products"]
        for pair in line.split("|")[3].split(",")
    }
    known = {name for concept in facts.concepts() for name in concept.names}
    assert len(names & known) / len(names) >= 0.6


def test_a_size_table_is_no_attribute_to_tell() -> None:
    assert facts.shown(product(尺码="S到XL", 尺码表="S 1-2cm 3-4kg")) == (("尺码", "S到XL"),)


def test_two_side_by_side_what_differs_first() -> None:
    one, other = product(容量="3L", 颜色="白", 噪音="28分贝"), product("A002", 供电="USB", 颜色="白", 容量="400ml")
    rows = side_by_side(one, other)
    assert [row.name for row in rows] == ["容量", "颜色", "噪音", "供电"]
    assert [row.differs for row in rows] == [True, False, False, False]
    assert (rows[3].first, rows[3].second) == (None, "USB")

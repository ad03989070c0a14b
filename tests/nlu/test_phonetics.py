"""Syllables, their confusions, and the catalogue by ear."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu import phonetics
from nlu.normalize import normalize
from nlu.slots import ProductLexicon, SlotConfig, find_slots
from nlu.types import Expectation

TODAY = date(2026, 11, 19)
CATALOGUE = ProductLexicon(
    [
        ("SM004", ("听涛骨传导运动耳机", "Tingtao Bone Conduction Headphones")),
        ("SM001", ("听涛真无线蓝牙耳机", "Tingtao True Wireless Earbuds")),
        ("XJ001", ("晨露电热水壶", "Chenlu Electric Kettle", "烧水壶")),
        ("XJ021", ("丝语负离子吹风机", "Siyu Ionic Hair Dryer")),
        ("FS003", ("轻云缓震跑鞋", "Qingyun Running Shoes")),
    ]
)


def test_syllables_are_toneless_and_know_polyphones() -> None:
    assert phonetics.syllables("银行长城 iPhone 15") == ("yin", "hang", "chang", "cheng", "iphone", "15")


@pytest.mark.parametrize(
    ("first", "second"), [("lan", "nan"), ("zhang", "zan"), ("si", "shi"), ("fu", "hu"), ("xin", "xing"), ("luo", "lo")]
)
def test_slight_confusions_cost_little_and_fold_together(first: str, second: str) -> None:
    assert 0 < phonetics.cost(first, second) <= 0.4
    assert phonetics.fold(first) == phonetics.fold(second)


def test_other_syllables_cost_more() -> None:
    assert phonetics.cost("tui", "tui") == 0
    assert phonetics.cost("tui", "huan") > 0.7
    assert phonetics.cost("1", "7") == 1


@given(
    st.text("退货快递款发票订单客服物流abc 12", max_size=12), st.text("推或快滴宽法飘定丹克服无留abc 12", max_size=12)
)
def test_distance_is_one(first: str, second: str) -> None:
    said, name = phonetics.syllables(first), phonetics.syllables(second)
    assert phonetics.distance(said, said) == 0
    assert phonetics.distance(said, name) == pytest.approx(phonetics.distance(name, said))
    assert phonetics.distance(said, name, within=True) <= phonetics.distance(said, name) + 1e-9
    assert 0 <= phonetics.alike(said, name) <= 1


@pytest.mark.parametrize(
    ("words", "sku"),
    [
        ("SM004", "SM004"), ("sm 004", "SM004"), ("听涛骨传导运动耳机", "SM004"), ("骨传导耳机", "SM004"),
        ("骨船导耳机", "SM004"),
        ("古传导的耳机", "SM004"), ("真无线耳机", "SM001"), ("热水壶", "XJ001"), ("烧水壶", "XJ001"), ("电热水湖",
        "XJ001"),
        ("吹风机", "XJ021"), ("思雨吹风机", "XJ021"), ("青云跑鞋", "FS003"), ("hair dryer", "XJ021"),
        ("bone conduction headphone", "SM004"),
    ],
)  # fmt: skip
def test_the_best_sku(words: str, sku: str) -> None:
    assert CATALOGUE.search(words)[0].label == sku


@pytest.mark.parametrize("words", ["", "冰箱", "洗发水", "refrigerator", "12345678"])
def test_what_the_shop_does_not_have(words: str) -> None:
    assert CATALOGUE.search(words) == ()


def test_products_in_running_text_as_heard() -> None:
    config = SlotConfig(catalogue=CATALOGUE)
    slots = find_slots(normalize("我想退那个听涛骨船导运动耳机"), Expectation(), "zh", TODAY, config)
    (slot,) = slots
    assert (slot.name, slot.value, slot.raw) == ("product", "听涛骨传导运动耳机", "听涛骨船导运动耳机")
    assert slot.candidates[0].label == "SM004"
    (slot,) = find_slots(normalize("sm 004有货吗"), Expectation(), "zh", TODAY, config)
    assert (slot.name, slot.value) == ("sku", "SM004")


def test_a_large_catalogue_answers_fast() -> None:
    brands, kinds = (
        "晨露云朵麦香果然无涯清风暖阳小满净源丝语",
        ("电热水壶", "加湿器", "吹风机", "电饭煲", "蓝牙耳机", "扫地机器人"),
    )
    names = [
        (
            f"P{n:05d}",
            (f"{brands[n % 20]}{brands[n * 7 % 20]}{brands[n * 13 % 19]}{kinds[n % 6]}{n % 97}号", f"Item {n}"),
        )
        for n in range(10_000)
    ]
    lexicon = ProductLexicon(names)
    began = time.process_time()
    for _ in range(20):
        lexicon.search("晨露的电热水湖")
    assert (time.process_time() - began) / 20 < 0.1


def test_a_name_that_was_only_overheard() -> None:
    overheard = CATALOGUE.overheard("古城岛耳机防水吗")
    assert overheard is not None
    assert overheard.name == "听涛骨传导运动耳机"
    (slot,) = find_slots(normalize("古城岛耳机防水吗"), Expectation(), "zh", TODAY, SlotConfig(catalogue=CATALOGUE))
    assert (slot.name, slot.raw, slot.candidates[0].label) == ("product", "古城岛耳机", "SM004")


@pytest.mark.parametrize("text", ["我的订单什么时候到", "我要退货", "今天天气怎么样", "can you help me please", ""])
def test_nothing_overheard(text: str) -> None:
    assert CATALOGUE.overheard(text) is None


def test_the_stretch_that_sounds_alike() -> None:
    score, start, end = phonetics.local(("wo", "tui", "gu", "chuan", "dao"), ("ting", "gu", "chuan", "dao", "er"))
    assert (score, start, end) == (3, 2, 5)

"""Product search over the demo catalogue, in customers' words."""

from __future__ import annotations

import pytest

from dialogue.shop.demo_rows import demo_rows
from dialogue.shop.search import load_dictionary, rank, terms
from dialogue.shop.types import Product
from tests.dialogue.databases import NOW


@pytest.fixture(scope="module")
def catalogue() -> list[Product]:
    load_dictionary()
    return [Product(**row) for row in demo_rows(1, NOW).products]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("有没有便宜点的蓝牙耳机", "蓝牙耳机"),
        ("我想买双跑步鞋", "跑鞋"),
        ("冬天穿的羽绒服", "羽绒服"),
        ("给宝宝用的奶瓶", "奶瓶"),
        ("你们家有充电宝吗", "充电宝"),
        ("电动牙刷多少钱", "电动牙刷"),
        ("electric kettles", "电热水壶"),
        ("running shoes for women", "跑鞋女款"),
        ("Bluetooth speaker", "蓝牙音箱"),
        ("500ml 保温杯", "保温杯"),
    ],
)
def test_the_first_hit_is_what_was_asked_for(catalogue: list[Product], words: str, expected: str) -> None:
    assert expected in rank(words, catalogue, 5)[0].name


@pytest.mark.parametrize("words", ["", "你们有什么推荐的吗", "今天天气", "qwerty", "。。。", "🙂"])
def test_nothing_is_better_than_noise(catalogue: list[Product], words: str) -> None:
    assert rank(words, catalogue, 5) == ()


def test_word_order_does_not_matter(catalogue: list[Product]) -> None:
    assert rank("耳机 蓝牙 头戴式", catalogue, 5)[0] == rank("头戴式蓝牙耳机", catalogue, 5)[0]


def test_what_is_in_stock_comes_first_among_equals(catalogue: list[Product]) -> None:
    found = rank("M码纸尿裤", catalogue, 1)
    assert found[0].name == "小豆芽纸尿裤M码"


def test_terms_keep_characters_of_different_scripts_apart() -> None:
    load_dictionary()
    assert terms("USB充电器 65W") >= {"usb", "充电器", "~充电", "65w"}
    assert terms("我要买") == frozenset()

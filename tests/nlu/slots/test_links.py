"""Links and numbers of the catalogue: read as what they show, and nothing inside them as a number."""

from __future__ import annotations

from datetime import date

import pytest

from nlu.normalize import normalize
from nlu.slots import ProductLexicon, SlotConfig, find_slots
from nlu.slots.links import in_words
from nlu.types import Expectation

_CATALOGUE = ProductLexicon([("100042754736", ("六十升热水器",)), ("AB12", ("小风扇",))])
_CONFIG = SlotConfig(order_number_pattern=r"\d{10,12}", order_number_luhn=False, catalogue=_CATALOGUE)


def _read(text: str) -> list[tuple[str, object]]:
    found = find_slots(normalize(text, "zh"), Expectation(), "zh", date(2026, 11, 22), _CONFIG)
    return [
        (slot.name, slot.value)
        for slot in found
        if slot.name in {"sku", "photo", "link", "order_number", "digits", "phone"}
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("看这个 https://shop.example.com/100042754736.html?id=13800138000 怎么样", [("sku", "100042754736")]),
        ("https://img.example.com/t2026/280781/10/a8c2d.JPG，帮我看一下", [("photo", "https://img.example.com/t2026/280781/10/a8c2d.JPG")]),
        ("https://shop.example.com/help/12345678", [("link", "https://shop.example.com/help/12345678")]),
        ("商品100042754736有货吗", [("sku", "100042754736")]),
        ("订单号是314415092676，商品ID：100042754736", [("order_number", "314415092676"), ("sku", "100042754736")]),
        ("订单100042754736到哪了", [("order_number", "100042754736")]),
        ("https://shop.example.com/goods/AB12", [("sku", "AB12")]),
        ("https://a.example.com/AB12，https://a.example.com/100042754736", [("sku", "AB12"), ("sku", "100042754736")]),
    ],
)  # fmt: skip
def test_what_a_link_or_a_number_is(text: str, expected: list[tuple[str, object]]) -> None:
    assert _read(text) == expected


def test_a_classifier_reads_words_for_links() -> None:
    text = "这个 https://shop.example.com/1.html 和 https://img.example.com/2.png 一样吗"
    assert in_words(text) == "这个 这个商品 和 这张照片 一样吗"
    assert in_words("没有链接") == "没有链接"

"""Long parts of a product's page: which one is asked about, and the sentences that answer it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dialogue.goods import pages
from dialogue.shop.types import Product

_FAN = Product(
    "F1", "落地风扇", "Fan", "小家电", Decimal(99), 3, True, 12,
    {
        "颜色": "白色",
        "赠品": "收纳袋：随单寄出",
        "安装说明": "安装要求：地面平整。安装流程：先装底座，再装扇叶。安装费用：上门安装30元。",
        "维修说明": "整机保修一年。过保后收取材料费。",
        "故障E7": "风道堵塞。请清洗滤网。",
    },
    "落地风扇：静音。",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("安装怎么收费", ["installation"]),
        ("有什么赠品", ["gift"]),
        ("E7故障是什么意思", ["fault"]),
        ("显示故障代码e7", ["fault"]),
        ("维修要收费吗，安装流程呢", ["repair", "installation"]),
        ("这款多少钱", []),
        ("what does error code E7 mean", ["fault"]),
    ],
)
def test_which_part_is_asked(text: str, keys: list[str]) -> None:
    assert [part.key for part in pages.asked(text)] == keys


@pytest.mark.parametrize(
    ("question", "room", "told"),
    [
        ("安装要收费吗", 20, "安装费用：上门安装30元。"),
        ("安装流程是什么", 20, "安装流程：先装底座，再装扇叶。"),
        ("E7故障怎么办", 40, "风道堵塞。请清洗滤网。"),
        ("维修收费吗", 12, "过保后收取材料费。"),
    ],
)
def test_the_sentences_that_fit(question: str, room: int, told: str) -> None:
    (part,) = pages.asked(question)
    assert pages.excerpt(_FAN, part, question, room) == told


def test_nothing_where_the_page_has_no_such_part() -> None:
    (part,) = pages.asked("需要什么辅材")
    assert pages.excerpt(_FAN, part, "需要什么辅材", 100) is None


def test_parts_are_no_facts_of_a_few_words() -> None:
    assert [name for name in _FAN.attributes if not pages.is_part(name)] == ["颜色"]

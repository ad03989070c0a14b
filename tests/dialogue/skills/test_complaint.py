"""What a complaint is about, what is granted for it, and which one is the same again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from dialogue.shop.types import Ticket
from dialogue.skills.complaint import granted, kind_of, kinds, same_before
from dialogue.wording import wording
from tests.dialogue.demo_shop import NOW


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("快递员态度很差", "courier"),
        ("发货太慢了", "late"),
        ("少发了一件", "missing"),
        ("质量太差", "goods"),
        ("卖假货", "fake"),
        ("客服态度不好", "service"),
        ("又涨价了", "price"),
        ("the courier threw it over the fence", "courier"),
        ("you sent me a fake", "fake"),
    ],
)
def test_what_it_is_about(text: str, key: str) -> None:
    kind = kind_of(text)
    assert kind is not None
    assert kind.key == key


def test_nothing_is_told() -> None:
    assert kind_of("我要投诉") is None


def test_every_kind_has_words_of_sympathy() -> None:
    for language in ("zh", "en"):
        for kind in kinds():
            assert wording(language).has(f"complaint.sorry.{kind.key}")


def test_a_share_of_what_is_left_and_never_more() -> None:
    assert granted("late", Decimal(50)) == 25
    assert granted("goods", Decimal("35.50")) == 21
    assert granted("fake", Decimal(50)) == 0
    assert granted("late", Decimal(0)) == 0
    assert granted("other", Decimal(50)) == 0
    assert all(0 <= kind.share <= 100 for kind in kinds())


def ticket(kind: str = "complaint", status: str = "open", order: str | None = None) -> Ticket:
    return Ticket("T1", kind, status, NOW, NOW + timedelta(days=1), None, order)  # type: ignore[arg-type]


def test_the_same_again() -> None:
    assert same_before((ticket(order="1"),), "1") is not None
    assert same_before((ticket(),), "1") is not None
    assert same_before((ticket(order="1"),), None) is not None
    assert same_before((ticket("supervisor"),), "1") is not None


def test_another_thing() -> None:
    assert same_before((ticket(order="1"),), "2") is None
    assert same_before((ticket(status="closed"),), None) is None
    assert same_before((ticket("repair"),), None) is None

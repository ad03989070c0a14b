"""Sizes: what customers tell of themselves, and what a table makes of it."""

from __future__ import annotations

import pytest

from dialogue.goods import sizes
from dialogue.goods.sizes import Body, Fit
from tests.dialogue.goods.samples import product, reviews

CLOTHES = product(尺码="S到XL", 尺码表="S 155-163cm 43-53kg；M 160-170cm 50-62kg；L 168-177cm 60-72kg")
SHOES = product(尺码="38到41", 尺码表="37 235mm；38 240mm；39 245mm；40 250mm；41 255mm；42 260mm")


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("我身高170体重60公斤", Body(170, 60.0)),
        ("1米75,130斤", Body(175, 65.0)),
        ("一米七", Body(170)),
        ("一米68,120斤", Body(168, 60.0)),
        ("1.8米", Body(180)),
        ("脚长24.5厘米", Body(foot_mm=245)),
        ("平时穿42码", Body(usual="42")),
        ("我一般穿L", Body(usual="L")),
        ("I am 5 feet 7 and 150 lbs", Body(170, 68.0)),
        ("I usually wear a M", Body(usual="M")),
        ("100块有吗", Body()),
        ("你好", Body()),
    ],
)
def test_what_customers_tell(text: str, body: Body) -> None:
    assert sizes.read(text) == body


def test_a_table_ends_where_the_sizes_on_offer_end() -> None:
    assert [row.size for row in sizes.table_of(SHOES)] == ["38", "39", "40", "41"]
    assert sizes.table_of(product()) == ()


@pytest.mark.parametrize(
    ("body", "fit"),
    [
        (Body(165, 56.0), Fit("M")),
        (Body(158, 52.0), Fit("S")),
        (Body(176, 61.0), Fit("L")),
        (Body(169, 61.0), Fit("L", between="M")),
        (Body(180, 100.0), Fit("L", beyond=True)),
        (Body(150, 38.0), Fit("S", beyond=True)),
    ],
)
def test_clothes(body: Body, fit: Fit) -> None:
    assert sizes.advise(sizes.table_of(CLOTHES), body) == fit


def test_shoes_are_never_too_short() -> None:
    table = sizes.table_of(SHOES)
    assert sizes.advise(table, Body(foot_mm=243)) == Fit("39")
    assert sizes.advise(table, Body(foot_mm=270)) == Fit("41", beyond=True)


def test_the_usual_size_where_it_is_on_offer() -> None:
    assert sizes.advise(sizes.table_of(SHOES), Body(usual="40")) == Fit("40")
    assert sizes.advise(sizes.table_of(SHOES), Body(usual="45")) is None
    assert sizes.advise((), Body(usual="M")) == Fit("M")
    assert sizes.advise((), Body(170, 60.0)) is None


def test_what_is_asked_next() -> None:
    assert sizes.missing(sizes.table_of(CLOTHES), Body()) == "height"
    assert sizes.missing(sizes.table_of(CLOTHES), Body(170)) == "weight"
    assert sizes.missing(sizes.table_of(CLOTHES), Body(170, 60.0)) is None
    assert sizes.missing(sizes.table_of(SHOES), Body()) == "foot"
    assert sizes.missing(sizes.table_of(SHOES), Body(usual="40")) is None


def test_how_buyers_say_it_runs() -> None:
    assert sizes.leaning(reviews(criticised="偏小半码")) == "small"
    assert sizes.leaning(reviews(criticised="偏大一码")) == "large"
    assert sizes.leaning(reviews(praised="尺码准")) == "true"
    assert sizes.leaning(reviews(praised="好看")) is None
    assert sizes.leaning(None) is None

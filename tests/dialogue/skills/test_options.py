"""Which variant is meant, in the words of customers, among the variants of invented goods."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dialogue.shop.types import Product
from dialogue.skills.option_scales import compared, number_of, ranks
from dialogue.skills.option_values import values_in
from dialogue.skills.options import fit, read_wish


def variants(name: str, *rows: tuple[str, str, int, dict[str, str]]) -> list[Product]:
    return [
        Product(sku, name, name, name, Decimal(price), stock, True, 0, options, "", family=name)
        for sku, price, stock, options in rows
    ]


JACKETS = variants(
    "Rain Jacket",
    ("J1", "80", 5, {"size": "M", "color": "navy", "waterproof": "no", "hood": "none"}),
    ("J2", "95", 5, {"size": "L", "color": "navy", "waterproof": "no", "hood": "none"}),
    ("J3", "99", 5, {"size": "M", "color": "red", "waterproof": "yes", "hood": "fixed"}),
    ("J4", "70", 5, {"size": "S", "color": "grey", "waterproof": "no", "hood": "none"}),
    ("J5", "120", 0, {"size": "M", "color": "navy", "waterproof": "yes", "hood": "none"}),
    ("J6", "90", 5, {"size": "XL", "color": "red", "waterproof": "no", "hood": "detachable"}),
)
SCREENS = variants(
    "Monitor",
    ("M1", "200", 5, {"screen size": "24-inch", "resolution": "1080p", "stand": "fixed", "storage": "8GB"}),
    ("M2", "300", 5, {"screen size": "27-inch", "resolution": "4K", "stand": "fixed", "storage": "16GB"}),
    ("M3", "260", 5, {"screen size": "27-inch", "resolution": "1080p", "stand": "fixed", "storage": "8GB"}),
    ("M4", "500", 5, {"screen size": "32-inch", "resolution": "5K", "stand": "height adjustable", "storage": "16GB"}),
)


@pytest.mark.parametrize(
    ("words", "sku"),
    [
        ("to a size L", "J2"),
        ("for a large one", "J2"),
        ("one size smaller, grey is fine", "J4"),
        ("the red waterproof one", "J3"),
        ("to one with {'size': 'XL', 'color': 'red', 'hood': 'detachable'}", "J6"),
        ("for the cheapest one", "J4"),
        ("to the most expensive one", "J3"),
        ("红色的，要M码", "J3"),
        ("with a detachable hood", "J6"),
        ("the red one, not size XL", "J3"),
        ("red, I would prefer a fixed hood", "J3"),
    ],
)
def test_the_variant_that_is_meant(words: str, sku: str) -> None:
    found = fit(read_wish(words, JACKETS[0].attributes, JACKETS), JACKETS[0], JACKETS)
    assert found.best is not None, found
    assert found.best.sku == sku


@pytest.mark.parametrize(
    ("words", "sku"),
    [
        ("to a bigger screen but the same resolution", "M3"),
        ("to the 27 inch one in 4K", "M2"),
        ("to the highest resolution", "M4"),
        ('with more storage, 27"', "M2"),
        ("with a height adjustable stand", "M4"),
    ],
)
def test_the_screen_that_is_meant(words: str, sku: str) -> None:
    found = fit(read_wish(words, SCREENS[0].attributes, SCREENS), SCREENS[0], SCREENS)
    assert found.best is not None, found
    assert found.best.sku == sku


def test_what_is_sold_out_is_missing_and_what_comes_near_is_offered() -> None:
    found = fit(read_wish("the same one but waterproof", JACKETS[0].attributes, JACKETS), JACKETS[0], JACKETS)
    assert found.best is None
    assert found.missing
    assert [each.sku for each in found.others] == ["J3"]


def test_the_same_anew_only_where_that_is_allowed() -> None:
    wish = read_wish("a new one, size M in navy", JACKETS[0].attributes, JACKETS)
    anew = fit(wish, JACKETS[0], JACKETS, same_too=True)
    assert anew.best == JACKETS[0]
    other = fit(wish, JACKETS[0], JACKETS)
    assert other.best is None
    assert other.missing


def test_several_that_are_not_otherwise_the_same_are_to_be_chosen_from() -> None:
    found = fit(read_wish("to red", JACKETS[0].attributes, JACKETS), JACKETS[0], JACKETS)
    assert found.best is None
    assert not found.missing
    assert [each.sku for each in found.others] == ["J6", "J3"]


@pytest.mark.parametrize("words", ["please", "to something nicer", "我想换一个", ""])
def test_no_wish(words: str) -> None:
    assert read_wish(words, JACKETS[0].attributes, JACKETS).is_empty


def test_values_are_read_with_what_is_said_of_them() -> None:
    values = {
        "frame color": ["black", "white"],
        "lens color": ["black", "green"],
        "lens type": ["polarized", "non-polarized"],
    }
    said = {
        (each.option, each.value, each.kind)
        for each in values_in("black frame and green lenses, non-polarized", values)
    }
    assert said == {
        ("frame color", "black", "want"), ("lens color", "green", "want"), ("lens type", "non-polarized", "want"),
    }  # fmt: skip
    assert [each.kind for each in values_in("white instead of black", {"color": ["black", "white"]})] == ["want", "not"]
    assert [each.kind for each in values_in("I prefer white", {"color": ["black", "white"]})] == ["like"]
    assert not values_in("I want it in pink", {"color": ["black", "white"]})


def test_scales() -> None:
    assert ranks(["high", "low", "medium"]) == {"low": 0, "medium": 1, "high": 2}
    assert ranks(["red", "blue"]) == {}
    assert number_of("1TB SSD") == 1000 * (number_of("1GB") or 0)
    assert compared("a less bright one", {"brightness": "high"}, {"brightness": ["low", "medium", "high"]}) == {
        "brightness": ("medium", "low")
    }
    assert compared("it is too big", {"size": "L"}, {"size": ["S", "M", "L"]}) == {}
    assert compared("换个更大的", {"容量": "500ml"}, {"容量": ["500ml", "750ml"]}) == {"容量": ("750ml",)}
    assert compared("bigger", {"size": "L"}, {"size": ["S", "M", "L"]}) == {}

"""Which products are the same thing in another colour or size."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dialogue.shop.types import Product
from dialogue.skills.variants import is_option, variants_of


def product(sku: str, name: str, **attributes: str) -> Product:
    return Product(sku, name, name, "母婴", Decimal(99), 5, True, 0, attributes, name)


M = product("1", "小豆芽拉拉裤M码", 尺码="M")
L = product("2", "小豆芽拉拉裤L码", 尺码="L")
XL = product("3", "小豆芽拉拉裤XL码", 尺码="XL")
CUP = product("4", "慢慢长学饮杯", 颜色="粉色")
BLUE_CUP = product("5", "慢慢长学饮杯", 颜色="天蓝色")
BLUE_BOWL = product("6", "慢慢长硅胶碗", 颜色="天蓝色")
ALL = (M, L, XL, CUP, BLUE_CUP, BLUE_BOWL)


@pytest.mark.parametrize(
    ("bought", "wish", "exact"),
    [
        (M, "L", (L,)),
        (M, "l", (L,)),
        (M, "bigger", (L,)),
        (XL, "smaller", (L,)),
        (XL, "bigger", ()),
        (CUP, "蓝色", (BLUE_CUP,)),
        (CUP, "blue", (BLUE_CUP,)),
        (CUP, "黑色", ()),
    ],
)
def test_the_same_thing_otherwise(bought: Product, wish: str, exact: tuple[Product, ...]) -> None:
    assert variants_of(bought, wish, ALL)[0] == exact


def test_what_comes_near_is_another_thing_of_the_wish() -> None:
    exact, near = variants_of(CUP, "蓝", ALL)
    assert exact == (BLUE_CUP,)
    assert M not in near


@pytest.mark.parametrize(
    ("sizes", "wish", "is_one"),
    [
        ("S到XXL", "L", True),
        ("S到XXL", "xxl", True),
        ("S到XL", "XXL", False),
        ("39到45", "42", True),
        ("39到45", "46", False),
        ("39到45", "bigger", True),
        ("均码", "L", False),
        ("S到XL", "黑色", False),
    ],
)
def test_sizes_of_one_product(sizes: str, wish: str, is_one: bool) -> None:
    assert is_option(product("9", "卫衣", 尺码=sizes), wish) is is_one

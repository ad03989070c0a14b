"""Which products are the same thing in another colour or size. Pure: products in, the fitting ones out.

A catalogue may list each colour as a product of its own, by name (拉拉裤M码, 拉拉裤L码) or by attribute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dialogue.shop.types import Product

STEPS = {"bigger": 1, "smaller": -1}
_SIZES = ("XS", "S", "M", "L", "XL", "XXL", "XXXL")
_SIZE_IN_NAME = re.compile(r"(?<![A-Za-z])(X{0,3}[SL]|M)(?![A-Za-z])")
_COLOUR_IN_NAME = re.compile(r"[浅深粉湖藏墨米雾银玫]?[红橙黄绿青蓝紫黑白灰粉棕银]色")
_SIZE_NAMES = ("尺码", "码数", "鞋码", "size")
_COLOURS = {
    "black": "黑", "white": "白", "gray": "灰", "grey": "灰", "red": "红", "blue": "蓝", "green": "绿", "pink": "粉",
    "yellow": "黄", "brown": "棕", "purple": "紫", "orange": "橙", "silver": "银", "gold": "金", "beige": "米",
}  # fmt: skip
_VARIANT = 0.85
"""Share of character pairs, sizes and colours aside, that two names of the same thing have in common."""
_RELATED = 0.5


def variants_of(
    bought: Product, wish: str, products: Sequence[Product]
) -> tuple[tuple[Product, ...], tuple[Product, ...]]:
    """Of ``products`` the same thing as ``wish`` wants it, and things that come near; closest name first."""
    fitting = [
        (_likeness(bought, product), product)
        for product in products
        if product.sku != bought.sku and _is(product, wish, bought)
    ]
    fitting.sort(key=lambda pair: (-pair[0], pair[1].price))
    exact = tuple(product for likeness, product in fitting if likeness >= _VARIANT)
    near = tuple(product for likeness, product in fitting if _RELATED <= likeness < _VARIANT)
    return exact, near


def is_option(product: Product, wish: str) -> bool:
    """Whether ``wish`` is one of the sizes that this one product comes in (尺码 S到XXL, 39到45)."""
    offered = next((value for name, value in product.attributes.items() if name.lower() in _SIZE_NAMES), "")
    ends = offered.split("到") if "到" in offered else []
    if len(ends) != 2:
        return False
    if wish in STEPS:
        return True
    first, last = ends
    if first in _SIZES and last in _SIZES and wish.upper() in _SIZES:
        return _SIZES.index(first) <= _SIZES.index(wish.upper()) <= _SIZES.index(last)
    return all(end.isdigit() for end in (*ends, wish)) and int(first) <= int(wish) <= int(last)


def _likeness(one: Product, other: Product) -> float:
    ours, theirs = _pairs(one.name), _pairs(other.name)
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0


def _pairs(name: str) -> set[str]:
    bare = _COLOUR_IN_NAME.sub("", _SIZE_IN_NAME.sub("", name))
    return {bare[place : place + 2] for place in range(len(bare) - 1)}


def _is(product: Product, wish: str, bought: Product) -> bool:
    step = STEPS.get(wish)
    if step is not None:
        ours, theirs = _size(bought), _size(product)
        return ours is not None and theirs is not None and theirs - ours == step
    if wish.upper() in _SIZES:
        return _size(product) == _SIZES.index(wish.upper())
    word = _COLOURS.get(wish.lower(), wish).removesuffix("色")
    return word in product.name or any(word in value for value in product.attributes.values())


def _size(product: Product) -> int | None:
    said = next((value for name, value in product.attributes.items() if name.lower() in _SIZE_NAMES), "")
    found = _SIZE_IN_NAME.search(said) or _SIZE_IN_NAME.search(product.name)
    return _SIZES.index(found[1]) if found else None

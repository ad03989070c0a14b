"""Which variant of a product a customer wishes for: words in, a ``Wish`` out; a wish and variants in, the fitting out.

    "the same one but with clicky switches"   switch type = clicky, the rest as it is
    "{'color': 'red'}"                        color = red
    "the cheapest one", "500 pieces less", "one size smaller", "prefer silver over black", "not the metal one"

Options are ``Product.attributes`` by name, whatever these are in the shop. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dialogue.shop.types import Product
from dialogue.skills.option_scales import compared, number_of
from dialogue.skills.option_values import Found, values_in

Options = Mapping[str, str]
_CHEAPEST = re.compile(
    r"最便宜|价格最低|\bcheap(?:est)\b|\bleast expensive\b|\blowest[ -]price|\bless expensive\b", re.I
)
_DEAREST = re.compile(r"最贵|最高价|\bmost expensive\b|\bpriciest\b|\bhighest[ -]price|\btop[ -]of[ -]the", re.I)
_SAME_REST = re.compile(
    r"其他(?:的)?(?:都)?(?:不变|一样|相同)|同款|一模一样|"
    r"\b(?:the |exact(?:ly)? (?:the )?)?same (?:one|item|model|product|thing|spec\w*|"
    r"options?|features?|everything|pair)\b|"
    r"\b(?:everything|all) else (?:the same|unchanged|stays)|\bother(?:wise| options?|"
    r" specs?)? (?:\w+ )?(?:same|unchanged)|"
    r"\bkeep (?:everything|the rest|all)|\bexact same\b|\bidentical\b|\breplacement\b",
    re.IGNORECASE,
)
_REST_FREE = re.compile(
    r"其他(?:的)?(?:都)?(?:随便|无所谓|不限)|\b(?:other|rest)\b[^.;]{0,30}(?:not important|"
    r"do(?:n'?t| not) (?:matter|care)|"
    r"any\b|different)|\bonly care about\b|\bdon'?t care\b",
    re.IGNORECASE,
)
_DELTA = re.compile(
    r"(?P<count>\d+)\s*(?:[a-z]+\s+)?(?P<sign>less|fewer|more)\b|(?P<sign_zh>少|多)(?P<zh>\d+)", re.IGNORECASE
)
_OTHER = re.compile(
    r"(?:\b(?:another|a different|other)|换个|别的|其他)\s*(?P<what>[a-z]+|颜色|尺码|款式)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the customer wants of the options."""

    must: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Option to values of which one is wanted."""
    better: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Option to values that are liked, best first."""
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()
    """Options that must stay as they are."""
    rest: Literal["same", "free", "near"] = "near"
    """The options that were not named: must stay, may be any, or as near as can be."""
    price: Literal["lowest", "highest"] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was wished for."""
        return not (self.must or self.better or self.never or self.keep or self.price)


@dataclass(frozen=True, slots=True)
class Fit:
    """What there is for a wish."""

    best: Product | None = None
    """The one that is meant."""
    others: tuple[Product, ...] = ()
    """To choose among, best first, where none is."""
    missing: bool = False
    """Whether what was wished for cannot be had, so that ``others`` only come near."""


def read_wish(text: str, current: Options, variants: Sequence[Product]) -> Wish:
    """What ``text`` wants of ``variants``, said of a thing that has the options ``current``."""
    stocked = [each for each in variants if each.stock > 0] or variants
    values = {name: tuple(dict.fromkeys(each.attributes.get(name, "") for each in variants)) for name in current}
    said = values_in(text, values)
    must: dict[str, tuple[str, ...]] = {}
    better: dict[str, tuple[str, ...]] = {}
    never: dict[str, tuple[str, ...]] = {}
    for found in said:
        into = never if found.kind == "not" else better if found.kind == "like" else must
        into[found.option] = tuple(dict.fromkeys((*into.get(found.option, ()), found.value)))
    there = {name: tuple(dict.fromkeys(each.attributes.get(name, "") for each in stocked)) for name in current}
    _relative(text, current, there, must, never)
    keep = _kept(text, current) - set(must)
    for name in [name for name in must if name in never]:
        must[name] = tuple(value for value in must[name] if value not in never[name]) or must[name]
    price = _price(text)
    rest: Literal["same", "free", "near"] = "near"
    if _REST_FREE.search(text) or (price and not _SAME_REST.search(text)):
        rest = "free"
    elif _SAME_REST.search(text):
        rest = "same"
    return Wish(must, better, never, frozenset(keep), rest, price)


def _price(text: str) -> Literal["lowest", "highest"] | None:
    if _CHEAPEST.search(text):
        return "lowest"
    return "highest" if _DEAREST.search(text) else None


def _kept(text: str, current: Options) -> set[str]:
    """Options that are to stay, by name (same size, keep the colour), or by the value they have now (same v-neck)."""
    kept: set[str] = set()
    lowered = text.lower()
    for match in re.finditer(
        r"\b(?:same|keep|still|but with the same)\b(?P<what>[^.;:]{0,60})|(?P<zh>[^,，。]{1,8})不变", lowered
    ):
        what = (match["what"] or match["zh"] or "").replace("colour", "color")
        for name, value in current.items():
            own = [word for word in re.split(r"[\s/-]+", name.lower()) if word not in {"type", "level"}]
            if (
                name.lower() in what
                or any(re.search(rf"\b{re.escape(word)}s?\b", what) for word in own if len(word) > 3)
                or (value and len(value) > 1 and value.lower() in what[:25])
            ):
                kept.add(name)
    return kept


def _relative(
    text: str,
    current: Options,
    values: Mapping[str, tuple[str, ...]],
    must: dict[str, tuple[str, ...]],
    never: dict[str, tuple[str, ...]],
) -> None:
    """Sizes up and down, so many more or fewer, another colour."""
    for name, wanted in compared(text, current, values).items():
        must.setdefault(name, wanted)
    for delta in _DELTA.finditer(text):
        count = int(delta["count"] or delta["zh"])
        sign = -1 if (delta["sign"] or delta["sign_zh"]).lower() in {"less", "fewer", "少"} else 1
        for name, value in current.items():
            now = number_of(value)
            if now is None:
                continue
            there = [each for each in values[name] if number_of(each) == now + sign * count]
            if there:
                must[name] = (there[0],)
    if other := _OTHER.search(text):
        for name in current:
            if other["what"].lower().replace("colour", "color").rstrip("s") in name.lower() and name not in must:
                never[name] = (current[name],)


def fit(wish: Wish, current: Product, variants: Sequence[Product], *, same_too: bool = False) -> Fit:
    """The variant that ``wish`` means; ``same_too``: a new one of the same will do, as in an exchange."""
    stocked = [each for each in variants if each.stock > 0 and (same_too or each.sku != current.sku)]
    fitting = [each for each in stocked if _satisfies(each, wish, current)]
    if not fitting:
        near = sorted(stocked, key=lambda each: (-_met(each, wish), -_alike(each, current), each.price))
        near = [each for each in near if _met(each, wish)] or near
        return Fit(others=tuple(near), missing=True)
    if wish.price is not None:
        prices = sorted({each.price for each in fitting}, reverse=wish.price == "highest")
        fitting = [each for each in fitting if each.price == prices[0]]
    if wish.rest == "same":
        exact = [each for each in fitting if _alike(each, current, but=wish) == 0]
        if exact:
            return Fit(best=_most_liked(exact, wish)[0])
        if not wish.better:
            return Fit(others=tuple(sorted(fitting, key=lambda each: _alike(each, current, but=wish))), missing=True)
    exact = [each for each in fitting if _alike(each, current, but=wish) == 0]
    if exact and wish.rest != "free":
        return Fit(best=min(_most_liked(exact, wish), key=lambda each: _nearness(each, wish)))
    liked = _most_liked(fitting, wish)
    if wish.better and wish.rest != "free":
        most = max(_alike(each, current) for each in liked)
        liked = [each for each in liked if _alike(each, current) == most]
    liked.sort(key=lambda each: (-_alike(each, current), each.price))
    if len(liked) == 1 or (wish.rest == "free" and wish.price is not None):
        return Fit(best=liked[0])
    return Fit(others=tuple(liked))


def _satisfies(product: Product, wish: Wish, current: Product) -> bool:
    options = product.attributes
    return (
        all(options.get(name) in values for name, values in wish.must.items())
        and all(options.get(name) not in values for name, values in wish.never.items())
        and all(options.get(name) == current.attributes.get(name) for name in wish.keep)
    )


def _nearness(product: Product, wish: Wish) -> int:
    """How far down the wishes' values those of the product are; they come nearest first."""
    return sum(values.index(product.attributes[name]) for name, values in wish.must.items())


def _met(product: Product, wish: Wish) -> int:
    return sum(product.attributes.get(name) in values for name, values in wish.must.items())


def _most_liked(products: Sequence[Product], wish: Wish) -> list[Product]:
    """Those with the most of what is liked; of two liked values the first named."""

    def liking(product: Product) -> tuple[int, int]:
        places = [
            values.index(product.attributes[name])
            for name, values in wish.better.items()
            if product.attributes.get(name) in values
        ]
        return -len(places), sum(places)

    best = min(liking(each) for each in products)
    return [each for each in products if liking(each) == best]


def _alike(product: Product, current: Product, but: Wish | None = None) -> int:
    """Options that are the same; with ``but``: how many differ that the wish says nothing of."""
    if but is None:
        return sum(product.attributes.get(name) == value for name, value in current.attributes.items())
    named = {*but.must, *but.better, *but.never}
    return sum(product.attributes.get(name) != value for name, value in current.attributes.items() if name not in named)


def described(found: Sequence[Found]) -> Mapping[str, tuple[str, ...]]:
    """Option values that describe a thing which the customer has."""
    told: dict[str, tuple[str, ...]] = {}
    for each in found:
        if each.kind != "not":
            told[each.option] = (*told.get(each.option, ()), each.value)
    return told

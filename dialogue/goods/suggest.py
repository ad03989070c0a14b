"""Which products to suggest and why: a ``Wish`` and candidates in, ranked ``Suggestion``s out. Pure, deterministic.

    score = what it is for (3 a use) + colour 2 + brand 2 + price near the budget 0..1 + reviews 0..1
          + bought by others with what the customer bought 1.5 + belongs to what the customer bought 1

Nothing out of stock, above the budget, rejected, or of a brand that is not wanted is ever suggested; every suggestion
has at least one reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from dialogue.goods.facts import shown
from dialogue.goods.uses import page, uses
from dialogue.shop.types import Product, ReviewSummary

ReasonKind = Literal["use", "colour", "brand", "bought_with", "belongs", "reviews", "attribute", "price"]
_MANY = 20
"""Reviews from which their average says something."""
_GOOD = 4.0
_CHEAP = 100.0
"""Yuan at which being cheap is worth half."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the customer wants, as far as it is known."""

    budget: Decimal | None = None
    """The most to be paid, yuan."""
    uses: tuple[str, ...] = ()
    """Keys of ``uses.yaml``."""
    colours: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    not_brands: tuple[str, ...] = ()
    rejected: frozenset[str] = frozenset()
    """Skus that were shown and not wanted."""
    cheap: bool = False
    """The cheaper the better."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that may be suggested, with what else is known of it."""

    product: Product
    reviews: ReviewSummary | None = None
    bought_with: str | None = None
    """Name of something the customer bought that others bought together with this."""
    belongs: str | None = None
    """The catalogue's reason to offer it beside what the customer has."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is suggested."""

    kind: ReasonKind
    value: str = ""
    """The use's key, colour, brand, the other product's name, the average, or ``name=value`` of an attribute."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product with its score and reasons, the strongest first."""

    product: Product
    score: float
    reasons: tuple[Reason, ...] = field(default=())


def suggest(wish: Wish, candidates: Sequence[Candidate], limit: int = 3) -> tuple[Suggestion, ...]:
    """The best of ``candidates``; equal ones keep their order, which is the search's."""
    scored = [_scored(wish, candidate, place) for place, candidate in enumerate(candidates) if _may(wish, candidate)]
    scored.sort(key=lambda pair: (-pair[0].score, pair[1]))
    return tuple(suggestion for suggestion, _ in scored[: max(limit, 0)])


def _may(wish: Wish, candidate: Candidate) -> bool:
    product = candidate.product
    if product.stock <= 0 or product.sku in wish.rejected:
        return False
    if wish.budget is not None and product.price > wish.budget:
        return False
    return not any(is_brand(product, brand) for brand in wish.not_brands)


def is_brand(product: Product, brand: str) -> bool:
    """Whether the product is of this brand, which stands first in its name."""
    return bool(brand) and (product.name.startswith(brand) or product.name_en.casefold().startswith(brand.casefold()))


def _scored(wish: Wish, candidate: Candidate, place: int) -> tuple[Suggestion, int]:
    product = candidate.product
    text, known = page(product), uses()
    found = [(3.0, Reason("use", key)) for key in wish.uses if key in known and known[key].suits(product)]
    found += [(2.0, Reason("colour", colour)) for colour in wish.colours if colour.removesuffix("色") in text]
    found += [(2.0, Reason("brand", brand)) for brand in wish.brands if is_brand(product, brand)]
    if candidate.bought_with:
        found.append((1.5, Reason("bought_with", candidate.bought_with)))
    if candidate.belongs:
        found.append((1.0, Reason("belongs", candidate.belongs)))
    reviews = candidate.reviews
    if reviews and reviews.count >= _MANY and reviews.average >= _GOOD:
        found.append((reviews.average - _GOOD, Reason("reviews", f"{reviews.average:.1f}")))
    score = sum(weight for weight, _ in found) + _nearness(wish, product) - place * 0.05
    found.sort(key=lambda pair: -pair[0])
    return Suggestion(product, round(score, 4), tuple(reason for _, reason in found) or (_plain(wish, product),)), place


def _nearness(wish: Wish, product: Product) -> float:
    """How much of the budget it uses: who has 300 does not look for the cheapest, unless they say so."""
    if wish.cheap:
        return 1 / (1 + float(product.price) / _CHEAP)
    return float(product.price / wish.budget) if wish.budget else 0.0


def _plain(wish: Wish, product: Product) -> Reason:
    attributes = shown(product, 1)
    if attributes:
        return Reason("attribute", "=".join(attributes[0]))
    return Reason("price")

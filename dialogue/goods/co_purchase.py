"""What is bought together: baskets in, for a basket the things that go with it. Pure, deterministic.

``times`` counts baskets with both, as a shop's back end does per customer; ``cosine`` divides by how common both are
(Deshpande and Karypis 2004), so that what everybody buys does not go with everything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Literal

Measure = Literal["times", "cosine"]


def ranked(together: Mapping[str, int], popular: Mapping[str, int]) -> tuple[str, ...]:
    """The items bought with one thing, so often ``together``, by the cosine; ``popular``: how often at all."""
    return tuple(sorted(together, key=lambda item: (-together[item] / sqrt(popular[item]), item)))


class CoPurchase:
    """Counts of baskets; built once, then only read."""

    def __init__(self, baskets: Iterable[Sequence[str]]) -> None:
        """Each basket is a collection of items; repeated items count once."""
        self.popular: Counter[str] = Counter()
        self._together: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for basket in baskets:
            items = sorted(set(basket))
            self.popular.update(items)
            for item in items:
                self._together[item].update(other for other in items if other != item)

    def with_basket(self, basket: Sequence[str], limit: int = 5, *, measure: Measure = "times") -> tuple[str, ...]:
        """What goes best with all of ``basket``, best first; what fits equally in the order of names."""
        scores: defaultdict[str, float] = defaultdict(float)
        for item in set(basket):
            for other, times in self._together.get(item, Counter()).items():
                scores[other] += self._weight(item, other, times, measure)
        found = sorted((item for item in scores if item not in basket), key=lambda item: (-scores[item], item))
        return tuple(found[: max(limit, 0)])

    def _weight(self, item: str, other: str, times: int, measure: Measure) -> float:
        if measure == "times":
            return float(times)
        return times / sqrt(self.popular[item] * self.popular[other])

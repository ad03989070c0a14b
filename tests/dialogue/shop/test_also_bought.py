"""What was bought together, against the same counted by hand from every order of the demo shop."""

from __future__ import annotations

from collections import defaultdict

from dialogue.goods.co_purchase import ranked
from dialogue.shop.types import OrderStatus
from tests.dialogue.demo_shop import opened_demo_shop
from tests.dialogue.stories import CUSTOMERS


async def test_what_goes_together_by_the_cosine() -> None:
    buyers: defaultdict[str, set[str]] = defaultdict(set)
    both: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    async with opened_demo_shop() as shop:
        for customer in CUSTOMERS:
            for order in await shop.orders(customer, 100):
                if order.status is OrderStatus.CANCELLED:
                    continue
                skus = {line.sku for line in order.lines}
                for sku in skus:
                    buyers[sku].add(customer)
                    for other in skus - {sku}:
                        both[sku, other].add(customer)
        popular = {sku: len(who) for sku, who in buyers.items()}
        compared = 0
        for sku in buyers:
            times = {other: len(who) for (one, other), who in both.items() if one == sku and len(who) > 1}
            found = await shop.related(sku, "also_bought", 5)
            assert [product.sku for product in found] == list(ranked(times, popular)[:5])
            compared += len(found)
            assert all(f"{len(both[sku, product.sku])}位" in product.reason for product in found)
        assert compared >= 5

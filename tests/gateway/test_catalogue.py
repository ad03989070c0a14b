"""The understanding learns what the shop sells, in the background, again where it changes; other domains have none."""

from __future__ import annotations

import asyncio
from datetime import date

from dialogue.errors import ShopUnavailable
from dialogue.shop.types import ProductNames
from gateway.catalogue import keep_known
from nlu.classifiers.keyword import KeywordClassifier
from nlu.understand import Understanding
from tests.fakes_core import FakeShop


class NoProducts(FakeShop):
    """A back end of another domain."""

    async def close(self) -> None: ...


class Stall(NoProducts):
    """Sells what the test puts there."""

    def __init__(self, *names: ProductNames) -> None:
        super().__init__()
        self.names = names
        self.away = False
        self.asked = asyncio.Event()

    async def catalogue(self) -> tuple[ProductNames, ...]:
        self.asked.set()
        if self.away:
            raise ShopUnavailable("away")
        return self.names


async def candidates(understanding: Understanding, text: str) -> list[str]:
    parse = await understanding.understand(text, today=date(2026, 11, 22))
    return [label.label for slot in parse.slots if slot.name == "product" for label in slot.candidates]


async def until_known(understanding: Understanding, text: str, sku: str) -> None:
    for _ in range(1000):
        if sku in await candidates(understanding, text):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{sku} is still not known")


async def test_names_are_taken_in_and_again_when_they_change() -> None:
    shop = Stall(("E1", ("听涛骨传导运动耳机", "Bone Conduction Headphones")))
    understanding = Understanding(KeywordClassifier())
    assert await candidates(understanding, "骨船导耳机有货吗") == []
    task = asyncio.ensure_future(keep_known(understanding, shop, every_s=0.01))
    await until_known(understanding, "骨船导耳机有货吗", "E1")
    shop.names = (*shop.names, ("H1", ("云朵加湿器", "Cloud Humidifier")))
    await until_known(understanding, "云躲加湿器有货吗", "H1")
    task.cancel()
    await asyncio.wait([task])


async def test_a_shop_that_is_away_is_asked_again() -> None:
    shop = Stall(("H1", ("云朵加湿器", "Cloud Humidifier")))
    shop.away = True
    understanding = Understanding(KeywordClassifier())
    task = asyncio.ensure_future(keep_known(understanding, shop, every_s=0.01))
    async with asyncio.timeout(5):
        await shop.asked.wait()
    shop.away = False
    await until_known(understanding, "云躲加湿器有货吗", "H1")
    task.cancel()
    await asyncio.wait([task])


async def test_a_domain_without_products_has_none() -> None:
    async with asyncio.timeout(1):
        await keep_known(Understanding(KeywordClassifier()), NoProducts())

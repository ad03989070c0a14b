"""What the recogniser is told to expect of a caller."""

from __future__ import annotations

from dialogue.errors import ShopUnavailable
from dialogue.shop import demo
from dialogue.shop.types import Order
from gateway.expected_words import ExpectedWords
from nlu.hotwords import DomainWords
from nlu.types import Expectation
from speech.types import Hotwords
from tests.dialogue.demo_shop import opened_demo_shop

USUAL: Hotwords = {"zh": ("退货", "零一二"), "en": ("refund", "number")}
WORDS = DomainWords({"zh": ("退货", "零一二"), "en": ("refund", "number")}, {"zh": ("确认",)}, {"zh": ("第一个",)})
FREE, DIGITS = Expectation(), Expectation("digits", "order_number", 8)


class _Away:
    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        raise ShopUnavailable("away")


async def test_a_known_customers_products_are_expected_but_not_among_digits() -> None:
    async with opened_demo_shop() as shop:
        expected = ExpectedWords(WORDS, shop, own=True)
        assert expected.now(FREE, 3.0) == USUAL
        await expected.learn(demo.DEMO_CUSTOMER_ID)
        names = [line.name for order in await shop.orders(demo.DEMO_CUSTOMER_ID, 1) for line in order.lines]
        told = expected.now(FREE, 3.0)
        assert told is not None
        assert any(word in name for name in names for word in told["zh"][2:])
        assert expected.now(DIGITS, 3.0) == USUAL
        await expected.learn(None)
        assert expected.now(FREE, 3.0) == USUAL


async def test_without_a_shop_the_domains_words_stay() -> None:
    expected = ExpectedWords(WORDS, _Away(), own=True)
    await expected.learn("C0001")
    assert expected.now(FREE, 3.0) == USUAL


async def test_nothing_is_expected_where_it_is_switched_off() -> None:
    async with opened_demo_shop() as shop:
        expected = ExpectedWords(None, shop, own=True)
        await expected.learn(demo.DEMO_CUSTOMER_ID)
        assert expected.now(FREE, 3.0) is None
        only_domain = ExpectedWords(WORDS, shop, own=False)
        await only_domain.learn(demo.DEMO_CUSTOMER_ID)
        assert only_domain.now(FREE, 3.0) == USUAL


def test_one_short_word_is_only_expected_where_it_was_asked_for() -> None:
    expected = ExpectedWords(WORDS, None, own=True)
    assert expected.now(FREE, 1.0) is None
    assert expected.now(DIGITS, 1.0) is None
    assert expected.now(FREE, 20.0) is None
    assert expected.now(Expectation("yes_no"), 1.0) == {"zh": ("确认",)}
    assert expected.now(Expectation("yes_no"), 4.0) == USUAL
    assert expected.now(Expectation("choice", choices=("退款", "换货")), 1.0) == {"zh": ("第一个", "退款", "换货")}

"""The READs that a language model may ask for, and the one way in which it may propose a service.

A customer's own orders only, under the rules of every skill: the list needs a sign-in, a number of someone else's gets
the words of one that does not exist. There is no WRITE here, and none can be reached from here: ``start_service`` only
begins the skill that serves a request, which reads back and waits for the customer's yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from dialogue import phrasing
from dialogue.generation.answer import Proposal, Results, Tool
from dialogue.generation.facts import card_facts, hit_facts, quoted
from dialogue.generation.guard import Fact
from dialogue.goods import facts as goods
from dialogue.shop.types import Order, Product
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context
from dialogue.skills.order_status import sentences

PROPOSED = "proposal"
"""``Parse.classifier`` of a request that a model proposed."""
FOUND = 4
ORDERS = 5
_WORDS = Annotated[str, Field(min_length=1, max_length=100)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Arguments):
    """Something to look for."""

    words: _WORDS


class Wanted(_Arguments):
    """Products to look for."""

    words: _WORDS
    max_price: Annotated[Decimal, Field(gt=0, le=10_000_000)] | None = None


class Sku(_Arguments):
    """One product."""

    sku: Annotated[str, Field(min_length=1, max_length=64)]


class Number(_Arguments):
    """One order."""

    order_number: Annotated[str, Field(pattern=r"^#?[A-Za-z0-9-]{4,32}$")]


class Nothing(_Arguments):
    """No arguments."""


class Service(_Arguments):
    """What is to begin."""

    service: Annotated[str, Field(max_length=40)]
    order_number: Annotated[str, Field(pattern=r"^#?[A-Za-z0-9-]{4,32}$")] | None = None


@runtime_checkable
class Sells(Protocol):
    """A back end that has products and orders."""

    async def search_products(self, words: str) -> Sequence[Product]:
        """READ; see ``Shop``."""
        ...

    async def order(self, order_number: str) -> Order | None:
        """READ; see ``Shop``."""
        ...


def tools(context: Context) -> Mapping[str, Tool]:
    """The tools of this turn, by name."""
    reads = _Reads(context)
    found = [Tool("search_knowledge", "Search the shop's help pages and rules.", Words, reads.knowledge)]
    if isinstance(context.backend, Sells):
        found += [
            Tool("search_products", "Search the shop's products by name, kind or use.", Wanted, reads.products),
            Tool("product", "All about one product: attributes, stock, what reviews say.", Sku, reads.product),
            Tool("order", "Status, contents and parcels of one of the customer's orders.", Number, reads.order),
        ]
        if context.state.proof == "token":
            found.append(Tool("my_orders", "The customer's latest orders.", Nothing, reads.orders))
    if context.services and context.state.task is None and context.turn.parse.classifier != PROPOSED:
        services = ", ".join(context.services)
        found.append(Tool("start_service", f"Begin what the customer asks to be done. service is one of: {services}. "
                          "The customer will be asked to confirm.", Service, reads.service))  # fmt: skip
    return {tool.name: tool for tool in found}


@dataclass(frozen=True, slots=True)
class _Reads:
    """The READs of one turn."""

    context: Context

    async def knowledge(self, asked: Words) -> Results:
        """What the help pages say. Raises ``KnowledgeUnavailable``."""
        hits = await self.context.knowledge.search(asked.words, self.context.language, 3)
        return hit_facts([hit for hit in hits if hit.score > 0], self.context.language)

    async def products(self, asked: Wanted) -> Results:
        """Products in short. Raises ``ShopUnavailable``."""
        found = await self.context.shop.search_products(asked.words, max_price=asked.max_price, limit=FOUND)
        return [self._in_short(product) for product in found]

    async def product(self, asked: Sku) -> Results:
        """One product in full. Raises ``ShopUnavailable``."""
        product = await self.context.shop.product(asked.sku)
        if product is None:
            return ()
        facts = [self._in_short(product), self._in_full(product)]
        reviews = await self.context.shop.reviews(product.sku)
        if reviews is not None:
            words = goods.review_words_in((*reviews.praised, *reviews.criticised), self.context.language)
            facts.append(quoted(f"reviews mention: {', '.join(words)}", "shop:reviews"))
        return facts

    async def order(self, asked: Number) -> Results:
        """One of the customer's orders; nothing where it is not theirs. Raises ``ShopUnavailable``."""
        order = await self.context.shop.order(asked.order_number.lstrip("#"))
        if (
            order is None
            or self.context.state.customer_id is None
            or order.customer_id != self.context.state.customer_id
        ):
            return ()
        return self._order(order)

    async def orders(self, asked: Nothing) -> Results:
        """The customer's orders, newest first. Raises ``ShopUnavailable``."""
        customer_id = self.context.state.customer_id
        if customer_id is None or self.context.state.proof != "token":
            return ()
        return [fact for order in await self.context.shop.orders(customer_id, ORDERS) for fact in self._order(order)]

    async def service(self, asked: Service) -> Results:
        """The request for a service of ours; an order only where it is the customer's. Raises ``ShopUnavailable``."""
        if asked.service not in self.context.services:
            return ()
        number = asked.order_number.lstrip("#") if asked.order_number else None
        is_theirs = number is not None and bool(await self.order(Number(order_number=number)))
        return Proposal(asked.service, number if is_theirs else None)

    def _order(self, order: Order) -> list[Fact]:
        told = " ".join(sentences(self.context, order))
        return [Fact(told, "shop:order"), *card_facts((order_card(self.context, order),))]

    def _in_short(self, product: Product) -> Fact:
        language = self.context.language
        name, price = phrasing.line_name(product, language), phrasing.money(product.price, language)
        there = _STOCK[language][product.stock > 0]
        text = f"{name}（sku {product.sku}）价格{price}，{there}。" if language == "zh" else (
            f"{name} (sku {product.sku}) costs {price} and is {there}."
        )  # fmt: skip
        return Fact(text, "shop:product")

    def _in_full(self, product: Product) -> Fact:
        language = self.context.language
        pairs = [
            f"{goods.name_in(name, language)}: {goods.value_in(value, language)}"
            for name, value in product.attributes.items()
            if name not in goods.HIDDEN
        ]
        warranty = (
            f"保修{product.warranty_months}个月" if language == "zh" else f"warranty {product.warranty_months} months"
        )
        fixed = [warranty] if product.warranty_months else []
        described = quoted(product.description, "").text if language == "zh" else ""
        name = phrasing.line_name(product, language)
        return Fact(f"{name}: {'; '.join((*pairs, *fixed))}. {described}".strip(), "shop:product")


_STOCK: Mapping[str, Any] = {"zh": {True: "有货", False: "缺货"}, "en": {True: "in stock", False: "out of stock"}}

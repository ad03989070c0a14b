"""Products: what a product is, whether it is in stock, and what to buy. Every fact comes from the catalogue."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from dialogue import cues, phrasing
from dialogue.shop.types import Product
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.types import Asked, TaskEnded
from nlu.types import Expectation

SHOWN = 3
_NOISE = re.compile(
    r"请问|你们|您们|有没有|有吗|还有|推荐|介绍|一下|一款|一个|几款|几个|什么|哪(个|款|种|些)|想买|想要|我想|我要|给我|帮我|能不能|可以|适合"
    r"|现货|库存|有货|没货|缺货|多少钱|价格|怎么样|好不好|吗|呢|吧|的|了|这(个|款)|那(个|款)|是|买|左右|以内|以下|之内|块钱|元|块"
    r"|保修|材质|颜色|尺寸|规格|[?？。，,.!！]"
    r"|\b(do|you|have|any|the|a|an|is|are|in|stock|please|can|could|recommend|suggest|me|some|something|i|want|need|looking|for|to"
    r"|buy|what|which|how|much|good|best|under|below|less|than|yuan|price|of|your|it|there|still|available|about|tell|got|warranty|does)\b",
    re.IGNORECASE,
)
_BUDGET = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:元|块|yuan|rmb)?\s*(?:以内|以下|之内|左右)|(?:under|below|less than)\s*¥?(\d+(?:\.\d+)?)",
    re.I,
)


class Products:
    """Answers questions on the catalogue."""

    name = "products"
    intents = ("product_question", "recommend", "stock", "price_question", "size_advice")
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Search, then tell; ask once when nothing says what is wanted."""
        words, budget = wanted(context)
        task = context.task_of(self.name)
        if not words or context.resumed:
            for event in (*context.open_task(self.name, {}, "words"), Asked(Expectation("free"))):
                yield event
            yield context.reply(context.say("products.ask"), suggestions=context.suggest("recommend_gift", "human"))
            return
        wants_stock = context.turn.parse.intent in {"stock", "recommend"} or task is not None
        found = await context.shop.search_products(
            words, max_price=budget, in_stock=context.turn.parse.intent == "recommend", limit=SHOWN
        )
        if task is not None:
            yield TaskEnded("done")
        if not found and context.turn.parse.intent == "product_question":
            async for item in answer(context):
                yield item
            return
        yield self._told(context, found, words, wants_stock=wants_stock)

    def _told(self, context: Context, found: Sequence[Product], words: str, *, wants_stock: bool) -> Item:
        if not found:
            return context.reply(
                context.say("products.none", words=words), suggestions=context.suggest("recommend", "human")
            )
        first = found[0]
        fields = {
            "name": phrasing.line_name(first, context.language),
            "price": phrasing.money(first.price, context.language),
        }
        match context.turn.parse.intent:
            case "recommend":
                text = context.wording.join(
                    context.say("products.recommend", **fields), _why(context, first), _also(context, found[1:])
                )
            case "stock":
                text = context.say("products.in_stock" if first.stock > 0 else "products.out_of_stock", **fields)
            case _:
                text = context.wording.join(context.say("products.about", **fields), _details(context, first))
        cards = tuple(product_card(context, product) for product in found)
        return context.reply(text, cards=cards, suggestions=context.suggest("stock"), sources=("shop:product",))


def wanted(context: Context) -> tuple[str, Decimal | None]:
    """Search words and the most the customer wants to pay, in yuan."""
    text = context.text
    budget = next((Decimal(value) for match in _BUDGET.finditer(text) for value in match.groups() if value), None)
    if budget is None and (amount := context.turn.parse.slot("amount")):
        budget = Decimal(str(amount.value))
    slot = context.turn.parse.slot("product")
    words = str(slot.value) if slot else _NOISE.sub(" ", _BUDGET.sub(" ", text))
    return " ".join(words.split()), budget


def _why(context: Context, product: Product) -> str:
    """The reason for recommending it, from the catalogue."""
    if context.language == "zh" and product.attributes:
        name, value = next(iter(product.attributes.items()))
        return context.say("products.why_attribute", name=name, value=value)
    return context.say("products.why_stock")


def _also(context: Context, others: Sequence[Product]) -> str:
    if not others:
        return ""
    names = [phrasing.line_name(product, context.language) for product in others]
    return context.say("products.also", names=phrasing.listing(names, context.language))


def _details(context: Context, product: Product) -> str:
    """What was asked of the product: warranty, an attribute it names, else stock."""
    text = context.text
    if re.search(r"保修|质保|warranty|guarantee", text, re.IGNORECASE):
        key = "products.warranty" if product.warranty_months else "products.no_warranty"
        return context.say(key, months=product.warranty_months)
    if context.language == "zh":
        for name, value in product.attributes.items():
            if name in text or cues.overlap(text, name) >= 0.5:
                return context.say("products.attribute", name=name, value=value)
        listed = "，".join(f"{name}{value}" for name, value in list(product.attributes.items())[:2])
        if listed:
            return context.say("products.attributes", listed=listed)
    return context.say("products.stocked" if product.stock > 0 else "products.sold_out")

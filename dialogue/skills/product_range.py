"""What there is of a kind of goods: in how many versions it comes, what can be chosen, the cheapest and the dearest."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence

from dialogue import phrasing
from dialogue.shop.types import Product
from dialogue.skills import line_words
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.mentions import mentions
from dialogue.skills.option_values import values_in
from dialogue.skills.products import Products
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

_COUNT = re.compile(
    r"\bhow many\b[^.?!]{0,40}\b(?:options?|variants?|versions?|kinds?|types?|styles?|colou?rs?|sizes?|models?)\b"
    r"|(?:几|多少)(?:种|款|个)(?:颜色|款式?|规格|型号|尺码|版本)?.{0,6}(?:可选|可以选|选择|有)|有(?:几|多少)(?:种|款)",
    re.IGNORECASE,
)
_CHEAPEST = re.compile(r"\b(?:cheapest|least expensive|lowest[- ]priced?)\b|最便宜|最低价", re.IGNORECASE)
_DEAREST = re.compile(r"\b(?:most expensive|priciest|highest[- ]priced?)\b|最贵", re.IGNORECASE)
_OPTIONS = re.compile(
    r"\b(?:what|which|all|list)\b[^.?!]{0,40}\b(?:options|variants|versions)\b|有哪些(?:规格|款式|版本|选择|可选)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:what|which|how|know|tell|list|is there|are there|find out|check|see)\b|\?|？|多少|哪|几|什么", re.IGNORECASE
)
_ACTS = re.compile(
    r"\b(?:exchang|chang|modif|swap|switch|replac|upgrad|return|refund|cancel|order the|buy)\w*\b|换|改|退|买|下单",
    re.IGNORECASE,
)
_BY_LINES = frozenset({"returns", "modify_order"})
"""Skills that read options and "the cheapest" as the wish they wait for."""
_FOUND, _SHOWN = 8, 5


class ProductRange:
    """Answers questions on the versions of a product."""

    name = "product_range"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether the versions of something are asked for, and nothing is to be done with it."""
        text = parse.normalized or parse.text
        if _ACTS.search(text) or not _ASKS.search(text):
            return False
        if state.task is not None and state.task.skill in _BY_LINES:
            return bool(_COUNT.search(text))
        return any(pattern.search(text) for pattern in (_COUNT, _CHEAPEST, _DEAREST, _OPTIONS))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One answer; a product without versions is told of as any other. Raises ``ShopUnavailable``."""
        family = await self._family(context)
        if len(family) < 2:
            async for item in Products().run(context):
                yield item
            return
        if context.state.task is None:  # "my current one" is of this kind from now on
            for event in (*context.open_task(self.name, {"product": family[0].sku}), TaskEnded("done")):
                yield event
        yield self._answer(context, family)

    async def _family(self, context: Context) -> tuple[Product, ...]:
        """All versions of what the words name."""
        text = context.turn.parse.text
        slot = context.turn.parse.slot("product")
        for words in (text, str(slot.value) if slot else "", *_known(context, text)):
            found = await context.shop.search_products(words, limit=_FOUND) if words else ()
            names = {name: product for product in found for name in (product.name, product.name_en) if name}
            if named := mentions(text, tuple(names)):
                return await context.shop.variants(names[named[0].names[0]].sku)
        return ()

    def _answer(self, context: Context, family: Sequence[Product]) -> Item:
        text = context.turn.parse.text
        there = [product for product in family if product.stock > 0]
        wanted = self._wanted(text, there)
        name = phrasing.line_name(family[0], context.language)
        if not there or not wanted:
            return context.reply(context.say("product_range.none", name=name))
        for pattern, key, best in ((_CHEAPEST, "cheapest", min), (_DEAREST, "dearest", max)):
            if pattern.search(text):
                product = best(wanted, key=lambda each: each.price)
                said = context.say(
                    f"product_range.{key}",
                    name=name,
                    price=phrasing.money(product.price, context.language),
                    options=_named(context, product),
                )
                return context.reply(said, cards=(product_card(context, product),), sources=("shop:product",))
        said = context.say("product_range.count", name=name, count=len(wanted))
        gone = len(family) - len(there)
        more = context.say("product_range.gone", count=gone) if gone and len(wanted) == len(there) else ""
        shown = "" if _COUNT.search(text) and not _OPTIONS.search(text) else self._listing(context, wanted)
        return context.reply(said, more, shown, sources=("shop:product",))

    def _wanted(self, text: str, products: Sequence[Product]) -> list[Product]:
        """Those with the option values that the words name."""
        values: dict[str, list[str]] = {}
        for product in products:
            for option, value in product.attributes.items():
                values.setdefault(option, []).append(value)
        named: dict[str, set[str]] = {}
        for found in values_in(text, {option: sorted(set(known)) for option, known in values.items()}):
            if found.kind == "want":
                named.setdefault(found.option, set()).add(found.value)
        return [each for each in products if all(each.attributes.get(name) in told for name, told in named.items())]

    def _listing(self, context: Context, products: Sequence[Product]) -> str:
        cheapest = sorted(products, key=lambda each: each.price)[:_SHOWN]
        parts = context.say("list.separator").join(line_words.priced(context, each) for each in cheapest)
        return context.say("product_range.listing", listing=parts)


def _known(context: Context, text: str) -> tuple[str, ...]:
    """Names of the catalogue that the words hold in other letters: tshirts for T-Shirt."""
    return tuple(name for mention in mentions(text, tuple(context.catalogue)) for name in mention.names)


def _named(context: Context, product: Product) -> str:
    """Every option with its name."""
    return ("，" if context.language == "zh" else ", ").join(
        f"{name} {value}" for name, value in product.attributes.items()
    )

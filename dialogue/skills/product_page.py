"""What the page of a product says at length: gifts, installation and its cost, materials, repair, fault codes; and
several products side by side.

    which product? named, linked, talked about, or one of the customer's own orders (我刚买的热水器)
    its page says it -> the sentences that fit the question
    it does not      -> the knowledge base, as for any question
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence

from dialogue import cues, phrasing
from dialogue.goods import pages
from dialogue.goods.facts import HIDDEN
from dialogue.shop.types import Order, Product
from dialogue.skills import which_product
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer as answer_from_knowledge
from dialogue.skills.order_words import described
from dialogue.skills.product_answers import about, name_of
from dialogue.skills.purchase_words import wants_to_order
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

MOST_COMPARED, MOST_TOLD = 5, 3
TOLD_ROWS = 4
TOLD_CHARS, TOLD_CHARS_ALOUD = 220, 80
"""Characters of a page that are told at once."""
_COMPARES = re.compile(
    r"区别|差异|差别|对比|比较|不同|不一样|筛选|哪(?:个|款|一款|一个)(?:更|最|比较)"
    r"|\b(?:compare|difference|versus|which one)\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"我.{0,6}(?:买|购|下单|订|收)|订单|这款|这个|该|此|\b(?:my (?:order|purchase|item|product)|i bought|i ordered)\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"这(?:两|几|三|四|五|些)|分别|各自|\b(?:these|each)\b", re.IGNORECASE)
_PAGE = re.compile(
    r"价格|多少钱|什么价|参数|功能|特点|详细|具体信息|介绍|\b(?:price|how much|details?|features?|specs?)\b",
    re.IGNORECASE,
)
"""What a product with its number is asked about in general."""
_WISHES = re.compile(r"预约|退货|换货|取消|开.{0,4}发票|加急|下单|\b(?:book|return|exchange|cancel)\b", re.IGNORECASE)


class ProductPage:
    """Answers from the long parts of a product's page."""

    name = "product_page"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a page part is asked of a product that is known, or several products are to be compared."""
        text = parse.normalized or parse.text
        skus = [slot for slot in parse.slots if slot.name == "sku"]
        if wants_to_order(text) or _WISHES.search(text):
            return len(skus) > 1 and bool(_COMPARES.search(text))
        if len(skus) > 1 or (skus and _PAGE.search(text)):
            return True
        if parse.intent == "recommend" or not pages.asked(text):
            return False
        if state.task is not None and state.expectation.kind in {"free", "address"} and state.task.step is not None:
            return False
        return bool(skus) or state.last_product is not None or (state.proof == "token" and bool(_OWN.search(text)))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        products = await self._named(context)
        if len(products) > 1:
            for item in self._compared(context, products[:MOST_COMPARED]):
                yield item
            return
        found = products or await self._meant(context)
        told = {product.sku: self._told(context, product, len(found)) for product in found}
        if not any(told.values()):
            async for item in answer_from_knowledge(context):
                yield item
            return
        skus = list(told)
        known = set(skus) <= set(context.state.last_products)
        shown = {"product": skus[0]} if known else {"products": skus}
        for event in (*context.open_task(self.name, shown), TaskEnded("done")):
            yield event
        yield context.reply(
            *(sentence for sentences in told.values() for sentence in sentences),
            cards=tuple(product_card(context, product) for product in found),
            suggestions=context.suggest("human"),
            sources=("shop:product",),
        )

    def _told(self, context: Context, product: Product, count: int) -> tuple[str, ...]:
        """Price and facts where they were asked, then the parts of the page; nothing where it does not say."""
        text, name = context.text, name_of(context, product)
        facts = about(context, product).sentences if _PAGE.search(text) else ()
        room = _room(context) // max(1, count, len(pages.asked(text)))
        parts = [pages.excerpt(product, part, text, room) for part in pages.asked(text)]
        return (*facts, *(context.say("pages.says", name=name, part=part) for part in parts if part))

    async def _named(self, context: Context) -> list[Product]:
        skus = dict.fromkeys(str(slot.value) for slot in context.turn.parse.slots if slot.name == "sku")
        return [product for sku in skus if (product := await context.shop.product(sku)) is not None]

    async def _meant(self, context: Context) -> list[Product]:
        """The products talked about, or the thing in an order of theirs that the words mean."""
        state = context.state
        if state.proof == "token" and state.customer_id and (own := await self._own(context, state.customer_id)):
            return [own]
        skus = state.last_products[:MOST_TOLD] if _EACH.search(context.text) else (state.last_product,)
        return [product for sku in skus if sku and (product := await context.shop.product(sku)) is not None]

    async def _own(self, context: Context, customer_id: str) -> Product | None:
        """Of their orders the one that is described or numbered; its line that the words mention, or its only one."""
        orders = await context.shop.orders(customer_id, 20)
        slot = context.turn.parse.slot("order_number")
        meant = [order for order in orders if slot is not None and order.order_number == slot.value]
        meant = meant or list(described(context.text, orders))
        if not meant or (context.state.last_product and slot is None and which_product.points(context.text)):
            return None
        line = _line_meant(meant[0], context.text)
        return await context.shop.product(line) if line else None

    def _compared(self, context: Context, products: Sequence[Product]) -> tuple[Item, ...]:
        """Price and what differs, one sentence each, and all of them shown."""
        skus = [product.sku for product in products]
        told = [_in_short(context, product, _differing(products)) for product in products]
        cards = tuple(product_card(context, product) for product in products)
        return (
            *context.open_task(self.name, {"products": skus}),
            TaskEnded("done"),
            context.reply(
                context.say("pages.compared", listing=context.say("list.separator").join(told)),
                cards=cards,
                sources=("shop:product",),
            ),
        )


def _line_meant(order: Order, text: str) -> str | None:
    named = [line.sku for line in order.lines if cues.mentions(text, line.name) or cues.mentions(text, line.name_en)]
    skus = named or [line.sku for line in order.lines]
    return skus[0] if skus else None


def _differing(products: Sequence[Product]) -> list[str]:
    """Short attributes in which the products differ, in the order of the pages."""
    names = dict.fromkeys(name for product in products for name in product.attributes)
    return [
        name
        for name in names
        if name not in HIDDEN
        and not pages.is_part(name)
        and len({product.attributes.get(name) for product in products}) > 1
    ][:TOLD_ROWS]


def _in_short(context: Context, product: Product, names: Sequence[str]) -> str:
    said = [product.attributes[name] for name in names if product.attributes.get(name)]
    price = phrasing.money(product.price, context.language)
    return context.say(
        "pages.row", name=name_of(context, product), price=price, facts=phrasing.clauses(said, context.language)
    )


def _room(context: Context) -> int:
    return TOLD_CHARS_ALOUD if context.turn.modality == "voice" else TOLD_CHARS

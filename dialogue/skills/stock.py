"""Whether goods are there, in the size or colour asked for; when they are not, a notice and what may stand in."""

from __future__ import annotations

from collections.abc import Sequence

from dialogue import phrasing
from dialogue.shop.types import Product
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.product_answers import name_of
from dialogue.skills.restock import offer_notice
from dialogue.skills.variants import is_option

STAND_INS = 2


async def told(context: Context, products: Sequence[Product], text: str, *, busy: bool) -> tuple[Item, ...]:
    """Events and the reply. ``busy``: another task waits for its answer, so nothing is asked. Raises
    ``ShopUnavailable``."""
    if len(products) > 1:
        return (_list(context, products),)
    product = products[0]
    fields = {"name": name_of(context, product), "price": phrasing.money(product.price, context.language)}
    wish = _wish(context)
    if product.stock > 0:
        variant = _variant(context, product, wish)
        return (
            context.reply(
                variant or context.say("products.in_stock", **fields),
                cards=(product_card(context, product),),
                suggestions=context.suggest("recommend"),
                sources=("shop:product",),
            ),
        )
    related = await context.shop.related(product.sku, "substitute", STAND_INS + 3)
    stand_ins = [entry for entry in related if entry.stock > 0][:STAND_INS]
    lead = [context.say("products.out_of_stock", **fields)]
    if stand_ins:
        listed = [
            context.say(
                "products.stand_in",
                name=name_of(context, entry),
                price=phrasing.money(entry.price, context.language),
                why=entry.reason if context.language == "zh" else entry.reason_en,
            )
            for entry in (stand_ins[:1] if context.turn.modality == "voice" else stand_ins)
        ]
        lead.append(context.say("products.stand_ins", listing=context.say("list.separator").join(listed)))
    cards = tuple(product_card(context, entry) for entry in (product, *stand_ins))
    if busy:
        reply = context.reply(*lead, cards=cards, suggestions=context.suggest("notify"), sources=("shop:product",))
        return (reply,)
    return offer_notice(context, product, lead, cards)


def _list(context: Context, products: Sequence[Product]) -> Item:
    wish = _wish(context)
    fitting = [product for product in products if wish is None or _comes_in(context, product, wish)]
    if not fitting:
        text = context.say("products.none_in", wish=wish)
        return context.reply(text, cards=tuple(product_card(context, p) for p in products), sources=("shop:product",))
    products = fitting
    there = [name_of(context, product) for product in products if product.stock > 0]
    gone = [name_of(context, product) for product in products if product.stock <= 0]
    told = []
    if there:
        told.append(context.say("products.some_in_stock", names=phrasing.listing(there, context.language)))
    if gone:
        told.append(context.say("products.some_gone", names=phrasing.listing(gone, context.language)))
    cards = tuple(product_card(context, product) for product in products)
    return context.reply(*told, cards=cards, suggestions=context.suggest("recommend"), sources=("shop:product",))


def _wish(context: Context) -> str | None:
    slot = context.turn.parse.slot("size") or context.turn.parse.slot("colour")
    return str(slot.value) if slot else None


def _comes_in(context: Context, product: Product, wish: str) -> bool:
    if context.turn.parse.slot("size"):
        return is_option(product, wish) or product.attributes.get("尺码") == wish
    return wish.removesuffix("色") in product.attributes.get("颜色", "")


def _variant(context: Context, product: Product, wish: str | None) -> str:
    """Whether there is one in this size or colour; empty where none was asked for."""
    if wish is None:
        return ""
    name = name_of(context, product)
    if wish.endswith("色") or context.turn.parse.slot("size") is None:
        own = product.attributes.get("颜色")
        key = "colour_there" if own and wish.removesuffix("色") in own else "colour_not" if own else ""
        return context.say(f"products.{key}", name=name, colour=wish, own=own) if key else ""
    own = product.attributes.get("尺码")
    if own is None:
        return ""
    key = "size_there" if is_option(product, wish) or own == wish else "size_not"
    return context.say(f"products.{key}", name=name, size=wish, own=own)

"""What is said of products: price, stock, what a page and its reviews say, two side by side. Facts of the shop only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue import phrasing
from dialogue.goods import facts
from dialogue.goods.compare import Row, side_by_side
from dialogue.shop.types import Product, ReviewSummary
from dialogue.skills.context import Context
from dialogue.types import Card

_YES = "是"
"""The value of an attribute that is a yes: 可上飞机=是."""
TOLD_ROWS, TOLD_ROWS_ALOUD = 4, 2


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences with their cards."""

    sentences: tuple[str, ...]
    known: bool = True
    """False where the page does not say: a person may."""
    cards: tuple[Card, ...] = ()


def price(context: Context, products: Sequence[Product], quantity: int = 1) -> Answer:
    """What they cost; of a single one also its former price, and what several pieces come to."""
    if len(products) > 1:
        listed = [
            context.say("products.name_price", name=name_of(context, product), price=_price(context, product))
            for product in products
        ]
        return Answer((context.say("products.prices", listing=context.say("list.separator").join(listed)),))
    product = products[0]
    told = [context.say("products.costs", name=name_of(context, product), price=_price(context, product))]
    if quantity > 1:
        total = phrasing.money(product.price * quantity, context.language)
        told.append(context.say("products.total", count=quantity, total=total))
    elif product.previous_price and product.previous_price > product.price:
        told.append(context.say("products.was", price=phrasing.money(product.previous_price, context.language)))
    return Answer(tuple(told))


def concept(context: Context, product: Product, asked: facts.Concept, reviews: ReviewSummary | None) -> Answer:
    """What is known of the one thing asked; honest where nothing is."""
    name, found = name_of(context, product), facts.find(asked, product, reviews)
    label = asked.label[context.language]
    if found is None:
        return Answer((context.say("products.not_said", name=name, label=label),), known=False)
    if found.source == "attribute":
        attribute = facts.name_in(found.name, context.language)
        if found.text == _YES:
            return Answer((context.say("products.fact_yes", name=name, label=attribute),))
        value = facts.value_in(found.text, context.language)
        if context.language == "en" and not facts.is_english(value):
            return Answer((context.say("products.page_only", name=name, label=label),), known=False)
        return Answer((context.say("products.fact", name=name, label=attribute, value=value),))
    if found.source == "description":
        if context.language == "en":
            return Answer((context.say("products.page_only", name=name, label=label),), known=False)
        return Answer((context.say("products.page_says", name=name, text=found.text),))
    words = facts.review_words_in(tuple(found.text.split("、")), context.language)
    if not words:
        return Answer((context.say("products.not_said", name=name, label=label),), known=False)
    said = phrasing.listing(words, context.language)
    return Answer((context.say("products.reviewers_say", name=name, words=said),))


def reviews(context: Context, product: Product, summary: ReviewSummary | None) -> Answer:
    """Average, what is praised and what is not."""
    name = name_of(context, product)
    if summary is None:
        return Answer((context.say("products.no_reviews", name=name),), known=False)
    told = [context.say("products.reviews", name=name, count=summary.count, average=f"{summary.average:.1f}")]
    for key, words in (("praised", summary.praised), ("criticised", summary.criticised)):
        said = facts.review_words_in(words, context.language)
        most = 1 if context.turn.modality == "voice" else 3
        if said:
            told.append(context.say(f"products.{key}", words=phrasing.listing(said[:most], context.language)))
    return Answer(tuple(told))


def warranty(context: Context, product: Product) -> Answer:
    """How long, or that there is none."""
    key = "products.warranty" if product.warranty_months else "products.no_warranty"
    return Answer((context.say(key, name=name_of(context, product), months=product.warranty_months),))


def about(context: Context, product: Product) -> Answer:
    """Price, stock and, in writing, what the page says first."""
    told = [context.say("products.about", name=name_of(context, product), price=_price(context, product))]
    attributes = facts.shown(product, 2)
    listed = [
        context.say("products.pair", name=facts.name_in(name, context.language), value=value)
        for name, raw in attributes
        if facts.is_english(value := facts.value_in(raw, context.language)) or context.language == "zh"
    ]
    if listed and context.turn.modality == "text":
        told.append(context.say("products.attributes", listed=phrasing.clauses(listed, context.language)))
    told.append(context.say("products.stocked" if product.stock > 0 else "products.sold_out"))
    return Answer(tuple(told))


def comparison(context: Context, first: Product, second: Product) -> Answer:
    """The difference in price and the attributes that differ; the table of all of them as a card."""
    rows, language = side_by_side(first, second), context.language
    most = TOLD_ROWS_ALOUD if context.turn.modality == "voice" else TOLD_ROWS
    names = name_of(context, first), name_of(context, second)
    told = [
        context.say(
            "products.compare",
            first=names[0],
            second=names[1],
            first_price=_price(context, first),
            second_price=_price(context, second),
        )
    ]
    differing = [row for row in rows if row.differs and _tellable(row, context)][:most]
    if differing:
        listed = [
            context.say(
                "products.compare_row",
                label=facts.name_in(row.name, language),
                first=facts.value_in(row.first or "", language),
                second=facts.value_in(row.second or "", language),
            )
            for row in differing
        ]
        told.append(context.say("products.differ", listing=context.say("list.separator").join(listed)))
    elif not any(row.differs for row in rows):
        told.append(context.say("products.no_difference"))
    return Answer(tuple(told), cards=(_table(context, first, second, rows),))


def name_of(context: Context, product: Product) -> str:
    """The product's name in the conversation's language."""
    return phrasing.line_name(product, context.language)


def _price(context: Context, product: Product) -> str:
    return phrasing.money(product.price, context.language)


def _tellable(row: Row, context: Context) -> bool:
    if context.language == "zh":
        return True
    return all(facts.is_english(facts.value_in(value or "", "en")) for value in (row.first, row.second))


def _table(context: Context, first: Product, second: Product, rows: Sequence[Row]) -> Card:
    language = context.language
    values = [
        {
            "name": facts.name_in(row.name, language),
            "values": [None if value is None else facts.value_in(value, language) for value in (row.first, row.second)],
        }
        for row in rows
    ]
    products = [
        {"sku": p.sku, "name": name_of(context, p), "price": str(p.price), "in_stock": p.stock > 0}
        for p in (first, second)
    ]
    return Card("comparison", {"products": products, "rows": values})

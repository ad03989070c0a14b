"""Which lines of an order are meant: named in the words, or chosen from a list that is read out."""

from __future__ import annotations

from collections.abc import Sequence

from dialogue import cues, phrasing
from dialogue.shop.types import Order, OrderLine, Product
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.orders import numbered
from dialogue.types import Asked
from nlu.types import Expectation

SAME = 0.5
"""Share of words or characters from which a name and what was said are the same thing."""
STEP = "lines"


def ask_lines(
    context: Context, skill: str, draft: Draft, lines: Sequence[OrderLine], key: str, *, several: bool
) -> tuple[Item, ...]:
    """Ask which of ``lines``; ``key``: the words, with ``listing``; ``several``: all of them may be meant."""
    names = tuple(phrasing.line_name(line, context.language) for line in lines)
    draft["lines"] = [line.sku for line in lines]
    offered = (*names, *(context.suggest("all") if several else ()))
    return (
        *context.open_task(skill, draft, STEP),
        Asked(Expectation("choice", choices=offered)),
        context.reply(context.say(key, listing=numbered(context, names)), suggestions=offered),
    )


def read_chosen(context: Context, draft: Draft, *, several: bool) -> None:
    """Which of the offered lines the customer picked."""
    skus, names = draft.get("lines", []), context.state.expectation.choices
    if several and cues.wants_all(context.text):
        draft["skus"] = list(skus)
    elif (picked := cues.chosen(context.text, names)) is not None:
        draft["skus"] = [skus[picked]] if picked < len(skus) else list(skus)


def read_named(context: Context, draft: Draft, order: Order) -> None:
    """Lines that the customer named before being asked."""
    slot = context.turn.parse.slot("product")
    words = draft.get("about") or (slot.raw if slot else None)
    if context.resumed:
        return
    said = f"{words or ''} {context.text}"
    named = [line.sku for line in order.lines if words and is_same(str(words), line)]
    named = named or [
        line.sku for line in order.lines if any(cues.mentions(said, name) for name in (line.name, line.name_en))
    ]
    if named:
        draft["skus"] = named


def is_same(words: str, line: OrderLine) -> bool:
    """Whether the words name the thing in this line."""
    return max(cues.overlap(words, line.name), cues.overlap(words, line.name_en)) >= SAME


async def products_of(context: Context, order: Order) -> dict[str, Product]:
    """Today's products of the order's lines, by sku; those that left the catalogue are not there."""
    found = [await context.shop.product(line.sku) for line in order.lines]
    return {product.sku: product for product in found if product is not None}

"""Suggestions in words: name, price, and why."""

from __future__ import annotations

from dialogue import phrasing
from dialogue.goods.suggest import Reason, Suggestion
from dialogue.goods.uses import uses
from dialogue.shop.types import Product, RelatedProduct
from dialogue.skills.context import Context
from dialogue.skills.product_answers import name_of


def first(context: Context, entry: Suggestion) -> str:
    """The best suggestion, with its two strongest reasons; aloud with one."""
    fields = {"name": name_of(context, entry.product), "price": phrasing.money(entry.product.price, context.language)}
    most = 1 if context.turn.modality == "voice" else 2
    why = phrasing.clauses(
        [_reason(context, entry.product, reason) for reason in entry.reasons[:most]], context.language
    )
    return context.say("recommend.first", why=why, **fields)


def other(context: Context, entry: Suggestion) -> str:
    """Another suggestion, with its strongest reason."""
    fields = {"name": name_of(context, entry.product), "price": phrasing.money(entry.product.price, context.language)}
    return context.say("recommend.other", why=_reason(context, entry.product, entry.reasons[0]), **fields)


def _reason(context: Context, product: Product, reason: Reason) -> str:
    match reason.kind:
        case "use":
            return uses()[reason.value].why[context.language]
        case "attribute":
            if context.language == "en":
                return context.say("recommend.why.stock")
            name, _, value = reason.value.partition("=")
            return context.say("recommend.why.attribute", name=name, value=value)
        case "price":
            return context.say("recommend.why.stock")
        case "belongs":
            return reason.value
        case _:
            return context.say(f"recommend.why.{reason.kind}", value=reason.value)


def why_related(context: Context, entry: RelatedProduct) -> str:
    """The catalogue's reason to name it beside another."""
    return entry.reason if context.language == "zh" else entry.reason_en

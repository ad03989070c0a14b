"""What ``LineChanges`` asks: which line, which variant, how it is paid; and what it says to a rule that forbids it."""

from __future__ import annotations

import re

from dialogue import phrasing
from dialogue.shop import change_rules
from dialogue.shop.types import Order, OrderLine, Product
from dialogue.skills import line_words, paying
from dialogue.skills.confirm import refusal as rule_words
from dialogue.skills.context import Context, Item
from dialogue.skills.line_account import Account
from dialogue.skills.line_draft import Entry, Work
from dialogue.skills.line_reading import Owned
from dialogue.skills.line_verbs import Verb
from dialogue.skills.options import Fit, fit, read_wish
from dialogue.skills.orders import numbered
from dialogue.types import Asked
from nlu.types import Expectation

_BUT = re.compile(r"\b(?:but|with|in)\b|但|不过", re.IGNORECASE)
"""What follows "the same": something that is to differ, though it is no option there is."""


def which_line(context: Context, skill: str, account: Account, work: Work) -> tuple[Item, ...]:
    """One name fits several lines."""
    pick = work.open_picks[0]
    lines = [Owned(account.order(number), account.line(number, sku)) for number, sku in pick.lines]
    labels = tuple(line_words.with_order(context, each) for each in lines[: line_words.SHOWN])
    return (
        *context.open_task(skill, work.draft(), "lines"),
        Asked(Expectation("choice", choices=labels)),
        context.reply(context.say("lines.which_line", listing=numbered(context, labels)), suggestions=labels),
    )


def which_goods(context: Context, skill: str, work: Work, verb: Verb) -> tuple[Item, ...]:
    """Nothing was named."""
    key = f"lines.which_goods.{verb}"
    return (
        *context.open_task(skill, work.draft(), "which"),
        Asked(Expectation("free")),
        context.reply(context.say(key), suggestions=context.suggest("human")),
    )


async def which_variant(
    context: Context, skill: str, account: Account, work: Work, entry: Entry, lead: str
) -> tuple[Item, ...]:
    """Settle ``entry.new_sku``; the question where the wish is not clear or cannot be met."""
    line = account.line(entry.order, entry.sku)
    variants = await account.variants(entry.sku)
    current = next((each for each in variants if each.sku == entry.sku), None) or _as_product(line)
    renew = entry.kind == "exchange" and context.shop.policies.changes.renew
    if entry.target is not None:
        target = next((each for each in variants if each.sku == entry.target), None)
        if target is not None and target.stock > 0:
            entry.new_sku = target.sku
            return ()
        entry.target = None
        return _offer(context, skill, work, entry, line, _in_stock(variants, entry), "lines.no_such", lead)
    wish = read_wish(entry.wish, current.attributes, variants)
    if wish.is_empty and not (renew and wish.rest == "same"):
        key = "lines.ask_variant" if not entry.wish.strip(" .") else "lines.no_such"
        if wish.rest == "same" and not renew and not _BUT.search(entry.wish):
            key = "lines.not_the_same"
        return _offer(context, skill, work, entry, line, _in_stock(variants, entry), key, lead)
    found = Fit(best=current) if wish.is_empty else fit(wish, current, variants, same_too=renew)
    if found.best is not None:
        entry.new_sku = found.best.sku
        return ()
    if not found.missing and len(found.others) == 1:
        entry.new_sku = found.others[0].sku
        return ()
    key = "lines.no_such" if found.missing else "lines.not_otherwise" if wish.rest == "near" else "lines.several"
    return _offer(context, skill, work, entry, line, found.others, key, lead)


def _offer(
    context: Context,
    skill: str,
    work: Work,
    entry: Entry,
    line: OrderLine,
    products: tuple[Product, ...],
    key: str,
    lead: str,
) -> tuple[Item, ...]:
    shown = products[: line_words.SHOWN]
    entry.offered = [product.sku for product in shown]
    labels = tuple(line_words.priced(context, product) for product in shown)
    more = len(products) - len(shown)
    listing = numbered(context, labels) + (context.say("lines.and_more", count=more) if more > 0 else "")
    text = context.say(key if shown else "lines.sold_out", what=line_words.called(context, line), listing=listing)
    return (
        *context.open_task(skill, work.draft(), "variant" if shown else "wish"),
        Asked(Expectation("choice", choices=labels) if shown else Expectation("free")),
        context.reply(lead, text, suggestions=labels),
    )


def which_method(
    context: Context, skill: str, account: Account, work: Work, order: Order, kind: str, lead: str, why: str
) -> tuple[Item, ...]:
    """How a difference is settled, or where the money goes."""
    methods = paying.offered(order, account.methods)
    if kind == "return":
        policies = context.shop.policies
        methods = tuple(
            each
            for each in methods
            if change_rules.why_not_refund_to(order, account.methods, each.method_id, policies=policies) is None
        )
    work.method, work.no_such_method = None, None
    labels = tuple(paying.label(context, method) for method in methods)
    listing = phrasing.listing(labels, context.language)
    ask = context.say(f"lines.pay.{'refund' if kind == 'return' else 'difference'}", listing=listing)
    return (
        *context.open_task(skill, work.draft(), "method"),
        Asked(Expectation("choice", slot="payment_method", choices=labels)),
        context.reply(lead, why, ask, suggestions=labels),
    )


def why_not(context: Context, account: Account, entry: Entry, rule: str) -> str:
    """Why a line stays as it is, and what is possible instead."""
    line, order = account.line(entry.order, entry.sku), account.order(entry.order)
    key = f"lines.refused.{entry.kind}.{rule}"
    if rule == "not_delivered" and change_rules.why_not_before_shipping(order) is None:
        key += ".can_cancel"
    what = line_words.called(context, line)
    if context.wording.has(key):
        return context.say(key, what=what, number=entry.order)
    return context.say("lines.refused.other", what=what, number=entry.order, why=rule_words(context, rule))


def _in_stock(variants: tuple[Product, ...], entry: Entry) -> tuple[Product, ...]:
    found = [each for each in variants if each.stock > 0 and each.sku != entry.sku]
    return tuple(sorted(found, key=lambda each: each.price))


def _as_product(line: OrderLine) -> Product:
    """What was bought, where it is no longer sold."""
    return Product(
        line.sku, line.name, line.name_en, line.category or "", line.unit_price, 0, line.returnable, 0,
        dict(line.options), "", family=line.family,
    )  # fmt: skip

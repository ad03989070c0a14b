"""Places an order by dialogue: what, how many, paid how, read back, one WRITE.

items? asked which one -> there? -> payment? asked where there are several ways
                                  -> enough on it? -> read back -> yes: place_order
                                       no: what is missing; another way may be named

Only a customer who has signed in orders: whoever knows an order number and a phone is not let near a wallet.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

from dialogue import phrasing
from dialogue.shop import order_rules
from dialogue.shop.search import rank
from dialogue.shop.types import PaymentMethod, Product
from dialogue.skills import paying, which_product
from dialogue.skills.cards import product_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context
from dialogue.skills.context import Item as Yielded
from dialogue.skills.order_write import refused_task, step_of
from dialogue.skills.orders import numbered
from dialogue.skills.product_answers import name_of
from dialogue.skills.purchase_words import items_in, picked, quantity_in, wants_to_order
from dialogue.state import DECLINED, DialogueState
from dialogue.types import Asked, TaskEnded, TaskUpdated
from nlu.types import Expectation, Parse, Slot

Draft = dict[str, Any]
PAYMENT = "payment"
_OURS = 0.6
"""Score of a candidate from which on something of the shop was named."""
_WHY = re.compile(r"为什么|为啥|原因|怎么(?:会|不行|买不了)|\bwhy\b", re.IGNORECASE)
_POINTS = re.compile(r"来|这|那|它|该|此|第|最|下单|购买|\b(?:it|this|that|one)\b", re.IGNORECASE)


class Purchase:
    """Orders goods for the customer."""

    name = "purchase"
    intents: tuple[str, ...] = ()
    writes = True

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether goods that are known are to be ordered now."""
        text = parse.normalized or parse.text
        if state.task is not None and state.task.skill == self.name and state.task.step in {PAYMENT, DECLINED}:
            return bool(_WHY.search(text)) or paying.kind_in(text) is not None or wants_to_order(text)
        if state.task is not None and state.task.skill == self.name and state.task.step == CONFIRM:
            return paying.kind_in(text) is not None
        known = parse.slot("sku") or parse.slot("product") or (state.last_product and _POINTS.search(text))
        return bool(known) and wants_to_order(text)

    async def run(self, context: Context) -> AsyncIterator[Yielded]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft: Draft = context.draft(self.name)
        if context.state.proof != "token" or context.state.customer_id is None:
            for item in (*refused_task(context, self.name, draft), context.reply(context.say("purchase.sign_in"))):
                yield item
            return
        if context.resumed and draft.get("tried"):
            yield TaskEnded("refused")  # the customer went elsewhere after the refusal: nothing to come back to
            return
        methods = await context.shop.payment_methods(context.state.customer_id)
        changed = await self._read(context, draft, methods)
        answer = None if changed else verdict(context, self.name)
        if answer == "yes":
            async for item in self._submit(context, draft):
                yield item
            return
        items = withdraw(context) if answer == "no" else await self._advance(context, draft, methods)
        for item in items:
            yield item

    async def _submit(self, context: Context, draft: Draft) -> AsyncIterator[Yielded]:
        arguments = {
            "customer_id": context.state.customer_id,
            "items": [list(item) for item in draft["items"]],
            "payment_method": draft["method"],
        }
        async for item in submit(context, self.name, "place_order", arguments):
            if item == TaskEnded("done") and (number := await self._newest(context)):
                yield TaskUpdated({"order": number}, CONFIRM)
            yield item

    async def _newest(self, context: Context) -> str | None:
        """The order that has just been placed, to talk on about."""
        orders = await context.shop.orders(context.state.customer_id or "", 1)
        return orders[0].order_number if orders else None

    async def _read(self, context: Context, draft: Draft, methods: Sequence[PaymentMethod]) -> bool:
        """Goods and payment from the words; True when what was read back has changed."""
        before = (draft.get("items"), draft.get("method"))
        if not context.resumed:
            await self._read_items(context, draft)
            named = [each for each in paying.method_in(context.text, methods) if isinstance(each, PaymentMethod)]
            if len(named) == 1:
                draft["method"] = named[0].method_id
        return step_of(context, self.name) == CONFIRM and before != (draft.get("items"), draft.get("method"))

    async def _read_items(self, context: Context, draft: Draft) -> None:
        said = items_in(context.turn.parse, context.text)
        if said:
            draft["items"] = [[item.sku, item.quantity] for item in said]
            return
        product = await which_product.chosen(context, draft)
        if product is None and "items" not in draft:
            meant = await self._meant(context)
            product = meant[0] if len(meant) == 1 else None
            draft["alike"] = [one.sku for one in meant] if len(meant) > 1 else []
        if product is not None:
            quantity = draft.pop("quantity", None) or quantity_in(context.text)
            for name in ("choices", "alike"):
                draft.pop(name, None)
            draft["items"] = [[product.sku, quantity]]

    async def _meant(self, context: Context) -> tuple[Product, ...]:
        """The product that the words point at, of those shown before where they fit, else of the catalogue; several
        where they fit equally well."""
        text = context.text
        shown = [one for sku in context.state.last_products if (one := await context.shop.product(sku))]
        if (product := picked(text, shown)) is not None:
            return (product,)
        words = which_product.search_words(text)
        if len(shown) > 1 and words and (fitting := rank(words, shown, 2)):
            return fitting[:1]
        if not (shown and which_product.points(text)):
            for named in [slot for slot in context.turn.parse.slots if slot.name == "product"]:
                meant = which_product.Meant(())
                if await _is_ours(context, named):
                    meant = await which_product.find(context, str(named.value))
                if meant.products:
                    return meant.several or meant.products[:1]
        last = await context.shop.product(context.state.last_product) if context.state.last_product else None
        return (last,) if last else ()

    async def _advance(self, context: Context, draft: Draft, methods: Sequence[PaymentMethod]) -> tuple[Yielded, ...]:
        if not draft.get("items") and draft.get("alike"):
            alike = [one for sku in draft["alike"] if (one := await context.shop.product(sku)) is not None]
            draft["quantity"] = quantity_in(context.text)
            return which_product.ask_which(context, self.name, draft, alike)
        if not draft.get("items"):
            return (
                *context.open_task(self.name, draft, "words"),
                Asked(Expectation("free", slot="product")),
                context.reply(context.say("purchase.ask_product"), suggestions=context.suggest("recommend")),
            )
        wanted = [(await context.shop.product(sku), int(count)) for sku, count in draft["items"]]
        rule = order_rules.why_not_order(wanted, policies=context.shop.policies)
        if rule is not None:
            names = phrasing.listing([name_of(context, one) for one, _ in wanted if one], context.language)
            reply = context.reply(
                context.say(f"purchase.refused.{rule}", names=names), suggestions=context.suggest("human")
            )
            return (*refused_task(context, self.name, draft), reply)
        goods = [(product, count) for product, count in wanted if product is not None]
        draft["products"] = [product.sku for product, _ in goods]
        total = order_rules.total(goods)
        if len(methods) == 1:
            draft.setdefault("method", methods[0].method_id)
        method = next((one for one in methods if one.method_id == draft.get("method")), None)
        tried = next((one for one in methods if one.method_id == draft.get("tried")), None)
        if method is None and tried is not None:
            method = tried if order_rules.why_not_pay(tried, total) is None else None
            if method is None and _WHY.search(context.text):
                return self._too_little(context, draft, methods, tried, total)
        if method is None:
            return self._ask_payment(context, draft, methods, goods, total)
        if order_rules.why_not_pay(method, total) is not None:
            return self._too_little(context, draft, methods, method, total)
        draft["method"] = method.method_id
        draft.pop("tried", None)
        return await self._read_back(context, draft, goods, method, total)

    def _ask_payment(
        self,
        context: Context,
        draft: Draft,
        methods: Sequence[PaymentMethod],
        goods: Sequence[tuple[Product, int]],
        total: Decimal,
    ) -> tuple[Yielded, ...]:
        labels = _labels(context, methods)
        amount = phrasing.money(total, context.language)
        text = context.say(
            "purchase.ask_payment", what=_what(context, goods), amount=amount, listing=numbered(context, labels)
        )
        return self._payment(context, draft, labels, text)

    def _too_little(
        self,
        context: Context,
        draft: Draft,
        methods: Sequence[PaymentMethod],
        method: PaymentMethod,
        total: Decimal,
    ) -> tuple[Yielded, ...]:
        """The balance does not cover it: said so, and another way may be named."""
        draft.pop("method", None)
        draft["tried"] = method.method_id
        text = context.say(
            "purchase.refused.balance_too_low",
            method=_label(context, method),
            balance=phrasing.money(method.balance or Decimal(0), context.language),
            amount=phrasing.money(total, context.language),
        )
        others = _labels(context, [one for one in methods if order_rules.why_not_pay(one, total) is None])
        if not others:
            return (
                *refused_task(context, self.name, draft),
                context.reply(text, suggestions=context.suggest("recommend")),
            )
        other = context.say("purchase.other_payment", listing=phrasing.listing(others, context.language))
        return self._payment(context, draft, others, text, other, step=DECLINED)

    def _payment(
        self, context: Context, draft: Draft, labels: tuple[str, ...], *text: str, step: str = PAYMENT
    ) -> tuple[Yielded, ...]:
        return (
            *context.open_task(self.name, draft, step),
            Asked(Expectation("choice", slot="payment_method", choices=labels)),
            context.reply(*text, suggestions=(*labels, *context.suggest("stop"))),
        )

    async def _read_back(
        self,
        context: Context,
        draft: Draft,
        goods: Sequence[tuple[Product, int]],
        method: PaymentMethod,
        total: Decimal,
    ) -> tuple[Yielded, ...]:
        customer = await context.shop.customer(context.state.customer_id or "")
        left = ""
        if method.balance is not None:
            rest = phrasing.money(method.balance - total, context.language)
            left = context.say("purchase.left", balance=phrasing.money(method.balance, context.language), rest=rest)
        text = context.say(
            "purchase.read_back",
            what=_what(context, goods),
            amount=phrasing.money(total, context.language),
            method=_label(context, method),
            left=left,
            address=customer.address if customer else "",
        )
        cards = tuple(product_card(context, product) for product, _ in goods)
        return ask_confirmation(context, self.name, draft, text, cards=cards)


async def _is_ours(context: Context, named: Slot) -> bool:
    """Whether the words name something of the shop: by its catalogue where understanding has it, else by a search."""
    if named.candidates:
        return named.candidates[0].score >= _OURS
    return await which_product.is_named(context, str(named.value))


def _what(context: Context, goods: Sequence[tuple[Product, int]]) -> str:
    return phrasing.listing([_item(context, product, count) for product, count in goods], context.language)


def _item(context: Context, product: Product, count: int) -> str:
    price = phrasing.money(product.price, context.language)
    return context.say("purchase.item", name=name_of(context, product), count=count, price=price)


def _label(context: Context, method: PaymentMethod) -> str:
    return method.label if context.language == "zh" else method.label_en


def _labels(context: Context, methods: Sequence[PaymentMethod]) -> tuple[str, ...]:
    return tuple(_label(context, method) for method in methods)

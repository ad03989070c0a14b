"""A notice when a product is back: which product, who wants it, a yes, one WRITE. Offered where one is sold out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from dialogue.shop.service_rules import why_not_notify
from dialogue.shop.types import Product
from dialogue.skills import which_product
from dialogue.skills.cards import product_card
from dialogue.skills.confirm import ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.numbers import Pending
from dialogue.skills.order_write import refused_task
from dialogue.skills.product_answers import name_of
from dialogue.state import DialogueState
from dialogue.types import Asked, Card
from nlu.types import Expectation, Parse

NAME = "restock"
_WANTS = re.compile(
    r"(到货|补货|有货|上架|来货|回货)(了|的时候|时|后|以后)?.{0,6}(通知|提醒|告诉|叫|喊|短信|跟我说)|(通知|提醒).{0,6}(到货|补货|有货)"
    r"|\b(notify|tell|alert|email|text) me when|\blet me know when .{0,30}(back|available|in stock)"
    r"|\bback.in.stock (alert|notice)",
    re.IGNORECASE,
)


class Restock:
    """Notes who wants to hear when a product is back."""

    name = NAME
    intents: tuple[str, ...] = ()
    writes = True
    beside = True
    """What else runs waits meanwhile (see ``policy.Routes``)."""

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a notice is asked for."""
        return bool(_WANTS.search(parse.normalized or parse.text))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        if verdict(context, self.name) == "no":
            for item in withdraw(context):
                yield item
            return
        items = await self._product(context, draft)
        if items:
            for item in items:
                yield item
            return
        is_agreed = verdict(context, self.name) == "yes"
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        if known is None:
            for item in (*refused_task(context, self.name, draft), context.reply(context.say("membership.unknown"))):
                yield item
            return
        for event in known.events:
            yield event
        if is_agreed and draft.get("for") == known.customer.customer_id:
            arguments = {"sku": draft["sku"], "customer_id": known.customer.customer_id}
            async for item in submit(context, self.name, "notify_restock", arguments):
                yield item
            return
        draft["for"] = known.customer.customer_id
        question = context.say("restock.read_back", name=draft["name"])
        for item in ask_confirmation(context, self.name, draft, question):
            yield item

    async def _product(self, context: Context, draft: dict[str, Any]) -> tuple[Item, ...]:
        """Settle the product in ``draft``; the question or refusal where that is not possible."""
        if draft.get("sku"):
            return ()
        product = await which_product.chosen(context, draft)
        if product is None and context.resumed:
            offered = await which_product.offered(context, draft)
            if offered:
                return which_product.ask_which(context, self.name, draft, offered)
        if product is None and not context.resumed:
            meant = await which_product.find(context, context.text)
            gone = tuple(p for p in meant.several if why_not_notify(p) is None)
            if len(gone) > 1:
                return which_product.ask_which(context, self.name, draft, gone)
            product = gone[0] if gone else next(iter(meant.products), None)
        if product is None:
            return (
                *context.open_task(self.name, draft, "words"),
                Asked(Expectation("free", slot="product")),
                context.reply(context.say("restock.ask_product"), suggestions=context.suggest("stop")),
            )
        draft.update(sku=product.sku, name=name_of(context, product), products=[product.sku])
        draft.pop("choices", None)
        if why_not_notify(product) is None:
            return ()
        reply = context.reply(
            context.say("restock.refused.in_stock", name=draft["name"]), cards=(product_card(context, product),)
        )
        return (*refused_task(context, self.name, draft), reply)


def offer_notice(context: Context, product: Product, lead: Sequence[str], cards: tuple[Card, ...]) -> tuple[Item, ...]:
    """Say ``lead`` and offer the notice; a yes goes to ``Restock``."""
    draft = {"sku": product.sku, "name": name_of(context, product), "products": [product.sku]}
    if context.state.customer_id:
        draft["for"] = context.state.customer_id
    return ask_confirmation(context, NAME, draft, *lead, context.say("restock.offer"), cards=cards)

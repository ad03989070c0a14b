"""The difference back when what was bought has become cheaper: order, rules, today's prices, read-back, one WRITE."""

from __future__ import annotations

from decimal import Decimal

from dialogue import phrasing
from dialogue.shop import service_rules
from dialogue.shop.types import Order
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context
from dialogue.skills.numbers import Draft
from dialogue.skills.order_lines import products_of
from dialogue.skills.order_write import OrderWrite
from dialogue.types import Reply


class PriceProtection(OrderWrite):
    """Pays back what one order would cost less today."""

    name = "price_protection"
    intents = ("price_protection",)
    action = "protect_price"

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Paid, not long ago, and not done before."""
        rule = service_rules.why_not_protect_price(order, {}, context.now, policies=context.shop.policies)
        return None if rule == "not_cheaper" else rule  # without today's prices: see below

    async def why_not_now(self, context: Context, draft: Draft, order: Order) -> str | None:
        """It must really cost less today."""
        products, policies = await products_of(context, order), context.shop.policies
        draft["amount"] = str(service_rules.price_difference(order, products, context.now, policies=policies))
        cheaper = [line for line in order.lines if line.sku in products and products[line.sku].price < line.unit_price]
        draft["what"] = phrasing.lines(cheaper or order.lines, context.language)
        return service_rules.why_not_protect_price(order, products, context.now, policies=policies)

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """What became cheaper, and what comes back."""
        amount = phrasing.money(Decimal(draft["amount"]), context.language)
        return (context.say("price.read_back", number=order.order_number, what=draft["what"], amount=amount),)

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Why nothing comes back."""
        protection = context.shop.policies.price_protection
        days = [protection.categories.get(line.category or "", protection.days) for line in order.lines]
        key = "price.refused.never" if rule == "price_window_over" and not any(days) else f"price.refused.{rule}"
        text = context.say(
            key,
            number=order.order_number,
            days=max(days, default=protection.days),
            amount=phrasing.money(order.price_adjustment or Decimal(), context.language),
        )
        return context.reply(text, cards=(order_card(context, order),), suggestions=context.suggest("human"))

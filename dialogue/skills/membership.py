"""The customer's own level and points; how membership works comes from the knowledge base."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from dialogue import phrasing, wishes
from dialogue.shop.types import Customer
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.faq import answer
from dialogue.skills.numbers import Pending
from dialogue.types import Reply, TaskEnded


class Membership:
    """Tells level and points."""

    name = "membership"
    intents = ("membership",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """The customer's own, or how it works. Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        if context.task_of(self.name) is None and not wishes.about_own_membership(context.text):
            async for item in answer(context):
                yield item
            return
        draft = context.draft(self.name)
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        for event in known.events if known else ():
            yield event
        if context.task_of(self.name):
            yield TaskEnded("done")
        yield _told(context, known.customer if known else None)


def _told(context: Context, customer: Customer | None) -> Reply:
    """Level, points and what they are worth; what is missing to the next level is not known to the shop's interface."""
    policy = context.shop.policies.membership
    if customer is None:
        return context.reply(context.say("membership.unknown"), suggestions=context.suggest("human"))
    level = next((each for each in policy.levels if each.name == customer.level), None)
    name = customer.level if level is None or context.language == "zh" else level.name_en
    worth = phrasing.money(Decimal(customer.points) / policy.points_for_one_yuan, context.language)
    percent = level.discount_percent if level else 0
    discount = phrasing.discount(percent, context.language) if percent else ""
    return context.reply(
        context.say("membership.own", level=name, points=customer.points, worth=worth),
        context.say("membership.discount", discount=discount) if discount else "",
        suggestions=context.suggest("coupons"),
        sources=("shop:customer",),
    )

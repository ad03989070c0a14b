"""Money for a review with a photo: how it works, what was registered, and registering one.

how does it work -> the shop's terms
is it registered -> what the shop knows; nothing: what is needed for it
register it      -> order -> the rules -> photo? asked for -> read back -> yes: one WRITE

What is on a photo is not ours to see: the shop tells, or a person of it looks, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue import phrasing
from dialogue.shop import order_rules
from dialogue.shop.types import Order
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import OrderWrite, step_of
from dialogue.state import DialogueState
from dialogue.types import Asked, Reply
from nlu.types import Expectation, Parse

PHOTO = "photo"
_ABOUT = re.compile(
    r"返现|晒单|晒图|晒评|好评(?:返|有礼)|晒.{0,4}返|\bcash ?back\b|\breward for (?:a |my )?review\b", re.IGNORECASE
)
_HOW = re.compile(
    r"怎么|如何|方法|方式|规则|流程|步骤|多少钱|返多少|条件|要求是|真的吗|\b(?:how|rules?|terms)\b", re.IGNORECASE
)
_REGISTERED = re.compile(
    r"(?:是否|有没有|有无|已经?有?|查).{0,10}(?:返现|晒单|登记|记录)|(?:返现|晒单|登记).{0,8}(?:了吗|没有|记录|到账|进度|状态|成功)"
    r"|\b(?:registered|record)\b",
    re.IGNORECASE,
)
_CHECKS = re.compile(r"验证|核实|审核|查看|看一?下|登记|返现|\b(?:check|verify)\b", re.IGNORECASE)


class CashbackSkill(OrderWrite):
    """Registers reviews for cash back."""

    name = "cashback"
    intents = ("cashback",)
    action = "register_cashback"
    field = PHOTO

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether it is about this; a photo alone where one was talked about."""
        text = parse.normalized or parse.text
        if _ABOUT.search(text):
            return True
        running = state.task is not None and state.task.skill == self.name
        return parse.slot("photo") is not None and (running or (_was_about_it(state) and bool(_CHECKS.search(text))))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``."""
        terms = context.shop.policies.cashback
        text, new = context.text, context.task_of(self.name) is None
        has_photo = context.turn.parse.slot("photo") is not None
        if terms is None:
            yield context.reply(context.say("cashback.none"), suggestions=context.suggest("human"))
            return
        if new and not has_photo and _HOW.search(text) and not _REGISTERED.search(text):
            yield context.reply(self._terms(context), sources=("shop:policy",))
            return
        async for item in super().run(context):
            yield item

    def read(self, context: Context, draft: Draft) -> bool:
        """The photo, and whether the customer only asks what was registered."""
        photo = context.turn.parse.slot("photo")
        if photo is not None:
            changed = draft.get(PHOTO) is not None and draft[PHOTO] != photo.value
            draft[PHOTO] = str(photo.value)
            return changed
        if step_of(context, self.name) is None and _REGISTERED.search(context.text):
            draft["asks"] = True
        return False

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """The shop's rules, as far as the order tells."""
        return order_rules.why_not_cashback(order, None, policies=context.shop.policies)

    async def why_not_now(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Whether it was registered before."""
        known = await context.shop.cashback(order.order_number)
        draft["status"] = known.status if known else None
        return "already_registered" if known is not None else None

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """The photo."""
        if draft.get(PHOTO):
            return ()
        asked_only = draft.pop("asks", False) and not context.resumed
        lead = context.say("cashback.not_registered", number=order.order_number) if asked_only else ""
        return (
            *context.open_task(self.name, draft, PHOTO),
            Asked(Expectation("free", slot=PHOTO)),
            context.reply(lead, context.say("cashback.ask_photo"), suggestions=context.suggest("stop")),
        )

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """Which order, and who looks at the photo."""
        return (context.say("cashback.read_back", number=order.order_number, amount=_amount(context)),)

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Registered before, or too early."""
        key = f"cashback.{draft['status']}" if rule == "already_registered" else f"cashback.refused.{rule}"
        return context.reply(context.say(key, number=order.order_number), suggestions=context.suggest("human"))

    def _terms(self, context: Context) -> str:
        terms = context.shop.policies.cashback
        after = terms.after if terms else "delivered"
        return context.say(f"cashback.terms.{after}", amount=_amount(context))


def _amount(context: Context) -> str:
    terms = context.shop.policies.cashback
    if terms is None or terms.yuan is None:
        return ""
    return context.say("cashback.amount", amount=phrasing.money(terms.yuan, context.language))


def _was_about_it(state: DialogueState) -> bool:
    return any(_ABOUT.search(line.text) for line in state.history[-5:])

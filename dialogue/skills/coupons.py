"""The customer's own coupons and why one cannot be used; what is on offer comes from the knowledge base."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal

from dialogue import phrasing, wishes
from dialogue.shop.types import Coupon, Order, OrderStatus
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import Known, identify
from dialogue.skills.faq import answer
from dialogue.skills.numbers import Pending
from dialogue.state import DialogueState
from dialogue.types import Reply, TaskEnded
from nlu.types import Parse

TOLD, TOLD_ALOUD = 4, 2
EXPLAINED = 3
_WHY_NOT = re.compile(
    r"用不|不能用|没法用|不可用|为什么|怎么.{0,4}(不|没)|not work|n't (work|apply)|can'?t|invalid|rejected|why",
    re.IGNORECASE,
)


def was_told_of_coupons(state: DialogueState) -> bool:
    """Whether our last words were about coupons."""
    ours = [line.text for line in state.history if line.role == "kefu"]
    return bool(ours) and bool(re.search(r"优惠券|coupons?", ours[-1]))


class Coupons:
    """Lists coupons, or says why they do not apply."""

    name = "coupons"
    intents = ("promotion", "bargain")
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether it is asked why, right after coupons were told of."""
        text = parse.normalized or parse.text
        return state.task is None and was_told_of_coupons(state) and bool(_WHY_NOT.search(text)) and len(text) <= 24

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """The customer's own, or what is on offer. Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        task = context.task_of(self.name)
        asks_on = was_told_of_coupons(context.state) and bool(_WHY_NOT.search(context.text))
        if task is None and not wishes.about_own_coupons(context.text) and not asks_on:
            async for item in answer(context):
                yield item
            return
        draft = context.draft(self.name)
        if task is None:
            draft["why_not"] = bool(_WHY_NOT.search(context.text))
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        for event in known.events if known else ():
            yield event
        if task is not None:
            yield TaskEnded("done")
        yield await _told(context, known, why_not=bool(draft.get("why_not")))


async def _told(context: Context, known: Known | None, *, why_not: bool) -> Reply:
    coupons = await context.shop.coupons(known.customer.customer_id) if known else ()
    usable = [coupon for coupon in coupons if not coupon.used and coupon.valid_until > context.now]
    if why_not and coupons and known:
        return await _explained(context, known, coupons)
    if not usable:
        return context.reply(
            context.say("coupons.none"), suggestions=context.suggest("human"), sources=("shop:coupon",)
        )
    most = TOLD_ALOUD if context.turn.modality == "voice" else TOLD
    told = (_described(context, coupon) for coupon in usable[:most])
    return context.reply(
        context.say("coupons.own", count=len(usable)) if len(usable) > 1 else context.say("coupons.own_one"),
        context.say("coupons.listed", listing=context.say("list.separator").join(told)),
        suggestions=context.suggest("coupon_unusable"),
        sources=("shop:coupon",),
    )


async def _explained(context: Context, known: Known, coupons: Sequence[Coupon]) -> Reply:
    """Why coupons do not apply to what is about to be paid, or in general; up to three, those that do last."""
    order = await _to_be_paid(context, known)
    categories = {line.category for line in order.lines if line.category} if order else set()
    told = []
    reasons = [(_why_not(coupon, order, categories, context), coupon) for coupon in coupons]
    for why, coupon in sorted(reasons, key=lambda pair: pair[0] == "fine")[:EXPLAINED]:
        what = coupon.title if context.language == "zh" else coupon.title_en
        fields = {
            "what": what,
            "minimum": phrasing.money(coupon.minimum, context.language),
            "category": coupon.category or "",
            "day": _last_day(context, coupon),
        }
        told.append(context.say(f"coupons.why.{why}", **fields))
    return context.reply(
        context.say("coupons.explained", listing=context.say("list.separator").join(told)),
        suggestions=context.suggest("human"),
        sources=("shop:coupon",),
    )


async def _to_be_paid(context: Context, known: Known) -> Order | None:
    """The order that the customer is about to pay; only a sign-in shows the list."""
    if context.state.proof != "token":
        return None
    orders = await context.shop.orders(known.customer.customer_id, 20)
    return next((order for order in orders if order.status is OrderStatus.PENDING_PAYMENT), None)


def _why_not(coupon: Coupon, order: Order | None, categories: set[str], context: Context) -> str:
    if coupon.used:
        return "used"
    if coupon.valid_until <= context.now:
        return "over"
    if coupon.category and (order is None or coupon.category not in categories):
        return "category"
    if coupon.minimum > (order.total if order else Decimal()):
        return "minimum"
    return "fine"


def _described(context: Context, coupon: Coupon) -> str:
    return context.say(
        "coupons.item",
        what=coupon.title if context.language == "zh" else coupon.title_en,
        day=_last_day(context, coupon),
    )


def _last_day(context: Context, coupon: Coupon) -> str:
    """``valid_until`` is the first instant that is too late."""
    return phrasing.day(coupon.valid_until - timedelta(seconds=1), context.now, context.language)

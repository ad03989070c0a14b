"""Settles which order a customer means and that they may see it. Shared by every skill that works on an order.

    signed in, number said      theirs -> found; unknown or someone else's -> the same answer
    signed in, no number        the order talked about, the one that fits, or a choice
    anonymous, number said      last four digits of the phone -> found; three wrong tries -> a person
    anonymous, no number        ask for it

An unknown number and someone else's get the same words and the same questions, so nothing can be probed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dialogue import cues, phrasing
from dialogue.shop.types import Order
from dialogue.skills import numbers
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context
from dialogue.skills.identity import asks_for_account, opens_account, prove
from dialogue.skills.line_reading import Owned, named_orders, read_lines
from dialogue.skills.numbers import ORDER_DIGITS, PHONE_TAIL_DIGITS, Draft, Pending
from dialogue.skills.order_words import described
from dialogue.state import fold_all
from dialogue.types import CustomerIdentified, DialogueEvent
from nlu.types import Expectation

OFFERED_ORDERS = 3
"""Orders read out; more are only shown."""


@dataclass(frozen=True, slots=True)
class Found:
    """The order, and that the customer may see it."""

    order: Order
    others: tuple[Order, ...] = ()
    """More orders that fit as well, newest first."""
    events: tuple[DialogueEvent, ...] = ()
    """To be yielded before anything else."""


async def settle(
    context: Context,
    skill: str,
    draft: Draft,
    *,
    fits: Callable[[Order], bool],
    several: Literal["newest", "ask"] = "ask",
) -> Found | Pending:
    """The order this task is about; reads this turn's words into ``draft``. Raises ``ShopUnavailable``."""
    if asks_for_account(context) and not opens_account(context):
        return await _proved_first(context, skill, draft, fits, several)
    tail = None
    if not context.resumed:
        unfinished = numbers.unfinished(context, skill, draft)
        if unfinished is not None:
            return unfinished
        claimed = await _claimed_number(context, draft)
        if claimed and claimed != draft.get("order_number"):
            numbers.forget_order(draft)
            draft["order_number"] = claimed
        tail = _phone_tail(context)
    if draft.get("order"):
        order = await context.shop.order(draft["order"])
        if order is not None:
            return Found(order)
    if draft.get("order_number"):
        return await _by_number(context, skill, draft, tail)
    return await _from_account(context, skill, draft, fits, several)


async def _proved_first(
    context: Context,
    skill: str,
    draft: Draft,
    fits: Callable[[Order], bool],
    several: Literal["newest", "ask"],
) -> Found | Pending:
    """The order, once the customer has shown that the account is theirs; what they asked for before is kept."""
    if context.task_of(skill) is None:
        draft["request"] = context.turn.parse.text
        if claimed := await _claimed_number(context, draft):
            draft["order_number"] = claimed
    proof = await prove(context, skill, draft)
    if isinstance(proof, Pending):
        return proof
    known = replace(context, state=fold_all(context.state, (proof,)), resumed=True)
    found = await settle(known, skill, draft, fits=fits, several=several)
    if isinstance(found, Pending):
        return Pending((proof, *found.items))
    return replace(found, events=(proof, *found.events))


async def _claimed_number(context: Context, draft: Draft) -> str | None:
    parse = context.turn.parse
    if slot := parse.slot("order_number"):
        return str(slot.value)
    if slot := parse.slot("tracking_number"):
        order = await context.shop.order_by_tracking(str(slot.value))
        return order.order_number if order else str(slot.value)
    task = context.state.task
    if task is not None and task.step == "choose_order" and draft.get("choices"):
        return _chosen_number(context, draft["choices"])
    digits = parse.slot("digits")
    if digits and context.state.expectation.slot in {"order_number", "phone_tail"}:
        return str(digits.value) if len(str(digits.value)) == ORDER_DIGITS else None
    return None


def _chosen_number(context: Context, numbers: Sequence[str]) -> str | None:
    said = "".join(char for char in context.text if char.isdigit())
    if len(said) >= 3:
        matching = [number for number in numbers if number.endswith(said)]
        if len(matching) == 1:
            return matching[0]
    picked = cues.chosen(context.text, context.state.expectation.choices)
    return numbers[picked] if picked is not None and picked < len(numbers) else None


def _phone_tail(context: Context) -> str | None:
    parse = context.turn.parse
    if slot := parse.slot("phone_tail"):
        return str(slot.value)
    if slot := parse.slot("phone"):
        return str(slot.value)[-PHONE_TAIL_DIGITS:]
    digits = parse.slot("digits")
    if digits and context.state.expectation.slot == "phone_tail" and len(str(digits.value)) != ORDER_DIGITS:
        return str(digits.value)
    return None


async def _by_number(context: Context, skill: str, draft: Draft, tail: str | None) -> Found | Pending:
    number = draft["order_number"]
    order = await context.shop.order(number)
    state = context.state
    if order is not None and order.customer_id == state.customer_id:
        draft["order"] = number
        return Found(order)
    if opens_account(context):
        draft.pop("order_number")
        slot = context.turn.parse.slot("order_number")
        heard = number if slot is not None and slot.fails_check else ""
        return numbers.again(context, skill, draft, context.say("orders.not_found", number=number), heard=heard)
    if tail is None:
        return numbers.ask_phone_tail(context, skill, draft, number)
    customer = await context.shop.customer(order.customer_id) if order is not None else None
    if order is None or customer is None or len(tail) != PHONE_TAIL_DIGITS or not customer.phone.endswith(tail):
        return numbers.no_match(context, skill, draft)
    draft["order"] = number
    draft.pop("tries", None)
    return Found(order, events=(CustomerIdentified(customer.customer_id, "order_and_phone"),))


async def _from_account(
    context: Context,
    skill: str,
    draft: Draft,
    fits: Callable[[Order], bool],
    several: Literal["newest", "ask"],
) -> Found | Pending:
    state = context.state
    if state.customer_id is None:
        return numbers.ask_number(context, skill, draft, context.say("orders.ask_number"), heard=_first_digits(context))
    product = context.turn.parse.slot("product") if not context.resumed else None
    if product is not None:
        draft["about"] = str(product.value)
    if opens_account(context):
        orders = await context.shop.orders(state.customer_id, 20)
        return _among(context, skill, draft, orders, fits, several)
    # Only a sign-in shows the list; who was verified by one order may go on about that one.
    last = (
        await context.shop.order(state.last_order) if state.last_order and not _wants_another(context, draft) else None
    )
    if last is not None and last.customer_id == state.customer_id and (several == "newest" or fits(last)):
        draft["order"] = last.order_number
        return Found(last)
    return numbers.ask_number(context, skill, draft, context.say("orders.ask_number"))


def _first_digits(context: Context) -> str:
    """The beginning of an order number in the words of a request (我的订单8907…); empty when there is none."""
    slot = context.turn.parse.slot("digits") if not context.resumed and cues.names_order(context.text) else None
    return str(slot.value) if slot and len(str(slot.value)) < ORDER_DIGITS else ""


def _wants_another(context: Context, draft: Draft) -> bool:
    """Whether the order talked about is not the one that is meant."""
    return bool(draft.get("rejected")) or cues.wants_other(context.text) or cues.wants_newest(context.text)


def _among(
    context: Context,
    skill: str,
    draft: Draft,
    orders: tuple[Order, ...],
    fits: Callable[[Order], bool],
    several: Literal["newest", "ask"],
) -> Found | Pending:
    """The one of the customer's orders that is meant: by what is in it, talked about before, fitting, or chosen."""
    if not orders:
        return Pending((context.reply(context.say("orders.none"), suggestions=context.suggest("recommend", "human")),))
    orders = tuple(order for order in orders if order.order_number != draft.get("rejected")) or orders
    told_of = () if context.resumed else described(context.text, orders)
    orders = tuple(order for order in told_of if order.order_number != draft.get("rejected")) or orders
    tail = _first_digits(context)
    if by_goods := orders_about(context, draft, orders, fits):
        orders = by_goods
    named = tuple(order for order in orders if tail and order.order_number.endswith(tail))
    named = named or by_goods or tuple(order for order in orders if _is_about(context, draft, order)) or orders
    last = next((order for order in named if order.order_number == context.state.last_order), None)
    if last is not None and not _wants_another(context, draft) and (several == "newest" or fits(last)):
        draft["order"] = last.order_number
        return Found(last)
    candidates = tuple(order for order in named if fits(order)) or named[:1]
    if several == "newest" or len(candidates) == 1 or cues.wants_newest(context.text):
        draft["order"] = candidates[0].order_number
        return Found(candidates[0], others=candidates[1:])
    return _offer(context, skill, draft, candidates[:OFFERED_ORDERS])


_SAME_AS = re.compile(r"\b(?:same|as|like|that of)\b[^.,;]{0,30}\border #?\w+", re.IGNORECASE)
"""Another order's address, say, that is to be this one's."""


def orders_about(
    context: Context, draft: Draft, orders: tuple[Order, ...], fits: Callable[[Order], bool]
) -> tuple[Order, ...]:
    """The orders that hold what the words name, or whose numbers they hold, in a shop whose goods have plain names.
    What was said before the customer was known counts too."""
    if context.shop.policies.changes.within != "family":
        return ()
    said = " ".join(filter(None, (draft.get("request"), "" if context.resumed else context.turn.parse.text)))
    said = _SAME_AS.sub(" ", said)
    if named := named_orders(said, orders):
        return named
    owned = [Owned(order, line) for order in orders for line in order.lines]
    picks = read_lines(said, owned, lambda each, _: fits(each.order))
    numbers = [{each.order.order_number for each in pick.lines} for pick in picks]
    if not numbers:
        return ()
    common = set.intersection(*numbers) or set.union(*numbers)
    return tuple(order for order in orders if order.order_number in common)


def _is_about(context: Context, draft: Draft, order: Order) -> bool:
    """Whether the words name something in the order."""
    about = draft.get("about")
    text = "" if context.resumed else context.text
    return any(
        (about and (cues.overlap(about, name) >= 0.5 or cues.mentions(about, name))) or cues.mentions(text, name)
        for line in order.lines
        for name in (line.name, line.name_en)
    )


def _offer(context: Context, skill: str, draft: Draft, orders: Sequence[Order]) -> Pending:
    labels = tuple(label(context, order) for order in orders)
    draft["choices"] = [order.order_number for order in orders]
    return numbers.ask(
        context,
        skill,
        draft,
        "choose_order",
        Expectation("choice", slot="order_number", choices=labels),
        context.say("orders.choose", count=len(orders), listing=numbered(context, labels)),
        cards=tuple(order_card(context, order) for order in orders),
        suggestions=labels,
    )


def label(context: Context, order: Order) -> str:
    """A short name of an order: what is in it and how its number ends."""
    what = phrasing.lines(order.lines, context.language, most=1)
    return context.say("orders.label", what=what, tail=order.order_number[-4:])


def numbered(context: Context, names: Sequence[str]) -> str:
    """第一个，…；第二个，…"""
    return context.say("list.separator").join(
        context.say(f"list.item{position}", name=name) for position, name in enumerate(names[:5], 1)
    )

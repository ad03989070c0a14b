"""Settles whose card is meant, and which: signed in, verified before, or by card tail and phone tail.

    signed in -> cards          else  card tail? -> phone tail? -> both belong to one customer -> cards
    one card that fits, or named by its tail or kind -> it       several -> asked which

Nothing can be probed: a wrong card and a wrong phone get the same words, three tries, then a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from dialogue import cues, phrasing
from dialogue.skills.bank.bank import Bank, BankCard
from dialogue.skills.context import Context
from dialogue.skills.handoff import hand_over
from dialogue.skills.numbers import TRIES, Draft, Pending, ask
from dialogue.types import CustomerIdentified, DialogueEvent, ReplyAction, TaskEnded
from nlu.types import Expectation

TAIL_DIGITS = 4
CARD_TAIL, PHONE_TAIL, WHICH = "card_tail", "phone_tail", "which_card"
"""Steps of a task."""
_KINDS = {"credit": ("信用卡", "credit"), "debit": ("储蓄卡", "debit", "借记卡", "工资卡")}
Fits = Callable[[BankCard], bool]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who it is and what they have."""

    customer_id: str
    cards: tuple[BankCard, ...]
    events: tuple[DialogueEvent, ...] = ()
    """To be yielded before anything else."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The card that is meant."""

    holder: Holder
    card: BankCard


def bank_of(context: Context) -> Bank:
    """The back end."""
    return cast(Bank, context.backend)


async def identify(context: Context, skill: str, draft: Draft) -> Holder | Pending:
    """The customer, or the question that is still open. Raises ``ShopUnavailable``."""
    bank, known = bank_of(context), context.state.customer_id
    if known is not None:
        return Holder(known, await bank.cards(known))
    said = None if context.resumed else tail_in(context)
    expected = context.state.expectation
    own_task = context.task_of(skill)
    at = own_task.step if own_task else None
    if said is not None and len(said) < TAIL_DIGITS and at in {CARD_TAIL, PHONE_TAIL}:
        return _ask_tail(context, skill, draft, at or CARD_TAIL, heard=said)
    if said is not None and len(said) == TAIL_DIGITS:
        draft["phone_tail" if at == PHONE_TAIL else "card_tail"] = said
    elif context.resumed and at in {CARD_TAIL, PHONE_TAIL}:
        return _ask_tail(context, skill, draft, at or CARD_TAIL, heard=expected.heard)
    if "card_tail" not in draft:
        return _ask_tail(context, skill, draft, CARD_TAIL)
    if "phone_tail" not in draft:
        return _ask_tail(context, skill, draft, PHONE_TAIL)
    found = await bank.holder(str(draft["card_tail"]), str(draft["phone_tail"]))
    if found is None:
        return _no_match(context, skill, draft)
    draft.pop("phone_tail")
    return Holder(found, await bank.cards(found), (CustomerIdentified(found, "two_numbers"),))


async def settle(context: Context, skill: str, draft: Draft, fits: Fits = lambda card: True) -> Settled | Pending:
    """The customer and the card, or the question that is still open. Raises ``ShopUnavailable``."""
    holder = await identify(context, skill, draft)
    if isinstance(holder, Pending):
        return holder
    card = _meant(context, skill, draft, holder.cards, fits)
    if card is None:
        return _which(context, skill, draft, holder, [card for card in holder.cards if fits(card)] or holder.cards)
    draft["card"] = card.card_id
    draft["tail"] = card.tail
    return Settled(holder, card)


def tail_in(context: Context) -> str | None:
    """The digits of the message that may be the end of a number."""
    parse = context.turn.parse
    slots = [parse.slot(name) for name in ("phone_tail", "digits", "phone")]
    value = next((str(slot.value) for slot in slots if slot is not None), None)
    return value[-TAIL_DIGITS:] if value else None


def label(context: Context, card: BankCard) -> str:
    """How a card is called: 尾号8812的信用卡."""
    tail = phrasing.digits(card.tail, context.turn.modality == "voice")
    return context.say(f"bank.card.{card.kind}", tail=tail)


def _meant(context: Context, skill: str, draft: Draft, cards: Sequence[BankCard], fits: Fits) -> BankCard | None:
    """The card that was named, chosen before, or the only one that fits."""
    said = None if context.resumed else tail_in(context)
    named = draft.get("card_tail") if said is None or skill_asks_phone(context, skill) else said
    by_tail = [card for card in cards if card.tail == named]
    if len(by_tail) == 1:
        return by_tail[0]
    chosen = next((card for card in cards if card.card_id == draft.get("card")), None)
    if chosen is not None:
        return chosen
    fitting = [card for card in cards if fits(card)] or list(cards)
    if not context.resumed and (task := context.task_of(skill)) is not None and task.step == WHICH:
        picked = cues.chosen(context.text, task.expectation.choices)
        if picked is not None and picked < len(fitting):
            return fitting[picked]
    text = context.text.casefold()
    by_kind = [card for card in fitting if any(word in text for word in _KINDS[card.kind])]
    if len(by_kind) == 1:
        return by_kind[0]
    return fitting[0] if len(fitting) == 1 else None


def skill_asks_phone(context: Context, skill: str) -> bool:
    """Whether digits of this message are those of the phone."""
    task = context.task_of(skill)
    return task is not None and task.step == PHONE_TAIL


def _which(context: Context, skill: str, draft: Draft, holder: Holder, cards: Sequence[BankCard]) -> Pending:
    if not cards:
        return Pending(hand_over(context, "no_card", lead=context.say("bank.no_card")))
    labels = tuple(label(context, card) for card in cards)
    listing = phrasing.listing(labels, context.language)
    asked = ask(
        context, skill, draft, WHICH, Expectation("choice", choices=labels),
        context.say("bank.which", listing=listing), suggestions=labels,
    )  # fmt: skip
    return replace(asked, items=(*holder.events, *asked.items))


def _ask_tail(context: Context, skill: str, draft: Draft, step: str, *lead: str, heard: str = "") -> Pending:
    expectation = Expectation("digits", slot="phone_tail" if step == PHONE_TAIL else "digits", digits=TAIL_DIGITS)
    question = context.say("bank.ask.again" if lead else f"bank.ask.{step}")
    if heard:
        expectation = replace(expectation, heard=heard)
        spoken = phrasing.digits(heard, context.turn.modality == "voice")
        question = context.say("digits.heard", digits=spoken, count=TAIL_DIGITS - len(heard))
    return ask(context, skill, draft, step, expectation, *lead, question, action=ReplyAction.COLLECT_DIGITS)


def _no_match(context: Context, skill: str, draft: Draft) -> Pending:
    draft["tries"] = draft.get("tries", 0) + 1
    if draft["tries"] >= TRIES:
        return Pending(hand_over(context, "verification_failed", lead=context.say("bank.no_match_last")))
    for name in ("card_tail", "phone_tail"):
        draft.pop(name, None)
    return _ask_tail(context, skill, draft, CARD_TAIL, context.say("bank.no_match"))


def done(context: Context, skill: str, outcome: Literal["done", "refused"] = "done") -> tuple[DialogueEvent, ...]:
    """Events that end this skill's task where one runs."""
    return (TaskEnded(outcome),) if context.task_of(skill) else ()

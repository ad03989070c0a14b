"""What was paid: the last entries, one entry looked up, and a dispute about one: read back, confirmed, one WRITE."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from dialogue import cues, phrasing
from dialogue.shop.clock import SHOP_ZONE
from dialogue.skills.bank.account import is_answered
from dialogue.skills.bank.bank import Payment, load_policies
from dialogue.skills.bank.settle import Holder, bank_of, done, identify
from dialogue.skills.bank.sql import POLICIES
from dialogue.skills.confirm import ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.numbers import Draft, Pending, ask
from dialogue.types import TaskEnded, TaskStarted
from nlu.types import DateRange, Expectation

SHOWN, SPOKEN = 5, 3
"""Entries listed on a screen and aloud."""
WHICH = "which_payment"
_HOW_TO = re.compile(r"导出|打印|汇率|怎么还没入账|处理中|多久|export|exchange rate|why is it still|prints?\b", re.I)


class Transactions:
    """Lists entries; narrowed by day, amount or merchant where one is named."""

    name = "transactions"
    intents = ("transactions",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Raises ``ShopUnavailable``."""
        if context.task_of(self.name) is None and await is_answered(context, _HOW_TO):
            async for item in answer(context):
                yield item
            return
        draft = context.draft(self.name)
        if "about" not in draft and not context.resumed:
            draft["about"] = context.text
        holder = await identify(context, self.name, draft)
        if isinstance(holder, Pending):
            for item in holder.items:
                yield item
            return
        for event in (*holder.events, *done(context, self.name)):
            yield event
        found = await bank_of(context).payments(holder.customer_id)
        narrowed = _matching(context, found, str(draft.get("about", "")))
        yield context.reply(
            *_told(context, narrowed, found), suggestions=context.suggest("dispute", "bill"), sources=("bank:payments",)
        )


class Dispute:
    """Has one payment checked."""

    name = "dispute"
    intents = ("dispute",)
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        answered = verdict(context, self.name)
        if answered == "yes":
            arguments = {"payment_id": draft["payment"], "text": draft.get("about", "")}
            async for item in submit(context, self.name, "open_dispute", arguments):
                yield item
            return
        if answered == "no" and not cues.is_correction(context.text):
            for item in withdraw(context):
                yield item
            return
        if answered == "no":
            draft.pop("payment", None)
            draft["about"] = context.text
        if "about" not in draft and not context.resumed:
            draft["about"] = context.text
        holder = await identify(context, self.name, draft)
        for item in holder.items if isinstance(holder, Pending) else await self._advance(context, draft, holder):
            yield item

    async def _advance(self, context: Context, draft: Draft, holder: Holder) -> tuple[Item, ...]:
        found = await bank_of(context).payments(holder.customer_id)
        payment = self._meant(context, draft, found)
        if payment is None:
            recent = found[: SPOKEN if context.turn.modality == "voice" else SHOWN]
            labels = tuple(entry(context, one) for one in recent)
            listing = phrasing.clauses(labels, context.language)
            pending = ask(
                context, self.name, draft, WHICH, Expectation("choice", choices=labels),
                context.say("bank.dispute.which", listing=listing), suggestions=labels,
            )  # fmt: skip
            return (*holder.events, *pending.items)
        draft["payment"] = payment.payment_id
        rule = why_not_dispute(payment, context.now)
        if rule:
            started = () if context.task_of(self.name) else (TaskStarted(self.name, context.task_id(self.name)),)
            told = context.reply(
                context.say(
                    f"bank.dispute.{rule}",
                    payment=entry(context, payment),
                    number=payment.ticket_number or "",
                    days=load_policies(POLICIES).dispute_days,
                ),
                suggestions=context.suggest("human"),
            )
            return (*holder.events, *started, TaskEnded("refused"), told)
        read_back = context.say("bank.dispute.read_back", payment=entry(context, payment))
        return (*holder.events, *ask_confirmation(context, self.name, draft, read_back))

    def _meant(self, context: Context, draft: Draft, found: Sequence[Payment]) -> Payment | None:
        """The payment that was named, or chosen of those that were listed."""
        task = context.task_of(self.name)
        if task is not None and task.step == WHICH and not context.resumed:
            picked = cues.chosen(context.text, task.expectation.choices)
            if picked is not None and picked < len(found):
                return found[picked]
        kept = next((one for one in found if one.payment_id == draft.get("payment")), None)
        if kept is not None:
            return kept
        about = context.text if task is not None and task.step == WHICH else str(draft.get("about", ""))
        matching = _matching(context, found, about)
        return matching[0] if len(matching) == 1 and len(found) > 1 else None


def why_not_dispute(payment: Payment, now: datetime) -> str | None:
    """The rule that forbids it."""
    if payment.ticket_number:
        return "already_disputed"
    too_old = payment.at < now - timedelta(days=load_policies(POLICIES).dispute_days)
    return "dispute_window_over" if too_old else None


def entry(context: Context, payment: Payment) -> str:
    """An entry in a few words: 昨天在星途游戏的998元."""
    merchant = payment.merchant if context.language == "zh" else payment.merchant_en
    return context.say(
        "bank.payment",
        day=phrasing.day(payment.at, context.now, context.language),
        merchant=merchant,
        amount=phrasing.money(payment.amount, context.language),
    )


def _matching(context: Context, found: Sequence[Payment], about: str) -> Sequence[Payment]:
    """Those of the day, the amount or the merchant that ``about`` and this turn name; all where none is named."""
    said = about.casefold()
    by_merchant = [
        one
        for one in found
        if cues.mentions(said, one.merchant) or any(word in said for word in one.merchant_en.casefold().split())
    ]
    if by_merchant:
        return by_merchant
    amounts = {Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", about)}
    if by_amount := [one for one in found if one.amount in amounts]:
        return by_amount
    slot = context.turn.parse.slot("date_range") or context.turn.parse.slot("date")
    if slot is None:
        return found
    span = slot.value if isinstance(slot.value, DateRange) else None
    return [
        one for one in found if (span.start <= _day(one) <= span.end if span is not None else _day(one) == slot.value)
    ]


def _day(payment: Payment) -> date:
    return payment.at.astimezone(SHOP_ZONE).date()


def _told(context: Context, narrowed: Sequence[Payment], found: Sequence[Payment]) -> tuple[str, ...]:
    if not found:
        return (context.say("bank.payments.none"),)
    if not narrowed:
        return (context.say("bank.payments.none_then"), context.say("bank.payments.last", one=entry(context, found[0])))
    shown = narrowed[: SPOKEN if context.turn.modality == "voice" else SHOWN]
    if len(shown) == 1:
        return (context.say(f"bank.payments.one.{shown[0].status}", one=entry(context, shown[0])),)
    listing = phrasing.clauses([entry(context, one) for one in shown], context.language)
    return (context.say("bank.payments.several", count=len(shown), listing=listing),)

"""The rest of the hotline: an application's progress, instalments, PIN and secrets, general questions, complaints."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import ROUND_HALF_UP, Decimal

from dialogue import phrasing
from dialogue.skills.bank.account import is_answered
from dialogue.skills.bank.bank import load_policies
from dialogue.skills.bank.settle import bank_of, done, identify
from dialogue.skills.bank.sql import POLICIES
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.handoff import offer
from dialogue.skills.numbers import Pending
from dialogue.state import DialogueState
from dialogue.types import TaskEnded, TaskStarted
from nlu.types import Parse

_HOW_TO_APPLY = re.compile(
    r"条件|材料|怎么(申请|开户)|我(想|要)办|想再?办|办(张|一张)|开(个|一?张)|学生|没有工作|附属卡|副卡|被拒|为什么|多久|几天|改|地址|升级|换个卡面|面签|联名|储蓄卡"
    r"|need to apply|want to apply|get a card|second card|supplementary|student|rejected|how long|address|upgrade"
    r"|open an",
    re.I,
)
_MONTHS = re.compile(r"(\d+|[三六]|十二|二十四)\s*(?:个月|期|months?)", re.I)
_NUMBERS = {"三": 3, "六": 6, "十二": 12, "二十四": 24}
_ABOUT_RATES = re.compile(
    r"取消|提前|征信|免息|占额度|额度|自动|为什么|失败|没批|最长|最低|划算|账单|现金|多久|还有几|还剩"
    r"|cancel|early|limit|interest free|longest|minimum|why|declined|left",
    re.I,
)
_HIDDEN = re.compile(r"(?:\*[ ，,-]?){3,}(?![*\s，,-]*[\d零一二三四五六七八九幺])")
"""What ``nlu.secrets`` put in place of a PIN, a CVV or a code."""


class ApplicationStatus:
    """How far the customer's application is."""

    name = "application_status"
    intents = ("application_status",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        if context.task_of(self.name) is None and await is_answered(context, _HOW_TO_APPLY):
            async for item in answer(context):
                yield item
            return
        holder = await identify(context, self.name, context.draft(self.name))
        if isinstance(holder, Pending):
            for item in holder.items:
                yield item
            return
        for event in (*holder.events, *done(context, self.name)):
            yield event
        found = await bank_of(context).application(holder.customer_id)
        if found is None:
            yield context.reply(context.say("bank.application.none"), suggestions=context.suggest("human"))
            return
        product = found.product if context.language == "zh" else found.product_en
        day = phrasing.day(found.since, context.now, context.language)
        days = load_policies(POLICIES).replacement_days
        told = context.say(f"bank.application.{found.stage}", product=product, day=day, days=days)
        yield context.reply(told, sources=("bank:application",))


class Instalment:
    """What paying in instalments costs, worked out for an amount."""

    name = "instalment"
    intents = ("instalment",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Raises ``KnowledgeUnavailable``, ``ShopUnavailable``."""
        policies = load_policies(POLICIES)
        amount = await self._amount(context)
        months = next((_NUMBERS.get(found[1]) or int(found[1]) for found in _MONTHS.finditer(context.text)), None)
        if (amount is None or _ABOUT_RATES.search(context.text)) and await is_answered(context, re.compile("")):
            async for item in answer(context):
                yield item
            return
        if amount is None:
            yield context.reply(context.say("bank.instalment.ask", least=policies.instalment_least))
            return
        if amount < policies.instalment_least:
            yield context.reply(context.say("bank.instalment.too_little", least=policies.instalment_least))
            return
        offered = sorted(policies.instalment_fee)
        wanted = [months] if months is not None and months in policies.instalment_fee else offered[:3]
        lead = (
            ""
            if months is None or months in policies.instalment_fee
            else context.say(
                "bank.instalment.not_offered",
                months=months,
                offered=phrasing.listing([str(n) for n in offered], context.language),
            )
        )
        parts = [self._part(context, amount, count, policies.instalment_fee[count]) for count in wanted]
        told = context.say(
            "bank.instalment.told",
            amount=phrasing.money(amount, context.language),
            parts=phrasing.clauses(parts, context.language),
        )
        yield context.reply(lead, told, context.say("bank.instalment.where"), suggestions=context.suggest("human"))

    async def _amount(self, context: Context) -> Decimal | None:
        """The amount that was said; the bill of a customer who is known, where 账单 was."""
        slot = context.turn.parse.slot("amount")
        if slot is not None and isinstance(slot.value, Decimal):
            return slot.value
        bare = [
            Decimal(number) for number in re.findall(r"(?<![\d.])\d{3,6}(?![\d.]|\s*(?:期|个月|months?))", context.text)
        ]
        if bare:
            return bare[0]
        asks_own = re.search(r"账单|这个月|\bbill\b", context.text, re.I)
        if not asks_own or context.state.customer_id is None:
            return None
        cards = await bank_of(context).cards(context.state.customer_id)
        return next((card.bill for card in cards if card.bill), None)

    def _part(self, context: Context, amount: Decimal, months: int, percent: Decimal) -> str:
        each = (amount / months + amount * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        fee = (amount * percent / 100 * months).quantize(Decimal("0.01"), ROUND_HALF_UP)
        fields = {"each": phrasing.money(each, context.language), "fee": phrasing.money(fee, context.language)}
        return context.say("bank.instalment.part", months=months, **fields)


class Pin:
    """Never asks for a PIN or a code, warns whoever says one; how to reset one is in the answers.

    The digits were hidden before anything was kept, see ``nlu.secrets``.
    """

    name = "pin"
    intents = ("pin",)
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """A secret was said."""
        return bool(_HIDDEN.search(parse.text))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Raises ``KnowledgeUnavailable``."""
        if _HIDDEN.search(context.turn.parse.text):
            yield context.reply(context.say("bank.secret"), suggestions=context.suggest("pin"))
        elif await is_answered(context, re.compile("")):
            async for item in answer(context):
                yield item
        else:
            yield context.reply(context.say("bank.pin"), suggestions=context.suggest("human"))


class Questions:
    """Fees, and how a card is used."""

    name = "faq"
    intents = ("fees", "card_use")
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """The best entry, or "I don't know"."""
        async for item in answer(context):
            yield item


class Complaint:
    """Takes it seriously, keeps it in the events, offers a person."""

    name = "complaint"
    intents = ("complaint",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Record, then offer."""
        yield TaskStarted(self.name, context.task_id(self.name), {"complaint": context.turn.parse.text.strip()[:300]})
        yield TaskEnded("done")
        for event in offer(context, "complaint"):
            yield event
        yield context.reply(context.say("bank.complaint"), suggestions=context.suggest("human", "no"))

"""What an account tells: balance and bill, repayment, limit, points. READ only; how-to questions go to the answers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import datetime, time
from decimal import Decimal

from dialogue import phrasing
from dialogue.shop.clock import SHOP_ZONE
from dialogue.skills.bank.bank import BankCard
from dialogue.skills.bank.settle import done, label, settle
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.numbers import Pending

_OF_BILLS = re.compile(r"账单|欠|应还|最低|要还|\bbills?\b|statement|\bowed?\b|due", re.I)


class AccountSkill(ABC):
    """Tells something of one card. A subclass gives the words, and what only the answers know."""

    name: str
    intents: tuple[str, ...]
    writes = False
    how_to: re.Pattern[str] = re.compile("(?!)")
    """Questions that an account cannot answer."""
    suggests: tuple[str, ...] = ()

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        if context.task_of(self.name) is None and await is_answered(context, self.how_to):
            async for item in answer(context):
                yield item
            return
        settled = await settle(
            context, self.name, draft := context.draft(self.name), lambda card: self.fits(context, card)
        )
        if isinstance(settled, Pending):
            for item in settled.items:
                yield item
            return
        for event in (*settled.holder.events, *done(context, self.name)):
            yield event
        told = self.tell(context, settled.card)
        yield context.reply(*told, suggestions=context.suggest(*self.suggests), sources=("bank:card",))
        draft.clear()

    def fits(self, context: Context, card: BankCard) -> bool:
        """Whether this may be the card that is meant, where none is named."""
        return card.kind == "credit"

    @abstractmethod
    def tell(self, context: Context, card: BankCard) -> tuple[str, ...]:
        """Sentences, the shortest answer first."""


async def is_answered(context: Context, asked: re.Pattern[str]) -> bool:
    """Whether such a question is asked and the knowledge base is sure of its answer."""
    if not asked.search(context.text):
        return False
    hits = await context.knowledge.search(context.text, context.language, 1)
    return bool(hits) and hits[0].confident


class Balance(AccountSkill):
    """Balance of a debit card; bill, debt and what is left of a credit card."""

    name = "balance"
    intents = ("balance",)
    how_to = re.compile(r"没收到|打不开|怎么看|纸质|发到|寄|再发|didn.?t get|won.?t open|paper|where can i", re.I)
    suggests = ("due", "instalment", "transactions")

    def fits(self, context: Context, card: BankCard) -> bool:
        """Any card has a balance, only a credit card a bill."""
        return card.kind == "credit" or not _OF_BILLS.search(context.text)

    def tell(self, context: Context, card: BankCard) -> tuple[str, ...]:
        """See ``AccountSkill``."""
        if card.kind == "debit":
            return (context.say("bank.balance.debit", card=label(context, card), amount=_money(context, card.balance)),)
        owed = context.say(
            "bank.balance.owed", owed=_money(context, card.balance), available=_money(context, card.available)
        )
        if not card.bill:
            return (context.say("bank.balance.no_bill", card=label(context, card)), owed)
        bill = context.say(
            "bank.balance.bill",
            card=label(context, card),
            amount=_money(context, card.bill),
            minimum=_money(context, card.minimum),
        )
        return (bill, owed)


class Repayment(AccountSkill):
    """When the bill is due and whether it is paid by itself."""

    name = "repayment"
    intents = ("repayment",)
    how_to = re.compile(
        r"怎么|如何|可以用|能.{0,6}吗|逾期|晚|忘|宽限|只还|失败|代还|征信|多久|几天到|改|取消|开通|柜台|账号|还不上|提前"
        r"|\bhow\b|late|missed|forgot|grace|only pay|fail|change|early|can i|can.?t pay|postpone|account do i",
        re.I,
    )
    suggests = ("bill", "instalment")

    def tell(self, context: Context, card: BankCard) -> tuple[str, ...]:
        """See ``AccountSkill``."""
        if card.due is None:
            return (context.say("bank.repayment.debit", card=label(context, card)),)
        at = datetime.combine(card.due, time(12), SHOP_ZONE)
        when = phrasing.day(at, context.now, context.language)
        if not card.bill:
            return (context.say("bank.repayment.nothing", card=label(context, card), day=when),)
        auto = "bank.repayment.auto" if card.autopay else "bank.repayment.by_hand"
        due = context.say("bank.repayment.due", card=label(context, card), day=when, amount=_money(context, card.bill))
        return (due, context.say(auto))


class CreditLimit(AccountSkill):
    """The limit and what is left of it."""

    name = "credit_limit"
    intents = ("credit_limit",)
    how_to = re.compile(
        r"提额|提高|提点|临时|调|涨|降低|限额|取现|共享|免密|怎么|为什么|为啥|拒|条件|超限|关"
        r"|rais|increas|higher|temporar|lower|daily|transfer|cash|contactless|why|declined|stop",
        re.I,
    )
    suggests = ("bill", "human")

    def tell(self, context: Context, card: BankCard) -> tuple[str, ...]:
        """See ``AccountSkill``."""
        if card.kind == "debit":
            return (context.say("bank.balance.debit", card=label(context, card), amount=_money(context, card.balance)),)
        fields = {"limit": _money(context, card.limit), "available": _money(context, card.available)}
        return (context.say("bank.limit", card=label(context, card), **fields),)


class Points(AccountSkill):
    """The points of a card."""

    name = "points"
    intents = ("points",)
    how_to = re.compile(
        r"怎么|换|抵|过期|有效期|清零|哪些|算|转给|送人|合并|商城|权益|贵宾|礼|活动|返现|满减|优惠|洗车|饭票|里程|为什么|没给|没有积分"
        r"|redeem|what can|expire|convert|use points|pay my bill|worth|counted|combine|give|where"
        r"|benefit|lounge|gift|cashback|miles|offers|why",
        re.I,
    )
    suggests = ("points_use",)

    def tell(self, context: Context, card: BankCard) -> tuple[str, ...]:
        """See ``AccountSkill``."""
        return (context.say("bank.points", card=label(context, card), points=card.points),)


def _money(context: Context, amount: Decimal) -> str:
    return phrasing.money(amount, context.language)

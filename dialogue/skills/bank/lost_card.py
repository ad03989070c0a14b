"""Blocks a lost card: whose and which, read back, confirmed, one WRITE. Unblocking is refused and given to a person."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue.skills.bank.account import is_answered
from dialogue.skills.bank.bank import BankCard
from dialogue.skills.bank.settle import Settled, done, label, settle, tail_in
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.handoff import offer
from dialogue.skills.numbers import Pending
from dialogue.types import TaskEnded, TaskStarted

_HOW_TO = re.compile(r"要钱|收费|多久|几天|会不会|what does it cost|how long|fee", re.I)


_ORDERS_IT = re.compile(
    r"(确认|确定|是的?|对|好的?|马上|立即|赶紧|快)[,，、 ]*(给我|帮我|请)?(把它|把卡)?(挂失|冻结|停(用|了|掉)?)"
    r"[吧了。!！]*|(yes|sure|ok|okay|right)?[, ]*(please )?(block|freeze) it( now)?[.!]*",
    re.I,
)
"""More than a yes: 确认挂失."""


class LostCard:
    """Blocks one card."""

    name = "lost_card"
    intents = ("lost_card",)
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        answered = "yes" if _orders_it(context) else verdict(context, self.name)
        if answered == "yes" and tail_in(context) in {None, draft.get("tail")}:
            async for item in submit(context, self.name, "block_card", {"card_id": draft["card"]}):
                yield item
            return
        if answered == "no" and tail_in(context) is None:
            for item in withdraw(context):
                yield item
            return
        settled = await settle(context, self.name, draft, _active)
        for item in settled.items if isinstance(settled, Pending) else self._ready(context, draft, settled):
            yield item

    def _ready(self, context: Context, draft: dict[str, object], settled: Settled) -> tuple[Item, ...]:
        card = settled.card
        if card.status == "blocked":
            told = context.reply(context.say("bank.block.already", card=label(context, card)), sources=("bank:card",))
            return (*settled.holder.events, *done(context, self.name, "refused"), told)
        sentences = (context.say("bank.block.read_back", card=label(context, card)), context.say("bank.block.ask"))
        return (*settled.holder.events, *ask_confirmation(context, self.name, draft, *sentences))


class UnblockCard:
    """Never lifts a block: whoever found the card may be the one who calls. Offers a person."""

    name = "unblock_card"
    intents = ("unblock_card",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Say why not, offer a person."""
        if await is_answered(context, _HOW_TO):
            async for item in answer(context):
                yield item
            return
        yield TaskStarted(self.name, context.task_id(self.name), {"wish": self.name})
        yield TaskEnded("refused")
        for event in offer(context, "unblock"):
            yield event
        yield context.reply(context.say("bank.unblock"), suggestions=context.suggest("human", "no"))


def _orders_it(context: Context) -> bool:
    task = context.task_of(LostCard.name)
    waits = task is not None and task.step == CONFIRM and not context.resumed
    return waits and bool(_ORDERS_IT.fullmatch(context.text.strip()))


def _active(card: BankCard) -> bool:
    return card.status == "active"

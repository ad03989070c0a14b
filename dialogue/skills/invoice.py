"""Requests an invoice for a paid order: order, rules, title, read-back, one WRITE."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order
from dialogue.skills.cancel_order import reject_order
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import settle
from dialogue.types import Asked, TaskEnded, TaskStarted
from nlu.types import Expectation

TITLE_CHARS = 100
_PERSONAL = re.compile(r"个人|\bpersonal\b|\bindividual\b|\bmyself\b", re.IGNORECASE)
_COMPANY_ONLY = re.compile(
    r"^(开|要|是)?(公司|单位|企业)(的|抬头|发票)*[。.]?$|^(a |the )?company( invoice)?\.?$", re.IGNORECASE
)
_TITLE = re.compile(
    r"(?:抬头(?:是|为|写|开)?|名称是|开给|写)[:：\s]*(?P<zh>[^\s，。,]{2,})"
    r"|(?:titled?|made out to|name)[:\s]+(?P<en>.+)",
    re.I,
)
_FIRM = re.compile(r"[一-鿿A-Za-z（）()]{2,}(?:公司|集团|中心|事务所|工作室|学校|大学|医院|商行|店|厂)")


class Invoice:
    """Requests an electronic invoice."""

    name = "invoice"
    intents = ("invoice",)
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task."""
        draft = context.draft(self.name)
        corrected = reject_order(context, self.name, draft) | self._read_title(context, draft)
        answer = None if corrected else verdict(context, self.name)
        if answer == "yes":
            arguments = {"order_number": draft["order"], "title": draft["title"]}
            async for item in submit(context, self.name, "request_invoice", arguments):
                yield item
        elif answer == "no":
            for item in withdraw(context):
                yield item
        else:
            for item in await self._advance(context, draft):
                yield item

    def _read_title(self, context: Context, draft: Draft) -> bool:
        """Read the title from the words; True when one that was read back has changed."""
        if context.resumed:
            return False
        task = context.task_of(self.name)
        step, before = (task.step if task else None), draft.get("title")
        title = title_in(context, asked=step == "title")
        if title is not None:
            draft["title"] = title[:TITLE_CHARS]
        return step == CONFIRM and draft.get("title") != before

    async def _advance(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        settled = await settle(
            context, self.name, draft, fits=lambda order: rules.why_not_request_invoice(order, context.now) is None
        )
        if isinstance(settled, Pending):
            return settled.items
        return (*settled.events, *self._with_order(context, draft, settled.order))

    def _with_order(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        rule = rules.why_not_request_invoice(order, context.now)
        number = order.order_number
        if rule is not None:
            started = TaskStarted(self.name, context.task_id(self.name), dict(draft))
            opened = () if context.task_of(self.name) else (started,)
            text = context.say(f"invoice.refused.{rule}", number=number)
            return (*opened, TaskEnded("refused"), context.reply(text, suggestions=context.suggest("human")))
        if not draft.get("title"):
            asked = _COMPANY_ONLY.search(context.text.strip()) and not context.resumed
            return (
                *context.open_task(self.name, draft, "title"),
                Asked(Expectation("free")),
                context.reply(
                    context.say("invoice.ask_company" if asked else "invoice.ask_title", number=number),
                    suggestions=() if asked else context.suggest("personal", "company"),
                ),
            )
        amount = phrasing.money(order.total, context.language)
        text = context.say("invoice.read_back", number=number, title=draft["title"], amount=amount)
        return ask_confirmation(context, self.name, draft, text)


def title_in(context: Context, *, asked: bool) -> str | None:
    """The invoice title in this turn's words; ``asked``: the whole message may be one."""
    text = context.turn.parse.text.strip(" 。.!！,，")
    if _PERSONAL.search(text):
        return context.say("invoice.personal")
    if _COMPANY_ONLY.search(text):
        return None
    if found := _TITLE.search(text):
        return (found.group("zh") or found.group("en")).strip()
    if found := _FIRM.search(text):
        return re.sub(r"^(开|给|是|要|写|我们|用)+", "", found.group())
    return text if asked and len(text) >= 2 and not cues.is_question(text) else None

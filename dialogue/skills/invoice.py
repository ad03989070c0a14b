"""Requests an invoice for a paid order, or changes its title: personal, or a company with its tax number."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import OrderWrite, step_of
from dialogue.skills.tax_number import is_tax_number, tax_number_in
from dialogue.types import Asked, Reply
from nlu.types import Expectation

TITLE_CHARS = 100
_PERSONAL = re.compile(r"个人|\bpersonal\b|\bindividual\b|\bmyself\b", re.IGNORECASE)
_COMPANY_ONLY = re.compile(r"(公司|单位|企业)|((an?|the|for) )*company", re.IGNORECASE)
_AROUND_TITLE = re.compile(
    r"订单号?|\d+|我们?|需要|[要想给帮请开是的写为改换成个。.，,！!]|一张|电子|发票|抬头"
    r"|\b(order|invoice|please|i need)\b",
    re.IGNORECASE,
)
"""What is said around a title, or around nothing but 公司."""
_TITLE = re.compile(
    r"(?:抬头(?:是|为|写|开|改成|改为|换成)+|名称是|开给|写)[:：\s]*(?P<zh>[^\s，。,]{2,})"
    r"|(?:titled?|made out to|name)[:\s]+(?P<en>.+)",
    re.I,
)
_FIRM = re.compile(r"[一-鿿A-Za-z（）()]{2,}(?:公司|集团|中心|事务所|工作室|学校|大学|医院|商行|店|厂)")
_LEAD = re.compile(r"^(?:开|给|是|要|写|我们|用|不对|抬头|应该|改成|换成)+")
_GENERAL = re.compile(
    r"专用|专票|普票|纸质|种类|类型|内容|品类|支持|多久|几天|什么时候|哪里|哪儿|怎么(开|下载|看|申请)"
    r"|\b(paper|special|vat|kinds?|how long|when)\b",
    re.IGNORECASE,
)
_NO_TAX_NUMBER = re.compile(r"没有|不用|不填|不需要|不知道|记不|\bno\b|don'?t|without|skip", re.IGNORECASE)


class Invoice(OrderWrite):
    """Requests an electronic invoice."""

    name = "invoice"
    intents = ("invoice",)
    action = "request_invoice"
    field = "title"

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task, or the knowledge base's answer to a question on invoices in general."""
        general = context.task_of(self.name) is None and not context.turn.parse.slot("order_number")
        asked = cues.is_question(context.text) and _GENERAL.search(context.text)
        async for item in answer(context) if general and asked else super().run(context):
            yield item

    def read(self, context: Context, draft: Draft) -> bool:
        """Title and tax number."""
        before, step = (draft.get("payer"), draft.get("tax_number")), step_of(context, self.name)
        self._read_tax_number(context, draft, step)
        if step != "tax_number":
            payer = (step == "confirm" and cues.corrected(context.turn.parse.text, str(draft.get("payer", "")))) or (
                title_in(context, asked=step == "title")
            )
            if payer:
                draft["payer"] = payer[:TITLE_CHARS]
        return before != (draft.get("payer"), draft.get("tax_number"))

    def _read_tax_number(self, context: Context, draft: Draft, step: str | None) -> None:
        said = tax_number_in(context.text, asked=step == "tax_number")
        if said is not None:
            draft["tax_number"] = said
        elif step == "tax_number" and _NO_TAX_NUMBER.search(context.text):
            draft["tax_number"] = ""

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Paid, and not issued yet."""
        return rules.why_not_request_invoice(order, context.now)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """The title, then the tax number of a company."""
        if not draft.get("payer"):
            return self._ask_title(context, draft, order)
        if _PERSONAL.search(draft["payer"]):
            draft["tax_number"] = ""
        tax_number = draft.get("tax_number")
        if tax_number is None or (tax_number and not is_tax_number(tax_number)):
            return self._ask_tax_number(context, draft)
        number = context.say("invoice.tax_number", value=tax_number) if tax_number else ""
        draft["title"] = draft["payer"] + number
        return ()

    def _ask_title(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        company = is_company_only(context.text) and not context.resumed
        suggestions = () if company else context.suggest("personal", "company")
        key = "ask_company" if company else "ask_new_title" if order.invoice == "requested" else "ask_title"
        return (
            *context.open_task(self.name, draft, "title"),
            Asked(Expectation("free", choices=suggestions)),
            context.reply(
                context.say(f"invoice.{key}", number=order.order_number),
                suggestions=suggestions,
            ),
        )

    def _ask_tax_number(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        wrong = draft.pop("tax_number", None)
        spoken = context.turn.modality == "voice"
        text = (
            context.say("invoice.wrong_tax_number", value=phrasing.digits(wrong, spoken), count=len(wrong))
            if wrong and not context.resumed
            else context.say("invoice.ask_tax_number", title=draft["payer"])
        )
        return (
            *context.open_task(self.name, draft, "tax_number"),
            Asked(Expectation("free")),
            context.reply(text, suggestions=context.suggest("no_tax_number")),
        )

    def forget(self, draft: Draft) -> bool:
        """Title and tax number."""
        for name in ("payer", "title", "tax_number"):
            draft.pop(name, None)
        return True

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """Title, tax number and amount."""
        amount = phrasing.money(order.total, context.language)
        key = "change" if order.invoice == "requested" else "new"
        spoken = context.turn.modality == "voice" and draft["tax_number"]
        title = (
            draft["title"]
            if not spoken
            else draft["payer"]
            + context.say("invoice.tax_number", value=phrasing.digits(draft["tax_number"], spoken=True))
        )
        return (context.say(f"invoice.read_back.{key}", number=order.order_number, title=title, amount=amount),)

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Not paid, or issued already."""
        text = context.say(f"invoice.refused.{rule}", number=order.order_number)
        return context.reply(text, suggestions=context.suggest("human"))


def title_in(context: Context, *, asked: bool) -> str | None:
    """The invoice title in this turn's words; ``asked``: the whole message may be one."""
    text = context.turn.parse.text.strip(" 。.!！,，")
    if _PERSONAL.search(text):
        return context.say("invoice.personal")
    if is_company_only(text):
        return None
    if found := _TITLE.search(text):
        return (found.group("zh") or found.group("en")).strip()
    if found := _FIRM.search(text):
        return _LEAD.sub("", found.group())
    return text if asked and len(text) >= 2 and not cues.is_question(text) else None


def is_company_only(text: str) -> bool:
    """Whether it is to be a company's, without saying which."""
    bare = _AROUND_TITLE.sub("", text).strip()
    return bool(bare) and _COMPANY_ONLY.fullmatch(bare) is not None

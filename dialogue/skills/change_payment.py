"""Pays an order that has not shipped another way: order, method, read-back, confirmation, one WRITE."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dialogue import cues, phrasing
from dialogue.shop import change_rules
from dialogue.shop.types import Order, PaymentMethod
from dialogue.skills import paying
from dialogue.skills.confirm import refusal as rule_words
from dialogue.skills.context import Context, Item
from dialogue.skills.line_claims import explicit
from dialogue.skills.modify_order import ModifyOrder
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import FIELD_CHARS, OrderWrite, refused_task, step_of
from dialogue.state import DialogueState
from dialogue.types import ActionName, Asked, Reply
from nlu.types import Expectation, Parse

_WANTED = re.compile(
    r"\b(?:chang|switch|modif|updat)\w*\b[^.?!]{0,60}\bpayment(?: method)?\b(?! difference)|\bpay(?: for)? [^.?!]{0,40}"
    r"\b(?:with|using|by)\b[^.?!]{0,40}\binstead\b|\bcharge [^.?!]{0,30}\binstead\b"
    r"|(?:换|改|变更|更换|修改).{0,6}(?:支付|付款)(?:方式)?|(?:支付|付款)方式.{0,6}(?:换|改)",
    re.IGNORECASE,
)
_METHOD = "method"


class ChangePayment(OrderWrite):
    """Changes how one order is paid."""

    name = "change_payment"
    intents = ("change_payment",)
    action = "change_payment"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Another way to pay for an order, whatever the classifier makes of it."""
        running = state.task is not None and state.task.skill not in {self.name, "order_status"}
        return not running and bool(_WANTED.search(parse.normalized or parse.text))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn; how a change of goods is paid is a matter of that change. Raises ``ShopUnavailable``."""
        of_goods = context.task_of(self.name) is None and _changes_goods(context)
        async for item in ModifyOrder().run(context) if of_goods else super().run(context):
            yield item

    def read(self, context: Context, draft: Draft) -> bool:
        """The words that name a method; which of theirs it is, the shop must be asked."""
        text = context.turn.parse.text
        named = paying.kind_in(text) is not None or re.search(r"\b[a-z]+(?:_[a-z]+)*_\d{4,}\b", text, re.IGNORECASE)
        if not named and step_of(context, self.name) != _METHOD:
            return False
        draft["words"] = text[:FIELD_CHARS]
        draft.pop("payment_method", None)
        return bool(named)

    def forget(self, draft: Draft) -> bool:
        """The method, for "no, not that one"."""
        draft.pop("words", None)
        return draft.pop("payment_method", None) is not None

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Nothing of it may have left the warehouse."""
        return change_rules.why_not_before_shipping(order)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """Which of their methods, and that it can pay for this order."""
        methods = await context.shop.payment_methods(order.customer_id)
        others = tuple(method for method in methods if method.method_id != order.payment_method)
        if not others:
            text = context.say("change_payment.no_other", number=order.order_number)
            reply = context.reply(text, suggestions=context.suggest("human"))
            return (*refused_task(context, self.name, draft), reply)
        lead = ""
        if not draft.get("payment_method") and (words := draft.pop("words", "")):
            lead = self._choose(context, draft, order, methods, others, words)
        if draft.get("payment_method"):
            draft["method_name"] = paying.name_of(context, methods, draft["payment_method"])
            draft["old_name"] = paying.name_of(context, methods, order.payment_method)
            return ()
        return self._ask(context, draft, order, others, lead)

    def _choose(
        self,
        context: Context,
        draft: Draft,
        order: Order,
        methods: Sequence[PaymentMethod],
        others: Sequence[PaymentMethod],
        words: str,
    ) -> str:
        """Keep the method that ``words`` mean; else what to say before it is asked again."""
        choices = context.state.expectation.choices
        picked = cues.chosen(words, choices) if choices and paying.kind_in(words) is None else None
        if picked is not None and picked < len(others):
            found: tuple[PaymentMethod | str, ...] = (others[picked],)
        else:
            found = paying.method_in(words, methods, asked=step_of(context, self.name) == _METHOD)
            left = tuple(method for method in found if method in others)
            found = left or found
        if len(found) != 1:
            return context.say("change_payment.none_such") if paying.kind_in(words) and not found else ""
        method = found[0]
        wanted = order.payment_method if isinstance(method, str) else method.method_id
        rule = change_rules.why_not_change_payment(order, methods, wanted or "")
        if rule is None:
            draft["payment_method"] = wanted
            return ""
        return context.say("change_payment.not_with", why=rule_words(context, rule))

    def _ask(
        self, context: Context, draft: Draft, order: Order, others: Sequence[PaymentMethod], lead: str
    ) -> tuple[Item, ...]:
        labels = tuple(paying.label(context, method) for method in others)
        names = tuple(method.label if context.language == "zh" else method.label_en for method in others)
        text = context.say(
            "change_payment.ask", number=order.order_number, listing=phrasing.listing(labels, context.language)
        )
        return (
            *context.open_task(self.name, draft, _METHOD),
            Asked(Expectation("choice", slot="payment_method", choices=names)),
            context.reply(lead, text, suggestions=names),
        )

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """The order, both methods, and how much."""
        text = context.say(
            "change_payment.read_back",
            number=order.order_number,
            method=draft["method_name"],
            old=draft["old_name"],
            amount=phrasing.money(order.total, context.language),
        )
        return (text,)

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Too late to pay it another way."""
        text = context.say("change_payment.refused", number=order.order_number, why=rule_words(context, rule))
        return context.reply(text, suggestions=context.suggest("human"))

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """The order with its new method; its name is for the words that tell of it."""
        return self.action, {
            "order_number": draft["order"],
            "payment_method": draft["payment_method"],
            "method_name": draft["method_name"],
        }


def _changes_goods(context: Context) -> bool:
    """Whether goods are to change, and the method is only how that is paid."""
    parse = context.turn.parse
    if _WANTED.search(parse.normalized or parse.text):
        return False
    return explicit(replace(parse, intent=ModifyOrder.intents[0]), always=True) in {"exchange", "change"}

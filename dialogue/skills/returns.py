"""Returns, exchanges, and goods that came faulty: order, lines, reason, the shop's rules, read-back, one WRITE.

fault? -> kind? -> order -> lines (several?) -> reason -> rules -> confirm -> yes: create_return, or a ticket
                     ^                   ^                  |  no:  nothing done
                     +------ corrections go back -----------+

The kind is asked for only when the customer told what is wrong, not what is to happen (收到的东西是坏的). A repair and
what was missing from the parcel are tickets for a person; a repair is offered too when the time for a return is over
but the warranty is not.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from dialogue import cues
from dialogue.shop import rules
from dialogue.shop.types import Order
from dialogue.skills import order_lines, reasons, return_words
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_write import refused_task, step_of
from dialogue.skills.orders import settle
from dialogue.skills.return_words import LENIENT
from dialogue.types import ActionName, Asked, TaskEnded
from nlu.types import Expectation

REASON_CHARS = 120
DAYS_A_MONTH = 30
_KINDS = ("return", "exchange", "repair")
_TICKETS = {"repair": "repair", "resend": "follow_up"}
"""Kinds that a person looks after, with the kind of their ticket."""

_EXCHANGE = re.compile(r"换货|换一|换个|换大|换小|换新|换成|更换|调换|exchange|swap|replacement|replace", re.IGNORECASE)
_RETURN = re.compile(r"退货|退款|退掉|退了|退回|我要退|想退|\breturn|refund", re.IGNORECASE)
_REPAIR = re.compile(r"维修|修理|返修|修一|保修|能修|\brepair|\bfix\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"(不是|不要|别|不用|不想)(要|想)?(退货|换货|退款|退|换|维修)|not (a |an |to )?(return|exchange|refund|repair)",
    re.IGNORECASE,
)
_LINE_WORD = re.compile(r"商品|东西|这件|这个产品|\bitem\b|\bproduct\b", re.IGNORECASE)
_REASON_WORD = re.compile(r"原因|理由|reason", re.IGNORECASE)


class Returns:
    """Opens a return, an exchange, or a ticket for what came faulty."""

    name = "returns"
    intents = ("return_request", "exchange_request", "faulty_goods")
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task; see the module."""
        draft = context.draft(self.name)
        corrected = self._read(context, draft)
        if "kind" not in draft:
            for item in self._ask_what_to_do(context, draft):
                yield item
            return
        answer = None if corrected else verdict(context, self.name)
        if answer == "yes":
            async for item in self._submit(context, draft):
                yield item
            return
        if answer == "no" and not cues.is_correction(context.text):
            items = withdraw(context)
        elif not corrected and self._says_wrong(context):
            items = self._ask_what_is_wrong(context, draft)
        else:
            items = await self._advance(context, draft)
        for item in items:
            yield item

    async def _submit(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        name, arguments = _write(context, draft)
        done = False
        async for item in submit(context, self.name, name, arguments):
            done = done or item == TaskEnded("done")
            yield item
        if done and name == "create_return":
            yield context.reply(context.say("returns.pickup"), suggestions=context.suggest("pickup", "undo_return"))

    def _read(self, context: Context, draft: Draft) -> bool:
        """Read kind, reason and lines from the words; True when something that was read back has changed."""
        before, step = _known(draft), step_of(context, self.name)
        if not context.resumed:
            self._read_kind(context, draft, step)
            if step == order_lines.STEP:
                order_lines.read_chosen(context, draft, several=True)
            self._read_reason(context, draft, step)
            if step in {CONFIRM, "correct"}:
                _forget_the_wrong(context, draft)
            slot = context.turn.parse.slot("order_number")
            if slot and step == CONFIRM and str(slot.value) != draft.get("order_number"):
                return True
        is_new = context.task_of(self.name) is None
        open_kind = (is_new and _tells_a_fault(context)) or step == "fault" or (context.resumed and step == "kind")
        if not open_kind:
            draft.setdefault("kind", "return")
        return step in {CONFIRM, "correct"} and before != _known(draft)

    def _read_kind(self, context: Context, draft: Draft, step: str | None) -> None:
        if step == "kind" and (picked := cues.chosen(context.text, _kind_labels(context))) is not None:
            draft["kind"] = _KINDS[picked]
            return
        text = _NEGATED.sub("", context.text)
        if context.turn.parse.intent == "exchange_request" or _EXCHANGE.search(text):
            draft["kind"] = "exchange"
        elif _RETURN.search(text):
            draft["kind"] = "return"
        elif _REPAIR.search(text):
            draft["kind"] = "repair"
        elif _NEGATED.search(context.text) and cues.is_correction(context.text) and "kind" in draft:
            draft["kind"] = "return" if draft["kind"] == "exchange" else "exchange"

    def _read_reason(self, context: Context, draft: Draft, step: str | None) -> None:
        name = reasons.reason_in(_NEGATED.sub("", context.text), reasons.FAULTS + reasons.RETURN_REASONS)
        if name is not None and step != "correct":
            draft["reason"] = reasons.in_words(name, context.wording)
            if name == "missing":
                draft.setdefault("kind", "resend")
        elif step in {"reason", "fault"} and not context.resumed:
            picked = cues.chosen(context.text, _reason_labels(context, step))
            words = context.turn.parse.text.strip()[:REASON_CHARS]
            draft["reason"] = _reason_labels(context, step)[picked] if picked is not None else words or None
        if draft.get("reason") is None:
            draft.pop("reason", None)

    def _says_wrong(self, context: Context) -> bool:
        return not context.resumed and step_of(context, self.name) == CONFIRM and cues.is_correction(context.text)

    def _ask_what_to_do(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        """What is wrong with the goods, then what is to happen."""
        if not draft.get("reason"):
            return (
                *context.open_task(self.name, draft, "fault"),
                Asked(Expectation("free")),
                context.reply(
                    "" if context.resumed else context.say("returns.sorry"),
                    context.say("returns.ask_fault"),
                    suggestions=_reason_labels(context, "fault"),
                ),
            )
        labels = _kind_labels(context)
        asked_before = context.resumed or step_of(context, self.name) == "fault"
        lead = "" if asked_before else context.say("returns.sorry")
        return (
            *context.open_task(self.name, draft, "kind"),
            Asked(Expectation("choice", choices=labels)),
            context.reply(lead, context.say("returns.ask_kind"), suggestions=(*labels, *context.suggest("human"))),
        )

    def _ask_what_is_wrong(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        choices = tuple(context.say(f"returns.part.{part}") for part in ("order", "line", "reason", "stop"))
        return (
            *context.open_task(self.name, draft, "correct"),
            Asked(Expectation("choice", choices=choices)),
            context.reply(context.say("returns.what_is_wrong"), suggestions=choices),
        )

    async def _advance(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        now, policies = context.now, context.shop.policies

        def possible(order: Order) -> bool:
            if draft["kind"] in _TICKETS:
                return rules.delivered_at(order) is not None
            return bool(rules.returnable_skus(order, draft.get("reason", LENIENT), now, policies=policies))

        settled = await settle(context, self.name, draft, fits=possible)
        if isinstance(settled, Pending):
            return settled.items
        return (*settled.events, *await self._with_order(context, draft, settled.order))

    async def _with_order(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        refused = await self._refuse(context, draft, order, LENIENT)
        if refused:
            return refused
        if not draft.get("skus"):
            order_lines.read_named(context, draft, order)
        if not draft.get("skus"):
            skus = self._open_skus(context, draft, order)
            if len(skus) > 1:
                lines = [line for line in order.lines if line.sku in skus]
                key = f"returns.ask_lines.{draft['kind']}"
                return order_lines.ask_lines(context, self.name, draft, lines, key, several=True)
            draft["skus"] = list(skus)
        refused = await self._refuse(context, draft, order, draft.get("reason", LENIENT))
        if refused:
            return refused
        if not draft.get("reason"):
            return self._ask_reason(context, draft)
        return await self._read_back(context, draft, order)

    def _open_skus(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        if draft["kind"] in _TICKETS:
            return tuple(line.sku for line in order.lines)
        policies = context.shop.policies
        skus = rules.returnable_skus(order, draft.get("reason", LENIENT), context.now, policies=policies)
        return skus or rules.returnable_skus(order, LENIENT, context.now, policies=policies)

    async def _refuse(self, context: Context, draft: Draft, order: Order, reason: str) -> tuple[Item, ...]:
        """Events and reply when the shop's rules forbid it for these lines (or for every line); else nothing."""
        skus = draft.get("skus") or [line.sku for line in order.lines]
        policies, is_ticket = context.shop.policies, draft["kind"] in _TICKETS
        if is_ticket and rules.delivered_at(order) is not None:
            return ()
        if not draft.get("skus") and rules.returnable_skus(order, reason, context.now, policies=policies):
            return ()
        kind = "return" if is_ticket else draft["kind"]
        rule = rules.why_not_return(order, skus, reason, context.now, kind=kind, policies=policies)
        if rule is None:
            return ()
        said = draft.get("reason", "")
        if rule == "return_window_over" and rules.is_quality_reason(said, policies=policies):
            offered = await self._offer_repair(context, draft, order)
            if offered:
                return offered
        return (*refused_task(context, self.name, draft), return_words.refusal(context, draft, order, rule))

    async def _offer_repair(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """Too late for a return of faulty goods, but their warranty runs: a repair is read back."""
        arrived, skus = rules.delivered_at(order), draft.get("skus") or [line.sku for line in order.lines]
        products = [await context.shop.product(sku) for sku in skus]
        months = min((product.warranty_months if product else 0 for product in products), default=0)
        if arrived is None or context.now >= arrived + timedelta(days=DAYS_A_MONTH * months):
            return ()
        draft.update(kind="repair", skus=list(skus))
        text = context.say("returns.offer_repair", number=order.order_number, months=months)
        return ask_confirmation(context, self.name, draft, text, cards=(order_card(context, order),))

    def _ask_reason(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        return (
            *context.open_task(self.name, draft, "reason"),
            Asked(Expectation("free")),
            context.reply(
                context.say(f"returns.ask_reason.{draft['kind']}"), suggestions=_reason_labels(context, "reason")
            ),
        )

    async def _read_back(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        customer = await context.shop.customer(order.customer_id)
        text = return_words.read_back(context, draft, order, customer.level if customer else None)
        return ask_confirmation(context, self.name, draft, *text, cards=(order_card(context, order),))


def _write(context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
    if draft["kind"] in _TICKETS:
        return "open_ticket", {
            "kind": _TICKETS[draft["kind"]],
            "customer_id": context.state.customer_id,
            "order_number": draft["order"],
            "text": context.say(
                f"returns.ticket.{draft['kind']}", skus=",".join(draft["skus"]), reason=draft["reason"]
            ),
        }
    return "create_return", {
        "order_number": draft["order"],
        "skus": list(draft["skus"]),
        "reason": draft["reason"],
        "kind": draft["kind"],
    }


def _known(draft: Draft) -> tuple[Any, ...]:
    return tuple(draft.get(name) for name in ("kind", "order_number", "skus", "reason"))


def _tells_a_fault(context: Context) -> bool:
    """The words tell what came, not what is to happen."""
    return cues.got_bad_goods(context.text) or context.turn.parse.intent == "faulty_goods"


def _kind_labels(context: Context) -> tuple[str, ...]:
    return tuple(context.say(f"returns.kind.{kind}") for kind in _KINDS)


def _reason_labels(context: Context, step: str) -> tuple[str, ...]:
    names = reasons.FAULTS if step == "fault" else reasons.RETURN_REASONS
    return tuple(reasons.in_words(name, context.wording) for name in names)


def _forget_the_wrong(context: Context, draft: Draft) -> None:
    """Drop what the customer says is wrong, so that it is asked for again."""
    text = context.text
    wrong = cues.is_correction(text) or context.state.expectation.kind == "choice"
    if not wrong or context.turn.parse.slot("order_number"):
        return
    if cues.names_order(text):
        draft["rejected"] = draft.get("order")
        for name in ("order", "order_number", "skus", "lines", "about"):
            draft.pop(name, None)
    elif _LINE_WORD.search(text):
        for name in ("skus", "about"):
            draft.pop(name, None)
    elif _REASON_WORD.search(text) and reasons.reason_in(text, reasons.RETURN_REASONS) is None:
        draft.pop("reason", None)

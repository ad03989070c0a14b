"""Returns, exchanges, and goods that came faulty: order, lines, reason, the shop's rules, read-back, one WRITE.

fault? -> kind? -> order -> lines (several?) -> reason -> rules -> confirm -> yes: create_return, or a ticket
                     ^                   ^                  |  no:  nothing done
                     +------ corrections go back -----------+

The kind is asked for only when the customer told what is wrong, not what is to happen (收到的东西是坏的). A repair and
what was missing from the parcel are tickets for a person; a repair is offered too when the time for a return is over
but the warranty is not. What has not shipped is not exchanged: the order is changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from dialogue import cues
from dialogue.shop import change_rules, rules
from dialogue.shop.types import Order
from dialogue.skills import order_lines, return_words
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.line_changes import by_lines, takes
from dialogue.skills.line_claims import wishes_of
from dialogue.skills.line_work import work_on_lines
from dialogue.skills.modify_order import ModifyOrder
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_write import passed_on, refused_task, step_of
from dialogue.skills.orders import settle
from dialogue.skills.return_draft import (
    forget_the_wrong,
    kind_labels,
    read_kind,
    read_reason,
    reason_labels,
    remember,
    tells_a_fault,
)
from dialogue.skills.return_words import LENIENT
from dialogue.state import DialogueState
from dialogue.types import ActionName, Asked, DialogueEvent, TaskEnded
from nlu.types import Expectation, Parse

DAYS_A_MONTH = 30
_TICKETS = {"repair": "repair", "resend": "follow_up"}
"""Kinds that a person looks after, with the kind of their ticket."""


class Returns:
    """Opens a return, an exchange, or a ticket for what came faulty."""

    name = "returns"
    intents = ("return_request", "exchange_request", "faulty_goods")
    writes = True

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether words go on with lines that are being returned or exchanged."""
        return takes(state, self.name, parse) or wishes_of(state, parse, self.name) == "return"

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task; see the module."""
        if by_lines(context):
            async for item in work_on_lines(context, self.name):
                yield item
            return
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
            read_kind(context, draft, step)
            if step == order_lines.STEP:
                order_lines.read_chosen(context, draft, several=True)
            read_reason(context, draft, step)
            if step in {CONFIRM, "correct"}:
                forget_the_wrong(context, draft)
            slot = context.turn.parse.slot("order_number")
            if slot and step == CONFIRM and str(slot.value) != draft.get("order_number"):
                return True
        is_new = context.task_of(self.name) is None
        open_kind = (is_new and tells_a_fault(context)) or step == "fault" or (context.resumed and step == "kind")
        if not open_kind:
            draft.setdefault("kind", "return")
        elif is_new and "kind" not in draft:
            remember(context, draft)
        return step in {CONFIRM, "correct"} and before != _known(draft)

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
                    suggestions=reason_labels(context, "fault"),
                ),
            )
        labels = kind_labels(context)
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
        if draft["kind"] == "exchange" and change_rules.why_not_modify(settled.order, policies=policies) is None:
            events = (*settled.events, *context.open_task(self.name, {"order": settled.order.order_number}))
            ended: tuple[DialogueEvent, ...] = (*events, TaskEnded("done"))
            return (*ended, *[item async for item in ModifyOrder().run(passed_on(context, ended))])
        return (*settled.events, *await self._with_order(context, draft, settled.order))

    async def _with_order(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        if not draft.get("skus"):
            order_lines.read_named(context, draft, order)
        refused = await self._refuse(context, draft, order, LENIENT)
        if refused:
            return refused
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
        arrived, chosen = rules.delivered_at(order), draft.get("skus") or [line.sku for line in order.lines]
        products = await order_lines.products_of(context, order)
        months_of = {sku: products[sku].warranty_months for sku in chosen if sku in products}
        skus = [
            sku
            for sku, months in months_of.items()
            if arrived is not None and context.now < arrived + timedelta(days=DAYS_A_MONTH * months)
        ]
        if not skus:
            return ()
        draft.update(kind="repair", skus=skus)
        months = min(months_of[sku] for sku in skus)
        text = context.say("returns.offer_repair", number=order.order_number, months=months)
        return ask_confirmation(context, self.name, draft, text, cards=(order_card(context, order),))

    def _ask_reason(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        return (
            *context.open_task(self.name, draft, "reason"),
            Asked(Expectation("free")),
            context.reply(
                context.say(f"returns.ask_reason.{draft['kind']}"), suggestions=reason_labels(context, "reason")
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

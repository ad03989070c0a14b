"""Takes back what was done: a cancelled order comes back, a return is withdrawn, as long as the shop's rules allow.

Claims 「不取消了」 right after a WRITE, and an explicit wish (恢复订单, 撤销退货) at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dialogue import cues, phrasing, wishes
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus, Return
from dialogue.skills.context import Context
from dialogue.skills.numbers import Draft
from dialogue.skills.order_lines import products_of
from dialogue.skills.order_write import OrderWrite
from dialogue.state import DialogueState, Report
from dialogue.types import ActionName, Reply
from nlu.types import Parse

UNDOABLE = frozenset({"cancel_order", "create_return"})
FRESH_TURNS = 3
"""For so many turns after a WRITE 「不取消了」 is about it."""


class Undo(OrderWrite):
    """Undoes a cancellation or a return."""

    name = "undo"
    intents: tuple[str, ...] = ()

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether the words undo what was done."""
        text = parse.normalized or parse.text
        report = just_done(state)
        if wishes.wants_restored(text):
            return True
        return report is not None and not cues.is_question(text) and wishes.takes_back(text, _kind(report))

    def read(self, context: Context, draft: Draft) -> bool:
        """The order of the last WRITE, unless another is named."""
        report = just_done(context.state)
        if context.task_of(self.name) is None and report and not context.turn.parse.slot("order_number"):
            draft["order"] = str(report.action.arguments["order_number"])
        return False

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """The shop's rule for what was done with this order last."""
        if order.status is OrderStatus.CANCELLED:
            return rules.why_not_restore(order, context.now, policies=context.shop.policies)
        entry = last_return(order)
        return "nothing_to_undo" if entry is None else rules.why_not_withdraw(entry)

    async def why_not_now(self, context: Context, draft: Draft, order: Order) -> str | None:
        """A cancelled order comes back only where the goods are still there."""
        if order.status is not OrderStatus.CANCELLED:
            return None
        products = await products_of(context, order)
        return rules.why_not_restore(order, context.now, policies=context.shop.policies, products=products)

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """What comes back."""
        draft.pop("return_number", None)  # of an order that was meant before
        entry = last_return(order)
        if order.status is OrderStatus.CANCELLED or entry is None:
            what = phrasing.lines(order.lines, context.language)
            return (context.say("undo.read_back.order", number=order.order_number, what=what),)
        draft["return_number"] = entry.return_number
        return (context.say(f"undo.read_back.{entry.kind}", number=order.order_number),)

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """The return is withdrawn, or the order restored."""
        if number := draft.get("return_number"):
            return "withdraw_return", {"return_number": number}
        return "restore_order", {"order_number": draft["order"]}

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Why it stays as it is."""
        text = context.say(
            f"undo.refused.{rule}", number=order.order_number, minutes=context.shop.policies.undo.restore_minutes
        )
        return context.reply(text, suggestions=context.suggest("human"))


def _kind(report: Report) -> Literal["cancel_order", "return", "exchange"]:
    if report.action.name == "cancel_order":
        return "cancel_order"
    return "exchange" if report.action.arguments.get("kind") == "exchange" else "return"


def last_return(order: Order) -> Return | None:
    """The newest return or exchange of the order."""
    return max(order.returns, key=lambda entry: entry.created_at, default=None)


def just_done(state: DialogueState) -> Report | None:
    """The last WRITE when it can be undone and was done a moment ago."""
    report = state.actions[-1] if state.actions else None
    if report is None or not report.result.ok or report.action.name not in UNDOABLE:
        return None
    return report if state.turn_count - report.turn_id <= FRESH_TURNS else None

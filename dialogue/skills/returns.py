"""Returns and exchanges: order, lines, reason, the shop's rules, read-back, confirmation, one WRITE.

kind? -> order -> lines (several?) -> reason -> rules -> confirm -> yes: create_return
                    ^                   ^                  |  no:  nothing done
                    +------ corrections go back -----------+

The kind is asked for only when the customer told what is wrong, not what is to happen (收到的东西是坏的).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderLine
from dialogue.skills import reasons
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import numbered, settle
from dialogue.types import Asked, TaskEnded, TaskStarted
from nlu.types import Expectation

LENIENT = "质量"
"""With this reason the rules are at their most generous: what fails here fails for every reason."""
REASON_CHARS = 120
_KINDS = ("return", "exchange")

_EXCHANGE = re.compile(r"换货|换一|换个|换大|换小|换新|换成|更换|调换|exchange|swap|replacement|replace", re.IGNORECASE)
_RETURN = re.compile(r"退货|退款|退掉|退了|退回|我要退|想退|\breturn|refund", re.IGNORECASE)
_NEGATED = re.compile(
    r"(不是|不要|别|不用|不想)(要|想)?(退货|换货|退款|退|换)|not (a |an |to )?(return|exchange|refund)", re.IGNORECASE
)
_LINE_WORD = re.compile(r"商品|东西|这件|这个产品|\bitem\b|\bproduct\b", re.IGNORECASE)
_REASON_WORD = re.compile(r"原因|理由|reason", re.IGNORECASE)


class Returns:
    """Opens a return or an exchange."""

    name = "returns"
    intents = ("return_request", "exchange_request")
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task; see the module."""
        draft = context.draft(self.name)
        corrected = self._read(context, draft)
        if "kind" not in draft:
            for item in self._ask_kind(context, draft):
                yield item
            return
        answer = None if corrected else verdict(context, self.name)
        if answer == "yes":
            async for item in submit(context, self.name, "create_return", _arguments(draft)):
                yield item
            return
        if answer == "no" and not cues.is_correction(context.text):
            for item in withdraw(context):
                yield item
            return
        if not corrected and self._says_wrong(context):
            for item in self._ask_what_is_wrong(context, draft):
                yield item
            return
        for item in await self._advance(context, draft):
            yield item

    def _read(self, context: Context, draft: Draft) -> bool:
        """Read kind, reason and lines from the words; True when something that was read back has changed."""
        before = (draft.get("kind"), draft.get("order_number"), draft.get("skus"), draft.get("reason"))
        if not context.resumed:
            step = task.step if (task := context.task_of(self.name)) else None
            self._read_kind(context, draft, step)
            if step == "lines":
                _read_lines(context, draft)
            self._read_reason(context, draft, step)
            if step in {CONFIRM, "correct"}:
                _forget_the_wrong(context, draft)
            slot = context.turn.parse.slot("order_number")
            if slot and step == CONFIRM and str(slot.value) != draft.get("order_number"):
                return True
        task = context.task_of(self.name)
        starts_open = task is None and cues.got_bad_goods(context.text)
        if not starts_open and not (context.resumed and task is not None and task.step == "kind"):
            draft.setdefault("kind", "return")
        after = (draft.get("kind"), draft.get("order_number"), draft.get("skus"), draft.get("reason"))
        return task is not None and task.step in {CONFIRM, "correct"} and before != after

    def _read_kind(self, context: Context, draft: Draft, step: str | None) -> None:
        if step == "kind" and (picked := cues.chosen(context.text, _kind_labels(context))) is not None:
            draft["kind"] = _KINDS[picked]
            return
        text = _NEGATED.sub("", context.text)
        if context.turn.parse.intent == "exchange_request" or _EXCHANGE.search(text):
            draft["kind"] = "exchange"
        elif _RETURN.search(text):
            draft["kind"] = "return"
        elif _NEGATED.search(context.text) and cues.is_correction(context.text) and "kind" in draft:
            draft["kind"] = "return" if draft["kind"] == "exchange" else "exchange"

    def _read_reason(self, context: Context, draft: Draft, step: str | None) -> None:
        name = reasons.reason_in(_NEGATED.sub("", context.text), reasons.RETURN_REASONS)
        if name is not None and step != "correct":
            draft["reason"] = reasons.in_words(name, context.wording)
        elif step == "reason":
            picked = cues.chosen(context.text, _reason_labels(context))
            words = context.turn.parse.text.strip()[:REASON_CHARS]
            draft["reason"] = _reason_labels(context)[picked] if picked is not None else words or None
        if draft.get("reason") is None:
            draft.pop("reason", None)

    def _says_wrong(self, context: Context) -> bool:
        task = context.task_of(self.name)
        if context.resumed or task is None or task.step != CONFIRM:
            return False
        return cues.is_correction(context.text)

    def _ask_kind(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        labels = _kind_labels(context)
        lead = "" if context.resumed else context.say("returns.sorry")
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
            return bool(rules.returnable_skus(order, draft.get("reason", LENIENT), now, policies=policies))

        settled = await settle(context, self.name, draft, fits=possible)
        if isinstance(settled, Pending):
            return settled.items
        return (*settled.events, *self._with_order(context, draft, settled.order))

    def _with_order(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        refused = self._refuse(context, draft, order, LENIENT)
        if refused:
            return refused
        policies = context.shop.policies
        open_skus = rules.returnable_skus(order, draft.get("reason", LENIENT), context.now, policies=policies)
        open_skus = open_skus or rules.returnable_skus(order, LENIENT, context.now, policies=policies)
        if not draft.get("skus"):
            _read_named_lines(context, draft, order)
        if not draft.get("skus"):
            if len(open_skus) > 1:
                return self._ask_lines(context, draft, [line for line in order.lines if line.sku in open_skus])
            draft["skus"] = list(open_skus)
        refused = self._refuse(context, draft, order, draft.get("reason", LENIENT))
        if refused:
            return refused
        return self._ask_reason(context, draft) if not draft.get("reason") else self._read_back(context, draft, order)

    def _refuse(self, context: Context, draft: Draft, order: Order, reason: str) -> tuple[Item, ...]:
        """Events and reply when the shop's rules forbid it for these lines (or for every line); else nothing."""
        skus = draft.get("skus") or [line.sku for line in order.lines]
        policies = context.shop.policies
        if not draft.get("skus") and rules.returnable_skus(order, reason, context.now, policies=policies):
            return ()
        rule = rules.why_not_return(order, skus, reason, context.now, kind=draft["kind"], policies=policies)
        if rule is None:
            return ()
        started = context.task_of(self.name) is None
        opened = (TaskStarted(self.name, context.task_id(self.name), dict(draft)),) if started else ()
        return (*opened, TaskEnded("refused"), _refusal(context, draft, order, rule))

    def _ask_lines(self, context: Context, draft: Draft, lines: Sequence[OrderLine]) -> tuple[Item, ...]:
        names = tuple(phrasing.line_name(line, context.language) for line in lines)
        draft["lines"] = [line.sku for line in lines]
        everything = context.suggest("all")
        return (
            *context.open_task(self.name, draft, "lines"),
            Asked(Expectation("choice", choices=(*names, *everything))),
            context.reply(
                context.say(f"returns.ask_lines.{draft['kind']}", listing=numbered(context, names)),
                suggestions=(*names, *everything),
            ),
        )

    def _ask_reason(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        return (
            *context.open_task(self.name, draft, "reason"),
            Asked(Expectation("free")),
            context.reply(context.say(f"returns.ask_reason.{draft['kind']}"), suggestions=_reason_labels(context)),
        )

    def _read_back(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        lines = [line for line in order.lines if line.sku in draft["skus"]]
        amount = rules.refund_amount(order, draft["skus"])
        text = context.say(
            f"returns.read_back.{draft['kind']}",
            number=order.order_number,
            what=phrasing.lines(lines, context.language),
            reason=draft["reason"],
            amount=phrasing.money(amount, context.language),
        )
        return ask_confirmation(context, self.name, draft, text, cards=(order_card(context, order),))


def _arguments(draft: Draft) -> dict[str, object]:
    return {
        "order_number": draft["order"],
        "skus": list(draft["skus"]),
        "reason": draft["reason"],
        "kind": draft["kind"],
    }


def _kind_labels(context: Context) -> tuple[str, ...]:
    return tuple(context.say(f"returns.kind.{kind}") for kind in _KINDS)


def _reason_labels(context: Context) -> tuple[str, ...]:
    return tuple(reasons.in_words(name, context.wording) for name in reasons.RETURN_REASONS)


def _read_lines(context: Context, draft: Draft) -> None:
    """Which of the offered lines the customer picked."""
    skus, names = draft.get("lines", []), context.state.expectation.choices
    if cues.wants_all(context.text):
        draft["skus"] = list(skus)
    elif (picked := cues.chosen(context.text, names)) is not None:
        draft["skus"] = [skus[picked]] if picked < len(skus) else list(skus)


def _read_named_lines(context: Context, draft: Draft, order: Order) -> None:
    """Lines that the customer named before being asked."""
    words = draft.get("about") or (slot.raw if (slot := context.turn.parse.slot("product")) else None)
    if not words or context.resumed:
        return
    named = [line.sku for line in order.lines if _same_thing(str(words), line)]
    if named:
        draft["skus"] = named


def _same_thing(words: str, line: OrderLine) -> bool:
    return max(cues.overlap(words, line.name), cues.overlap(words, line.name_en)) >= 0.5


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


def _refusal(context: Context, draft: Draft, order: Order, rule: str) -> Item:
    """Why not, and what is possible instead."""
    chosen = [line for line in order.lines if line.sku in draft.get("skus", ())] or list(order.lines)
    policies, reason = context.shop.policies, draft.get("reason", "")
    skus = [line.sku for line in chosen]
    deadline = rules.return_deadline(order, reason, skus, policies=policies)
    key = f"returns.refused.{rule}"
    if rule == "not_delivered":
        can_cancel = rules.why_not_cancel(order, context.now) is None
        key += ".can_cancel" if can_cancel else ".on_its_way"
    elif rule == "return_window_over" and not rules.is_quality_reason(reason, policies=policies):
        lenient = rules.return_deadline(order, LENIENT, skus, policies=policies)
        key += ".not_quality" if lenient is not None and context.now < lenient else ".all"
    elif rule == "return_window_over":
        key += ".all"
    # The deadline is the first instant that is too late.
    last_day = phrasing.day(deadline - timedelta(seconds=1), context.now, context.language) if deadline else ""
    text = context.say(
        key if context.wording.has(key) else "returns.refused.other",
        number=order.order_number,
        what=phrasing.lines(chosen, context.language),
        last_day=last_day,
        days=policies.returns.reasons["no_reason"].days,
        quality_days=policies.returns.reasons["quality"].days,
    )
    suggestions = context.suggest("cancel" if key.endswith("can_cancel") else "human")
    return context.reply(text, suggestions=suggestions, cards=(order_card(context, order),), sources=("shop:order",))

"""A complaint: a word that fits what happened, a record with an answer by a certain time, what may be made good for it.

what happened? -> who? -> [new] record, with a compensation where policy grants one -> yes: one WRITE
                       -> [the same again, or refused] the supervisor, and a person now -> no: a person
Nothing is argued about: neither what happened nor whether it is bad. What was refused is not offered again in this
conversation, and an order that was not named is told before it goes into the record.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import cache
from pathlib import Path

import yaml

from dialogue import cues, phrasing
from dialogue.shop.service_rules import compensation_left, ticket_due
from dialogue.shop.types import Customer, Ticket
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.handoff import hand_over, offer
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_write import step_of
from dialogue.state import DialogueState
from dialogue.types import Asked, Reply, TaskEnded
from nlu.types import Expectation, Parse

WORDS_CHARS = 300
_BARE_CHARS = 10
"""A message up to so long that fits no kind says only that there is a complaint."""
_AGAIN = "again"
NO_ORDER = "none"
"""``about_order`` of a complaint that is about no order."""
COMPENSATION = "compensation"
"""As it is called among what was declined."""
_MAKES = re.compile(
    r"(能|可以|要|给|该).{0,4}(补偿|赔偿?)|\bcompensat|(我|就|还|也|必须|一定)?(要|想|得|来)投诉|投诉(你们|他|她|快递|客服|商家|卖家)|\b(want|like|going"
    r"|need) to (complain"
    r"|make a complaint|file a complaint)\b|\bi'?m complaining\b",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"怎么投诉|(怎么|如何|哪里|在哪).{0,4}投诉|投诉(电话|渠道|方式|邮箱|入口)|\bhow (do|can) i complain", re.IGNORECASE
)
_BARE = re.compile(
    r"(?:[我就是还也要想得来投诉你们再次必须一定啊吧了这个\s,，。.!！]"
    r"|\b(?:i|just|want|would|like|to|make|a|complain|complaint|again|please)\b)+",
    re.IGNORECASE,
)
"""A wish to complain and nothing of what happened."""
_NOT_ENOUGH = re.compile(
    r"不够|太少|不满意|才.{0,4}元|打发(谁|我|叫花子)|就这|没诚意|多(赔|补)|不接受|不同意"
    r"|\b(not (good )?enough|too little|not satisfied|not acceptable|unacceptable|is that all|want more)\b",
    re.IGNORECASE,
)
_NO_NUMBER = re.compile(
    r"不(知道|记得|清楚|想说|方便)|没(有)?(订单|单号|记|号)|忘(了|记)|找不到|\b(don'?t|do not|can'?t) (know"
    r"|have|remember|find)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What complaints are about."""

    key: str
    words: re.Pattern[str]
    share: int
    """Percent of what may be granted."""


class Complaint:
    """Takes complaints."""

    name = "complaint"
    intents = ("complaint",)
    writes = True
    beside = True
    """What else runs waits meanwhile (see ``policy.Routes``)."""

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a complaint is made in so many words; that no number is known, where one was asked for."""
        text = parse.normalized or parse.text
        task = state.task
        if task is not None and task.skill == self.name and state.expectation.kind == "digits":
            return bool(_NO_NUMBER.search(text))
        if task is not None and task.skill == self.name and task.step == "what":
            return kind_of(text) is not None
        if task is not None and task.skill == self.name and task.step == CONFIRM:
            return _is_refusal(text) or _is_other_order(text) or _is_detail(text)
        return bool(_MAKES.search(text)) and not _ASKS_HOW.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        if draft and context.state.expectation.kind == "digits" and _NO_NUMBER.search(context.text):
            for item in hand_over(context, "complaint", lead=context.say("complaint.no_number")):
                yield item
            return
        refuses = not context.resumed and step_of(context, self.name) == CONFIRM and _is_refusal(context.text)
        answer = "no" if refuses else verdict(context, self.name)
        if answer == "no" and _is_other_order(context.text):
            answer = None
        if answer == "yes":
            async for item in self._submit(context, draft):
                yield item
            return
        if answer == "no":
            for item in self._declined(context, draft):
                yield item
            return
        noted = self._read(context, draft)
        if "matter" not in draft:
            for item in self._ask(context, draft):
                yield item
            return
        for item in await self._advance(context, draft, noted=noted):
            yield item

    def _read(self, context: Context, draft: Draft) -> bool:
        """What happened, in the customer's words; True when something was added to what was told before."""
        step = step_of(context, self.name)
        if context.resumed:
            return False
        if step == CONFIRM and _is_other_order(context.text):
            draft["about_order"] = NO_ORDER
            return False
        if "matter" in draft and step != "what":
            if step != CONFIRM or not _is_detail(context.text):
                return False
            _add(draft, context.turn.parse.text)
            return True
        kind = kind_of(context.text)
        asked_before = int(draft.get("asked", 0))
        is_bare = len(context.text) <= _BARE_CHARS if step != "what" else bool(_BARE.fullmatch(context.text))
        if kind is None and is_bare and asked_before < 2:
            return False
        _add(draft, context.turn.parse.text)
        draft["matter"] = kind.key if kind else "other"
        return False

    def _ask(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        lead = "" if context.resumed or draft.get("asked") else context.say("complaint.sorry.other")
        draft["asked"] = int(draft.get("asked", 0)) + 1
        return (
            *context.open_task(self.name, draft, "what"),
            Asked(Expectation("free")),
            context.reply(lead, context.say("complaint.what"), suggestions=context.suggest("human")),
        )

    async def _advance(self, context: Context, draft: Draft, *, noted: bool) -> tuple[Item, ...]:
        said_sorry = draft.get("sorry")
        lead = "" if said_sorry or context.resumed else context.say(f"complaint.sorry.{draft['matter']}")
        lead = context.say("complaint.noted") if noted else lead
        draft["sorry"] = True
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            return _led(context, known, lead)
        if known is None:
            return hand_over(context, "complaint", lead=lead)
        tickets = await context.shop.tickets(known.customer.customer_id)
        named = context.turn.parse.slot("order_number")
        order = await context.shop.order(str(named.value)) if named is not None and not context.resumed else None
        if order is not None and order.customer_id == known.customer.customer_id:
            draft["order"] = order.order_number
        if not draft.get("order") and context.state.last_order:
            draft.setdefault("about_order", context.state.last_order)
        before = same_before(tickets, _order_of(draft))
        if before is not None:
            text = self._again(context, draft, before)
        elif draft.get("refused"):
            text = self._to_supervisor(context, draft)
        else:
            text = self._record(context, draft, known.customer, tickets)
        about = context.say("complaint.about", number=_order_of(draft)) if _order_of(draft) else ""
        return (*known.events, *ask_confirmation(context, self.name, draft, lead, about, *text))

    def _record(
        self, context: Context, draft: Draft, customer: Customer, tickets: tuple[Ticket, ...]
    ) -> tuple[str, ...]:
        draft["ticket"] = "complaint"
        due = _due(context, "complaint")
        left = compensation_left("complaint", customer.level, tickets, context.now, policies=context.shop.policies)
        amount = granted(str(draft["matter"]), left)
        draft.pop("compensation", None)
        if amount <= 0 or COMPENSATION in context.state.declined:
            return (context.say("complaint.record", due=due),)
        draft["compensation"] = f"{amount:.2f}"
        money = phrasing.money(amount, context.language)
        return (context.say("complaint.record_and_pay", due=due, amount=money),)

    def _again(self, context: Context, draft: Draft, before: Ticket) -> tuple[str, ...]:
        """Not treated as a first complaint: it is known, nothing is offered again, and somebody above takes it."""
        draft["ticket"], draft[_AGAIN] = "supervisor", before.ticket_number
        key = "complaint.known" if context.now < before.due_at else "complaint.overdue"
        told = context.say(key, number=before.ticket_number, due=_moment(context, before))
        return (told, context.say("complaint.supervisor", due=_due(context, "supervisor")))

    def _to_supervisor(self, context: Context, draft: Draft) -> tuple[str, ...]:
        """What was offered is refused: nothing more is offered, somebody above takes it."""
        draft["ticket"] = "supervisor"
        draft.pop("compensation", None)
        return (context.say("complaint.supervisor", due=_due(context, "supervisor")),)

    async def _submit(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        again = context.say("complaint.ticket_again", number=draft[_AGAIN]) if draft.get(_AGAIN) else ""
        arguments = {
            "kind": draft["ticket"],
            "customer_id": context.state.customer_id,
            "order_number": _order_of(draft),
            "text": f"{again}{draft['complaint']}",
        }
        if draft.get("compensation"):
            arguments["compensation"] = draft["compensation"]
        done = False
        async for item in submit(context, self.name, "open_ticket", arguments):
            done = done or item == TaskEnded("done")
            yield item
        if not done:
            return
        if draft["ticket"] == "supervisor":
            for event in offer(context, "supervisor"):
                yield event
            yield context.reply(context.say("handoff.offer"), suggestions=context.suggest("yes", "no"))
        elif draft.get("compensation"):
            amount = phrasing.money(Decimal(draft["compensation"]), context.language)
            yield context.reply(context.say("complaint.paid", amount=amount), suggestions=context.suggest("ticket"))

    def _declined(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        """What was offered is not accepted: once more with the supervisor, then a person."""
        if draft.get("compensation"):
            draft["declined"] = [COMPENSATION]
        if draft.get("ticket") == "complaint" and not cues.wants_to_stop(context.text):
            draft["refused"] = True
            text = self._to_supervisor(context, draft)
            return ask_confirmation(context, self.name, draft, context.say("complaint.not_enough"), *text)
        return (
            *context.open_task(self.name, draft),
            TaskEnded("cancelled"),
            *offer(context, "complaint"),
            context.reply(context.say("complaint.let_it_be"), suggestions=context.suggest("human", "no")),
        )


def _add(draft: Draft, words: str) -> None:
    draft["complaint"] = f"{draft.get('complaint', '')} {words.strip()}".strip()[:WORDS_CHARS]


def _order_of(draft: Draft) -> str | None:
    """The order it is about: named, or the one talked about unless the customer said that it is not."""
    number = draft.get("order") or draft.get("about_order")
    return None if number in {None, NO_ORDER} else str(number)


def _is_refusal(text: str) -> bool:
    return bool(_NOT_ENOUGH.search(text))


def _is_other_order(text: str) -> bool:
    """「不是这个订单」: the order talked about before has nothing to do with it."""
    return cues.is_correction(text) and cues.names_order(text)


def _is_detail(text: str) -> bool:
    """More of what happened, told while the record waits for a yes."""
    return kind_of(text) is not None and not cues.is_question(text)


def kind_of(text: str) -> Kind | None:
    """What the complaint is about; None when the words do not tell."""
    return next((kind for kind in kinds() if kind.words.search(text)), None)


def granted(key: str, left: Decimal) -> Decimal:
    """The compensation for a kind of complaint, whole yuan, out of what may still be granted."""
    share = next((kind.share for kind in kinds() if kind.key == key), 0)
    return (left * share / 100).quantize(Decimal(1), ROUND_DOWN)


def same_before(tickets: tuple[Ticket, ...], order_number: str | None) -> Ticket | None:
    """The open complaint about the same thing: the same order, or one of the two names none."""
    return next(
        (
            ticket
            for ticket in tickets
            if ticket.kind in {"complaint", "supervisor"}
            and ticket.status == "open"
            and (ticket.order_number == order_number or None in {ticket.order_number, order_number})
        ),
        None,
    )


@cache
def kinds() -> tuple[Kind, ...]:
    """All of them, in the file's order."""
    rows = yaml.safe_load(Path(__file__).with_name("complaint_kinds.yaml").read_text("utf-8"))
    return tuple(
        Kind(row["key"], re.compile(f"{row['words']['zh']}|{row['words']['en']}", re.IGNORECASE), row["share"])
        for row in rows
    )


def _led(context: Context, pending: Pending, lead: str) -> tuple[Item, ...]:
    """The question who it is, after the word of sympathy."""
    return tuple(_with_lead(context, pending, lead))


def _with_lead(context: Context, pending: Pending, lead: str) -> Iterator[Item]:
    for item in pending.items:
        if isinstance(item, Reply) and lead:
            yield context.reply(
                lead,
                context.say("complaint.to_record"),
                item.text,
                suggestions=context.suggest("human"),
                action=item.action,
            )
        else:
            yield item


def _due(context: Context, kind: str) -> str:
    due = ticket_due(kind, context.now, policies=context.shop.policies)  # type: ignore[arg-type]
    return phrasing.moment(due, context.now, context.language)


def _moment(context: Context, ticket: Ticket) -> str:
    return phrasing.moment(ticket.due_at, context.now, context.language)

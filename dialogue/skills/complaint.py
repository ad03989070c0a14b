"""A complaint: a word that fits what happened, a record with an answer by a certain time, what may be made good for it.

what happened? -> who? -> [new] record, with a compensation where policy grants one, offered once  -> yes: one WRITE
                       -> [the same again] the supervisor looks after it, and a person now          -> no: a person
Nothing is argued about: neither what happened nor whether it is bad.
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
from dialogue.skills.confirm import ask_confirmation, submit, verdict
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
_MAKES = re.compile(
    r"(我|就|还|也|必须|一定)?(要|想|得|来)投诉|投诉(你们|他|她|快递|客服|商家|卖家)|\b(want|like|going"
    r"|need) to (complain"
    r"|make a complaint|file a complaint)\b|\bi'?m complaining\b",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"怎么投诉|(怎么|如何|哪里|在哪).{0,4}投诉|投诉(电话|渠道|方式|邮箱|入口)|\bhow (do|can) i complain", re.IGNORECASE
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
        return bool(_MAKES.search(text)) and not _ASKS_HOW.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        if draft and context.state.expectation.kind == "digits" and _NO_NUMBER.search(context.text):
            for item in hand_over(context, "complaint", lead=context.say("complaint.no_number")):
                yield item
            return
        answer = verdict(context, self.name)
        if answer == "yes":
            async for item in self._submit(context, draft):
                yield item
            return
        if answer == "no":
            for item in self._declined(context, draft):
                yield item
            return
        is_new = context.task_of(self.name) is None
        self._read(context, draft)
        if "matter" not in draft:
            for item in self._ask(context, draft):
                yield item
            return
        for item in await self._advance(context, draft, is_new=is_new):
            yield item

    def _read(self, context: Context, draft: Draft) -> None:
        """What happened, in the customer's words."""
        if context.resumed or ("matter" in draft and step_of(context, self.name) != "what"):
            return
        kind = kind_of(context.text)
        if kind is None and step_of(context, self.name) != "what" and len(context.text) <= _BARE_CHARS:
            return
        said = str(draft.get("complaint", ""))
        draft["complaint"] = f"{said} {context.turn.parse.text.strip()}".strip()[:WORDS_CHARS]
        draft["matter"] = kind.key if kind else "other"

    def _ask(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        lead = "" if context.resumed else context.say("complaint.sorry.other")
        return (
            *context.open_task(self.name, draft, "what"),
            Asked(Expectation("free")),
            context.reply(lead, context.say("complaint.what"), suggestions=context.suggest("human")),
        )

    async def _advance(self, context: Context, draft: Draft, *, is_new: bool) -> tuple[Item, ...]:
        said_sorry = draft.get("sorry")
        lead = "" if said_sorry or context.resumed else context.say(f"complaint.sorry.{draft['matter']}")
        draft["sorry"] = True
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            return _led(context, known, lead)
        if known is None:
            return hand_over(context, "complaint", lead=lead)
        tickets = await context.shop.tickets(known.customer.customer_id)
        if not draft.get("order") and context.state.last_order:
            draft["about_order"] = context.state.last_order
        before = same_before(tickets, draft.get("order") or draft.get("about_order"))
        if before is not None:
            text = self._again(context, draft, before)
        else:
            text = self._record(context, draft, known.customer, tickets)
        return (*known.events, *ask_confirmation(context, self.name, draft, lead, *text))

    def _record(
        self, context: Context, draft: Draft, customer: Customer, tickets: tuple[Ticket, ...]
    ) -> tuple[str, ...]:
        draft["ticket"] = "complaint"
        due = _due(context, "complaint")
        left = compensation_left("complaint", customer.level, tickets, context.now, policies=context.shop.policies)
        amount = granted(str(draft["matter"]), left)
        if amount <= 0:
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

    async def _submit(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        again = context.say("complaint.ticket_again", number=draft[_AGAIN]) if draft.get(_AGAIN) else ""
        arguments = {
            "kind": draft["ticket"],
            "customer_id": context.state.customer_id,
            "order_number": draft.get("order") or draft.get("about_order"),
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
        if draft.get("ticket") == "complaint" and not cues.wants_to_stop(context.text):
            draft["ticket"] = "supervisor"
            draft.pop("compensation", None)
            text = (
                context.say("complaint.not_enough"),
                context.say("complaint.supervisor", due=_due(context, "supervisor")),
            )
            return ask_confirmation(context, self.name, draft, *text)
        return (
            TaskEnded("cancelled"),
            *offer(context, "complaint"),
            context.reply(context.say("complaint.let_it_be"), suggestions=context.suggest("human", "no")),
        )


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

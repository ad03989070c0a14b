"""How a complaint, a repair or another matter stands that people of the shop look after."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from dialogue import phrasing
from dialogue.shop.types import Ticket, TicketKind
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.handoff import offer
from dialogue.skills.numbers import Pending
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

TOLD = 2
_MATTER = r"(投诉|工单|维修|报修|返修|反馈|回访|登记的(事|问题)|反映的(事|问题))"
_ASKS = re.compile(
    rf"{_MATTER}.{{0,10}}(怎么样|进度|进展|结果|到哪|有(没有)?(消息|结果|人)|答复|什么时候|多久|状态|处理(好|完|得|到|了)|还没|怎么还)|(查|看"
    rf"|问)(一?下)?.{{0,6}}{_MATTER}"
    r"|\b(how is|where is|what happened (to|with)|status of|update on|progress (of|on)|what about|any news on"
    r"|check) (my|the) (complaint|ticket"
    r"|repair|case)|\bmy (complaint|ticket|repair|case)\b.{0,24}(status|progress|update|yet|doing)",
    re.IGNORECASE,
)
_NEW = re.compile(r"(我)?要投诉|我想投诉|申请|\b(want|like) to complain|\bmake a complaint", re.IGNORECASE)
_KINDS: tuple[tuple[TicketKind, re.Pattern[str]], ...] = (
    ("complaint", re.compile(r"投诉|complaint", re.IGNORECASE)),
    ("repair", re.compile(r"维修|报修|返修|repair", re.IGNORECASE)),
    ("follow_up", re.compile(r"回访|call.?back", re.IGNORECASE)),
)


class Tickets:
    """Tells how matters stand."""

    name = "tickets"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether it is asked how a matter stands; a new one is none."""
        text = parse.normalized or parse.text
        return bool(_ASKS.search(text)) and not _NEW.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Who it is, then the newest matters of the kind asked for. Raises ``ShopUnavailable``."""
        draft: dict[str, Any] = context.draft(self.name)
        if not draft:
            kind = next((kind for kind, words in _KINDS if words.search(context.text)), None)
            draft = {"wanted": kind} if kind else {}
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        for event in known.events if known else ():
            yield event
        if context.task_of(self.name) is not None:
            yield TaskEnded("done")
        tickets = await context.shop.tickets(known.customer.customer_id) if known else ()
        of_kind = [ticket for ticket in tickets if ticket.kind in {draft.get("wanted"), "supervisor"}]
        told = (of_kind or ([] if draft.get("wanted") else list(tickets)))[:TOLD]
        if not told:
            yield context.reply(context.say("tickets.none"), suggestions=context.suggest("human"))
            return
        late = any(ticket.status == "open" and ticket.due_at < context.now for ticket in told)
        busy = context.state.task is not None and context.task_of(self.name) is None
        sentences = [_told(context, ticket) for ticket in told]
        if late and not busy:
            for event in offer(context, "late_ticket"):
                yield event
            sentences.append(context.say("handoff.offer"))
        yield context.reply(*sentences, suggestions=context.suggest("human"), sources=("shop:ticket",))


def _told(context: Context, ticket: Ticket) -> str:
    kind = context.say(f"tickets.kind.{ticket.kind}")
    due = phrasing.moment(ticket.due_at, context.now, context.language)
    key = "closed" if ticket.status == "closed" else "open" if ticket.due_at >= context.now else "late"
    return context.say(f"tickets.{key}", kind=kind, number=ticket.ticket_number, due=due)

"""One order, perhaps one field of it, read back and changed by one WRITE: the shape of most changes.

order? -> the rules forbid it: why, and what is possible instead
       -> field? asked until it is known -> read back -> yes: one WRITE
             ^                                  |    -> no: nothing done
             +-- 不对, 不是八号是六号, 不是这个订单 --+
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from dialogue import cues
from dialogue.shop.types import Order
from dialogue.skills import identity
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import settle
from dialogue.state import fold_all
from dialogue.types import ActionName, DialogueEvent, Reply, TaskEnded, TaskStarted

FIELD_CHARS = 200
"""Characters kept of what a customer gives for a field."""


class OrderWrite(ABC):
    """A skill of this shape; a subclass gives the rules, the field and the words."""

    name: str
    intents: tuple[str, ...]
    writes = True
    action: ActionName
    """The WRITE it ends in; a subclass that ends in one of several gives it in ``write``."""
    field: str | None = None
    """The slot that the customer fills, None where there is nothing to fill."""

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task; see the module. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        items: tuple[Item, ...] = ()
        answer = None
        given = not context.resumed and step_of(context, self.name) != identity.STEP and self.read(context, draft)
        if not (reject_order(context, self.name, draft) or (given and step_of(context, self.name) == CONFIRM)):
            answer = verdict(context, self.name)
        if answer == "yes":
            async for item in self._submit(context, draft):
                yield item
            return
        if answer == "no" and not (cues.is_correction(context.text) and self.forget(draft)):
            items = withdraw(context)
        for item in items or await self._advance(context, draft, given=given):
            yield item

    async def _submit(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        """The WRITE, its result, and what follows from it when it was done."""
        done = False
        name, arguments = self.write(context, draft)
        async for item in submit(context, self.name, name, arguments):
            done = done or item == TaskEnded("done")
            yield item
        for item in self.after(context, draft) if done else ():
            yield item
        if done and draft.get("queue"):
            number, *rest = draft["queue"]
            follow = {**self.kept(draft), "order": number, "queue": rest}
            context = replace(passed_on(context, (TaskEnded("done"),)), resumed=True)
            for item in await self._advance(context, follow, given=False):
                yield item

    async def _advance(self, context: Context, draft: Draft, *, given: bool) -> tuple[Item, ...]:
        # Digits in an address or a tax number are no order number.
        reads_number = not (given and draft.get("order"))
        settled = await settle(
            context if reads_number else replace(context, resumed=True),
            self.name,
            draft,
            fits=lambda order: self.fits(context, draft, order),
        )
        if isinstance(settled, Pending):
            return settled.items
        order = settled.order
        rule = self.why_not(context, draft, order) or await self.why_not_now(context, draft, order)
        if rule is not None:
            opened = refused_task(context, self.name, draft)
            return (*settled.events, *opened, self.refusal(context, draft, order, rule))
        missing = await self.missing(context, draft, order)
        if missing:
            return (*settled.events, *missing)
        text = self.read_back(context, draft, order)
        return (
            *settled.events,
            *ask_confirmation(context, self.name, draft, *text, cards=(order_card(context, order),)),
        )

    def read(self, context: Context, draft: Draft) -> bool:
        """Read the field from the words into ``draft``; True when they gave it."""
        return False

    def forget(self, draft: Draft) -> bool:
        """Drop the field, for 「不对」 to what was read back; False where then the wish itself is off."""
        return False

    @abstractmethod
    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """The rule that forbids it, as far as the order itself tells."""

    def fits(self, context: Context, draft: Draft, order: Order) -> bool:
        """Whether this may be the order that is meant, where none is named."""
        return self.why_not(context, draft, order) is None

    async def why_not_now(self, context: Context, draft: Draft, order: Order) -> str | None:
        """The rule that forbids it, where the shop must be asked."""
        return None

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """The question for what is still missing; empty when all is known."""
        return ()

    @abstractmethod
    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """Sentences that say what will be done, the last one asks."""

    @abstractmethod
    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Why not, and what is possible instead."""

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """The WRITE with its arguments."""
        field = {self.field: draft[self.field]} if self.field else {}
        return self.action, {"order_number": draft["order"], **field}

    def kept(self, draft: Draft) -> Draft:
        """What counts for the next order too, where several were meant."""
        return {self.field: draft[self.field]} if self.field and self.field in draft else {}

    def after(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        """What follows the told result; nothing."""
        return ()


def step_of(context: Context, skill: str) -> str | None:
    """Where this skill's running task is."""
    task = context.task_of(skill)
    return task.step if task is not None else None


def refused_task(context: Context, skill: str, draft: Draft) -> tuple[DialogueEvent, ...]:
    """Events of a task that the rules end, begun in this turn or before."""
    started = TaskStarted(skill, context.task_id(skill), dict(draft))
    return (*(() if context.task_of(skill) else (started,)), TaskEnded("refused"))


def passed_on(context: Context, events: tuple[DialogueEvent, ...]) -> Context:
    """The context of another skill that takes over within the turn, after ``events``, which are yielded before."""
    return replace(context, state=fold_all(context.state, events))


def reject_order(context: Context, skill: str, draft: Draft) -> bool:
    """Whether the customer, asked to confirm, names another order or says that this one is not meant."""
    if context.resumed or step_of(context, skill) != CONFIRM:
        return False
    slot = context.turn.parse.slot("order_number")
    if slot is not None:
        return str(slot.value) != draft.get("order_number", draft.get("order"))
    if not cues.is_correction(context.text) or not cues.names_order(context.text):
        return False
    draft["rejected"] = draft.get("order")
    for name in ("order", "order_number", "about", "skus", "lines"):
        draft.pop(name, None)
    return True

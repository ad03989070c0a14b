"""Settles who the customer is, where no order matters: signed in, verified before, or by an order of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.shop.types import Customer
from dialogue.skills.context import Context
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import settle
from dialogue.types import DialogueEvent


@dataclass(frozen=True, slots=True)
class Known:
    """The customer."""

    customer: Customer
    events: tuple[DialogueEvent, ...] = ()
    """To be yielded before anything else."""


async def identify(context: Context, skill: str, draft: Draft) -> Known | Pending | None:
    """The customer; None when the shop knows none of this id. Raises ``ShopUnavailable``."""
    customer_id = context.state.customer_id
    events: tuple[DialogueEvent, ...] = ()
    if customer_id is None:
        settled = await settle(context, skill, draft, fits=lambda order: True, several="newest")
        if isinstance(settled, Pending):
            return settled
        customer_id, events = settled.order.customer_id, settled.events
    customer = await context.shop.customer(customer_id)
    return None if customer is None else Known(customer, events)

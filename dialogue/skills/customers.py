"""Settles who the customer is, where no order matters: signed in, verified before, by what the
shop's policy takes for a proof, or by an order of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.shop.types import Customer
from dialogue.skills.context import Context
from dialogue.skills.identity import asks_for_account, opens_account, prove
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
    if not opens_account(context) and asks_for_account(context):
        proof = await prove(context, skill, draft)
        if isinstance(proof, Pending):
            return proof
        owner = await context.shop.customer(proof.customer_id)
        return None if owner is None else Known(owner, (proof,))
    customer_id = context.state.customer_id
    events: tuple[DialogueEvent, ...] = ()
    if customer_id is None:
        settled = await settle(context, skill, draft, fits=lambda order: True, several="newest")
        if isinstance(settled, Pending):
            return settled
        customer_id, events = settled.order.customer_id, settled.events
    customer = await context.shop.customer(customer_id)
    return None if customer is None else Known(customer, events)

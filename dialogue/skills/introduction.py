"""Customers who say who they are before they say what they want: they are known from then on, and asked what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue.skills.context import Context, Item
from dialogue.skills.fallback import Fallback
from dialogue.skills.identity import asks_for_account, opens_account, prove
from dialogue.skills.line_claims import explicit
from dialogue.skills.numbers import Pending
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

_ABOUT_THEM = frozenset(
    {"out_of_scope", "greet", "account", "account_address", "change_address", "shop_info", "inform"}
)
"""What a name and a postal code, or an e-mail address, are taken for."""


class Introduction:
    """Takes in who the customer is."""

    name = "introduction"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether somebody who is not known tells no more than who they are."""
        if state.customer_id is not None or state.task is not None or parse.intent not in _ABOUT_THEM:
            return False
        tells = parse.slot("email") is not None or parse.slot("postal_code") is not None
        return tells and explicit(parse, always=True) is None and parse.slot("street") is None

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Look them up. Raises ``ShopUnavailable``."""
        if not asks_for_account(context) or opens_account(context):
            async for item in Fallback().run(context):
                yield item
            return
        draft = context.draft(self.name)
        proof = await prove(context, self.name, draft)
        if isinstance(proof, Pending):
            for item in proof.items:
                yield item
            return
        yield proof
        if context.task_of(self.name) is not None:
            yield TaskEnded("done")
        yield context.reply(context.say("identity.known"), suggestions=context.menu("greeting"))

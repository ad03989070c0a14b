"""Changes the address of the account, which new orders go to: who? -> address? -> read back -> yes: one WRITE.

The address is said, or one that the customer has already: of an order, of the profile before, the one just used.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue import cues
from dialogue.shop.types import Customer, PostalAddress
from dialogue.skills import addresses
from dialogue.skills.change_address import is_address
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.line_account import ORDERS
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_write import FIELD_CHARS, passed_on, step_of
from dialogue.skills.orders import numbered
from dialogue.state import DialogueState
from dialogue.types import Asked, TaskEnded
from nlu.types import Expectation, Parse

_OF_ACCOUNT = re.compile(
    r"\b(?:default|profile|account|user)(?:'s)? (?:\w+ )?address|\baddress (?:on|in|of) (?:my |the "
    r")?(?:file|profile|account)"
    r"|\baddress book\b|(?:默认|账户|账号|个人资料|会员资料)(?:的|里的|收货|里)*地址|地址簿",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"\b(?:chang|updat|modif|set|switch|edit|put)\w*\b|改|换|更新|设", re.IGNORECASE)
_OF_AN_ORDER = re.compile(
    r"\b(?:order|orders)\b[^,.]{0,30}\baddress|\baddress(?:es)? (?:of|for|on) [^,.]{0,20}order|\bshipping address\b"
    r"|订单.{0,6}地址",
    re.IGNORECASE,
)
_GIVEN = re.compile(r"(?:改成|改到|改为|换成|换到|更新为|设为|设成)\s*(?P<zh>.+)")
_ADDRESS = "address"


class AccountAddress:
    """Changes where new orders go."""

    name = "account_address"
    intents = ("account_address",)
    writes = True

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """The account's address is to change, whatever the classifier makes of it."""
        text = parse.normalized or parse.text
        return bool(_OF_ACCOUNT.search(text) and _CHANGES.search(text)) and not _OF_AN_ORDER.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        answer = verdict(context, self.name)
        if not context.resumed and not draft.get("words") and context.task_of(self.name) is None:
            draft["words"] = context.turn.parse.text[:FIELD_CHARS]
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        for event in known.events if known else ():
            yield event
        customer = known.customer if known else None
        context = passed_on(context, known.events) if known and known.events else context
        if answer is not None:
            async for item in self._answered(context, draft, customer, yes=answer == "yes"):
                yield item
            return
        for item in await self._advance(context, draft, customer):
            yield item

    async def _answered(
        self, context: Context, draft: Draft, customer: Customer | None, *, yes: bool
    ) -> AsyncIterator[Item]:
        if not yes or customer is None:
            for item in withdraw(context):
                yield item
            return
        before = customer.postal_address
        arguments = {
            "customer_id": customer.customer_id,
            "address": draft[_ADDRESS],
            # For "change it back".
            "previous": addresses.as_fields(before) if before is not None else customer.address,
        }
        async for item in submit(context, self.name, "change_account_address", arguments):
            yield item

    async def _advance(self, context: Context, draft: Draft, customer: Customer | None) -> tuple[Item, ...]:
        if customer is None:
            return (context.reply(context.say("membership.unknown"), suggestions=context.suggest("human")),)
        if not context.resumed:
            offered = await self._read(context, draft, customer)
            if len(offered) > 1:
                return self._which(context, draft, offered)
        if not draft.get(_ADDRESS):
            again = step_of(context, self.name) == _ADDRESS and not context.resumed
            text = context.say("account_address.ask_again" if again else "account_address.ask")
            return (
                *context.open_task(self.name, draft, _ADDRESS),
                Asked(Expectation("address", slot="street")),
                context.reply(text),
            )
        address = _shown(draft[_ADDRESS])
        if address == customer.address:
            started = context.open_task(self.name, draft)
            text = context.say("account_address.is_already", address=address)
            return (*started, TaskEnded("refused"), context.reply(text))
        return ask_confirmation(
            context,
            self.name,
            draft,
            context.say("account_address.read_back", address=address, before=customer.address),
        )

    async def _read(self, context: Context, draft: Draft, customer: Customer) -> tuple[PostalAddress, ...]:
        """Put what the words give into ``draft``; several: which of them is meant is to be asked."""
        text = context.turn.parse.text
        if context.task_of(self.name) is not None and step_of(context, self.name) not in {_ADDRESS, CONFIRM}:
            text = str(draft.pop("words", text))  # what was said before who they are was known
        draft.pop("words", None)
        if customer.postal_address is None:
            found = _GIVEN.search(text)
            words = found["zh"] if found else text if step_of(context, self.name) == _ADDRESS else ""
            if is_address(words):
                draft[_ADDRESS] = words.strip(" 。.!！,，")[:FIELD_CHARS]
            return ()
        choices = context.state.expectation.choices
        picked = cues.chosen(text, choices) if choices else None
        said = addresses.parse(text if picked is None else choices[picked])
        said = said or addresses.told_before(text, context.state)
        if said is None:
            known = addresses.known_addresses(customer, await context.shop.orders(customer.customer_id, ORDERS))
            meant = addresses.meant(text, known, now=customer.postal_address)
            if len(meant) > 1:
                return meant
            said = meant[0] if meant else None
        if said is not None:
            draft[_ADDRESS] = addresses.as_fields(said)
        return ()

    def _which(self, context: Context, draft: Draft, offered: tuple[PostalAddress, ...]) -> tuple[Item, ...]:
        labels = tuple(map(str, offered))
        return (
            *context.open_task(self.name, draft, _ADDRESS),
            Asked(Expectation("choice", slot="street", choices=labels)),
            context.reply(context.say("account_address.which", listing=numbered(context, labels)), suggestions=labels),
        )


def _shown(address: object) -> str:
    return str(PostalAddress(**address)) if isinstance(address, dict) else str(address)

"""Changes where a parcel that has not left goes: address, receiver, phone; read back as heard, one WRITE."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, PostalAddress
from dialogue.skills import addresses
from dialogue.skills.context import Context, Item
from dialogue.skills.identity import opens_account, prove
from dialogue.skills.line_account import Account
from dialogue.skills.line_changes import by_lines
from dialogue.skills.line_reading import named_orders, read_lines
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_write import FIELD_CHARS, OrderWrite, passed_on, step_of
from dialogue.state import DialogueState
from dialogue.types import Asked, DialogueEvent, Reply, RequestsNoted
from nlu.types import Expectation, Parse

_GIVEN = re.compile(
    r"(?:改成|改到|改为|换成|换到|寄到|送到|发到|地址(?:应该)?是|新地址[是为:：]?"
    r"|(?:不对|错了|不是)[^是]*?[，,。 ]?(?:应该)?是)\s*(?P<zh>.+)"
    r"|(?:\bto|\bis)[:\s]+(?P<en>.*\d.*)$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"省|市|区|县|镇|乡|村|路|街|巷|号|楼|室|栋|单元|小区|大厦|广场|\d+\s+\w+|road|street|avenue|\brd\b|\bst\b", re.I
)
_RECEIVER = re.compile(
    r"(?:收(?:货|件)人|联系人|名字|姓名)(?:换成|改成|改为|写成?|是|叫|为)?[:：\s]*(?P<zh>[一-鿿·]{2,8}?)(?=[,，。.!！、;；\s]|电话|手机|$)"
    r"|(?:receiver|recipient|name)(?: (?:to|is|should be))*[:\s]+(?P<en>[a-z][a-z .'-]{1,40})",
    re.IGNORECASE,
)
_ASKS_RECEIVER = re.compile(r"收(货|件)人|联系人|receiver|recipient", re.IGNORECASE)
_ASKS_PHONE = re.compile(r"电话|手机|联系方式|号码|\bphone\b|\bmobile\b", re.IGNORECASE)
_ASKS_ADDRESS = re.compile(r"地址|address", re.IGNORECASE)
_NO_NAME = re.compile(r"改|换|错|什么|怎么|信息|电话|手机|地址|一下")
_PARTS = ("place", "receiver", "phone")
_WRITTEN_PART = re.compile(r"，(?:收货人|电话)：|, (?:receiver|phone): ")
"""Begins what an earlier change put behind the place."""


class ChangeAddress(OrderWrite):
    """Sends a parcel that has not left elsewhere, or to somebody else."""

    name = "change_address"
    intents = ("change_address",)
    action = "change_address"
    field = "address"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether the address of an order is to change, though it was taken for that of the account."""
        text = parse.text
        is_other = parse.intent in {"account_address", "account", "order_status", "modify_order"}
        return is_other and bool(_ORDERS_ADDRESS.search(text) and _CHANGES.search(text))

    def read(self, context: Context, draft: Draft) -> bool:
        """Place, receiver and phone, whichever the words give."""
        text, step = context.turn.parse.text.strip(), step_of(context, self.name)
        if _in_parts(context):
            draft["words"] = text[:FIELD_CHARS]
            return False
        given = (
            self._read_receiver(text, step, draft),
            self._read_phone(context, step, draft),
            self._read_place(text, step, draft),
        )
        if step is None:
            wanted = {
                part
                for part, asked in zip(_PARTS, (_ASKS_ADDRESS, _ASKS_RECEIVER, _ASKS_PHONE), strict=True)
                if asked.search(text)
            }
            draft["wanted"] = next((part for part in _PARTS if part in wanted), "place")
        return any(given)

    def _read_place(self, text: str, step: str | None, draft: Draft) -> bool:
        before = str(draft.get("place", ""))
        if step == "confirm" and before and (better := cues.corrected(text, before)):
            draft["place"] = better
            return True
        found = _GIVEN.search(text)
        words = (found.group("zh") or found.group("en")) if found else None
        if words is None and step == "place":
            words = text
        if words is None or not is_address(words):
            return False
        draft["place"] = words.strip(" 。.!！,，")[:FIELD_CHARS]
        return True

    def _read_receiver(self, text: str, step: str | None, draft: Draft) -> bool:
        found = _RECEIVER.search(text)
        name = (found.group("zh") or found.group("en")) if found else text if step == "receiver" else ""
        name = name.strip(" 。.!！,，")
        if not 2 <= len(name) <= 40 or _NO_NAME.search(name):
            return False
        draft["receiver"] = name
        return True

    def _read_phone(self, context: Context, step: str | None, draft: Draft) -> bool:
        slot = context.turn.parse.slot("phone")
        if slot is None:
            return False
        draft["phone"] = str(slot.value)
        return True

    async def _advance(self, context: Context, draft: Draft, *, given: bool) -> tuple[Item, ...]:
        """Where addresses have parts, the one that is meant is settled first: it tells which order is not there yet."""
        if not _in_parts(context):
            return await super()._advance(context, draft, given=given)
        return await _advance_by_parts(self, context, draft, super()._advance)

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """The parcel must not have been handed to the carrier."""
        return rules.why_not_change_address(order, context.now)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """The part that is to change."""
        wanted = draft.get("wanted", "place")
        if _in_parts(context) and draft.get("address"):
            return ()
        if any(draft.get(part) for part in _PARTS):
            draft["address"] = _written(context, draft, order)
            return ()
        again = step_of(context, self.name) == wanted and not context.resumed
        expected = {
            "place": Expectation("free", slot="street") if _in_parts(context) else Expectation("address"),
            "receiver": Expectation("free"),
            "phone": Expectation("digits", slot="phone", digits=11),
        }[wanted]
        return (
            *context.open_task(self.name, draft, wanted),
            Asked(expected),
            context.reply(
                context.say(
                    f"address.ask_again.{wanted}" if again else f"address.ask.{wanted}", number=order.order_number
                )
            ),
        )

    def forget(self, draft: Draft) -> bool:
        """All three parts."""
        for part in (*_PARTS, "address"):
            draft.pop(part, None)
        return True

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """The parts that change, as they were heard; a phone digit by digit aloud."""
        number, spoken = order.order_number, context.turn.modality == "voice"
        if isinstance(draft.get("address"), dict):
            draft["place"] = str(PostalAddress(**draft["address"]))
        changes = [
            context.say(f"address.part.{part}", value=phrasing.digits(value, spoken) if part == "phone" else value)
            for part in _PARTS
            if (value := draft.get(part))
        ]
        text = context.say("address.read_back", number=number, changes=phrasing.clauses(changes, context.language))
        return (text,)

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Too late to send it elsewhere."""
        text = context.say(f"address.refused.{rule}", number=order.order_number)
        return context.reply(text, suggestions=context.suggest("human"))


def _in_parts(context: Context) -> bool:
    """Whether the shop keeps addresses in parts, and its customers have several of them."""
    return by_lines(context) and "order_and_phone" not in context.shop.policies.identity.ways


def is_address(words: str) -> bool:
    """Whether the words can be a place to deliver to."""
    return len(words.strip()) >= 5 and bool(_PLACE.search(words))


def _written(context: Context, draft: Draft, order: Order) -> str:
    """What the shop is to write: the place, and whom to ask for where that changes."""
    place = draft.get("place") or _WRITTEN_PART.split(order.address)[0]
    return place + "".join(
        context.say(f"address.written.{part}", value=draft[part]) for part in _PARTS[1:] if draft.get(part)
    )


_ORDERS_ADDRESS = re.compile(
    r"订单.{0,8}地址|\borders?'?s? (?:delivery |shipping )?address(?:es)?\b|"
    r"\baddress(?:es)? (?:of|for|on|in) (?:my |the |all |this |that )?(?:\w+ ){0,2}orders?\b|\bshipping address\b",
    re.IGNORECASE,
)
_ACCOUNTS_ADDRESS = re.compile(
    r"默认地址|\b(?:user|default|account|profile)(?:'s)? address\b(?! (?:for|of) )", re.IGNORECASE
)
_CHANGES = re.compile(r"改|换|\b(?:chang|updat|modif|switch|correct)\w*", re.IGNORECASE)
_Next = Callable[..., Awaitable[tuple[Item, ...]]]
_ALL_ORDERS = re.compile(r"所有订单|全部订单|\ball\b[^.]{0,30}\border(?:s|\b)|\bevery order\b", re.IGNORECASE)
_SAME_AS = re.compile(r"\b(?:same|as|like|that of)\b[^.,;]{0,30}\border #?\w+", re.IGNORECASE)


async def _advance_by_parts(
    skill: ChangeAddress, context: Context, draft: Draft, settle_and_ask: _Next
) -> tuple[Item, ...]:
    """Who, where to, which order (or all of them); then as for any order."""
    events: tuple[DialogueEvent, ...] = ()
    if not opens_account(context):
        if context.task_of(skill.name) is None:
            draft["request"] = context.turn.parse.text[:FIELD_CHARS]
        proof = await prove(context, skill.name, draft)
        if isinstance(proof, Pending):
            return proof.items
        events, context = (proof,), passed_on(context, (proof,))
        draft.pop("words", None)
    said = [draft.pop(name, None) for name in ("request", "words")]
    text = " ".join(part for part in said if part)
    account = await Account.open(context)
    if text and not context.resumed:
        offered = await _settle_address(context, account, draft, text)
        if len(offered) > 1:
            return (*events, *_which(skill, context, draft, offered))
        _settle_orders(context, account, draft, text)
        events += _account_too(context, draft, text)
    return (*events, *await settle_and_ask(replace(context, resumed=bool(draft.get("order"))), draft, given=False))


def _account_too(context: Context, draft: Draft, text: str) -> tuple[DialogueEvent, ...]:
    """The account's address is to change as well: noted, to be taken up after the orders."""
    both = _ACCOUNTS_ADDRESS.search(text) and _ORDERS_ADDRESS.search(text) and re.search(r"\b(?:and|also|both)\b", text)
    if not both or not draft.get("address") or not draft.get("order"):
        return ()
    words = f"change my default address to {PostalAddress(**draft['address'])}"
    parse = replace(
        context.turn.parse,
        text=words,
        normalized=words,
        intent="account_address",
        confidence=1.0,
        slots=(),
        requests=(),
    )
    return (RequestsNoted((*context.state.noted, parse)),)


async def _settle_address(context: Context, account: Account, draft: Draft, text: str) -> tuple[PostalAddress, ...]:
    """Put the address that the words mean into ``draft``; several: which of them is to be asked."""
    if named := named_orders(_SAME_AS.sub(" ", text), account.orders):
        draft["order"] = named[0].order_number
    said = addresses.parse(text) or addresses.told_before(text, context.state)
    if said is None:
        customer = await context.shop.customer(context.state.customer_id or "")
        known = addresses.known_addresses(customer, account.orders) if customer else ()
        leaving = next((o.postal_address for o in account.orders if o.order_number == draft.get("order")), None)
        meant = addresses.meant(text, known, now=leaving)
        if len(meant) > 1:
            return meant
        said = meant[0] if meant else None
    if said is not None:
        draft["address"] = addresses.as_fields(said)
    return ()


def _settle_orders(context: Context, account: Account, draft: Draft, text: str) -> None:
    """The order that is meant: named, holding what was named, or the one that does not go there yet."""
    if draft.get("order"):
        return
    target = PostalAddress(**draft["address"]) if draft.get("address") else None
    bare = _SAME_AS.sub(" ", text)
    if named := named_orders(bare, account.orders):
        draft["order"] = named[0].order_number
        return
    open_orders = [order for order in account.orders if rules.why_not_change_address(order, context.now) is None]
    elsewhere = [order for order in open_orders if order.postal_address != target] or open_orders
    numbers = [order.order_number for order in elsewhere]
    if _ALL_ORDERS.search(bare) and numbers:
        draft["order"], *draft["queue"] = numbers
        return
    picks = read_lines(bare, [each for each in account.owned if each.order in elsewhere], lambda each, verb: True)
    about = [number for number in numbers if any(number == each.order.order_number for p in picks for each in p.lines)]
    if len(about or numbers) == 1:
        draft["order"] = (about or numbers)[0]


def _which(
    skill: ChangeAddress, context: Context, draft: Draft, offered: tuple[PostalAddress, ...]
) -> tuple[Item, ...]:
    labels = tuple(map(str, offered))
    listing = context.say("list.separator").join(labels)
    return (
        *context.open_task(skill.name, draft, "place"),
        Asked(Expectation("choice", slot="street", choices=labels)),
        context.reply(context.say("account_address.which", listing=listing), suggestions=labels),
    )

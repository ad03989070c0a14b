"""What a customer has with the shop, asked for as a fact: balances, sums of orders, the address and mail on file, which
version they bought, tracking numbers by the state of an order.

who? -> which of these the words ask for -> told; nothing is changed
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Literal

from dialogue import phrasing
from dialogue.shop.types import Customer, OrderStatus
from dialogue.skills import line_words, paying
from dialogue.skills.context import Context, Item
from dialogue.skills.customers import identify
from dialogue.skills.line_account import Account
from dialogue.skills.line_reading import Owned
from dialogue.skills.mentions import mentions
from dialogue.skills.numbers import Pending
from dialogue.skills.order_write import FIELD_CHARS, passed_on
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

Topic = Literal["balance", "tracking", "profile", "sum", "version"]
_BALANCE = re.compile(
    r"\b(?:gift ?card|wallet|account)\b[^.?!]{0,30}\bbalance\b|\bbalance\b[^.?!]{0,30}\b(?:gift ?card|wallet|account)\b"
    r"|\bhow much\b[^.?!]{0,30}\b(?:left|is)\b[^.?!]{0,12}\bgift ?card"
    r"|(?:礼品卡|购物卡|储值卡?|钱包).{0,8}(?:余额|还有多少|"
    r"剩多少)|余额.{0,8}(?:礼品卡|多少)",
    re.IGNORECASE,
)
_TRACKING = re.compile(
    r"\btracking (?:number|id|code)s?\b[^.?!]{0,40}\b(?P<state>cancell?ed|pending|delivered|processed|returned)\b"
    r"|\b(?P<before>cancell?ed|pending|delivered|processed|returned) orders?\b[^.?!]{0,30}\btracking "
    r"(?:number|id|code)",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"\b(?:what|which|tell me|know|check|see)\b[^.?!]{0,30}\b(?:address|e-?mail|phone|name|details)\b[^.?!]{0,20}"
    r"\b(?:on file|in my profile|of my account|for my account|do you have)"
    r"|(?:查|看|告诉).{0,6}(?:我的)?(?:默认地址|账户资料|绑定的邮箱)",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"\btotal\b[^.?!]{0,20}\b(?:price|cost|amount|sum|value|refund|i paid|for)\b|\b(?:price|cost|amount|"
    r"value) in total\b"
    r"|\bhow much (?:did|have|will) i (?:pay|paid|spend|spent|get)\b|(?:一共|总共|合计).{0,8}(?:花|付|多少|退)",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?:what|which|know|check|confirm|tell me)\b[^.?!]{0,30}\b(?P<option>storage|size|colou?r|capacity|"
    r"material|model|version|"
    r"type|ram|"
    r"processor|length|resolution)\b[^.?!]{0,40}\b(?:i|my)\b[^.?!]{0,12}\b(?:ordered|bought|order|have|got)\b",
    re.IGNORECASE,
)
_TOPICS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    ("balance", _BALANCE),
    ("tracking", _TRACKING),
    ("profile", _PROFILE),
    ("sum", _SUM),
    ("version", _VERSION),
)
_ACTS = re.compile(
    r"\b(?:i want to|i also want to|i'd like to|please|can you)\s+(?:also\s+)?"
    r"(?:exchang|chang|modif|return|"
    r"cancel|pay|use|updat)\w*"
    r"|我要(?:退|换|改|取消)",
    re.IGNORECASE,
)
_STATES = {
    "cancel": frozenset({OrderStatus.CANCELLED}),
    "pend": frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING}),
    "deliver": frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED}),
    "process": frozenset({OrderStatus.SHIPPED}),
    "return": frozenset({OrderStatus.RETURNING, OrderStatus.RETURNED}),
}
_ALL = re.compile(r"\b(?:all|every|previous|my orders|both)\b|所有|全部|总共", re.IGNORECASE)
_REFUND = re.compile(r"\brefund|\bget back\b|退", re.IGNORECASE)


class AccountInfo:
    """Tells what is on the account."""

    name = "account_info"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a fact of the account is asked for, and nothing is to be done."""
        text = parse.normalized or parse.text
        return topic_of(text) is not None and not _ACTS.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Who it is, then what was asked. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        is_new = context.task_of(self.name) is None
        if is_new:
            draft["words"] = context.turn.parse.text[:FIELD_CHARS]
        known = await identify(context, self.name, draft)
        if isinstance(known, Pending):
            for item in known.items:
                yield item
            return
        for event in known.events if known else ():
            yield event
        if not is_new:
            yield TaskEnded("done")
        if known is None:
            yield context.reply(context.say("membership.unknown"), suggestions=context.suggest("human"))
            return
        context = passed_on(context, known.events) if known.events else context
        words = str(draft["words"])
        yield context.reply(*await self._told(context, known.customer, words), sources=("shop:customer",))

    async def _told(self, context: Context, customer: Customer, words: str) -> tuple[str, ...]:
        account = await Account.open(context)
        match topic_of(words):
            case "balance":
                return _balances(context, account)
            case "tracking":
                return _tracking(context, account, words)
            case "version":
                return _versions(context, account, words)
            case "sum":
                return _sums(context, account, words)
            case _:
                return (context.say("account_info.profile", address=customer.address, email=customer.email or ""),)


def topic_of(text: str) -> Topic | None:
    """What of the account the words ask for."""
    return next((topic for topic, pattern in _TOPICS if pattern.search(text)), None)


def _balances(context: Context, account: Account) -> tuple[str, ...]:
    """Of every method that has one."""
    methods = [method for method in account.methods if method.balance is not None]
    if not methods:
        return (context.say("account_info.no_balance"),)
    listing = phrasing.listing([paying.label(context, method) for method in methods], context.language)
    return (context.say("account_info.balance", listing=listing),)


def _tracking(context: Context, account: Account, words: str) -> tuple[str, ...]:
    """The parcels of the orders in the state that was named."""
    found = _TRACKING.search(words)
    named = (found["state"] or found["before"] or "").lower() if found else ""
    states = next((states for stem, states in _STATES.items() if named.startswith(stem)), frozenset())
    orders = [order for order in account.orders if order.status in states]
    told = [
        context.say(
            "account_info.tracking",
            number=order.order_number,
            tracking=phrasing.listing([parcel.tracking_number for parcel in order.shipments], context.language),
        )
        for order in orders
        if order.shipments
    ]
    return tuple(told) or (context.say("account_info.no_tracking"),)


def _versions(context: Context, account: Account, words: str) -> tuple[str, ...]:
    """What exactly was bought."""
    owned = _named(account, words)
    if not owned:
        return (context.say("account_info.not_bought"),)
    listing = context.say("list.separator").join(line_words.with_order(context, each) for each in owned[:5])
    return (context.say("account_info.version", listing=listing),)


def _sums(context: Context, account: Account, words: str) -> tuple[str, ...]:
    """Of the goods that are named, of the order that is meant, of what was just paid back, or of all orders."""
    owned = _named(account, words)
    paid = [each for each in owned if each.order.status is not OrderStatus.CANCELLED]
    if paid:
        total = sum((each.line.unit_price * each.line.quantity for each in paid), Decimal())
        name = phrasing.line_name(paid[0].line, context.language)
        money = phrasing.money(total, context.language)
        return (context.say("account_info.sum_goods", name=name, total=money, count=len(paid)),)
    if _REFUND.search(words) and (amount := _last_refund(context)) is not None:
        return (context.say("account_info.sum_refund", total=phrasing.money(amount, context.language)),)
    named = {number.lstrip("#").upper() for number in re.findall(r"#?\b[A-Za-z]?\d{6,}\b", words)}
    orders = [order for order in account.orders if order.order_number.lstrip("#").upper() in named]
    if not orders and not _ALL.search(words):
        orders = [order for order in account.orders if order.order_number == context.state.last_order]
    if orders:
        told = [
            context.say(
                "account_info.sum_order",
                number=order.order_number,
                total=phrasing.money(order.total, context.language),
            )
            for order in orders
        ]
        return tuple(told)
    kept = [order for order in account.orders if order.status is not OrderStatus.CANCELLED]
    total = sum((order.total for order in kept), Decimal())
    return (context.say("account_info.sum_all", count=len(kept), total=phrasing.money(total, context.language)),)


def _named(account: Account, words: str) -> tuple[Owned, ...]:
    """The lines whose goods the words name."""
    names = {name for each in account.owned for name in (each.line.name, each.line.name_en) if name}
    meant = {name for mention in mentions(words, tuple(names)) for name in mention.names}
    return tuple(each for each in account.owned if {each.line.name, each.line.name_en} & meant)


def _last_refund(context: Context) -> Decimal | None:
    """What the last return or cancellation of this conversation pays back."""
    for report in reversed(context.state.actions):
        if report.result.ok and report.action.name in {"create_return", "cancel_order"}:
            amount = report.result.data.get("amount") or report.result.data.get("total")
            return Decimal(str(amount)) if amount is not None else None
    return None

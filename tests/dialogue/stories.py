"""Plays the stories of ``tests/stories``: what a customer says, what Kefu must answer, what the shop must hold after.

The format is documented in ``tests/stories/README.md``. Here a story is played as text, in process, through the real
understanding (keyword classifier), responder and SQL shop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dialogue.chat import Chat
from dialogue.knowledge import Knowledge
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policies import shipped_policies
from dialogue.respond import Responder
from dialogue.shop import demo, rules
from dialogue.shop.clock import Clock
from dialogue.shop.protocol import Shop
from dialogue.shop.types import Order, OrderStatus, ProductNames, Ticket
from dialogue.state import DialogueState
from dialogue.types import ActionStarted, Modality, Reply
from nlu.classifiers.keyword import KeywordClassifier
from nlu.slots import ProductLexicon, SlotConfig
from nlu.types import Language
from nlu.understand import Understanding
from tests.dialogue.demo_shop import NOW

FOLDER = Path(__file__).parents[1] / "stories"
CUSTOMERS = tuple(f"C{place:04d}" for place in range(1, 61))


@dataclass(frozen=True)
class StoryTurn:
    """One thing the customer says and what is expected of the answer."""

    say: str
    expect: Mapping[str, Any] = field(default_factory=dict)
    modality: Modality = "text"


@dataclass(frozen=True)
class Story:
    """A dialogue with its checks."""

    name: str
    customer: str
    """``demo``, ``anonymous``, or ``owner of NAME`` (of one of the named orders)."""
    language: Language
    turns: tuple[StoryTurn, ...]
    shop: Sequence[Mapping[str, Any]]
    """What must be true of orders at the end."""
    writes: int | None
    """How many WRITEs must have begun; None does not care."""
    handed_off: bool
    tickets: Sequence[str] | None = None
    """Tickets of the customer opened in the story, oldest first: the kind, and what is paid with it."""


def load_stories(folder: Path = FOLDER) -> tuple[Story, ...]:
    """Every story of every file, by name."""
    return tuple(
        _story(f"{path.stem}: {raw['story']}", raw)
        for path in sorted(folder.glob("*.yaml"))
        for raw in yaml.safe_load_all(path.read_text("utf-8"))
    )


def _story(name: str, raw: Mapping[str, Any]) -> Story:
    unknown = set(raw) - {
        "story",
        "customer",
        "language",
        "modality",
        "turns",
        "shop",
        "writes",
        "handed_off",
        "tickets",
    }
    assert not unknown, f"{name}: unknown {unknown}"
    modality = raw.get("modality", "text")
    turns = tuple(
        StoryTurn(turn["say"], turn.get("expect", {}), turn.get("modality", modality)) for turn in raw["turns"]
    )
    return Story(
        name,
        raw.get("customer", "demo"),
        raw.get("language", "zh"),
        turns,
        raw.get("shop", ()),
        raw.get("writes"),
        raw.get("handed_off", False),
        raw.get("tickets"),
    )


@cache
def understanding(names: tuple[ProductNames, ...] = ()) -> Understanding:
    """The keyword classifier's, loaded once; ``names`` are what the shop sells."""
    slots = SlotConfig(catalogue=ProductLexicon(names) if names else None)
    return Understanding(KeywordClassifier(), slots=slots, clock=NOW.date)


async def fields_of(shop: Shop, clock: Clock) -> dict[str, str]:
    """What the braces of a story stand for: order numbers, their halves and phone tails by name."""
    fields = {"unknown": "10000009"}
    for name, order in (await named_orders(shop, clock)).items():
        owner = await shop.customer(order.customer_id)
        assert owner is not None
        number, tail = order.order_number, owner.phone[-4:]
        fields |= {name: number, f"{name}_first": number[:4], f"{name}_rest": number[4:], f"{name}_phone_tail": tail}
        fields |= {f"{name}_heard": " ".join(number[:4]), f"{name}_owner": owner.customer_id}
    return fields


async def named_orders(shop: Shop, clock: Clock) -> dict[str, Order]:
    """The orders that stories speak of by name."""
    orders = await shop.orders(demo.DEMO_CUSTOMER_ID, 20)
    named = {str(order.status): order for order in orders}
    others = [order for customer in CUSTOMERS[1:] for order in await shop.orders(customer, 100)]
    on_its_way = [order for order in others if order.status is OrderStatus.SHIPPED]
    arrived = [order for order in others if order.status is OrderStatus.DELIVERED]
    now = clock()
    levels = {customer: await _level(shop, customer) for customer in CUSTOMERS}
    return {
        **named,
        "nappies": _unsent(others, "小豆芽纸尿裤M码"),
        "t_shirt": _unsent(others, "棉里纯棉短袖T恤"),
        "cancelled_long_ago": next(order for order in others if order.status is OrderStatus.CANCELLED),
        "freight_payer": next(
            order
            for order in arrived
            if len(order.lines) == 1
            and levels[order.customer_id] not in shipped_policies().returns.freight_free_levels
            and rules.returnable_skus(order, "", now, policies=shipped_policies())
        ),
        "someone_else": next(order for order in on_its_way if len(order.shipments) == 1),
        "split": next(
            order
            for order in on_its_way
            if len(order.shipments) == 2 and all(len(parcel.skus) == 1 for parcel in order.shipments)
        ),
        "two_parcels": next(order for order in on_its_way if len(order.shipments) == 2),
        "delayed": next(order for order in on_its_way if any(parcel.delay_reason for parcel in order.shipments)),
        "food": next(
            order
            for order in arrived
            if not any(line.returnable for line in order.lines)
            and (deadline := rules.return_deadline(order, policies=shipped_policies())) is not None
            and now < deadline
        ),
    }


def _unsent(orders: Sequence[Order], name: str) -> Order:
    """The first paid order that has not shipped and holds the product ``name``."""
    waiting = {OrderStatus.PAID, OrderStatus.PACKING}
    return next(o for o in orders if o.status in waiting and any(line.name == name for line in o.lines))


async def _level(shop: Shop, customer_id: str) -> str:
    customer = await shop.customer(customer_id)
    return customer.level if customer else ""


@dataclass(frozen=True)
class Mind:
    """What understands a story and what it looks answers up in."""

    understanding: Understanding
    knowledge: Knowledge


@dataclass(frozen=True)
class Score:
    """How a story went that was played to its end."""

    story: str
    language: Language
    turns: int
    wrong_turns: int
    """Turns whose answer was not as expected."""
    at_the_end: tuple[str, ...]
    """What is wrong with the shop's records, the number of WRITEs or the hand-off; empty: the task succeeded."""


class StoryPlayer:
    """Plays one story on one shop."""

    def __init__(
        self, story: Story, shop: Shop, clock: Clock, fields: Mapping[str, str], mind: Mind | None = None
    ) -> None:
        """``fields`` are those of ``fields_of`` for a shop with the same seed and moment; ``mind`` None: keywords."""
        self.story = story
        self._mind = mind
        self._shop = shop
        self._clock = clock
        self._fields = fields

    async def play(self) -> Chat:
        """Say every line, check every answer, then check the shop. Raises ``AssertionError`` with the dialogue."""
        chat = await self._chat()
        log: list[str] = []
        for turn in self.story.turns:
            lines, problems = await self._turn(chat, turn)
            log += lines
            assert not problems, "\n".join(["", *log, "", *problems])
        problems = await self._problems_at_the_end(chat)
        assert not problems, "\n".join(["", *log, "", *problems])
        return chat

    async def score(self) -> Score:
        """Say every line whatever the answers, count what is wrong, and check the shop."""
        chat = await self._chat()
        wrong = [bool((await self._turn(chat, turn))[1]) for turn in self.story.turns]
        at_the_end = tuple(await self._problems_at_the_end(chat))
        return Score(self.story.name, self.story.language, len(wrong), sum(wrong), at_the_end)

    async def _turn(self, chat: Chat, turn: StoryTurn) -> tuple[list[str], list[str]]:
        """What was said on both sides, and what is wrong with the answer."""
        said = self.filled(turn.say)
        replies = [reply async for reply in chat.say(said, turn.modality)]
        assert chat.turn is not None
        lines = [f"> {said}   [{chat.turn.parse.intent}]", *(reply.text for reply in replies)]
        return lines, self._problems(turn.expect, replies, chat)

    async def _chat(self) -> Chat:
        mind = self._mind or Mind(understanding(await self._shop.catalogue()), await KnowledgeIndex.open(None))
        return Chat(
            mind.understanding,
            Responder(self._shop, mind.knowledge, clock=self._clock),
            self._shop,
            DialogueState.new("story", self._customer_id(), self.story.language),
        )

    async def _tickets(self, chat: Chat) -> list[str]:
        tickets = await self._shop.tickets(chat.state.customer_id) if chat.state.customer_id else ()
        return [_ticket(ticket) for ticket in reversed(tickets) if ticket.created_at == self._clock()]

    def _customer_id(self) -> str | None:
        if self.story.customer == "anonymous":
            return None
        if self.story.customer == "demo":
            return demo.DEMO_CUSTOMER_ID
        return self._fields[self.story.customer.removeprefix("owner of ") + "_owner"]

    def filled(self, text: str) -> str:
        """``text`` with what its braces stand for."""
        return re.sub(r"\{(\w+)\}", lambda match: self._fields[match[1]], text)

    def _problems(self, expect: Mapping[str, Any], replies: Sequence[Reply], chat: Chat) -> list[str]:
        assert chat.turn is not None
        said = " ".join(reply.text for reply in replies)
        found = [f"is_last: {[reply.is_last for reply in replies]}"] if not _ends_once(replies) else []
        for key, wanted in expect.items():
            match key:
                case "contains":
                    found += [f"lacks {text!r}" for text in _listed(wanted) if self.filled(text) not in said]
                case "lacks":
                    found += [f"holds {text!r}" for text in _listed(wanted) if self.filled(text) in said]
                case "intent":
                    _check(found, key, chat.turn.parse.intent, wanted)
                case "cards":
                    kinds = [card.kind for reply in replies for card in reply.cards]
                    found += [f"no {kind} card, only {kinds}" for kind in _listed(wanted) if kind not in kinds]
                case "action":
                    _check(found, key, str(replies[-1].action), wanted)
                case "suggests":
                    offered = [text for reply in replies for text in reply.suggestions]
                    found += [
                        f"does not suggest {text!r}: {offered}" for text in _listed(wanted) if text not in offered
                    ]
                case "source":
                    _check(found, key, [source for reply in replies for source in reply.sources], _listed(wanted))
                case "waits_for":
                    _check(found, key, chat.state.expectation.slot or chat.state.expectation.kind, wanted)
                case _:
                    found.append(f"unknown expectation {key!r}")
        return found

    async def _checked_order(self, chat: Chat, name: str) -> Order:
        """The order of this name; ``newest``: the customer's newest, which may have been placed in the story."""
        if name == "newest":
            assert chat.state.customer_id is not None
            return (await self._shop.orders(chat.state.customer_id, 1))[0]
        order = await self._shop.order(self.filled(name))
        assert order is not None
        return order

    async def _problems_at_the_end(self, chat: Chat) -> list[str]:
        found: list[str] = []
        begun = sum(isinstance(event, ActionStarted) for event in chat.events)
        if self.story.writes is not None:
            _check(found, "writes", begun, self.story.writes)
        _check(found, "handed_off", chat.state.handed_off, self.story.handed_off)
        if self.story.tickets is not None:
            _check(found, "tickets", await self._tickets(chat), list(self.story.tickets))
        for check in self.story.shop:
            order = await self._checked_order(chat, check["order"])
            for key, wanted in check.items():
                match key:
                    case "order":
                        continue
                    case "returns":
                        _check(found, f"returns of {check['order']}", len(order.returns), wanted)
                    case "return_kind":
                        _check(found, "return_kind", order.returns[-1].kind, wanted)
                    case "new_skus":
                        _check(found, key, list(order.returns[-1].new_skus), wanted)
                    case "return_payment":
                        _check(found, key, order.returns[-1].payment_method, wanted)
                    case "returned_lines":
                        _check(found, "returned_lines", len(order.returns[-1].skus), wanted)
                    case "status":
                        _check(found, f"status of {check['order']}", str(order.status), wanted)
                    case "return_status":
                        _check(found, key, str(order.returns[-1].status), wanted)
                    case "pickup":
                        entry = order.returns[-1]
                        _check(found, key, f"{entry.pickup_day} {entry.pickup_part}", wanted)
                    case "urged":
                        _check(found, key, order.urged_at is not None, wanted)
                    case "lines":
                        _check(found, key, {line.sku: line.quantity for line in order.lines}, wanted)
                    case "total" | "price_adjustment":
                        _check(found, key, str(getattr(order, key)), wanted)
                    case "address" | "invoice" | "payment_method":
                        _check(found, key, getattr(order, key), wanted)
                    case "visits":
                        visits = await self._shop.visits(order.order_number)
                        _check(
                            found, key, [f"{each.kind} {each.day} {each.name} {each.phone}" for each in visits], wanted
                        )
                    case "cashback":
                        known = await self._shop.cashback(order.order_number)
                        _check(found, key, known and known.status, wanted)
                    case _:
                        found.append(f"unknown check {key!r}")
        return found


def _ticket(ticket: Ticket) -> str:
    return ticket.kind if ticket.compensation is None else f"{ticket.kind} {ticket.compensation}"


def _check(found: list[str], what: str, actual: object, wanted: object) -> None:
    if actual != wanted:
        found.append(f"{what}: {actual!r}, expected {wanted!r}")


def _listed(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _ends_once(replies: Sequence[Reply]) -> bool:
    return bool(replies) and [reply.is_last for reply in replies] == [False] * (len(replies) - 1) + [True]

"""One turn on its way through skills of a test's own; with the real ones see ``test_respond`` and the stories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from dialogue.errors import ShopUnavailable
from dialogue.generation.types import GenerationOptions
from dialogue.policy import Routes
from dialogue.run import Means, Run
from dialogue.skills.context import Context, Item
from dialogue.state import DialogueState, fold
from dialogue.types import (
    Action,
    ActionResult,
    Asked,
    CustomerSaid,
    HandedOff,
    LanguageChanged,
    Reply,
    RequestsNoted,
    TaskStarted,
)
from dialogue.wording import wording
from nlu.types import Expectation
from tests.dialogue.demo_shop import clock
from tests.dialogue.words import parse, turn


@dataclass
class Scripted:
    """Says ``items``, then fails where it has an ``error``; remembers what it was given."""

    name: str
    items: tuple[Item, ...] = ()
    error: Exception | None = None
    writes: bool = False
    seen: list[Context] = field(default_factory=list)

    @property
    def intents(self) -> tuple[str, ...]:
        return (self.name,)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        self.seen.append(context)
        for item in self.items:
            yield item
        if self.error is not None:
            raise self.error


class NoActions:
    """No WRITE is asked for here."""

    async def run(self, action: Action) -> ActionResult:
        raise NotImplementedError


def said(text: str) -> Reply:
    return Reply(1, text, "zh", is_last=True)


def means(*skills: Scripted, observed: list[str] | None = None) -> Means:
    nothing: Any = None
    known: dict[str, Any] = {skill.name: skill for skill in skills}
    return Means(
        backend=nothing,
        knowledge=nothing,
        generator=None,
        options=GenerationOptions(),
        clock=clock,
        wordings=wording,
        skills=known,
        routes=Routes.of(known),
        services=(),
        apology=lambda code, state, turn_id: Reply(turn_id, code, state.language, is_last=True),
        observe=(observed if observed is not None else []).append,
    )


async def items_of(means: Means, text: str, intent: str, state: DialogueState | None = None) -> list[Item]:
    this = turn(1, parse(text, intent))
    before = fold(state or DialogueState.new("c"), CustomerSaid(this))
    return [item async for item in Run(means, before, this, NoActions()).turn_items()]


async def test_the_skill_of_the_intent_answers() -> None:
    order, freight = Scripted("order_status", (said("在路上"),)), Scripted("freight", (said("包邮"),))
    assert await items_of(means(order, freight), "包邮吗", "freight") == [said("包邮")]
    assert order.seen == []


async def test_what_a_skill_asks_for_is_known_to_what_follows() -> None:
    """The events of a turn are folded as they come: nobody mends the mood over a question that waits."""
    asks = Scripted("order_status", (Asked(Expectation("digits", "order_number", 8)), said("订单号是多少？")))
    tells = Scripted("order_status", (said("在路上"),))
    for skill, count in ((asks, 1), (tells, 2)):
        state = DialogueState.new("c")
        for words in ("怎么还没到", "真慢"):
            state = fold(state, CustomerSaid(turn(1, parse(words, "order_status", polarity="negative"))))
        this = turn(3, parse("唉", "order_status", polarity="negative"))
        run = Run(means(skill), fold(state, CustomerSaid(this)), this, NoActions())
        assert len([item async for item in run.turn_items() if isinstance(item, Reply)]) == count


async def test_a_skill_whose_shop_is_away_is_apologised_for_with_the_offer_of_a_person() -> None:
    observed: list[str] = []
    away = Scripted("order_status", error=ShopUnavailable("gone"))
    *events, reply = await items_of(means(away, observed=observed), "到哪了", "order_status")
    assert isinstance(reply, Reply)
    assert reply.text == "shop_unavailable"
    assert any(isinstance(event, TaskStarted) and event.skill == "handoff" for event in events)
    assert Asked(Expectation("yes_no")) in events
    assert not any(isinstance(event, HandedOff) for event in events), "offered, not done"
    assert observed == ["shop_unavailable"]


async def test_what_is_unexpected_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await items_of(means(Scripted("order_status", error=ZeroDivisionError())), "到哪了", "order_status")


async def test_what_was_noted_is_taken_up_after_the_first() -> None:
    order, freight = Scripted("order_status", (said("在路上"),)), Scripted("freight", (said("包邮"),))
    noted = fold(DialogueState.new("c"), RequestsNoted((parse("包邮吗", "freight"),)))
    first, then, second = await items_of(means(order, freight), "到哪了", "order_status", noted)
    assert (first, then) == (said("在路上"), RequestsNoted(()))
    assert isinstance(second, Reply)
    assert second.text.endswith("包邮")
    assert "包邮吗" in second.text, "which of the requests it answers"


async def test_a_conversation_turns_to_the_language_that_is_spoken() -> None:
    order = Scripted("order_status", (said("on its way"),))
    items = await items_of(means(order), "where is my order please", "order_status")
    assert items[0] == LanguageChanged("en")
    assert order.seen[0].wording.language == "en"

"""Why Kefu answered as it did: told as JSON and as a panel."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from dialogue.chat import Chat
from dialogue.escalation import CALM
from dialogue.event_codec import decode, encode
from dialogue.explain import explanation, panel
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policy import Choice
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.state import DialogueState
from dialogue.types import CustomerSaid
from nlu.types import Evidence, Language, Parse, ScoredLabel, Sentiment
from nlu.understand import Understanding
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import turn

NEAR = Evidence("nearest", "order_status", "订单[bold]到哪[/]了", 0.93)


class _Explaining:
    name = "triton"

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        return (ScoredLabel("order_status", 0.9, (NEAR,)), ScoredLabel("logistics", 0.1))

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        return Sentiment("negative", 0.9)


def _shown(parse: Parse) -> str:
    told = explanation(parse, CALM, Choice("order_status", "start", "order_status 0.90"))
    out = StringIO()
    Console(file=out, width=160).print(panel(told))
    return out.getvalue()


@pytest.fixture
async def parse() -> Parse:
    return await Understanding(_Explaining()).understand("[b]气死我了，订单12345674到哪了")


async def test_the_json_names_neighbours_words_slot_rules_and_signals(parse: Parse) -> None:
    told = explanation(parse, CALM)
    assert told["nearest"] == [{"label": "order_status", "words": NEAR.words, "score": 0.93}]
    assert told["words"][0]["label"] == "order_status"
    (number,) = told["slots"]
    assert (number["value"], number["raw"], number["span"]) == ("12345674", "12345674", [10, 18])
    assert "order number" in number["rule"]
    assert told["signals"] == [{"kind": "anger", "words": "气死我"}]
    assert told["choice"] is None


async def test_the_panel_shows_it_all_and_takes_no_words_for_markup(parse: Parse) -> None:
    shown = _shown(parse)
    for words in ("order_status 0.90", "logistics 0.10", NEAR.words, "[10:18]", "anger: 气死我", "negative 0.90"):
        assert words in shown
    assert "[red]" in _shown(await Understanding(_Explaining()).understand("[red]ＡＢＣ"))


async def test_what_is_stored_explains_the_turn_later(parse: Parse) -> None:
    stored = decode(encode(CustomerSaid(turn(1, parse))))
    assert isinstance(stored, CustomerSaid)
    assert explanation(stored.turn.parse, CALM) == explanation(parse, CALM)


async def test_a_chat_tells_of_its_last_turn() -> None:
    async with opened_demo_shop() as shop:
        responder = Responder(shop, await KnowledgeIndex.open(None), clock=clock)
        chat = Chat(Understanding(), responder, shop, DialogueState.new("c", demo.DEMO_CUSTOMER_ID))
        async for _ in chat.say("再不退款我就打12315"):
            pass
    assert chat.explanation["tension"]["level"] == "escalate", "as it was when the answer was chosen"
    assert chat.explanation["choice"]["skill"] == "handoff"

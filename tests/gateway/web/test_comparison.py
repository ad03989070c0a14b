"""Two products side by side, from the skill to the screen: the real card in a real browser, wide and narrow."""

from __future__ import annotations

import asyncio
import os
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.state import DialogueState
from dialogue.types import ActionRunner, Reply
from gateway.wire import reply_json
from nlu.types import Language
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import parse, turn
from tests.fakes_gateway import Answer, GatewayDouble

pytestmark = pytest.mark.browser
ASKED: dict[Language, str] = {
    "zh": "听涛真无线蓝牙耳机和听涛主动降噪耳机Pro有什么区别",
    "en": "what is the difference between Tingtao True Wireless Earbuds and Tingtao ANC Earbuds Pro",
}


def answered(language: Language) -> dict[str, Any]:
    """What the demo shop answers, as it goes to the page."""
    found: list[dict[str, Any]] = []

    async def ask() -> None:
        async with opened_demo_shop() as shop:
            responder = Responder(shop, KnowledgeIndex(None), clock=clock)
            state = DialogueState.new("c", demo.DEMO_CUSTOMER_ID, language=language)
            said = turn(1, parse(ASKED[language], "product_question", language=language))
            runner: ActionRunner = None  # type: ignore[assignment]
            replies = [item async for item in responder.respond(state, said, runner) if isinstance(item, Reply)]
            found.extend(reply_json(reply) for reply in replies)

    # A loop of its own: Playwright's runs in this thread.
    asking = Thread(target=lambda: asyncio.run(ask()))
    asking.start()
    asking.join()
    return found[-1]


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_products_side_by_side(page: Page, gateway: GatewayDouble, language: Language, width: int) -> None:
    reply = answered(language)
    (card,) = [card for card in reply["cards"] if card["kind"] == "comparison"]
    gateway.answers = iter([Answer(reply["text"], cards=tuple(reply["cards"]))])
    page.set_viewport_size({"width": width, "height": 900})
    page.fill("#message", ASKED[language])
    page.press("#message", "Enter")
    table = page.locator(".card-comparison table")
    expect(table).to_be_visible()
    for product in card["data"]["products"]:
        expect(table).to_contain_text(product["name"])
    for row in card["data"]["rows"]:
        expect(table).to_contain_text(row["name"])
        for value in row["values"]:
            if value is not None:
                expect(table).to_contain_text(value)
    expect(table).to_contain_text("199")
    expect(table).to_contain_text("398.90")
    expect(table.locator(".badge")).to_have_text(["有货", "有货"])
    if folder := os.environ.get("KEFU_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/comparison-{language}-{width}.png")
    # Nothing sticks out of the page or of the card, and no column is crushed.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box, around = table.bounding_box(), page.locator(".card-comparison").bounding_box()
    assert box is not None
    assert around is not None
    assert box["x"] >= around["x"] - 1
    assert box["x"] + box["width"] <= around["x"] + around["width"] + 1
    widths = [cell.bounding_box()["width"] for cell in table.locator("tr").first.locator("th, td").all()]  # type: ignore[index]
    assert len(widths) == 3
    assert min(widths[1:]) >= 60

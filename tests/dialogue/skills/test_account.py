"""Questions on an account, another way to pay and another address, in a shop that opens accounts by mail address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dialogue.chat import Chat
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.skills.line_changes import takes
from dialogue.state import DialogueState, Task
from nlu.slots import ProductLexicon, SlotConfig
from nlu.types import Expectation
from nlu.understand import Understanding
from tests.dialogue.words import parse
from tests.worlds.tau2_sample import records
from tests.worlds.tau2_shop import RetailShop

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def shop() -> RetailShop:
    return RetailShop(records(), NOW)


async def opened(shop: RetailShop) -> Chat:
    names = await shop.catalogue()
    slots = SlotConfig(order_number_pattern=r"#?W\d{7}", order_number_luhn=False, catalogue=ProductLexicon(names))
    responder = Responder(shop, await KnowledgeIndex.open(None), clock=lambda: NOW)
    responder.know({name for _, called in names for name in called})
    return Chat(Understanding(slots=slots), responder, shop, DialogueState.new("t", None, "en"))


async def said(chat: Chat, *lines: str) -> str:
    """The answer to the last of ``lines``."""
    answer = ""
    for line in lines:
        answer = " ".join([reply.text async for reply in chat.say(line)])
    return answer


async def test_how_many_versions_there_are(shop: RetailShop) -> None:
    answer = await said(await opened(shop), "How many rug options are available?")
    assert "3 options" in answer
    assert "1 " in answer.replace("3 options", "")


@pytest.mark.parametrize(("words", "price"), [("cheapest", "10"), ("most expensive", "40")])
async def test_the_ends_of_the_range(shop: RetailShop, words: str, price: str) -> None:
    answer = await said(await opened(shop), f"What is the {words} rug right now?")
    assert f" {price} " in f"{answer} "


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("What is my gift card balance?", "15"),
        ("What is the total price for all the rugs I bought?", "60"),
        ("What is the total price of order #W0000001?", "15.50"),
        ("Which address do you have on file?", "1 Low Road"),
        ("I want to know the size of the lamp I ordered.", "Lamp (S)"),
    ],
)
async def test_facts_of_the_account_are_told_to_who_is_known(shop: RetailShop, asked: str, told: str) -> None:
    chat = await opened(shop)
    assert told not in await said(chat, asked)
    assert told in await said(chat, "My email is nora.bell@example.com")


async def test_another_way_to_pay_must_cover_the_order(shop: RetailShop) -> None:
    shop.records.orders["#W0000001"]["payment_history"][0]["payment_method_id"] = "paypal_1"
    chat = await opened(shop)
    answer = await said(
        chat, "Change the payment method of order #W0000001 to my gift card.", "My email is nora.bell@example.com"
    )
    assert "does not cover" in answer
    answer = await said(chat, "my credit card")
    assert "instead of PayPal" in answer
    await said(chat, "yes")
    assert shop.records.orders["#W0000001"]["payment_history"][1]["payment_method_id"] == "credit_card_1"


async def test_the_address_of_the_account_changes_and_changes_back(shop: RetailShop) -> None:
    def address() -> str:
        found: str = shop.records.users["nora_bell_1"]["address"]["address1"]
        return found

    check: Callable[[], str] = address
    chat = await opened(shop)
    await said(
        chat,
        "Change my default address to 2 High Road, Suite 3, Ely, NV 89301",
        "My email is nora.bell@example.com",
        "yes",
    )
    assert check() == "2 High Road"
    await said(chat, "Change my default address back to the original one", "yes")
    assert check() == "1 Low Road"


async def test_nobody_else_is_told(shop: RetailShop) -> None:
    chat = await opened(shop)
    answer = await said(chat, "What is my gift card balance?", "My email is somebody@example.com")
    assert "15" not in answer


async def test_how_a_change_of_goods_is_paid_is_no_other_payment(shop: RetailShop) -> None:
    chat = await opened(shop)
    answer = await said(
        chat,
        "My email is nora.bell@example.com",
        "For order #W0000001 I want to change the lamp to one with size M. Please use my PayPal account.",
    )
    assert "instead of" not in answer
    assert "Lamp (S) becomes M" in answer


def test_an_answer_on_paying_is_not_a_wish_to_pay_another_way() -> None:
    task = Task("returns", "1-returns", {"work": {}}, step="method")
    asked = DialogueState("t", task=task, expectation=Expectation("choice", slot="payment_method"))
    words = parse("The original payment method, please.", "change_payment")
    assert takes(asked, "returns", words)
    assert not takes(replace(asked, expectation=Expectation("choice")), "returns", words)

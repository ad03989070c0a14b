"""A WRITE that the shop did not answer and that the customer then gives up: not tried again, and not called undone."""

from __future__ import annotations

import pytest

from dialogue.chat import Chat
from dialogue.errors import ShopUnavailable
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.shop.sql import SqlShop
from dialogue.shop.types import Order
from dialogue.state import DialogueState
from dialogue.types import ActionDropped, ActionFinished, ReadBack
from nlu.classifiers.keyword import KeywordClassifier
from nlu.understand import Understanding
from tests.dialogue.demo_shop import clock, opened_demo_shop


class AwayShop(SqlShop):
    """Reads, but does not answer a WRITE."""

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        raise ShopUnavailable("away")


@pytest.mark.parametrize("words", ["不用了", "没事了", "我不取消了"])
async def test_a_no_after_no_answer_drops_the_write(words: str) -> None:
    async with opened_demo_shop() as shop:
        away = AwayShop(shop._engine, clock)
        number = (await away.orders(demo.DEMO_CUSTOMER_ID))[1].order_number
        chat = Chat(
            Understanding(KeywordClassifier()),
            Responder(away, await KnowledgeIndex.open(None), clock=clock),
            away,
            DialogueState.new("c", demo.DEMO_CUSTOMER_ID),
        )

        async def say(text: str) -> str:
            return "".join([reply.text async for reply in chat.say(text)])

        read_back = await say(f"取消订单{number}，不想要了")
        assert "不能确定" in await say("确认")
        assert "还不能确定" in await say(words)
    (told,) = [event for event in chat.events if isinstance(event, ReadBack)]
    (finished,) = [event for event in chat.events if isinstance(event, ActionFinished)]
    (dropped,) = [event for event in chat.events if isinstance(event, ActionDropped)]
    assert told.text == read_back
    assert told.idempotency_key == finished.action.idempotency_key == dropped.idempotency_key


async def test_a_no_before_anything_was_tried_drops_nothing() -> None:
    async with opened_demo_shop() as shop:
        number = (await shop.orders(demo.DEMO_CUSTOMER_ID))[1].order_number
        chat = Chat(
            Understanding(KeywordClassifier()),
            Responder(shop, await KnowledgeIndex.open(None), clock=clock),
            shop,
            DialogueState.new("c", demo.DEMO_CUSTOMER_ID),
        )
        for text in (f"取消订单{number}，不想要了", "不用了"):
            _ = [reply async for reply in chat.say(text)]
    assert any(isinstance(event, ReadBack) for event in chat.events)
    assert not any(isinstance(event, ActionDropped) for event in chat.events)

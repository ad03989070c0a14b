"""A client's function called for the customer: over the whole responder, on the demo shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dialogue.functions import FunctionResult, Functions, Offering, read_function
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.state import DialogueState, fold
from dialogue.types import (
    Action,
    ActionResult,
    CustomerSaid,
    FunctionCall,
    HandedOff,
    ReadBack,
    Reply,
    ReplyAction,
    Said,
    Turn,
)
from nlu.types import Parse
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import parse, turn

TEXT = {"type": "string"}


def offering(name: str, required: tuple[str, ...] = (), forced: str | None = None, **properties: Any) -> Functions:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return Functions({name: read_function(name, "", schema)}, forced)


WHERE = offering("order_status", ("order_number",), order_number=TEXT, question=TEXT)


class NoWrites:
    async def run(self, action: Action) -> ActionResult:
        raise AssertionError("nothing here may reach a WRITE")


class Customer:
    """Talks to a responder for which a client offers functions."""

    def __init__(self, responder: Responder, functions: Functions) -> None:
        self.responder = responder
        self.runner = Offering(NoWrites(), functions)
        self.state = DialogueState.new("c", demo.DEMO_CUSTOMER_ID)
        self.events: list[object] = []

    async def say(self, understood: Parse) -> list[Reply]:
        this = turn(self.state.turn_count + 1, understood)
        self.state = fold(self.state, CustomerSaid(this))
        return await self._taken(self.responder.respond(self.state, this, self.runner))

    async def tell(self, name: str, output: str | None) -> list[Reply]:
        nothing = Turn(self.state.turn_count, "", parse(""), "text", "test")
        return await self._taken(
            self.responder.tell(self.state, nothing, FunctionResult("c", name, output), self.runner)
        )

    async def _taken(self, items: Any) -> list[Reply]:
        replies = []
        async for item in items:
            if isinstance(item, Reply):
                replies.append(item)
                self.state = fold(self.state, Said(item.turn_id, item.text, complete=True))
            else:
                self.events.append(item)
                self.state = fold(self.state, item)
        return replies


@asynccontextmanager
async def served(functions: Functions) -> AsyncIterator[Customer]:
    async with opened_demo_shop() as shop:
        yield Customer(Responder(shop, KnowledgeIndex(None), clock=clock), functions)


def calls(replies: list[Reply]) -> list[FunctionCall]:
    return [reply.call for reply in replies if reply.call is not None]


async def test_what_is_known_is_passed_on_and_the_output_is_told() -> None:
    async with served(WHERE) as customer:
        replies = await customer.say(parse("查一下 89070650", "order_status", order_number="89070650"))
        (call,) = calls(replies)
        assert call.name == "order_status"
        assert call.arguments == {"order_number": "89070650", "question": "查一下 89070650"}
        assert [reply.text for reply in replies] == ["好的，我查一下。"]
        assert customer.state.task is None
        (told,) = await customer.tell("order_status", "您的订单在杭州，明天到。")
        assert (told.text, told.sources, told.is_last) == ("您的订单在杭州，明天到。", ("function:order_status",), True)


async def test_what_is_missing_is_asked_for_and_the_first_question_kept() -> None:
    async with served(WHERE) as customer:
        (asked,) = await customer.say(parse("我的快递到哪了", "logistics"))
        assert "订单号" in asked.text
        assert asked.call is None
        assert customer.state.expectation.slot == "order_number"
        (call,) = calls(await customer.say(parse("89070650", "inform", order_number="89070650")))
        assert call.arguments == {"order_number": "89070650", "question": "我的快递到哪了"}


async def test_a_number_alone_is_for_the_function() -> None:
    async with served(WHERE) as customer:
        (call,) = calls(await customer.say(parse("89070650", "out_of_scope", 0.2, order_number="89070650")))
        assert call.arguments["order_number"] == "89070650"


async def test_each_turn_has_a_call_of_its_own() -> None:
    async with served(offering("order_status")) as customer:
        first = calls(await customer.say(parse("到哪了", "order_status")))
        second = calls(await customer.say(parse("到哪了", "order_status")))
        assert first[0].call_id != second[0].call_id


async def test_a_choice_is_asked_for_and_offered() -> None:
    functions = offering("stock", ("colour",), colour={"enum": ["黑色", "白色"]})
    async with served(functions) as customer:
        (asked,) = await customer.say(parse("还有货吗", "stock"))
        assert asked.text == "请问是黑色或者白色？"
        assert asked.suggestions == ("黑色", "白色")
        (call,) = calls(await customer.say(parse("白色的", "product_question", 0.4)))
        assert call.arguments == {"colour": "白色"}


async def test_free_words_are_the_answer() -> None:
    async with served(offering("stock", ("product",), product=TEXT)) as customer:
        (asked,) = await customer.say(parse("还有货吗", "stock"))
        assert asked.text == "请问商品名称是什么？"
        (call,) = calls(await customer.say(parse("青柠杯", "out_of_scope", 0.3)))
        assert call.arguments == {"product": "青柠杯"}


async def test_a_person_is_called_after_answers_that_are_none() -> None:
    functions = offering("stock", ("quantity",), quantity={"type": "integer"})
    async with served(functions) as customer:
        await customer.say(parse("还有货吗", "stock"))
        for _ in range(3):
            replies = await customer.say(parse("嗯不知道啊", "out_of_scope", 0.2))
        assert replies[-1].action is ReplyAction.HAND_OFF
        assert any(isinstance(event, HandedOff) for event in customer.events)


async def test_a_wish_to_stop_ends_the_asking() -> None:
    async with served(WHERE) as customer:
        await customer.say(parse("我的快递到哪了", "logistics"))
        replies = await customer.say(parse("算了", "deny"))
        assert not calls(replies)
        assert customer.state.task is None


async def test_a_write_stays_with_kefu_which_reads_back() -> None:
    cancel = offering("cancel_order", ("order_number",), order_number=TEXT)
    async with served(cancel) as customer:
        replies = await customer.say(parse("取消订单", "cancel_order"))
        assert not calls(replies)
        assert customer.state.task is not None
        assert customer.state.task.skill == "cancel_order"


async def test_a_function_that_the_client_forces_is_called_whatever_was_said() -> None:
    forced = offering("lookup", forced="lookup", words=TEXT)
    async with served(forced) as customer:
        (call,) = calls(await customer.say(parse("今天天气怎么样")))
        assert (call.name, call.arguments) == ("lookup", {"words": "今天天气怎么样"})


async def test_the_question_that_waits_comes_after_the_result() -> None:
    async with served(offering("order_status")) as customer:
        customer.events.clear()
        await customer.say(parse("我要取消订单", "cancel_order"))
        waiting = customer.state.task
        assert waiting is not None
        before = customer.state.expectation
        replies = await customer.say(parse("我的订单到哪了呀", "order_status", 0.95))
        assert len(calls(replies)) == 1
        assert [reply.text for reply in replies] == ["好的，我查一下。"]
        told, *question = await customer.tell("order_status", "在路上。")
        assert told.text == "在路上。"
        assert question
        assert customer.state.task is not None
        assert customer.state.task.task_id == waiting.task_id
        assert customer.state.expectation == before
        assert not any(isinstance(event, ReadBack) and not event.text for event in customer.events)


@pytest.mark.parametrize("output", [None, '{"error": "down"}', "An error occurred while running the tool. x"])
async def test_a_function_that_fails_is_apologised_for(output: str | None) -> None:
    async with served(WHERE) as customer:
        (told,) = await customer.tell("order_status", output)
        assert told.text == "抱歉，暂时没有查到结果。您可以稍后再试，需要我为您转人工吗？"
        assert customer.state.expectation.kind == "yes_no", "the offer of a person waits for an answer"


async def test_an_output_without_words_adds_none() -> None:
    async with served(WHERE) as customer:
        (told,) = await customer.tell("order_status", "")
        assert (told.text, told.is_last) == ("", True)


async def test_a_function_withdrawn_while_it_asks_ends_honestly() -> None:
    async with served(WHERE) as customer:
        await customer.say(parse("我的快递到哪了", "logistics"))
        customer.runner = Offering(NoWrites(), Functions())
        (sorry,) = await customer.say(parse("89070650", "inform", order_number="89070650"))
        assert "抱歉" in sorry.text
        assert customer.state.task is None

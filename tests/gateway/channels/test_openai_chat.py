"""POST /v1/chat/completions: OpenAI's shape, read by hand and by OpenAI's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from dialogue.functions import offered
from dialogue.types import ActionRunner, Card, FunctionCall, Reply, ReplyAction, Turn
from gateway.channels.openai_chat import last_user_text
from gateway.errors import ProtocolError
from tests.fakes_core import House, Item
from tests.gateway.doors import Door, house_with, served

ASK = [{"role": "user", "content": "我的订单什么时候到"}]
ANSWER = "您的包裹已经到了杭州。\n预计明天下午送到。"


async def complete(door: Door, status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    async with door.client.post("/v1/chat/completions", json={"model": "kefu", **body}, headers=headers) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_whole_answer() -> None:
    async with served() as door:
        answer = await complete(door, messages=ASK)
    assert answer["object"] == "chat.completion"
    assert answer["id"].startswith("chatcmpl-")
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": ANSWER}
    assert choice["finish_reason"] == "stop"
    assert answer["usage"] == {"prompt_tokens": 9, "completion_tokens": len(ANSWER), "total_tokens": 9 + len(ANSWER)}
    assert answer["kefu"]["intent"] == "order_status"
    assert answer["kefu"]["usage_unit"] == "characters"


async def test_the_cards_of_all_replies_are_kept() -> None:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "一", "zh", cards=(Card("order", {"n": 1}),))
        yield Reply(turn.turn_id, "二", "zh", cards=(Card("order", {"n": 2}),), is_last=True)

    house.responder.answer = answer
    async with served(house) as door:
        extra = (await complete(door, messages=ASK))["kefu"]
    assert [card["data"]["n"] for card in extra["cards"]] == [1, 2]


async def chunks(door: Door, **body: Any) -> list[str]:
    async with door.client.post("/v1/chat/completions", json={"stream": True, **body}) as response:
        assert response.content_type == "text/event-stream"
        assert response.headers["Content-Security-Policy"]
        lines = (await response.text()).split("\n\n")
    assert lines.pop() == ""
    assert all(line.startswith("data: ") for line in lines)
    return [line.removeprefix("data: ") for line in lines]


async def test_a_streamed_answer() -> None:
    async with served() as door:
        *parts, done = await chunks(door, messages=ASK)
    assert done == "[DONE]"
    parsed = [json.loads(part) for part in parts]
    assert {part["object"] for part in parsed} == {"chat.completion.chunk"}
    assert len({part["id"] for part in parsed}) == 1
    assert parsed[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(part["choices"][0]["delta"].get("content", "") for part in parsed) == ANSWER
    assert [part["choices"][0]["finish_reason"] for part in parsed] == [None, None, None, "stop"]
    assert parsed[1]["kefu"]["conversation_id"].startswith("rest-")


async def test_a_stream_ends_well_when_the_answer_breaks() -> None:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "稍等。", "zh")
        raise ValueError("a bug")

    house.responder.answer = answer
    async with served(house) as door:
        *parts, done = await chunks(door, messages=ASK)
    assert done == "[DONE]"
    words = "".join(json.loads(part)["choices"][0]["delta"].get("content", "") for part in parts)
    assert words == "稍等。\n抱歉（internal）。"


async def test_user_or_metadata_names_the_conversation() -> None:
    house = house_with()
    async with served(house) as door:
        for body in (
            {"user": "anna"},
            {"user": "anna"},
            {"metadata": {"conversation_id": "anna"}},
            {"user": "ben"},
            {},
        ):
            await complete(door, messages=ASK, **body)
    assert [turn.turn_id for turn in house.responder.turns] == [1, 2, 3, 1, 1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "role 'user'"),
        ({"messages": ["hi", None]}, "role 'user'"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": [{"role": "user", "content": {"a": 1}}]}, "content"),
        ({"messages": [{"role": "user", "content": "  "}]}, "blank"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "blank"),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, "limit"),
        ({"messages": ASK, "metadata": ["x"]}, "metadata"),
        ({"messages": ASK, "user": 5}, "conversation_id"),
    ],
)
async def test_bad_requests(body: dict[str, Any], words: str) -> None:
    async with served() as door:
        error = (await complete(door, 400, **body))["error"]
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"


def test_the_last_user_message_is_the_turn() -> None:
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "last"}, {"type": "image_url"}, {"type": "text", "text": "2"}],
        },
        {"role": "assistant", "content": "prefill"},
    ]
    assert last_user_text(messages) == "last\n2"
    with pytest.raises(ProtocolError):
        last_user_text({"role": "user"})


@asynccontextmanager
async def stock_client(house: House, key: str = "any") -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        served(house) as door,
        openai.AsyncOpenAI(base_url=f"{door.url}/v1", api_key=key, max_retries=0) as client,
    ):
        yield client


async def test_the_stock_client_gets_an_answer() -> None:
    async with stock_client(house_with()) as client:
        answer = await client.chat.completions.create(
            model="kefu", messages=[{"role": "user", "content": "我的订单什么时候到"}], user="anna"
        )
        assert answer.choices[0].message.content == ANSWER
        assert [model.id async for model in client.models.list()] == ["kefu", "kefu-asr", "kefu-tts"]


async def test_the_stock_client_streams() -> None:
    words, last = "", None
    async with stock_client(house_with()) as client:
        stream = await client.chat.completions.create(
            model="kefu", messages=[{"role": "user", "content": "你好"}], stream=True
        )
        async for chunk in stream:
            words += chunk.choices[0].delta.content or ""
            last = chunk.choices[0].finish_reason
    assert (words, last) == (ANSWER, "stop")


async def test_the_stock_client_understands_refusals() -> None:
    async with stock_client(house_with(api_keys=("right",)), key="wrong") as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            await client.chat.completions.create(model="kefu", messages=[{"role": "user", "content": "你好"}])
        assert refused.value.code == "invalid_api_key"
    async with stock_client(house_with()) as client:
        with pytest.raises(openai.BadRequestError) as bad:
            await client.chat.completions.create(model="kefu", messages=[{"role": "system", "content": "你好"}])
        assert "role 'user'" in bad.value.message


HAND_OFF = [{"type": "function", "function": {"name": "hand_off", "parameters": {"type": "object", "properties": {}}}}]


def handing_over() -> House:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "为您转接人工。", "zh", is_last=True, action=ReplyAction.HAND_OFF)

    house.responder.answer = answer
    return house


async def test_what_an_answer_asks_for_is_a_call_of_the_client_s_function() -> None:
    house = handing_over()
    async with stock_client(house) as client:
        ask: Any = {"model": "kefu", "messages": ASK, "tools": HAND_OFF}
        whole = await client.chat.completions.create(**ask)
        choice = whole.choices[0]
        assert choice.finish_reason == "tool_calls"
        (call,) = choice.message.tool_calls or []
        assert call.type == "function"
        assert call.function.name == "hand_off"
        assert json.loads(call.function.arguments) == {"reason": "order_status", "said": "为您转接人工。"}
        stream = await client.chat.completions.create(**ask, stream=True)
        parts = [part.choices[0] async for part in stream if part.choices]
        assert parts[-1].finish_reason == "tool_calls"
        assert [one.function.name for part in parts for one in part.delta.tool_calls or [] if one.function] == [
            "hand_off"
        ]
        turns = len(house.responder.turns)
        made = choice.message.model_dump(exclude_none=True)
        result = {"role": "tool", "tool_call_id": call.id, "content": "done"}
        after = await client.chat.completions.create(**{**ask, "messages": [*ASK, made, result]})
        assert after.choices[0].message.content == ""
        assert len(house.responder.turns) == turns, "a result is no turn"
        assert not house.responder.told, "of an action there is nothing to tell"
        plain = await client.chat.completions.create(model="kefu", messages=ASK)  # type: ignore[arg-type]
        assert plain.choices[0].message.tool_calls is None
        assert plain.choices[0].finish_reason == "stop"
        none = await client.chat.completions.create(**ask, tool_choice="none")
        assert none.choices[0].message.tool_calls is None


WHERE = [
    {
        "type": "function",
        "function": {
            "name": "order_status",
            "description": "Where an order is",
            "parameters": {"type": "object", "properties": {"order_number": {"type": "string"}}},
        },
    }
]


def looking_up() -> House:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        (name,) = offered(actions).by_name
        call = FunctionCall(f"call_{turn.turn_id}", name, {"order_number": "89070650"})
        yield Reply(turn.turn_id, "好的，我查一下。", "zh", is_last=True, call=call)

    house.responder.answer = answer
    return house


@pytest.mark.parametrize("streams", [False, True])
async def test_a_function_is_called_and_its_output_told(streams: bool) -> None:
    """As the stock client's own loop does it: the whole history comes back, and no conversation is named."""
    house = looking_up()
    async with stock_client(house) as client:
        ask: Any = {"model": "kefu", "messages": list(ASK), "tools": WHERE}
        whole = await client.chat.completions.create(**ask)
        assert whole.choices[0].finish_reason == "tool_calls"
        made = whole.choices[0].message
        assert made.content == "好的，我查一下。"
        (call,) = made.tool_calls or []
        assert call.type == "function"
        assert json.loads(call.function.arguments) == {"order_number": "89070650"}
        output = {"role": "tool", "tool_call_id": call.id, "content": '{"say": "已到杭州。"}'}
        ask["messages"] += [made.model_dump(exclude_none=True), output]
        if streams:
            stream = await client.chat.completions.create(**ask, stream=True)
            chunks = [part.choices[0] async for part in stream if part.choices]
            said, finish = "".join(part.delta.content or "" for part in chunks), chunks[-1].finish_reason
        else:
            after = (await client.chat.completions.create(**ask)).choices[0]
            said, finish = after.message.content or "", after.finish_reason
        assert (said, finish) == ("已到杭州。", "stop")
        assert [(one.name, one.call_id) for one in house.responder.told] == [("order_status", call.id)]
        assert len(house.responder.turns) == 1


async def test_two_outputs_are_told_one_after_the_other() -> None:
    made = {
        "role": "assistant",
        "tool_calls": [{"id": one, "type": "function", "function": {"name": one, "arguments": "{}"}} for one in "ab"],
    }
    outputs = [{"role": "tool", "tool_call_id": one, "content": [{"type": "text", "text": one}]} for one in "ab"]
    async with served() as door:
        answer = await complete(door, messages=[*ASK, made, *outputs])
    assert answer["choices"][0]["message"]["content"] == "a\nb"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "tool_call_id": "call_unknown", "content": "x"},
        {"role": "tool", "content": "x"},
        {"role": "tool", "tool_call_id": 5, "content": "x"},
    ],
)
async def test_an_output_of_no_call_is_refused(message: dict[str, Any]) -> None:
    async with served() as door:
        error = (await complete(door, 400, messages=[*ASK, message]))["error"]
    assert (error["code"], error["param"]) == ("unknown_call_id", "messages")


async def test_an_output_that_is_no_text_is_refused() -> None:
    made = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]}
    async with served() as door:
        for content in (None, 5, "x" * 40_000):
            output = {"role": "tool", "tool_call_id": "a", "content": content}
            error = (await complete(door, 400, messages=[*ASK, made, output]))["error"]
            assert "content" in error["message"]


@pytest.mark.parametrize(
    "choice", ["sometimes", 5, {"type": "function", "function": {"name": "unknown"}}, {"type": "x"}]
)
async def test_a_wrong_tool_choice_names_the_field(choice: Any) -> None:
    async with served() as door:
        error = (await complete(door, 400, messages=ASK, tools=WHERE, tool_choice=choice))["error"]
    assert error["param"] == "tool_choice"


async def test_a_function_that_nobody_could_fill_is_not_forced() -> None:
    parameters = {"type": "object", "properties": {"lines": {"type": "array"}}, "required": ["lines"]}
    tool = {"type": "function", "function": {"name": "buy", "parameters": parameters}}
    forced = {"type": "function", "function": {"name": "buy"}}
    async with served() as door:
        error = (await complete(door, 400, messages=ASK, tools=[tool], tool_choice=forced))["error"]
        assert error["param"] == "tool_choice"
        assert (await complete(door, messages=ASK, tools=[tool], tool_choice="required"))["choices"]


@pytest.mark.parametrize("tools", ["x", [1], [{"type": "function"}], [{"type": "function", "function": {"name": 5}}]])
async def test_wrong_tools_name_the_field(tools: Any) -> None:
    async with served() as door:
        assert (await complete(door, 400, messages=ASK, tools=tools))["error"]["param"] == "tools"

"""Functions of a Realtime client, and who begins and ends an answer: over the served door, with OpenAI's own client."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dialogue.functions import offered
from dialogue.types import CustomerSaid, FunctionCall, Reply
from gateway.config import Functions, Gateway, Settings
from tests.fakes_core import House
from tests.gateway.channels.test_realtime import ANSWER, connected, kinds, microphone, spoken_to, until
from tests.gateway.doors import house_with, served

WHERE = {
    "type": "function",
    "name": "order_status",
    "description": "Where an order is",
    "parameters": {"type": "object", "properties": {"order_number": {"type": "string"}}},
}


def looking_up(deadline_s: float = 15.0) -> House:
    """A house whose every answer is a call of the client's function."""
    house = house_with()
    house.settings = Settings(gateway=Gateway(), functions=Functions(deadline_s=deadline_s))

    async def answer(turn: Any, actions: Any) -> AsyncIterator[Any]:
        functions = offered(actions)
        if "order_status" not in functions.by_name:
            yield Reply(turn.turn_id, "没有可以调用的。", "zh", is_last=True)
            return
        call = FunctionCall(f"call_{turn.turn_id}", "order_status", {"order_number": "89070650"})
        yield Reply(turn.turn_id, "好的，我查一下。", "zh", is_last=True, call=call)

    house.responder.answer = answer  # type: ignore[assignment]
    return house


async def write(connection: Any, text: str = "到哪了") -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await connection.conversation.item.create(item=item)
    await connection.response.create()


async def give_back(connection: Any, call_id: str, output: str) -> None:
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    await connection.conversation.item.create(item=item)


def called(events: list[Any]) -> list[Any]:
    return [event for event in events if event.type == "response.function_call_arguments.done"]


def transcripts(events: list[Any]) -> list[str]:
    return [event.transcript for event in events if event.type == "response.output_audio_transcript.done"]


async def test_aloud_a_call_goes_out_at_once_and_its_output_is_spoken_after_the_bridge() -> None:
    house = looking_up()
    async with served(house) as door, connected(door, tools=[WHERE]) as connection:
        await spoken_to(connection, microphone("10. 30# 60."))
        events = await until(connection, "response.function_call_arguments.done")
        (call,) = called(events)
        assert json.loads(call.arguments) == {"order_number": "89070650"}
        # The client answers while the bridge is still being spoken, as agents do: it is no error.
        await give_back(connection, call.call_id, "您的订单已到杭州。")
        await connection.response.create()
        events = await until(connection, "response.output_audio_transcript.done")
        events += await until(connection, "response.output_audio_transcript.done")
        events += await until(connection, "response.done")
    assert transcripts(events) == ["好的，我查一下。", "您的订单已到杭州。"]
    assert "error" not in kinds(events)
    assert events[-1].response.status == "completed"


async def test_in_writing() -> None:
    async with served(looking_up()) as door, connected(door, tools=[WHERE], output_modalities=["text"]) as connection:
        await write(connection)
        done = (await until(connection, "response.done"))[-1].response
        assert [item.type for item in done.output] == ["message", "function_call"]
        await give_back(connection, done.output[1].call_id, '{"text": "已签收。"}')
        await connection.response.create()
        done = (await until(connection, "response.done"))[-1].response
    assert done.output[0].content[0].text == "已签收。"


async def test_an_output_of_an_unknown_call_and_a_second_one_are_errors() -> None:
    async with served(looking_up()) as door, connected(door, tools=[WHERE], output_modalities=["text"]) as connection:
        await give_back(connection, "call_unknown", "x")
        error = (await until(connection, "error"))[-1].error
        assert (error.code, error.param) == ("unknown_call_id", "item.call_id")
        await write(connection)
        (call,) = called(await until(connection, "response.done"))
        await give_back(connection, call.call_id, "已签收。")
        await give_back(connection, call.call_id, "又一次。")
        assert (await until(connection, "error"))[-1].error.code == "call_is_over"


async def test_a_function_that_gives_nothing_back_is_apologised_for() -> None:
    house = looking_up(deadline_s=0.2)
    async with served(house) as door, connected(door, tools=[WHERE]) as connection:
        await write(connection)
        (call,) = called(await until(connection, "response.function_call_arguments.done"))
        events = await until(connection, "response.output_audio_transcript.done")
        events += await until(connection, "response.output_audio_transcript.done")
        assert transcripts(events)[-1] == "抱歉，没有查到。"
        await give_back(connection, call.call_id, "太晚了")
        assert (await until(connection, "error"))[-1].error.code == "call_is_over"
    assert [one.output for one in house.responder.told] == [None]


async def test_no_function_is_offered_where_the_client_wants_none() -> None:
    session: dict[str, Any] = {"tools": [WHERE], "tool_choice": "none", "output_modalities": ["text"]}
    async with served(looking_up()) as door, connected(door, **session) as connection:
        await write(connection)
        done = (await until(connection, "response.done"))[-1].response
        assert [item.type for item in done.output] == ["message"]
        await connection.session.update(session={"type": "realtime", "tool_choice": "auto"})
        await write(connection)
        assert called(await until(connection, "response.done")), "heeded from the next turn on"


async def test_a_result_waits_for_the_customer_s_next_answer() -> None:
    """The customer goes on before the client's function has answered: they get both answers, theirs first."""
    house = looking_up()
    house.tts.frames_per_character = 6
    async with served(house) as door, connected(door, tools=[WHERE]) as connection:
        await write(connection)
        (call,) = called(await until(connection, "response.function_call_arguments.done"))
        await connection.session.update(session={"type": "realtime", "tool_choice": "none"})
        await until(connection, "session.updated")
        await until(connection, "response.output_audio_transcript.delta")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "还有运费呢"}]}
        await connection.conversation.item.create(item=item)
        await give_back(connection, call.call_id, "已到杭州。")
        await connection.response.create()
        spoken: list[str] = []
        while not {"没有可以调用的。", "已到杭州。"} <= set(spoken):
            spoken += transcripts(await until(connection, "response.output_audio_transcript.done"))


# --- who begins and ends an answer -----------------------------------------------------------------------------------


def detection(**fields: Any) -> dict[str, Any]:
    return {"input": {"turn_detection": {"type": "server_vad", **fields}, "transcription": {"model": "x"}}}


async def test_the_client_begins_the_answers() -> None:
    house = house_with()
    async with served(house) as door, connected(door, audio=detection(create_response=False)) as connection:
        await spoken_to(connection, microphone("10. 30# 60."))
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert "response.created" not in kinds(events)
        await asyncio.sleep(0.3)
        assert not house.responder.turns
        await connection.response.create(response={"metadata": {"topic": "parcel"}})
        events = await until(connection, "response.done")
    assert events[-1].response.metadata["topic"] == "parcel"
    assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到"]
    assert transcripts(events) == ["".join(ANSWER)]


async def test_an_answer_that_may_not_be_interrupted_is_said_to_its_end() -> None:
    house = house_with()
    house.tts.frames_per_character = 4
    async with served(house) as door, connected(door, audio=detection(interrupt_response=False)) as connection:
        await spoken_to(connection, microphone("10. 30# 60."))
        await until(connection, "response.output_audio.delta")
        await spoken_to(connection, microphone("10. 30# 60."))
        first = await until(connection, "response.done")
        second = await until(connection, "response.done")
    assert [events[-1].response.status for events in (first, second)] == ["completed", "completed"]
    assert sum(isinstance(event, CustomerSaid) for event in house.store.events) == 2


async def test_what_is_being_said_can_be_cleared() -> None:
    house = house_with()
    async with served(house) as door, connected(door, audio=detection()) as connection:
        await spoken_to(connection, microphone("10. 30#"))
        await until(connection, "input_audio_buffer.speech_started")
        await connection.input_audio_buffer.clear()
        await until(connection, "input_audio_buffer.cleared")
        await spoken_to(connection, microphone("60."))
        await asyncio.sleep(0.3)
        assert not house.responder.turns
        await spoken_to(connection, microphone("10. 30# 60."))
        events = await until(connection, "response.done")
    assert len(house.responder.turns) == 1
    assert kinds(events).count("input_audio_buffer.committed") == 1


async def test_a_transcription_session_forgets_what_is_cleared_too() -> None:
    async with served() as door, connected(door) as connection:
        listening = {"type": "transcription", "audio": {"input": {"transcription": {"model": "kefu-asr"}}}}
        await connection.session.update(session=listening)
        await connection.recv()
        await spoken_to(connection, microphone("10. 30#"))
        await until(connection, "input_audio_buffer.speech_started")
        await connection.input_audio_buffer.clear()
        await spoken_to(connection, microphone("10. 30# 60."))
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
    assert kinds(events).count("input_audio_buffer.committed") == 1


async def test_a_recorded_utterance_is_an_item() -> None:
    recorded = b64encode(microphone("10. 30# 10.")).decode()
    audio = {"input": {"transcription": {"model": "x"}}}
    async with served() as door, connected(door, audio=audio, output_modalities=["text"]) as connection:
        item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": recorded}]}
        await connection.conversation.item.create(item=item)
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert events[-1].transcript == "我的订单什么时候到"
        added = next(event.item for event in events if event.type == "conversation.item.added")
        assert added.content[0].transcript == "我的订单什么时候到"
        assert added.content[0].audio is None
        await connection.response.create()
        done = (await until(connection, "response.done"))[-1].response
    assert done.output[0].content[0].text == "".join(ANSWER)


@pytest.mark.parametrize("audio", ["*", "A" * 1_048_588])
async def test_a_recording_that_is_none_is_an_error(audio: str) -> None:
    async with served() as door, connected(door) as connection:
        item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]}
        await connection.conversation.item.create(item=item)
        assert (await until(connection, "error"))[-1].error.param == "item.content"


async def test_a_response_outside_the_conversation_is_refused_clearly() -> None:
    async with served() as door, connected(door) as connection:
        await connection.response.create(response={"conversation": "none"}, event_id="mine")
        error = (await until(connection, "error"))[-1].error
    assert (error.code, error.event_id) == ("out_of_band_not_supported", "mine")


async def test_over_the_socket_there_is_no_output_buffer() -> None:
    async with served() as door, connected(door) as connection:
        await connection.output_audio_buffer.clear()
        assert (await until(connection, "error"))[-1].error.code == "no_output_buffer"

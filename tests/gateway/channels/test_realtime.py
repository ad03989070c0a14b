"""The Realtime API served by a real gateway, its answers scripted, to OpenAI's own Python client."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import openai
import pytest

from speech import g711
from speech.audio import Resampler, pcm_from_float
from speech.types import LISTEN_RATE_HZ
from tests.fakes import audio_of
from tests.gateway.doors import Door, eventually, house_with, served
from tests.gateway.test_hearing import EaredHouse

ANSWER = ["您的包裹已经到了杭州。", "预计明天下午送到。"]


def microphone(script: str, rate_hz: int = 24_000) -> bytes:
    """s16le; ``#`` is 32 ms of sound, ``.`` of silence."""
    to_rate = Resampler(16_000, rate_hz)
    return to_rate.push(pcm_from_float(audio_of(script))) + to_rate.flush()


@asynccontextmanager
async def connected(door: Door, **session: Any) -> AsyncIterator[Any]:
    """An open connection of the stock client, by an ephemeral secret."""
    async with openai.AsyncOpenAI(api_key="none", base_url=f"{door.url}/v1", max_retries=0) as outer:
        secret = await outer.realtime.client_secrets.create(session={"type": "realtime", **session})
        client = openai.AsyncOpenAI(api_key=secret.value, base_url=f"{door.url}/v1")
        async with client, client.realtime.connect(model="kefu") as connection:
            created = await connection.recv()
            assert created.type == "session.created"
            yield connection


async def until(connection: Any, kind: str) -> list[Any]:
    events = []
    async with asyncio.timeout(15):
        while not events or events[-1].type != kind:
            events.append(await connection.recv())
    return events


def kinds(events: list[Any]) -> list[str]:
    return [event.type for event in events]


async def spoken_to(connection: Any, pcm: bytes, law: g711.Law | None = None) -> None:
    for at in range(0, len(pcm), 4800):
        part = pcm[at : at + 4800]
        await connection.input_audio_buffer.append(audio=b64encode(g711.encode(part, law) if law else part).decode())


async def test_a_spoken_question_is_answered_aloud() -> None:
    async with served() as door, connected(door) as connection:
        await connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": {"model": "kefu-asr", "language": "zh"}}}}
        )
        assert (await connection.recv()).type == "session.updated"
        await spoken_to(connection, microphone("10. 30# 60."))
        events = await until(connection, "response.done")
    order = kinds(events)
    for earlier, later in [
        ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"),
        ("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        ("input_audio_buffer.committed", "response.created"),
        ("response.created", "response.output_audio.delta"),
        ("response.output_audio.delta", "response.done"),
    ]:
        assert order.index(earlier) < order.index(later)
    (heard,) = (e for e in events if e.type == "conversation.item.input_audio_transcription.completed")
    assert heard.transcript == "我的订单什么时候到"
    done = events[-1].response
    assert done.status == "completed"
    assert done.output[0].content[0].transcript == "".join(ANSWER)
    audio = b"".join(b64decode(e.delta) for e in events if e.type == "response.output_audio.delta")
    assert len(audio) > 24_000 * 2 * 0.2


@pytest.mark.parametrize(("form", "law"), [("audio/pcmu", "ulaw"), ("audio/pcma", "alaw")])
async def test_the_telephone_s_codes(form: str, law: g711.Law) -> None:
    audio = {"input": {"format": {"type": form}}, "output": {"format": {"type": form}}}
    async with served() as door, connected(door, audio=audio) as connection:
        await spoken_to(connection, microphone("10. 30# 60.", 8000), law)
        events = await until(connection, "response.done")
    audio_bytes = b"".join(b64decode(e.delta) for e in events if e.type == "response.output_audio.delta")
    # 20 ms a character, 120 ms between the sentences, 8 bytes a millisecond.
    assert len(audio_bytes) == pytest.approx((sum(map(len, ANSWER)) * 20 + 120) * 8, abs=400)


async def test_a_written_question_is_answered_in_writing() -> None:
    async with served() as door, connected(door, output_modalities=["text"]) as connection:
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "到哪了"}]}
        )
        await connection.response.create()
        events = await until(connection, "response.done")
    assert [e.delta for e in events if e.type == "response.output_text.delta"] == ANSWER
    assert events[-1].response.metadata["kefu_intent"] == "order_status"


async def test_the_first_words_on_demand_and_then_nothing_to_answer() -> None:
    async with served() as door, connected(door) as connection:
        await connection.response.create()
        assert (
            "请问有什么可以帮您"
            in (await until(connection, "response.done"))[-1].response.output[0].content[0].transcript
        )
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "到哪了"}]}
        )
        await connection.response.create()
        await until(connection, "response.done")
        await connection.response.create(event_id="mine")
        error = (await until(connection, "error"))[-1].error
    assert error.code == "nothing_to_answer"
    assert error.event_id == "mine"


async def test_push_to_talk() -> None:
    audio = {"input": {"turn_detection": None, "transcription": {"model": "x"}}}
    async with served() as door, connected(door, audio=audio) as connection:
        await connection.input_audio_buffer.commit()
        assert (await connection.recv()).error.code == "input_audio_buffer_commit_empty"
        await spoken_to(connection, microphone("10. 30# 10."))
        await connection.input_audio_buffer.clear()
        assert (await connection.recv()).type == "input_audio_buffer.cleared"
        await spoken_to(connection, microphone("10. 30# 10."))
        await connection.input_audio_buffer.commit()
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert events[-1].transcript == "我的订单什么时候到"
        await connection.response.create()
        events = await until(connection, "response.done")
    assert events[-1].response.status == "completed"


async def test_a_transcription_session_only_listens() -> None:
    async with served() as door, connected(door) as connection:
        await connection.session.update(
            session={"type": "transcription", "audio": {"input": {"transcription": {"model": "kefu-asr"}}}}
        )
        assert (await connection.recv()).session.type == "transcription"
        await spoken_to(connection, microphone("10. 30# 60."))
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        await connection.response.create()
        assert (await until(connection, "error"))[-1].error.code == "no_responses"
    assert "response.created" not in kinds(events)


async def test_a_transcription_session_knows_a_telephone() -> None:
    house = EaredHouse()
    async with served(house) as door, connected(door) as connection:
        audio = {"input": {"format": {"type": "audio/pcmu"}, "transcription": {"model": "kefu-asr"}}}
        await connection.session.update(session={"type": "transcription", "audio": audio})
        await connection.recv()
        await connection.input_audio_buffer.append(audio=b64encode(b"\xff" * 9600).decode())
        await eventually(lambda: sum(map(len, house.ears.kept)) >= LISTEN_RATE_HZ)
    heard = np.concatenate(house.ears.kept)[:LISTEN_RATE_HZ]
    assert float(np.square(heard).mean()) > 0, "a faint noise above the telephone's band"


async def test_a_cancelled_answer_is_truncated_to_what_was_heard() -> None:
    house = house_with()
    house.tts.frames_per_character = 40
    async with served(house) as door, connected(door) as connection:
        await spoken_to(connection, microphone("10. 30# 60."))
        await until(connection, "response.output_audio.delta")
        await connection.response.cancel()
        done = (await until(connection, "response.done"))[-1].response
        assert done.status == "cancelled"
        assert done.status_details.reason == "client_cancelled"
        item_id = done.output[0].id
        await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=0)
        assert (await until(connection, "conversation.item.truncated"))[-1].audio_end_ms == 0
        await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=3_000_000)
        assert "beyond" in (await until(connection, "error"))[-1].error.message
        await connection.response.cancel()
        assert (await until(connection, "error"))[-1].error.code == "response_cancel_not_active"


async def test_items_are_kept_shown_and_forgotten() -> None:
    async with served() as door, connected(door) as connection:
        await connection.conversation.item.create(
            item={"id": "mine", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]}
        )
        await until(connection, "conversation.item.done")
        await connection.conversation.item.retrieve(item_id="mine")
        assert (await connection.recv()).item.content[0].text == "你好"
        await connection.conversation.item.delete(item_id="mine")
        assert (await connection.recv()).item_id == "mine"
        await connection.conversation.item.retrieve(item_id="mine")
        assert (await connection.recv()).error.code == "item_not_found"


async def test_formats_are_fixed_once_it_has_begun() -> None:
    async with served() as door, connected(door) as connection:
        await connection.input_audio_buffer.append(audio="AAAA")
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        assert (await connection.recv()).error.code == "session_begun"
        await connection.session.update(session={"type": "realtime", "instructions": "hello"})
        assert (await connection.recv()).session.instructions == "hello"


async def test_a_goodbye_ends_the_connection() -> None:
    from dialogue.types import Reply, ReplyAction

    house = house_with()

    async def answer(turn: Any, actions: Any) -> AsyncIterator[Any]:
        yield Reply(turn.turn_id, "再见。", "zh", is_last=True, action=ReplyAction.HANG_UP)

    house.responder.answer = answer  # type: ignore[assignment]
    async with served(house) as door, connected(door, output_modalities=["text"]) as connection:
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "再见"}]}
        )
        await connection.response.create()
        assert (await until(connection, "response.done"))[-1].response.metadata["kefu_action"] == "hang_up"
        with pytest.raises(Exception, match="1000"):
            await until(connection, "never")


# --- the door --------------------------------------------------------------------------------------------------------


async def refused(door: Door, **headers: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await door.client.ws_connect("/v1/realtime?model=kefu", headers=headers)
    return caught.value.status


async def secret(door: Door, **body: Any) -> dict[str, Any]:
    async with door.client.post("/v1/realtime/client_secrets", json=body) as response:
        return dict(await response.json())


async def test_no_socket_without_a_secret_and_each_opens_one() -> None:
    async with served() as door:
        assert await refused(door) == 401
        assert await refused(door, Authorization="Bearer ek_forged") == 401
        assert await refused(door, Authorization="Bearer anything") == 401
        token = await door.token()
        assert await refused(door, Authorization=f"Bearer ek_{token}") == 401
        given = (await secret(door))["value"]
        async with door.client.ws_connect("/v1/realtime", headers={"Authorization": f"Bearer {given}"}) as socket:
            assert (await socket.receive_json())["type"] == "session.created"
        assert await refused(door, Authorization=f"Bearer {given}") == 401


async def test_a_browser_brings_its_secret_in_a_subprotocol() -> None:
    async with served() as door:
        given = (await secret(door, session={"output_modalities": ["text"]}))["value"]
        protocols = ("realtime", f"openai-insecure-api-key.{given}")
        async with door.client.ws_connect("/v1/realtime", protocols=protocols) as socket:
            assert socket.protocol == "realtime"
            assert (await socket.receive_json())["session"]["output_modalities"] == ["text"]


async def test_a_server_s_key_opens_it_and_is_needed_for_secrets() -> None:
    async with served(house_with(api_keys=("server-key",))) as door:
        assert (await secret(door))["error"]["code"] == "invalid_api_key"
        headers = {"Authorization": "Bearer server-key"}
        async with door.client.ws_connect("/v1/realtime", headers=headers) as socket:
            assert (await socket.receive_json())["type"] == "session.created"


async def test_a_server_s_key_may_come_in_a_subprotocol() -> None:
    async with served(house_with(api_keys=("server-key",))) as door:
        protocols = ("realtime", "openai-insecure-api-key.server-key")
        async with door.client.ws_connect("/v1/realtime", protocols=protocols) as socket:
            assert (await socket.receive_json())["type"] == "session.created"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await door.client.ws_connect("/v1/realtime", protocols=("realtime", "openai-insecure-api-key.wrong"))


async def test_what_the_door_refuses() -> None:
    async with served() as door:
        given = (await secret(door))["value"]
        assert await refused(door, Authorization=f"Bearer {given}", **{"OpenAI-Beta": "realtime=v1"}) == 400
        assert await refused(door, Authorization=f"Bearer {given}", Origin="https://elsewhere.example") == 403
        assert (await secret(door, expires_after={"seconds": 5}))["error"]["param"] == "expires_after.seconds"
        assert (await secret(door, session={"type": "x"}))["error"]["param"].startswith("session")
        assert (await secret(door, kefu=5))["error"]["param"] == "kefu"
        async with door.client.get("/v1/realtime") as response:
            assert response.status == 400


async def test_garbage_is_answered_and_the_session_goes_on() -> None:
    async with served() as door:
        given = (await secret(door))["value"]
        async with door.client.ws_connect("/v1/realtime", headers={"Authorization": f"Bearer {given}"}) as socket:
            await socket.receive_json()
            for wrong in ("{", "[]", '{"type": "x", "event_id": "e7"}'):
                await socket.send_str(wrong)
                error = await socket.receive_json()
                assert error["type"] == "error"
            assert error["error"]["event_id"] == "e7"
            await socket.send_json({"type": "input_audio_buffer.clear"})
            assert (await socket.receive_json())["type"] == "input_audio_buffer.cleared"


async def test_one_conversation_goes_on_in_another_connection() -> None:
    house = house_with()
    async with served(house) as door:
        for _ in range(2):
            given = (await secret(door, session={"output_modalities": ["text"]}, kefu={"conversation_id": "anna"}))[
                "value"
            ]
            async with door.client.ws_connect("/v1/realtime", headers={"Authorization": f"Bearer {given}"}) as socket:
                item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "到哪了"}]}
                await socket.send_json({"type": "conversation.item.create", "item": item})
                await socket.send_json({"type": "response.create"})
                while (await socket.receive_json())["type"] != "response.done":
                    pass
    assert [turn.turn_id for turn in house.responder.turns] == [1, 2]
    assert {turn.channel for turn in house.responder.turns} == {"realtime"}

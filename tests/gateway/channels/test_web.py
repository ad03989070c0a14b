"""The voice socket over a real port: tokens, the handshake, the order of messages, bad clients, capacity, leaving."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp import ClientResponse, WSMsgType, web

from dialogue.errors import StoreUnavailable
from dialogue.types import ActionFinished, ActionRunner, Reply, ReplyAction, Turn
from gateway.admission import Admission, RateLimit
from gateway.auth import Grant, Tokens
from gateway.channels import web as channel
from gateway.channels.web_codec import SUBPROTOCOL
from gateway.errors import ProtocolError
from speech.audio import pcm_from_float
from tests.fakes import audio_of
from tests.fakes_core import House, Item, cancel_action
from tests.gateway.doors import START, Door, Socket, house_with, served
from tests.virtual_time import virtual_time

ANSWER = ["您的包裹已经到了杭州。", "预计明天下午送到。"]


async def handshake(door: Door, protocols: str | None = SUBPROTOCOL, **headers: str) -> tuple[int, Any, ClientResponse]:
    """A WebSocket handshake by hand: the status, the body when it was refused, the response."""
    asked = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers,
    }  # fmt: skip
    if protocols is not None:
        asked["Sec-WebSocket-Protocol"] = protocols
    async with door.client.get("/v1/voice", headers=asked) as response:
        return response.status, None if response.status == 101 else await response.json(), response


# --- tokens and the handshake ----------------------------------------------------------------------------------------


async def test_without_a_token_the_handshake_is_refused() -> None:
    async with served() as door:
        status, body, response = await handshake(door)
        assert status == 401
        assert body["error"]["code"] == "token_required"
        assert "/v1/token" in body["error"]["message"]
        assert response.content_type == "application/json"


async def test_a_token_travels_in_the_header_or_as_a_subprotocol() -> None:
    async with served() as door:
        status, _, _ = await handshake(door, Authorization=f"Bearer {await door.token()}")
        assert status == 101
        status, _, response = await handshake(door, f"{SUBPROTOCOL}, bearer.{await door.token()}")
        assert status == 101
        assert response.headers["Sec-WebSocket-Protocol"] == SUBPROTOCOL, "the token is never echoed"
        status, _, _ = await handshake(door, None, Authorization=f"Bearer {await door.token()}")
        assert status == 101, "no subprotocol is the current version"


async def test_a_token_opens_one_socket() -> None:
    async with served() as door:
        token = await door.token()
        async with await door.socket(token):
            status, body, _ = await handshake(door, f"{SUBPROTOCOL}, bearer.{token}")
        assert (status, body["error"]["code"]) == (401, "token_used")


async def test_a_token_expires() -> None:
    now = 1000.0
    async with served(tokens=Tokens(None, 60, lambda: now)) as door:
        token = await door.token()
        now += 61
        status, body, _ = await handshake(door, f"{SUBPROTOCOL}, bearer.{token}")
        assert (status, body["error"]["code"]) == (401, "token_expired")


async def test_other_tokens_open_nothing() -> None:
    async with served() as door:
        async with door.client.post("/v1/token", json={}) as response:
            resume = (await response.json())["resume_token"]
        forged = Tokens(None, 60, time.time).issue(Grant("web-x", "C0001"), "voice")
        for token in (resume, forged, "x", "a.b.c"):
            status, body, _ = await handshake(door, f"{SUBPROTOCOL}, bearer.{token}")
            assert status == 401, token
            assert body["error"]["code"]


async def test_a_token_in_the_url_does_not_count() -> None:
    async with served() as door:
        token = await door.token()
        async with door.client.get(f"/v1/voice?token={token}", headers={"Upgrade": "websocket"}) as response:
            assert response.status in {400, 401}
        async with await door.socket(token):
            pass


async def test_a_gateway_may_do_without_tokens() -> None:
    async with served(house_with(require_token=False)) as door:
        assert (await handshake(door))[0] == 101
        status, _, _ = await handshake(door, Authorization="Bearer wrong")
        assert status == 401, "a wrong token is still wrong"


async def test_a_plain_get_is_told_what_this_is() -> None:
    async with served() as door, door.client.get("/v1/voice") as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "not_a_websocket"


async def test_a_gateway_without_speech_says_so() -> None:
    async with served(voice=None) as door:
        status, body, _ = await handshake(door, f"{SUBPROTOCOL}, bearer.{await door.token()}")
        assert (status, body["error"]["code"]) == (503, "voice_off")


async def ask_token(door: Door, body: Any, status: int = 200) -> dict[str, Any]:
    async with door.client.post("/v1/token", json=body) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_conversation_is_given_back_to_the_holder_of_its_resume_token() -> None:
    async with served(house_with(demo_customer="C0001")) as door:
        first = await ask_token(door, {})
        assert first["conversation_id"].startswith("web-")
        assert first["expires_in_s"] == 60
        again = await ask_token(door, {"resume_token": first["resume_token"]})
        assert again["conversation_id"] == first["conversation_id"]
        assert again["token"] != first["token"]
        turns = []
        for token in (first["token"], again["token"]):
            async with await door.socket(token) as socket:
                await socket.send(**START, speak=False)
                ready = await socket.next()
                assert ready["conversation_id"] == first["conversation_id"]
                assert ready["customer"] == "林小满"
                await socket.send(type="text", text="你好")
                turns.append((await socket.until("reply"))[-1]["turn_id"])
        assert turns == [1, 2]


async def test_an_id_alone_opens_no_conversation() -> None:
    async with served() as door:
        first = await ask_token(door, {})
        refused = await ask_token(door, {"conversation_id": first["conversation_id"]}, 401)
        assert refused["error"]["code"] == "resume_token_required"
        for resume in (first["token"], "x", ""):
            await ask_token(door, {"resume_token": resume}, 401)
        await ask_token(door, {"resume_token": 5}, 400)
        await ask_token(door, [], 400)


async def test_a_token_needs_no_body() -> None:
    async with served() as door, door.client.post("/v1/token") as response:
        assert response.status == 200


# --- the first message -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type": "text", "text": "你好"}', "start_expected"),
        ('{"type": "bye"}', "start_expected"),
        (bytes(640), "start_expected"),
        ('{"type": "start", "version": 2}', "bad_version"),
        ('{"type": "start", "version": 1, "rate_hz": 4000}', "bad_message"),
        ('{"type": "start", "version": 1, "output_rate_hz": 96000}', "bad_message"),
        ('{"type": "start"}', "bad_message"),
        ("{", "bad_json"),
    ],
)
async def test_a_wrong_first_message_ends_the_session(first: str | bytes, code: str) -> None:
    async with served() as door, await door.socket() as socket:
        await (socket.raw.send_bytes(first) if isinstance(first, bytes) else socket.raw.send_str(first))
        error = await socket.next()
        assert (error["type"], error["code"], error["fatal"]) == ("error", code, True)
        assert error["message"]
        assert await socket.next() == {"type": "close", "code": 1008}


class SilentSocket(web.WebSocketResponse):
    """A client that says nothing."""

    async def receive(self, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as aiohttp has it
        await asyncio.Event().wait()


@virtual_time
async def test_a_client_that_does_not_start_is_let_go() -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(ProtocolError) as caught:
        await channel._read_start(SilentSocket())
    assert caught.value.code == "start_expected"
    assert asyncio.get_running_loop().time() - began == pytest.approx(5)


async def test_leaving_before_start_disturbs_nobody() -> None:
    async with served() as door:
        socket = await door.socket()
        await socket.raw.close()
        async with await door.started():
            pass
        assert not door.services.metrics.registry.get_sample_value("kefu_errors_total", {"code": "internal"})


class AwayStore:
    """Opens nothing."""

    async def open(self, *_: object) -> bool:
        raise StoreUnavailable("locked")


async def test_a_store_that_is_away_is_said_before_closing() -> None:
    store: Any = AwayStore()
    async with served(House(store=store)) as door, await door.socket() as socket:
        await socket.send(**START)
        error = await socket.next()
        assert (error["type"], error["code"], error["fatal"]) == ("error", "store_unavailable", True)
        assert await socket.next() == {"type": "close", "code": 1013}


# --- a session -------------------------------------------------------------------------------------------------------


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


async def test_ready_tells_what_was_agreed() -> None:
    async with served() as door, await door.socket() as socket:
        await socket.send(**START, rate_hz=48000, output_rate_hz=8000)
        ready = await socket.next()
    assert ready.pop("session_id")
    assert ready.pop("conversation_id").startswith("web-")
    assert ready == {"type": "ready", "version": 1, "rate_hz": 48000, "output_rate_hz": 8000, "customer": None}


async def test_a_written_turn_that_is_only_shown() -> None:
    house = house_with()
    async with served(house) as door, await door.started(speak=False) as socket:
        await socket.send(type="text", text="我的订单什么时候到")
        messages = await socket.until("latency")
        messages += await socket.until("reply")
        await socket.send(type="ping", t=7)
        messages += await socket.until("pong")
        await socket.send(type="bye")
        messages += await socket.until("close")
    assert kinds(messages) == ["understood", "reply", "latency", "reply", "pong", "bye", "close"]
    assert [message["text"] for message in messages if message["type"] == "reply"] == ANSWER
    assert messages[0]["intent"] == "order_status"
    assert messages[4]["t"] == 7
    assert messages[5]["reason"] == "bye"
    assert messages[6]["code"] == 1000
    assert house.said[-1] == (ANSWER[1], True)


async def test_a_spoken_turn() -> None:
    house = house_with()
    async with served(house) as door, await door.started(output_rate_hz=8000) as socket:
        pcm = pcm_from_float(audio_of("20# 40."))
        for at in range(0, len(pcm), 1024):
            await socket.raw.send_bytes(pcm[at : at + 1024])
        messages = await socket.until("audio_end")
        await socket.send(type="played", turn_id=1, ms=messages[-1]["duration_ms"])
    partial = [message for message in messages if message["type"] == "transcript" and not message["is_final"]]
    messages = [message for message in messages if message not in partial]
    order = [
        "speech_started", "speech_ended", "transcript", "understood", "reply", "audio_start", "caption", "audio",
        "latency", "audio_end",
    ]  # fmt: skip
    first = [kinds(messages).index(kind) for kind in order]
    assert first == sorted(first), kinds(messages)
    assert {message["turn_id"] for message in messages if "turn_id" in message} == {1}
    audio = b"".join(message["pcm"] for message in messages if message["type"] == "audio")
    assert messages[-1]["duration_ms"] == len(audio) / 2 / 8, "8 samples a millisecond"
    assert messages[-1]["duration_ms"] >= len("".join(ANSWER)) * 20, "20 ms a character, and pauses"
    assert [message["text"] for message in messages if message["type"] == "caption"] == ANSWER
    hops = next(message["hops"] for message in messages if message["type"] == "latency")
    assert set(hops) == {"endpoint_ms", "asr_ms", "nlu_ms", "dialogue_ms", "tts_ms", "total_ms"}


@pytest.mark.parametrize(("rate_hz", "size"), [(16000, 1), (16000, 333), (16000, 65_536), (8000, 161), (48000, 4001)])
async def test_audio_cut_anywhere_is_heard(rate_hz: int, size: int) -> None:
    """Frames of one byte, odd lengths and the largest allowed one."""
    samples = audio_of("8# 24.").repeat(rate_hz // 8000)[:: 16000 // 8000]
    pcm = pcm_from_float(samples)
    async with served() as door, await door.started(rate_hz=rate_hz, speak=False) as socket:
        if size == 1:  # the first and the last bytes one by one, else the test takes long
            pieces = (
                [pcm[i : i + 1] for i in range(401)] + [pcm[401:-401]] + [pcm[-401:][i : i + 1] for i in range(401)]
            )
        else:
            pieces = [pcm[at : at + size] for at in range(0, len(pcm), size)]
        for piece in pieces:
            await socket.raw.send_bytes(piece)
        messages = await socket.until("understood")
    started = next(message for message in messages if message["type"] == "speech_started")
    ended = next(message for message in messages if message["type"] == "speech_ended")
    assert started["at_ms"] <= 100
    assert ended["end_ms"] == pytest.approx(8 * 32, abs=80)


async def test_a_message_of_a_megabyte_closes_the_socket() -> None:
    for frame in (bytes(2**20), "x" * 2**20):
        async with served() as door, await door.started() as socket:
            await (socket.raw.send_bytes(frame) if isinstance(frame, bytes) else socket.raw.send_str(frame))
            assert await socket.next() == {"type": "close", "code": 1009}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "bad_json"),
        ("", "bad_json"),
        ("[]", "bad_message"),
        ("5", "bad_message"),
        ('{"type": "dance"}', "bad_message"),
        ('{"type": ["text"]}', "bad_message"),
        ('{"type": "text"}', "bad_message"),
        ('{"type": "text", "text": "  "}', "bad_message"),
        ('{"type": "mute", "muted": "yes"}', "bad_message"),
        ('{"type": "start", "version": 1}', "already_started"),
    ],
)
async def test_one_bad_message_is_pointed_out_and_skipped(message: str, code: str) -> None:
    async with served() as door, await door.started(speak=False) as socket:
        await socket.raw.send_str(message)
        error = await socket.next()
        assert (error["type"], error["code"], error["fatal"]) == ("error", code, False)
        await socket.send(type="text", text="你好")
        assert kinds(await socket.until("reply")) == ["understood", "reply"]


async def test_messages_without_effect_are_taken() -> None:
    async with served() as door, await door.started(speak=False) as socket:
        await socket.send(type="played", turn_id=99, ms=5)
        await socket.send(type="interrupt")
        await socket.send(type="mute", muted=False)
        await socket.send(type="ping", t=1)
        assert kinds(await socket.until("pong")) == ["pong"]


async def test_text_that_is_too_long_is_refused() -> None:
    async with served(house_with(max_text_chars=5)) as door, await door.started(speak=False) as socket:
        await socket.send(type="text", text="一二三四五六")
        error = await socket.next()
        assert error["code"] == "bad_message"
        assert "limit is 5" in error["message"]


async def test_a_client_that_only_sends_garbage_is_let_go() -> None:
    async with served() as door, await door.started() as socket:
        for _ in range(25):
            await socket.raw.send_str("garbage")
        messages = await socket.until("close")
    errors = [message for message in messages if message["type"] == "error"]
    assert [error["fatal"] for error in errors] == [False] * 19 + [True]
    assert messages[-1]["code"] == 1008


async def test_a_bug_in_a_skill_is_an_apology() -> None:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        raise RuntimeError("a bug in a skill")
        yield

    house.responder.answer = answer
    async with served(house) as door, await door.started(speak=False) as socket:
        await socket.send(type="text", text="你好")
        assert (await socket.until("reply"))[-1]["text"] == "抱歉（internal）。"


# --- capacity --------------------------------------------------------------------------------------------------------


async def test_a_full_house_turns_callers_away_and_they_keep_their_token() -> None:
    async with served(admission=Admission(1)) as door:
        token = await door.token()
        async with await door.started() as first:
            status, body, response = await handshake(door, f"{SUBPROTOCOL}, bearer.{token}")
            assert (status, body["error"]["code"]) == (503, "busy")
            assert int(response.headers["Retry-After"]) > 0
            await first.send(type="bye")
            await first.until("close")
        async with await door.socket(token) as second:
            await second.send(**START)
            assert (await second.next())["type"] == "ready"


async def test_a_thousand_connects_let_only_the_burst_in() -> None:
    clock = asyncio.get_running_loop().time
    house = house_with(require_token=False)
    async with served(house, connects=RateLimit(60, clock), admission=Admission(1000)) as door:
        began = clock()
        statuses: list[int] = []
        refused: list[ClientResponse] = []
        for _ in range(1000):
            status, _, response = await handshake(door)
            statuses.append(status)
            refused += [response] if status == 429 else []
        seconds = clock() - began
    assert set(statuses) == {101, 429}
    assert 15 <= statuses.count(101) <= 15 + seconds + 1
    assert statuses[:15] == [101] * 15
    assert all(int(response.headers["Retry-After"]) >= 1 for response in refused)


# --- leaving ---------------------------------------------------------------------------------------------------------


async def gone(names: set[str]) -> bool:
    """Whether the tasks of sessions end within two seconds."""
    for _ in range(200):
        if not names & {task.get_name() for task in asyncio.all_tasks()}:
            return True
        await asyncio.sleep(0.01)
    return False


SESSION_TASKS = {"receive", "hear", "converse", "watch", "produce", "speak", "send"}


async def test_goodbye_closes_when_it_is_said() -> None:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "再见。", "zh", is_last=True, action=ReplyAction.HANG_UP)

    house.responder.answer = answer
    async with served(house) as door, await door.started(speak=False) as socket:
        await socket.send(type="text", text="再见")
        messages = await socket.until("close")
    assert kinds(messages) == ["understood", "reply", "latency", "bye", "close"]
    assert messages[-2]["reason"] == "goodbye"
    assert messages[-1]["code"] == 1000


async def test_a_client_that_vanishes_in_mid_answer_leaves_nothing_and_loses_no_write() -> None:
    house = house_with()
    house.shop.write_s = 1.0

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "好的，正在为您取消订单，请稍等。", "zh")
        await actions.run(cancel_action())
        yield Reply(turn.turn_id, "已取消。", "zh", is_last=True)

    house.responder.answer = answer
    async with served(house) as door:
        socket = await door.started()
        await socket.send(type="text", text="取消")
        await socket.until("audio")
        transport = socket.raw._response.connection.transport  # type: ignore[union-attr]
        transport.abort()  # type: ignore[union-attr]
        assert await gone(SESSION_TASKS)
        assert house.shop.cancelled == [], "the write has begun, not ended"
        async with await door.started():
            pass
    assert house.shop.cancelled == ["web-test:1"]
    assert [event.result.ok for event in house.store.events if isinstance(event, ActionFinished)] == [True]
    assert house.metrics.registry.get_sample_value("kefu_active_sessions") == 0


async def test_shutting_down_says_goodbye_and_takes_no_time() -> None:
    house = house_with()
    async with served(house) as door:
        talking = await door.started()
        await talking.send(type="text", text="你好")
        await talking.until("audio")
        idle = await door.started()
        server = door.client.server
        began = time.monotonic()
        await asyncio.gather(server.close(), drained(talking), drained(idle))
        assert time.monotonic() - began < 3
        assert talking.received[-1] == idle.received[-1] == {"type": "close", "code": 1001}
        assert await gone(SESSION_TASKS)


async def drained(socket: Socket) -> None:
    while (await socket.next())["type"] != "close":
        pass
    assert socket.raw.closed
    assert (await socket.raw.receive()).type is WSMsgType.CLOSED

"""The Realtime API over WebRTC: a client on aiortc, its sound on a track, its events on a data channel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiortc import RTCSessionDescription

from gateway.config import Settings, Webrtc
from tests.fakes_core import House
from tests.gateway.channels.test_realtime import ANSWER, secret
from tests.gateway.doors import Door, eventually, house_with, served
from tests.gateway.webrtc_client import ToneTts, WebrtcClient

EVENTS = "oai-events"
"""Label of the data channel."""


async def offered(door: Door, client: WebrtcClient, key: str, *, form: bool = False) -> tuple[int, str, str]:
    """Status, body and location."""
    await client.pc.setLocalDescription(await client.pc.createOffer())
    sdp = client.pc.localDescription.sdp
    headers = {"Authorization": f"Bearer {key}"}
    data: Any = sdp
    if form:
        data = aiohttp.MultipartWriter("form-data")
        for name, value in (("sdp", sdp), ("session", json.dumps({"instructions": "from the form"}))):
            data.append(value).set_content_disposition("form-data", name=name)
    else:
        headers["Content-Type"] = "application/sdp"
    async with door.client.post("/v1/realtime/calls", data=data, headers=headers) as response:
        return response.status, await response.text(), response.headers.get("Location", "")


@asynccontextmanager
async def calling(door: Door, script: str = "1.", *, form: bool = False) -> AsyncIterator[tuple[WebrtcClient, str]]:
    client = WebrtcClient(EVENTS, script)
    try:
        status, answer, location = await offered(door, client, (await secret(door))["value"], form=form)
        assert status == 201, answer
        await client.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        assert (await client.until("session.created"))["session"]["type"] == "realtime"
        yield client, location
    finally:
        await client.close()


def tone_house() -> House:
    house = house_with()
    house.tts = ToneTts(frames_per_character=5)
    return house


async def test_a_spoken_question_is_answered_on_the_track() -> None:
    async with served(tone_house()) as door, calling(door, "40. 30# 60.") as (client, _):
        await client.until("output_audio_buffer.started")
        done = await client.until("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"] == "".join(ANSWER)
        await client.until("output_audio_buffer.stopped")
        kinds = [event["type"] for event in client.told]
        assert "input_audio_buffer.speech_started" in kinds
        assert "response.output_audio.delta" not in kinds, "the sound is on the track"
        # 100 ms a character.
        assert client.loud_ms > 1500


async def test_the_client_stops_the_sound() -> None:
    async with served(tone_house()) as door, calling(door) as (client, _):
        client.send(type="response.create")
        await client.until("output_audio_buffer.started")
        client.send(type="output_audio_buffer.clear")
        done = await client.until("response.done")
        assert done["response"]["status"] in {"cancelled", "completed"}
        await client.until("output_audio_buffer.cleared")
        heard_ms = client.loud_ms
        await asyncio.sleep(0.5)
        assert client.loud_ms <= heard_ms + 200, "what was on its way may sound, no more"


async def test_what_needs_the_socket_says_so() -> None:
    async with served() as door, calling(door) as (client, _):
        client.send(type="input_audio_buffer.append", audio="AAAA")
        assert (await client.until("error"))["error"]["code"] == "audio_has_a_track"
        client.send(type="input_audio_buffer.commit")
        assert "turn detection" in (await client.until("error"))["error"]["message"]


async def test_push_to_talk_takes_what_the_track_brought() -> None:
    async with served(tone_house()) as door, calling(door, "40. 30# 60.") as (client, _):
        wanted = {"turn_detection": None, "transcription": {"model": "kefu-asr"}}
        client.send(type="session.update", session={"audio": {"input": wanted}})
        await client.until("session.updated")
        client.send(type="input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        await asyncio.sleep(3.5)
        client.send(type="input_audio_buffer.commit")
        heard = await client.until("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == "我的订单什么时候到"
        client.send(type="response.create")
        done = await client.until("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"] == "".join(ANSWER)
        await client.until("output_audio_buffer.stopped")
        assert client.loud_ms > 1500
        assert "input_audio_buffer.speech_started" not in [event["type"] for event in client.told]


async def test_a_form_brings_the_session() -> None:
    async with served() as door, calling(door, form=True) as (client, _):
        assert client.told[0]["session"]["instructions"] == "from the form"


async def test_hanging_up_ends_the_call() -> None:
    async with served() as door, calling(door) as (client, location):
        async with door.client.post(f"{location}/hangup") as response:
            assert response.status == 200
        await eventually(lambda: client.pc.connectionState == "closed")
        async with door.client.post(f"{location}/hangup") as response:
            assert response.status == 404
    assert door.services.metrics.registry.get_sample_value("kefu_active_sessions") == 0


async def test_no_port_is_opened_without_a_good_key_and_a_secret_is_good_once() -> None:
    async with served() as door:
        for key in ("", "anything", "ek_forged"):
            client = WebrtcClient(EVENTS, "1.")
            assert (await offered(door, client, key))[0] == 401
            await client.close()
        given = (await secret(door))["value"]
        for data, kind in (("no offer", "application/sdp"), ("{}", "application/json")):
            headers = {"Authorization": f"Bearer {given}", "Content-Type": kind}
            async with door.client.post("/v1/realtime/calls", data=data, headers=headers) as response:
                assert response.status == 400
        first, second = WebrtcClient(EVENTS, "1."), WebrtcClient(EVENTS, "1.")
        assert (await offered(door, first, given))[0] == 201, "a bad offer uses no secret up"
        assert (await offered(door, second, given))[0] == 401
        await asyncio.gather(first.close(), second.close())


async def test_it_can_be_switched_off() -> None:
    house = house_with()
    house.settings = Settings(webrtc=Webrtc(enabled=False))
    async with served(house) as door:
        client = WebrtcClient(EVENTS, "1.")
        status, body, _ = await offered(door, client, (await secret(door))["value"])
        assert (status, json.loads(body)["error"]["code"]) == (503, "webrtc_off")
        await client.close()


async def test_a_form_that_cannot_be_read_is_refused() -> None:
    strange = b'--x\r\nContent-Disposition: form-data; name="\x0csdp"\r\n\r\nv=0\r\n--x--\r\n'
    deep = b'--x\r\nContent-Disposition: form-data; name="session"\r\n\r\n' + b"[" * 50_000 + b"\r\n--x--\r\n"
    async with served() as door:
        given = (await secret(door))["value"]
        headers = {"Authorization": f"Bearer {given}", "Content-Type": "multipart/form-data; boundary=x"}
        for body in (strange, deep):
            async with door.client.post("/v1/realtime/calls", data=body, headers=headers) as response:
                assert response.status == 400, await response.text()

"""WebRTC: a customer on aiortc, with a track and a data channel of their own, against a real gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc import RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.webrtc.door import start_of
from gateway.channels.webrtc.order import FramesInOrder
from gateway.channels.webrtc.peer import CHANNEL, Peer
from gateway.channels.webrtc.track import AnswerTrack
from gateway.config import Settings, Webrtc
from gateway.errors import ProtocolError
from gateway.events import AudioEnd, AudioOut, AudioStart
from gateway.paced import PacedLine
from tests.bench.fuzz.sip_requests import WEBRTC_SDP
from tests.gateway.doors import Door, active, eventually, house_with, served
from tests.gateway.webrtc_client import ToneTts, WebrtcClient

ANSWER = "您的包裹已经到了杭州。预计明天下午送到。"


async def offered(
    door: Door, customer: WebrtcClient, token: str | None = None, **start: Any
) -> tuple[int, dict[str, Any]]:
    await customer.pc.setLocalDescription(await customer.pc.createOffer())
    body = {"sdp": customer.pc.localDescription.sdp, "type": "offer", "start": {"greet": False, **start}}
    headers = {"Authorization": f"Bearer {token or await door.token()}"}
    async with door.client.post("/v1/webrtc", json=body, headers=headers) as response:
        return response.status, dict(await response.json())


@asynccontextmanager
async def calling(door: Door, script: str = "1.", **start: Any) -> AsyncIterator[WebrtcClient]:
    customer = WebrtcClient(CHANNEL, script)
    try:
        status, answer = await offered(door, customer, **start)
        assert status == 201, answer
        await customer.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        yield customer
    finally:
        await customer.close()


async def test_a_question_is_heard_and_answered_aloud() -> None:
    house = house_with()
    house.tts = ToneTts()
    async with served(house) as door, calling(door, "30. 40# 80.") as customer:
        ready = await customer.until("ready")
        assert ready["output_rate_hz"] == 48_000
        await customer.until("speech_started")
        heard = await customer.until("transcript")
        assert heard["text"] == "我的订单什么时候到"
        await customer.until("audio_end")
        await eventually(lambda: house.said)
    text, complete = house.said[-1]
    assert (text.replace(" ", ""), complete) == (ANSWER, True), "playout comes from what our track has sent"
    assert customer.loud_ms > 1000
    assert {turn.channel for turn in house.responder.turns} == {"webrtc"}


async def test_the_ears_are_not_behind_the_customer() -> None:
    peer, customer = Peer([]), WebrtcClient(CHANNEL, "1.")
    await customer.pc.setLocalDescription(await customer.pc.createOffer())
    await peer.answer(customer.pc.localDescription.sdp)
    receiver: Any = peer._pc.getReceivers()[0]
    assert isinstance(receiver._RTCRtpReceiver__jitter_buffer, FramesInOrder)
    await peer.close()
    await customer.close()


async def test_typing_keys_and_garbage_over_the_data_channel() -> None:
    house = house_with()
    async with served(house) as door, calling(door, speak=False) as customer:
        await customer.until("ready")
        customer.channel.send("{")
        assert (await customer.until("error"))["code"] == "bad_json"
        customer.send(type="text", text="到哪了")
        assert (await customer.until("reply"))["text"] == "您的包裹已经到了杭州。"
        customer.send(type="bye")
        assert (await customer.until("bye"))["reason"] == "bye"


async def test_hanging_up_frees_the_place_and_stopping_hangs_up() -> None:
    async with served() as door:
        customer = WebrtcClient(CHANNEL, "1.")
        _, answer = await offered(door, customer)
        await customer.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        await customer.until("ready")
        assert active(door) == 1
        async with door.client.delete(f"/v1/webrtc/{answer['call']}") as response:
            assert response.status == 204
        await eventually(lambda: not active(door))
        async with door.client.delete(f"/v1/webrtc/{answer['call']}") as response:
            assert response.status == 404
        await customer.close()


async def test_what_the_door_refuses() -> None:
    async with served() as door:
        customer = WebrtcClient(CHANNEL, "1.")
        assert (await offered(door, customer, "forged"))[0] == 401
        token = await door.token()
        for body, param in [({"sdp": "v=0"}, "sdp"), ({"sdp": 5}, "sdp"), ({"sdp": "x", "start": 5}, "start")]:
            headers = {"Authorization": f"Bearer {token}"}
            async with door.client.post("/v1/webrtc", json=body, headers=headers) as response:
                assert response.status == 400
                assert (await response.json())["error"]["param"] == param
        async with door.client.post("/v1/webrtc", json={"sdp": "v=0"}) as response:
            assert response.status == 401
        assert active(door) == 0
        await customer.close()


async def test_it_may_be_switched_off() -> None:
    house = house_with()
    house.settings = Settings(webrtc=Webrtc(enabled=False))
    async with served(house) as door:
        async with door.client.post("/v1/webrtc", json={"sdp": "x"}) as response:
            assert (await response.json())["error"]["code"] == "webrtc_off"
        async with door.client.post("/v1/token", json={}) as response:
            assert (await response.json())["webrtc"] is None


@pytest.mark.parametrize("fields", [{"language": "fr"}, {"speak": "yes"}])
def test_a_wrong_start_names_its_field(fields: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=next(iter(fields))):
        start_of(fields)


@given(
    st.text(max_size=200) | st.sampled_from(["v=0\r\nm=audio", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag"])
)
async def test_whatever_the_offer_only_our_error(offer: str) -> None:
    peer = Peer([])
    with pytest.raises(ProtocolError):
        await peer.answer(offer)
    await peer.close()


async def test_a_track_keeps_its_deadlines_over_a_stall() -> None:
    line = PacedLine(48_000)
    for event in (AudioStart(1, 48_000, 1), AudioOut(1, 0, bytes([1, 0]) * 48_000, 1), AudioEnd(1, 1000, 1)):
        line.take(event)
    loop, frames = asyncio.get_running_loop(), 0

    def count() -> None:
        nonlocal frames
        frames += 1

    track = AnswerTrack(line, count)
    began = loop.time()
    for number in range(10):
        frame = await track.recv()
        assert frame.pts == number * 960
        if number == 3:
            time.sleep(0.05)  # noqa: ASYNC251 - somebody holds the loop
    assert loop.time() - began == pytest.approx(0.18, abs=0.04)
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert frames == 10


async def test_an_offer_of_more_codings_than_anybody_has_is_refused_unread() -> None:
    """aiortc looks through all codings for each line about one: 64 KB of them held everybody up for 3 s."""
    many = "".join(f"a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 {number}\r\n" for number in range(201))
    peer = Peer([])
    with pytest.raises(ProtocolError, match="codings"):
        await peer.answer(WEBRTC_SDP + many)
    await peer.close()

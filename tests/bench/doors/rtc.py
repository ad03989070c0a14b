"""A caller on WebRTC: aiortc, Opus both ways, with the buffer against jitter that aiortc has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from gateway.cli.client import Gateway
from tests.bench.doors.call import Call, House, speaking
from tests.bench.doors.ear import Ear
from tests.bench.line import FRAME_MS, Microphone, now_ms

_RATE_HZ = 48_000
_SAMPLES = _RATE_HZ * FRAME_MS // 1000
_CONNECT_S = 10.0


class SpokenTrack(MediaStreamTrack):
    """Gives on what is said, when it is said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._sent = 0

    async def say(self, pcm: bytes) -> None:
        """20 ms of s16le mono."""
        self._said.put_nowait(pcm)

    async def recv(self) -> AudioFrame:
        """The next frame. Raises ``MediaStreamError`` once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        frame = AudioFrame(format="s16", layout="mono", samples=_SAMPLES)
        frame.planes[0].update(await self._said.get())
        frame.pts, self._sent = self._sent, self._sent + _SAMPLES
        frame.sample_rate, frame.time_base = _RATE_HZ, Fraction(1, _RATE_HZ)
        return frame


@asynccontextmanager
async def webrtc(house: House) -> AsyncIterator[Call]:
    """Offer, connect, speak."""
    pc, track, ear = RTCPeerConnection(), SpokenTrack(), Ear(_RATE_HZ, live=True)
    connected, tasks = asyncio.Event(), list[asyncio.Task[None]]()
    pc.createDataChannel("kefu")
    pc.addTrack(track)
    pc.on("track", lambda remote: tasks.append(asyncio.create_task(_hear(remote, ear))))
    pc.on("connectionstatechange", lambda: connected.set() if pc.connectionState == "connected" else None)
    try:
        await pc.setLocalDescription(await pc.createOffer())
        headers = {"Authorization": f"Bearer {await Gateway(house.url).voice_token()}"}
        body = {"sdp": pc.localDescription.sdp, "type": "offer", "start": {"greet": True}}
        async with house.client.post("/v1/webrtc", json=body, headers=headers) as response:
            answer = await response.json()
        assert response.status == 201, answer
        await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        async with asyncio.timeout(_CONNECT_S):
            await connected.wait()
        async with speaking(Call(ear, Microphone(track.say, _RATE_HZ), now_ms())) as call:
            yield call
    finally:
        track.stop()
        await pc.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hear(remote: Any, ear: Ear) -> None:
    while True:
        try:
            frame = await remote.recv()
        except MediaStreamError:
            return
        ear.push(mono(frame), now_ms())


def mono(frame: AudioFrame) -> bytes:
    """s16le of the left channel; aiortc decodes Opus to two, interleaved."""
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    return np.ascontiguousarray(samples[:, 0]).astype("<i2").tobytes()

"""The other end of a WebRTC call, on aiortc: a microphone that speaks a script, a data channel, an ear."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import RTCPeerConnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from speech.audio import Resampler, pcm_from_float
from speech.types import AudioFrame as AudioOfVoice
from speech.types import Language
from tests.fakes import audio_of
from tests.fakes_tts import FakeTts


class Microphone(MediaStreamTrack):
    """Speaks a script in real time, then is silent. ``#`` is 32 ms of sound."""

    kind = "audio"

    def __init__(self, script: str) -> None:
        super().__init__()
        to_48k = Resampler(16_000, 48_000)
        # A square wave is loud on the line; a constant would not pass Opus.
        wave = np.sign(np.sin(np.arange(audio_of(script).size) / 6)).astype(np.float32)
        self._pcm = to_48k.push(pcm_from_float(audio_of(script) * wave)) + to_48k.flush()
        self._at = 0
        self._start = time.time()

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(self._start + self._at / 96_000 - time.time())
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(self._pcm[self._at : self._at + 1920].ljust(1920, b"\0"))
        frame.pts, frame.sample_rate, frame.time_base = self._at // 2, 48_000, Fraction(1, 48_000)
        self._at += 1920
        return frame


class ToneTts(FakeTts):
    """Every character is 100 ms of 440 Hz, which Opus lets through."""

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioOfVoice]:
        rate_hz = self.capabilities.rate_hz
        wave = (0.3 * np.sin(2 * np.pi * 440 * np.arange(rate_hz // 50) / rate_hz)).astype(np.float32)
        for number in range(len(text) * 5):
            yield AudioOfVoice(pcm_from_float(wave), rate_hz, number * 20)


class WebrtcClient:
    """What it heard and was told."""

    def __init__(self, label: str, script: str) -> None:
        """``label`` of the data channel that it opens."""
        self.pc = RTCPeerConnection()
        self.channel = self.pc.createDataChannel(label)
        self.channel.on("message", lambda data: self._messages.put_nowait(json.loads(data)))
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.told: list[dict[str, Any]] = []
        """What ``until`` has read."""
        self.loud_ms = 0.0
        self.pc.addTrack(Microphone(script))
        self.pc.on("track", self._listen)
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, **message: Any) -> None:
        self.channel.send(json.dumps(message))

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of this type."""
        async with asyncio.timeout(20):
            while True:
                message = await self._messages.get()
                self.told.append(message)
                if message["type"] == kind:
                    return message

    async def close(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _listen(self, track: Any) -> None:
        self._tasks.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if np.abs(frame.to_ndarray()).max() > 3:
                self.loud_ms += 20

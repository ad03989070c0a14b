"""A customer at the doors of a running gateway: the ``kefu`` command line, plain HTTP, and a live voice line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
import websockets
from websockets.asyncio.client import ClientConnection, connect

from gateway.cli.client import Gateway, parse_message, split_audio
from speech.audio import float_from_pcm, pcm_from_float, resample
from speech.types import LISTEN_RATE_HZ, Samples

KEFU = Path(sys.executable).parent / "kefu"
OUTPUT_RATE_HZ = 24_000
_CALL_S = 150.0
_FRAME_S = 0.02
Message = dict[str, Any]


def kefu(*arguments: str, url: str) -> Any:
    """What ``kefu ... --json`` printed. Fails when the command failed or said anything on standard error."""
    command = [str(KEFU), *arguments, "--url", url, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_CALL_S, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def call(url: str, recording: Path, heard: Path | None = None) -> list[Message]:
    """The turns of a call that plays ``recording``; ``heard`` receives what the caller hears."""
    out = ("--out", str(heard)) if heard else ()
    turns: list[Message] = kefu("call", str(recording), *out, url=url)["turns"]
    return turns


def post(url: str, path: str, body: Message, timeout_s: float = 30.0) -> Message:
    """POST JSON."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=timeout_s) as response:
        answer: Message = json.load(response)
    return answer


def say(url: str, text: str, conversation: str | None = None) -> Message:
    """One written turn."""
    return post(url, "/v1/message", {"text": text, **({"conversation_id": conversation} if conversation else {})})


def is_ready(url: str) -> bool:
    """Whether customers can be served."""
    with urllib.request.urlopen(f"{url}/readyz", timeout=10) as response:
        return bool(response.status == 200)


def digits(text: str) -> str:
    """Only the digits: spoken and written forms group them differently."""
    return "".join(character for character in text if character.isdigit())


class Line:
    """A voice line whose microphone is always open: silence, but for what ``speak`` queues. Leaving hangs up."""

    def __init__(self, socket: ClientConnection, rate_hz: int) -> None:
        self.messages: list[tuple[float, Message]] = []
        """(monotonic seconds, message), binary ones as ``{"type": "audio", "turn_id", "pcm"}``."""
        self._socket = socket
        self._rate_hz = rate_hz
        self._waiting = np.zeros(0, np.float32)
        self._arrived = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, rate_hz: int = LISTEN_RATE_HZ) -> AsyncIterator[Self]:
        """Call; the gateway does not greet."""
        gateway = Gateway(url)
        names = [websockets.Subprotocol(name) for name in gateway.subprotocols(await gateway.voice_token())]
        async with connect(gateway.voice_url, subprotocols=names, max_size=2**20) as socket:
            line = cls(socket, rate_hz)
            rates = {"rate_hz": rate_hz, "output_rate_hz": OUTPUT_RATE_HZ}
            await socket.send(json.dumps({"type": "start", "version": 1, "greet": False, **rates}))
            jobs = [asyncio.create_task(job()) for job in (line._talk, line._listen)]
            try:
                await line.until("ready")
                yield line
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.gather(*jobs, return_exceptions=True)

    def speak(self, samples: Samples) -> None:
        """Say this (16 kHz) now, in real time, at the line's rate."""
        self._waiting = np.concatenate([self._waiting, resample(samples, LISTEN_RATE_HZ, self._rate_hz)])

    async def until(
        self, kind: str, fits: Callable[[Message], bool] = lambda message: True, seconds: float = 40.0
    ) -> Message:
        """The first message of this type that fits, past or to come."""
        async with asyncio.timeout(seconds):
            while True:
                self._arrived.clear()
                for _, message in self.messages:
                    if message["type"] == kind and fits(message):
                        return message
                await self._arrived.wait()

    def heard(self, turn_id: int) -> Samples:
        """The audio of this turn so far, at 24 kHz."""
        pcm = [m["pcm"] for _, m in self.messages if m["type"] == "audio" and m["turn_id"] == turn_id]
        return float_from_pcm(b"".join(pcm))

    async def _talk(self) -> None:
        step = int(self._rate_hz * _FRAME_S)
        due = time.monotonic()
        while True:
            frame, self._waiting = self._waiting[:step], self._waiting[step:]
            await self._socket.send(pcm_from_float(np.pad(frame, (0, step - frame.size))))
            due += _FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _listen(self) -> None:
        async for raw in self._socket:
            if isinstance(raw, bytes):
                turn_id, _, pcm = split_audio(raw)
                message: Message = {"type": "audio", "turn_id": turn_id, "pcm": pcm}
            else:
                message = parse_message(raw)
            self.messages.append((time.monotonic(), message))
            self._arrived.set()

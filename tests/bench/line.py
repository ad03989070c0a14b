"""A customer on the line, as the voice benchmarks need one: asks recorded questions and hears when the answers begin.

The microphone is always open. A frame of 20 ms leaves when its last sample has been spoken, on absolute deadlines:

    spoken   |--frame 0--|--frame 1--|          question begins at the start of a frame
    sent                 ^0          ^1

so the true end of a question on the wall clock is its beginning plus its label, wherever it falls in a frame. What
comes back is played as ``tests.bench.audible`` says. All times are milliseconds of ``time.perf_counter``.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import aiohttp
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.cli.client import Gateway, parse_message, split_audio
from speech.audio import float_from_pcm
from speech.types import LISTEN_RATE_HZ
from tests.bench.audible import Playback
from tests.bench.doors.ear import Ear
from tests.bench.questions import Question

FRAME_MS = 20
OUTPUT_RATE_HZ = 24_000
ANSWER_WITHIN_MS = 12_000.0
"""Beyond this the question counts as unanswered."""
_REPORT_S = 0.25
_LOOK_S = 0.01


def now_ms() -> float:
    """The one clock."""
    return time.perf_counter() * 1000


@dataclass(slots=True)
class Answer:
    """One answer as the customer hears it."""

    turn_id: int
    playback: Playback
    ended: bool = False
    """Everything has come."""
    cleared: bool = False
    """The gateway took it back."""
    transcript: str = ""
    intent: str | None = None
    reply: str = ""
    hops: dict[str, float] = field(default_factory=dict)
    """The gateway's own account."""
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    """(name, start, end) relative to the end of speech as the gateway heard it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it."""

    question: Question
    ended_ms: float
    """When the question truly ended."""
    answer: Answer | None
    """None: none came in time."""

    @property
    def voice_to_voice_ms(self) -> float | None:
        """From the true end of speech to the first audible sample; negative when the answer came too soon."""
        heard = self.answer.playback.audible_ms if self.answer else None
        return None if heard is None else heard - self.ended_ms


class Line(Protocol):
    """What a benchmark does on a line, whoever is at the other end."""

    async def ask(self, question: Question, listen_ms: float) -> Asked:
        """Ask and listen to the beginning of the answer."""
        ...

    async def stop(self) -> None:
        """Press "stop talking"."""
        ...


class Microphone:
    """Sends silence, and questions in it, in real time until cancelled."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], rate_hz: int = LISTEN_RATE_HZ) -> None:
        """``send`` takes 20 ms of s16le at ``rate_hz``; a closed connection ends ``run``."""
        self.rate_hz = rate_hz
        self._send = send
        self._frame_bytes = rate_hz * FRAME_MS // 1000 * 2
        self._waiting = b""
        self._begun: asyncio.Future[float] | None = None
        self._closed = False
        self.late_ms: list[float] = []
        """How late each frame left: the benchmark's own error."""

    async def run(self) -> None:
        """Frame after frame."""
        zero_ms, number = now_ms(), 0
        try:
            while True:
                due_ms = zero_ms + (number + 1) * FRAME_MS
                await asyncio.sleep(max(0.0, due_ms - now_ms()) / 1000)
                self.late_ms.append(now_ms() - due_ms)
                frame, self._waiting = self._waiting[: self._frame_bytes], self._waiting[self._frame_bytes :]
                self._begin(due_ms - FRAME_MS)
                await self._send(frame.ljust(self._frame_bytes, b"\0"))
                number += 1
        except (ConnectionClosed, ConnectionError):
            pass  # who receives knows whether that is right
        finally:
            self._closed = True
            self._begin(now_ms())

    def _begin(self, at_ms: float) -> None:
        if self._begun is not None and not self._begun.done():
            self._begun.set_result(at_ms)
        self._begun = None

    async def say(self, pcm: bytes) -> float:
        """Begin to say this; returns when its first sample was spoken (at once on a line that is closed)."""
        if self._closed:
            return now_ms()
        self._waiting, self._begun = pcm, asyncio.get_running_loop().create_future()
        return await self._begun


async def until_heard(
    ended_ms: float, listen_ms: float, answer: Callable[[], Answer | None], over: Callable[[], bool]
) -> Answer | None:
    """The answer, when it has been listened to for ``listen_ms`` or to its end; None when it does not come."""
    while now_ms() < ended_ms + ANSWER_WITHIN_MS and not over():
        await asyncio.sleep(_LOOK_S)
        found = answer()
        if found is None or found.playback.audible_ms is None:
            continue
        listened_ms = now_ms() - max(found.playback.audible_ms, ended_ms)
        if listened_ms >= listen_ms or (listened_ms > 0 and found.ended and now_ms() >= found.playback.end_ms):
            return found
    found = answer()
    return found if found is not None and found.playback.audible_ms is not None else None


async def _grant(url: str, body: dict[str, str]) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/v1/token", json=body) as response:
        grant: dict[str, Any] = await response.json()
    if "error" in grant:
        raise ConnectionRefusedError(grant["error"]["code"])
    return grant


class KefuLine:
    """A line to the gateway's voice socket."""

    def __init__(self, socket: ClientConnection, ear: Ear | None = None) -> None:
        self._socket = socket
        self._ear = ear
        """Hears everything, whatever answer it belongs to."""
        self.opened_ms = 0.0
        """When the start was sent."""
        self.microphone = Microphone(socket.send)
        self._answers: dict[int, Answer] = {}
        self._before = -1
        """The last turn of the question before: what still comes of it is not heard."""
        self._transcript = ""
        self._ready = asyncio.Event()
        self.resume_token = ""
        """Takes up this conversation on a new line."""
        self._dropped = False
        self.hung_up = False
        self.errors: list[str] = []
        """Codes of the errors the gateway reported."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, gateway: Gateway, resume_token: str | None = None, *, greet: bool = False, ear: Ear | None = None
    ) -> AsyncIterator[Self]:
        """Call; leaving hangs up. ``resume_token`` of an earlier line goes on with it.

        Raises ``OSError`` when it is refused, and a group of what broke the line while it was open.
        """
        grant = await _grant(gateway.url, {"resume_token": resume_token} if resume_token else {})
        protocols = [websockets.Subprotocol(name) for name in gateway.subprotocols(str(grant["token"]))]
        async with connect(gateway.voice_url, subprotocols=protocols, max_size=2**20) as socket:
            rates = {"rate_hz": LISTEN_RATE_HZ, "output_rate_hz": OUTPUT_RATE_HZ}
            line = cls(socket, ear)
            line.opened_ms = now_ms()
            await socket.send(json.dumps({"type": "start", "version": 1, "greet": greet, **rates}))
            line.resume_token = str(grant.get("resume_token", ""))
            async with asyncio.TaskGroup() as group:
                jobs = [group.create_task(job()) for job in (line.receive, line.microphone.run, line.report)]
                try:
                    async with asyncio.timeout(20):
                        await line._ready.wait()
                    yield line
                finally:
                    for job in jobs:
                        job.cancel()
            with suppress(ConnectionClosed):
                await socket.send(json.dumps({"type": "bye"}))

    async def ask(self, question: Question, listen_ms: float) -> Asked:
        """See ``Line``."""
        self._before = max([self._before, *self._answers])
        self._answers.clear()
        self._transcript = ""
        ended_ms = await self.microphone.say(question.pcm) + question.end_ms
        found = await until_heard(ended_ms, listen_ms, self.answer, lambda: self.hung_up and not self._answers)
        return Asked(question, ended_ms, found)

    def answer(self) -> Answer | None:
        """The newest answer that has not been taken back."""
        standing = [answer for answer in self._answers.values() if not answer.cleared]
        return max(standing, key=lambda answer: answer.turn_id, default=None)

    async def stop(self) -> None:
        """See ``Line``."""
        with suppress(ConnectionClosed):
            await self._socket.send(json.dumps({"type": "interrupt"}))

    async def type(self, text: str) -> None:
        """Write instead of speaking."""
        with suppress(ConnectionClosed):
            await self._socket.send(json.dumps({"type": "text", "text": text}))

    def drop(self) -> None:
        """The connection breaks, without a goodbye."""
        self._dropped = True
        self._socket.transport.abort()

    async def report(self) -> None:
        """Tell the gateway what has been played, as the page does."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(_REPORT_S)
                if (answer := self.answer()) and answer.playback.began_ms is not None:
                    played = {"type": "played", "turn_id": answer.turn_id, "ms": answer.playback.played_ms(now_ms())}
                    await self._socket.send(json.dumps(played))

    async def receive(self) -> None:
        """Take what the gateway sends until it hangs up."""
        try:
            async for message in self._socket:
                if isinstance(message, str):
                    self.take(parse_message(message), now_ms())
                    continue
                turn_id, _, pcm = split_audio(message)
                if self._ear is not None:
                    self._ear.push(pcm, now_ms())
                if turn_id > self._before:
                    self._of(turn_id).playback.push(float_from_pcm(pcm), now_ms())
        except ConnectionClosed:
            if not self._dropped:
                raise
        finally:
            self.hung_up = True

    def _of(self, turn_id: int) -> Answer:
        return self._answers.setdefault(turn_id, Answer(turn_id, Playback(OUTPUT_RATE_HZ)))

    def take(self, message: dict[str, Any], at_ms: float) -> None:
        """A text message of the gateway."""
        turn_id = message.get("turn_id", -1)
        match message["type"]:
            case "ready":
                self._ready.set()
            case "transcript" if message["is_final"]:
                self._transcript += message["text"]
            case "error":
                self.errors.append(message["code"])
            case "bye":
                self.hung_up = True
            case "clear" if self._ear is not None:
                self._ear.clear(at_ms)
        if turn_id <= self._before:
            return
        answer = self._of(turn_id)
        match message["type"]:
            case "understood":
                answer.intent, answer.transcript = message["intent"], self._transcript
            case "reply":
                answer.reply = f"{answer.reply} {message['text']}".strip()
            case "audio_start":
                if answer.playback.began_ms is not None:  # goes on after a clear; heard first is heard first
                    answer.playback = Playback(OUTPUT_RATE_HZ, audible_ms=answer.playback.audible_ms)
                answer.cleared = answer.ended = False
            case "audio_end":
                answer.ended = True
            case "clear":
                answer.cleared, answer.playback.end_ms = True, min(answer.playback.end_ms, at_ms)
            case "latency":
                answer.hops = message["hops"]
                answer.spans = [(name, start, end) for name, start, end in message.get("spans") or ()]

"""A double of the gateway for tests of the page: serves ``gateway/web`` and speaks ``kefu.v1`` with scripted answers.

Runs an aiohttp server in its own thread, so that tests drive a browser with Playwright's synchronous API. It keeps what
the page sent (``messages``, ``audio``) and lets a test say anything at any time (``tell``).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import WSCloseCode, WSMsgType, web

WEB = Path(__file__).parents[1] / "gateway" / "web"
# The gateway's own policy: a page that breaks it logs a console error, which every test refuses.
CSP = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
LOUD = 700.0
"""RMS (s16) above which the double takes audio for speech."""
PAUSE_MS = 500.0
"""Silence that ends an utterance."""


@dataclass(frozen=True)
class Answer:
    """What the double says in one turn."""

    text: str
    sentences: tuple[str, ...] = ()
    """Captions, 600 ms each; empty: no audio."""
    cards: tuple[dict[str, Any], ...] = ()
    suggestions: tuple[str, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    seconds_each: float = 0.6


def sine(rate_hz: int, seconds: float, hz: float = 440.0, amplitude: float = 8000.0) -> bytes:
    """A tone as PCM s16le."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return (amplitude * np.sin(2 * math.pi * hz * t)).astype("<i2").tobytes()


class GatewayDouble:
    """Start with ``running``. Attributes are written by the server thread and read by the test."""

    def __init__(self, info: dict[str, Any] | None = None) -> None:
        """``info``: the answer of /v1/info; None: 404, as an older gateway."""
        self.info = info
        self.port = 0
        self.answers: Iterator[Answer] = itertools.repeat(Answer("好的。"))
        self.transcript = "我的订单什么时候到"
        self.refuse_tokens: list[tuple[int, dict[str, str]]] = []
        """Status and headers of the next answers of /v1/token; empty: issue tokens."""
        self.messages: list[dict[str, Any]] = []
        self.token_requests: list[dict[str, Any]] = []
        self.audio: list[tuple[float, bytes]] = []
        """(arrival, PCM) of microphone frames."""
        self.sessions = 0
        self.turn_id = 0
        self.rates = (16_000, 24_000)
        self._socket: web.WebSocketResponse | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ear = _Ear()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.port}/"

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Messages of this type so far."""
        return [message for message in self.messages if message["type"] == kind]

    def pcm(self) -> np.ndarray[Any, np.dtype[np.int16]]:
        """All microphone audio so far."""
        return np.frombuffer(b"".join(data for _, data in list(self.audio)), dtype="<i2")

    def tell(self, *messages: dict[str, Any] | bytes) -> None:
        """Send these to the page now."""
        self._call(self._tell(*messages))

    def drop(self) -> None:
        """Cut the line without a word."""
        self._call(self._drop())

    def close(self, code: int) -> None:
        """Close the socket with this code."""
        assert self._socket is not None
        self._call(self._socket.close(code=code))

    def _call(self, coroutine: Any) -> Any:
        assert self._loop is not None
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(5)

    async def _tell(self, *messages: dict[str, Any] | bytes) -> None:
        assert self._socket is not None
        for message in messages:
            if isinstance(message, bytes):
                await self._socket.send_bytes(message)
            else:
                await self._socket.send_str(json.dumps(message, ensure_ascii=False))

    async def _drop(self) -> None:
        assert self._socket is not None
        transport = self._transport
        assert transport is not None
        transport.abort()

    def audio_frames(self, turn_id: int, sentence: int, seconds: float) -> list[bytes]:
        """Binary messages of 100 ms with a tone."""
        pcm, step = sine(self.rates[1], seconds), self.rates[1] // 10 * 2
        header = struct.pack("<II", turn_id, sentence)
        return [header + pcm[i : i + step] for i in range(0, len(pcm), step)]

    async def answer(self, answer: Answer, *, spoken: bool) -> None:
        """One scripted turn."""
        self.turn_id += 1
        turn = {"turn_id": self.turn_id}
        understood = {"intent": "order_status", "confidence": 0.94, "slots": answer.slots, "sentiment": "neutral"}
        await self._tell({"type": "understood", **turn, **understood, "classifier": "triton", "degraded": False})
        reply = {"text": answer.text, "language": "zh", "is_last": True, "cards": list(answer.cards), "sources": []}
        await self._tell(
            {
                "type": "reply",
                **turn,
                **reply,
                "suggestions": list(answer.suggestions),
                "action": "say",
                "generated": False,
            }
        )
        if answer.sentences and self._speaks:
            await self._speak(answer, turn)
        hops = {
            "endpoint_ms": 550.0 if spoken else 0.0,
            "asr_ms": 212.4,
            "nlu_ms": 9.1,
            "dialogue_ms": 24.7,
            "tts_ms": 118.3,
        }
        hops["total_ms"] = sum(hops.values())
        await self._tell({"type": "latency", **turn, "hops": hops})

    async def _speak(self, answer: Answer, turn: dict[str, int]) -> None:
        await self._tell({"type": "audio_start", **turn, "rate_hz": self.rates[1]})
        for sentence, text in enumerate(answer.sentences):
            start_ms = sentence * answer.seconds_each * 1000
            await self._tell({"type": "caption", **turn, "sentence": sentence, "text": text, "start_ms": start_ms})
            await self._tell(*self.audio_frames(turn["turn_id"], sentence, answer.seconds_each))
        duration_ms = len(answer.sentences) * answer.seconds_each * 1000
        await self._tell({"type": "audio_end", **turn, "duration_ms": duration_ms})

    # The server

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(WEB / "index.html")

    async def _info(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self.info or {})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.token_requests.append(body)
        if self.refuse_tokens:
            status, headers = self.refuse_tokens.pop(0)
            return web.json_response({"error": {"code": "x", "message": "x"}}, status=status, headers=headers)
        conversation_id = body.get("conversation_id") or f"c{len(self.token_requests)}"
        tokens = {"token": "t", "resume_token": f"r-{conversation_id}", "expires_in_s": 120}
        return web.json_response({**tokens, "conversation_id": conversation_id})

    async def _voice(self, request: web.Request) -> web.StreamResponse:
        assert "bearer.t" in request.headers["Sec-WebSocket-Protocol"]
        socket = web.WebSocketResponse(protocols=("kefu.v1",), compress=False)
        await socket.prepare(request)
        start = await socket.receive_json()
        self.messages.append(start)
        self.sessions += 1
        self._speaks = bool(start["speak"])
        self.rates = (start["rate_hz"], start["output_rate_hz"])
        self._socket, self._transport, self._ear = socket, request.transport, _Ear()
        conversation_id = self.token_requests[-1].get("conversation_id") or f"c{len(self.token_requests)}"
        ready = {"session_id": f"s{self.sessions}", "conversation_id": conversation_id, "customer": "林小雨"}
        rates = {"rate_hz": self.rates[0], "output_rate_hz": self.rates[1]}
        await self._tell({"type": "ready", "version": 1, **ready, **rates})
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                self.audio.append((time.monotonic(), message.data))
                await self._hear(message.data)
            elif message.type == WSMsgType.TEXT:
                await self._read(json.loads(message.data))
        return socket

    async def _read(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] == "text":
            await self.answer(next(self.answers), spoken=False)
        elif message["type"] == "ping":
            await self._tell({"type": "pong", "t": message["t"]})

    async def _hear(self, pcm: bytes) -> None:
        for kind, at_ms in self._ear.hear(pcm, self.rates[0]):
            utterance = {"utterance_id": self._ear.utterance_id}
            words = {**utterance, "language": "zh", "confidence": 0.9}
            if kind == "started":
                await self._tell({"type": "speech_started", **utterance, "at_ms": at_ms})
                await self._tell({"type": "transcript", **words, "text": self.transcript[:4], "is_final": False})
                continue
            decided_ms = at_ms + PAUSE_MS
            await self._tell({"type": "speech_ended", **utterance, "end_ms": at_ms, "decided_ms": decided_ms})
            await self._tell({"type": "transcript", **words, "text": self.transcript, "is_final": True})
            await self.answer(next(self.answers), spoken=True)

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_static("/web/", WEB)
        if self.info is not None:
            app.router.add_get("/v1/info", self._info)
        app.router.add_post("/v1/token", self._token)
        app.router.add_get("/v1/voice", self._voice)
        app.on_response_prepare.append(_add_policy)
        runner = web.AppRunner(app, shutdown_timeout=0.2, handle_signals=False, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self._loop = asyncio.get_running_loop()
        ready.set()
        await stop.wait()
        if self._socket is not None:
            await self._socket.close(code=WSCloseCode.GOING_AWAY)
        await runner.cleanup()

    @contextmanager
    def running(self) -> Iterator[GatewayDouble]:
        """The server, while the block runs; a second time on the same port."""
        ready, stop = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready, stop)), name="gateway double")
        thread.start()
        assert ready.wait(5), "the double did not start"
        loop = self._loop
        assert loop is not None
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(5)

    _speaks = True
    _transport: asyncio.Transport | None = None


class _Ear:
    """Energy and a pause: enough to find the utterances of a clean test recording."""

    def __init__(self) -> None:
        self.utterance_id = 0
        self._samples = 0
        self._speech_end_ms: float | None = None

    def hear(self, pcm: bytes, rate_hz: int) -> Sequence[tuple[str, float]]:
        """Events (started | ended, ms on the microphone clock)."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
        start_ms = self._samples * 1000 / rate_hz
        self._samples += len(samples)
        now_ms = self._samples * 1000 / rate_hz
        if math.sqrt(float(np.mean(samples**2))) > LOUD:
            began = self._speech_end_ms is None
            self._speech_end_ms = now_ms
            if began:
                self.utterance_id += 1
                return [("started", start_ms)]
        elif self._speech_end_ms is not None and now_ms - self._speech_end_ms >= PAUSE_MS:
            end_ms, self._speech_end_ms = self._speech_end_ms, None
            return [("ended", end_ms)]
        return []


async def _add_policy(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = CSP
    response.headers["Cache-Control"] = "no-store"


def wait_until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Real time, because a real browser is on the other side."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)

"""Whether the benchmark's client measures right: it calls a stub whose answers begin at a known moment.

The stub, in the same process and so on the same clock, notes when the frame with the end of the question arrived and
answers a set time later with silence, then a tone. What the client says is compared with what the stub did.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from aiohttp import WSMsgType, web

from gateway.channels.web_codec import AUDIO_HEADER, SUBPROTOCOL
from gateway.cli.client import Gateway
from speech.audio import float_from_pcm, pcm_from_float
from speech.types import LISTEN_RATE_HZ
from tests.bench.audible import last_audible_ms
from tests.bench.gateway_process import free_port
from tests.bench.line import FRAME_MS, OUTPUT_RATE_HZ, KefuLine, now_ms
from tests.bench.questions import Question
from tests.bench.results import Result, Results, quantiles

_TIMES = 12
_ANSWER_AFTER_MS = 130
_LEADING_SILENCE_MS = 70


class _Stub:
    """Answers each stretch of sound once it has been silent for a while, as a gateway does."""

    def __init__(self) -> None:
        self.begins_ms: list[float] = []
        """When the first audible sample of each answer was due at a client without delay."""
        self.question_ended_ms: list[float] = []
        """When the question's last audible sample was spoken, from the frame that brought it."""

    async def token(self, _request: web.Request) -> web.Response:
        return web.json_response({"token": "t"})

    async def voice(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(SUBPROTOCOL,))
        await socket.prepare(request)
        turn, spoken_ms = 0, None
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                if message.type is WSMsgType.TEXT and json.loads(message.data)["type"] == "start":
                    await socket.send_json({"type": "ready", "conversation_id": "c"})
                continue
            arrived_ms = now_ms()
            if (end_ms := last_audible_ms(float_from_pcm(message.data), LISTEN_RATE_HZ)) is not None:
                spoken_ms = arrived_ms - FRAME_MS + end_ms
            elif spoken_ms is not None and arrived_ms - spoken_ms > _ANSWER_AFTER_MS:
                turn += 1
                self.question_ended_ms.append(spoken_ms)
                spoken_ms = None
                await self._answer(socket, turn)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, turn: int) -> None:
        step = OUTPUT_RATE_HZ * FRAME_MS // 1000
        silence = np.zeros(OUTPUT_RATE_HZ * _LEADING_SILENCE_MS // 1000, np.float32)
        answer = np.concatenate([silence, np.full(OUTPUT_RATE_HZ // 5, 0.5, np.float32)])
        await socket.send_json({"type": "audio_start", "turn_id": turn})
        self.begins_ms.append(now_ms() + _LEADING_SILENCE_MS)
        for at in range(0, answer.size, step):
            await socket.send_bytes(AUDIO_HEADER.pack(turn, 0) + pcm_from_float(answer[at : at + step]))
        await socket.send_json({"type": "audio_end", "turn_id": turn, "duration_ms": answer.size / 24})


@asynccontextmanager
async def _served(stub: _Stub) -> AsyncIterator[str]:
    app, port = web.Application(), free_port()
    app.add_routes([web.post("/v1/token", stub.token), web.get("/v1/voice", stub.voice)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def errors_ms() -> list[float]:
    """What the client says minus what was, for each of some questions that end anywhere in a frame."""
    stub, wrong = _Stub(), []
    async with _served(stub) as url, KefuLine.open(Gateway(url)) as line:
        for number in range(_TIMES):
            samples = np.full(LISTEN_RATE_HZ // 5 + 37 * number, 0.3, np.float32)
            end_ms = samples.size * 1000 / LISTEN_RATE_HZ
            asked = await line.ask(Question("tone", np.pad(samples, (0, 800)), end_ms), listen_ms=0)
            heard_ms = asked.voice_to_voice_ms
            if heard_ms is None:
                raise RuntimeError("the client did not hear the stub's answer")
            wrong.append(heard_ms - (stub.begins_ms[-1] - stub.question_ended_ms[-1]))
            await asyncio.sleep(0.25)
    return wrong


async def measure() -> Results:
    """The size of the client's error."""
    wrong = [abs(error) for error in await errors_ms()]
    found = quantiles("voice_client_error", wrong)
    return found | {"voice_client_error_p95": Result(found["voice_client_error_p95"].value, "ms", len(wrong), aim=10.0)}

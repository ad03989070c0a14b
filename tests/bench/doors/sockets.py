"""Callers on our voice socket and on the Realtime API, the latter with OpenAI's own client."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai

from gateway.cli.client import Gateway
from tests.bench.doors.call import Call, House, speaking
from tests.bench.doors.ear import Ear
from tests.bench.line import OUTPUT_RATE_HZ, KefuLine, Microphone, now_ms

_REALTIME_HZ = 24_000


@asynccontextmanager
async def web(house: House) -> AsyncIterator[Call]:
    """The voice socket, as the page speaks it."""
    ear = Ear(OUTPUT_RATE_HZ)
    async with KefuLine.open(Gateway(house.url), greet=True, ear=ear) as line:
        yield Call(ear, line.microphone, line.opened_ms)


@asynccontextmanager
async def realtime(house: House) -> AsyncIterator[Call]:
    """PCM of 24 kHz both ways. The API does not greet; a response to nothing is the greeting."""
    base_url = f"{house.url}/v1"
    async with openai.AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0) as outer:
        secret = await outer.realtime.client_secrets.create(session={"type": "realtime"})
    client = openai.AsyncOpenAI(api_key=secret.value, base_url=base_url, max_retries=0)
    async with client, client.realtime.connect(model="kefu") as connection:
        assert (await connection.recv()).type == "session.created"
        ear = Ear(_REALTIME_HZ)
        opened_ms = now_ms()
        await connection.response.create()
        hearing = asyncio.create_task(_hear(connection, ear))

        async def append(pcm: bytes) -> None:
            await connection.input_audio_buffer.append(audio=b64encode(pcm).decode())

        try:
            async with speaking(Call(ear, Microphone(append, _REALTIME_HZ), opened_ms)) as call:
                yield call
        finally:
            hearing.cancel()
            await asyncio.wait([hearing])


async def _hear(connection: Any, ear: Ear) -> None:
    async for event in connection:
        match event.type:
            case "response.output_audio.delta":
                ear.push(b64decode(event.delta), now_ms())
            case "input_audio_buffer.speech_started":
                # What a client's player does, which knows of no better sign.
                ear.clear(now_ms())

"""Callers on the streams of telephone providers and of Asterisk: our doubles (``tests``), which play what they get."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.asterisk_double import AudioSocketDouble, ChannelDouble
from tests.bench.doors.call import Call, Door, House, speaking
from tests.bench.doors.ear import Ear
from tests.bench.line import Microphone, now_ms
from tests.media_double import MediaDouble
from tests.provider_doubles import BASIC, parameters, stream

_RATE_HZ = 8_000


def provider(name: str) -> Door:
    """Calls through the webhook and the stream of this provider."""

    @asynccontextmanager
    async def called(house: House) -> AsyncIterator[Call]:
        # A call of a known name would go on with its conversation.
        call_id = f"CA{uuid.uuid4().hex}"
        given = await parameters(house.client, name, call_id)
        opened_ms = now_ms()
        async with stream(house.client, name, given, call=call_id, talks=False) as double:
            async with heard(double, opened_ms) as call:
                yield call
            await double.hang_up()

    return called


@asynccontextmanager
async def asterisk(house: House) -> AsyncIterator[Call]:
    """Calls through chan_websocket, JSON control."""
    socket = await house.client.ws_connect(f"/v1/asterisk/media?call={uuid.uuid4()}", headers=BASIC)
    double = ChannelDouble(socket, is_json=True, talks=False)
    opened_ms = now_ms()
    await double.start()
    task = asyncio.create_task(double.run())
    try:
        async with heard(double, opened_ms) as call:
            yield call
    finally:
        await socket.close()
        await asyncio.wait([task], timeout=5)


@asynccontextmanager
async def audiosocket(house: House) -> AsyncIterator[Call]:
    """Calls through AudioSocket."""
    async with house.client.post("/v1/asterisk/calls", data={"from": "100"}, headers=BASIC) as response:
        call_id = uuid.UUID(await response.text())
    reader, writer = await asyncio.open_connection("127.0.0.1", house.audiosocket_port)
    double = AudioSocketDouble(reader, writer, talks=False)
    opened_ms = now_ms()
    double.send(0x01, call_id.bytes)
    task = asyncio.create_task(double.run())
    try:
        async with heard(double, opened_ms) as call:
            yield call
    finally:
        writer.close()
        await asyncio.wait([task], timeout=5)


def heard(
    double: MediaDouble | ChannelDouble | AudioSocketDouble, opened_ms: float
) -> AbstractAsyncContextManager[Call]:
    """An ear and a microphone for a double."""
    ear = Ear(_RATE_HZ, live=isinstance(double, AudioSocketDouble))
    double.on_sound = lambda pcm: ear.push(pcm, now_ms())
    if not isinstance(double, AudioSocketDouble):
        double.on_clear = lambda: ear.clear(now_ms())
    return speaking(Call(ear, Microphone(double.speak, _RATE_HZ), opened_ms))

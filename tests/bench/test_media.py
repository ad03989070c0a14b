"""The media benchmark's own parts: what it sends is what the systems read, and its search finds the edge."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import replace

import pytest
from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.base_protocol import BaseProtocol

from gateway.channels.web_codec import decode, encode
from gateway.events import AudioIn, AudioOut, Played
from tests.bench.media.script import ANSWER_HZ, CYCLE_MS, FRAME_MS, microphone_frames
from tests.bench.media.search import largest
from tests.bench.media.trial import Trial
from tests.bench.media.wire import Audio, masked, messages, microphone_message, played_message
from tests.virtual_time import virtual_time

IN_TIME = Trial(1, 1.0, 5.0, 0.0, 0.0, 1.0, 0.1, 60.0, 0.1, 0.2)


async def read(*frames: bytes) -> list[tuple[WSMsgType, object]]:
    """What an aiohttp server takes these for."""
    queue = WebSocketDataQueue(BaseProtocol(asyncio.get_running_loop()), 2**16, loop=asyncio.get_running_loop())
    reader = WebSocketReader(queue, 2**20, compress=False, decode_text=True)
    for frame in frames:
        reader.feed_data(frame)
    found = [await queue.read() for _ in frames]
    return [(message.type, message.data) for message in found]


@virtual_time
async def test_the_gateway_reads_what_the_generator_sends() -> None:
    pcm = microphone_frames()[7]
    (first, audio), (second, played) = await read(microphone_message("kefu", pcm), played_message(3, 1234.0))
    assert (first, second) == (WSMsgType.BINARY, WSMsgType.TEXT)
    assert decode(bytes(audio)) == AudioIn(pcm)  # type: ignore[call-overload]
    report = decode(str(played))
    assert isinstance(report, Played)
    assert (report.turn_id, report.ms) == (3, 1234.0)


@virtual_time
async def test_pipecat_gets_protobuf() -> None:
    pcm = bytes(range(256)) * 2 + bytes(128)
    ((_, data),) = await read(microphone_message("pipecat", pcm))
    assert data == b"\x12\x88\x05\x1a\x80\x05" + pcm + b"\x20\x80\x7d\x28\x01"


@pytest.mark.parametrize("cut", [1, 3, 997])
def test_answer_audio_is_read_wherever_the_network_cuts(cut: int) -> None:
    def frame(payload: bytes, opcode: int) -> bytes:
        return bytes([0x80 | opcode]) + struct.pack(">BH", 126, len(payload)) + payload

    spoken = encode(AudioOut(5, 1, bytes(2 * ANSWER_HZ // 50)))
    assert isinstance(spoken, bytes)
    stream = frame(b'{"type":"reply"}' * 10, 1) + frame(spoken, 2) + frame(spoken, 2)
    data, found = bytearray(), []
    for at in range(0, len(stream), cut):
        data += stream[at : at + cut]
        found += list(messages("kefu", data))
    assert found == [Audio(5, 20.0)] * 2
    assert not data


def test_the_script_is_one_cycle_of_whole_frames() -> None:
    frames = microphone_frames()
    assert len(frames) * FRAME_MS == CYCLE_MS
    assert {len(frame) for frame in frames} == {640}
    assert len(masked(frames[0])) == 640 + 8


@pytest.mark.parametrize("edge", [0, 1, 3, 64, 100, 317])
def test_the_search_finds_the_edge(edge: int) -> None:
    def trial(calls: int) -> Trial:
        return replace(IN_TIME, calls=calls, microphone_p99=5.0 if calls <= edge else 500.0)

    found, at = largest(trial, 16, 60.0)
    assert edge * 0.93 - 1 <= found <= edge
    assert (at is None) == (found == 0)

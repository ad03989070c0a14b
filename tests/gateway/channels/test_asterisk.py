"""Asterisk: packets, messages, calls over both, and what the dialplan asks (doubles of our own making)."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from galcymedia.protocol import (
    MAX_CONTROL_MESSAGE_BYTES,
    Command,
    Event,
    build_command,
    parse_event,
    parse_media_start,
    sample_rate_for,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.app import make_app
from gateway.channels.asterisk import AUDIOSOCKET_PORT
from gateway.channels.asterisk_codec import FORMATS, MAX_COMMAND_BYTES, AsteriskDialect
from gateway.channels.audiosocket_codec import RATES_HZ, Decoder, Packet, encode
from gateway.config import Asterisk, Gateway, Phone, Settings
from gateway.errors import DoorFailed, ProtocolError
from gateway.telephony.control import Transfer
from gateway.telephony.dialplan import DialplanCalls
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted, KeyPressed, MarkPlayed, MediaIn
from tests.asterisk_double import AudioSocketDouble, ChannelDouble
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.channels.test_twilio import _hand_off
from tests.gateway.doors import Door, served
from tests.wire_fuzz import JSON_MESSAGES

BASIC = {"Authorization": aiohttp.encode_basic_auth("kefu", "secret")}
ANSWER = ("您的包裹已经到了杭州。 预计明天下午送到。", True)

# --- AudioSocket packets ---------------------------------------------------------------------------------------------


def test_known_packets() -> None:
    assert encode(Packet(0x00)) == b"\x00\x00\x00"
    assert encode(Packet(0x10, bytes(320)))[:3] == b"\x10\x01\x40"
    assert encode(Packet(0x12, bytes(640)))[:3] == b"\x12\x02\x80"
    (packet,) = Decoder().push(b"\x01\x00\x10" + uuid.UUID(int=7).bytes)
    assert packet.call_id == str(uuid.UUID(int=7))
    assert Decoder().push(b"\x03\x00\x015") == [Packet(0x03, b"5")]


@pytest.mark.parametrize("packet", [Packet(0x01, bytes(16)), Packet(0x03, b"5"), Packet(0xFF), Packet(0x10)])
def test_what_asterisk_would_end_the_call_for_is_never_sent(packet: Packet) -> None:
    with pytest.raises(ValueError, match="Asterisk takes no packet"):
        encode(packet)


@given(st.lists(st.tuples(st.sampled_from(sorted(RATES_HZ)), st.binary(min_size=1, max_size=700))), st.data())
def test_packets_come_back_however_the_stream_is_cut(packets: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode(Packet(kind, payload)) for kind, payload in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder, found = Decoder(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.push(stream[begin:end])
    assert [(packet.kind, packet.payload) for packet in found] == packets


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_nothing_a_stranger_sends_breaks_the_packets(pieces: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for piece in pieces:
            for packet in decoder.push(piece):
                assert packet.digit == "" or len(packet.digit) == 1
    except ProtocolError:
        return


# --- chan_websocket messages -----------------------------------------------------------------------------------------

JSON_START = json.dumps(
    {
        "event": "MEDIA_START", "connection_id": "c", "channel": "WebSocket/a/0", "channel_id": "170.1",
        "format": "slin16", "optimal_frame_size": 640, "ptime": 20, "channel_variables": {"__shop": "a"},
    }
)  # fmt: skip
PLAIN_START = (
    "MEDIA_START connection_id:c channel:WebSocket/a/0 channel_id:170.1 format:ulaw optimal_frame_size:160 ptime:20"
)


def test_both_control_formats_say_the_same() -> None:
    (begun,) = AsteriskDialect("100", "200").decode(JSON_START)
    assert isinstance(begun, CallStarted)
    assert (begun.facts.call_id, begun.facts.from_number, begun.format) == ("170.1", "100", AudioFormat(16_000))
    assert begun.facts.parameters["__shop"] == "a"
    plain = AsteriskDialect()
    (begun,) = plain.decode(PLAIN_START)
    assert isinstance(begun, CallStarted)
    assert begun.format == AudioFormat(8_000, "ulaw")
    assert plain.decode("DTMF_END digit:5 channel_id:170.1") == (KeyPressed("5"),)
    assert plain.decode("MEDIA_MARK_PROCESSED k0.1") == (MarkPlayed("k0.1"),)
    assert plain.decode("ERROR channel_id:170.1 error_text:no such thing") == ()
    assert plain.decode(b"\xff\xff") == (MediaIn(b"\xff\xff"),)
    assert AsteriskDialect().decode('{"event":"DTMF_END","channel_id":"170.1","digit":"#"}') == (KeyPressed("#"),)


@pytest.mark.parametrize(
    ("start", "commands"),
    [
        (
            JSON_START,
            ['{"command":"MARK_MEDIA","correlation_id":"k1.2"}', '{"command":"FLUSH_MEDIA"}', '{"command":"HANGUP"}'],
        ),
        (PLAIN_START, ["MARK_MEDIA k1.2", "FLUSH_MEDIA", "HANGUP"]),
    ],
)  # fmt: skip
def test_commands_are_short_and_in_asterisks_own_format(start: str, commands: list[str]) -> None:
    dialect = AsteriskDialect()
    dialect.decode(start)
    sent = [*dialect.mark("k1.2"), *dialect.clear(), *dialect.hang_up()]
    assert sent == commands
    assert all(isinstance(text, str) and len(text.encode()) <= MAX_COMMAND_BYTES for text in sent)


def test_a_mark_that_is_not_named_is_the_oldest() -> None:
    dialect = AsteriskDialect()
    dialect.decode(PLAIN_START)
    for name in ("k0.1", "k0.2", "k0.3"):
        dialect.mark(name)
    assert dialect.decode("MEDIA_MARK_PROCESSED") == (MarkPlayed("k0.1"),)
    assert dialect.decode("MEDIA_MARK_PROCESSED k0.3") == (MarkPlayed("k0.3"),)
    dialect.mark("k0.4")
    dialect.clear()
    assert dialect.decode("MEDIA_MARK_PROCESSED") == (MarkPlayed(""),), "marks die in a flush"


def test_our_reading_of_the_protocol_is_that_of_galcymedia() -> None:
    dialect = AsteriskDialect()
    dialect.decode(JSON_START)
    event, payload = parse_event(JSON_START)
    assert event is Event.MEDIA_START
    theirs = parse_media_start(payload)
    (ours,) = AsteriskDialect().decode(JSON_START)
    assert isinstance(ours, CallStarted)
    assert (theirs.channel_id, theirs.sample_rate) == (ours.facts.call_id, ours.format.rate_hz)
    assert {name: sample_rate_for(name) for name in FORMATS} == {name: f.rate_hz for name, f in FORMATS.items()}
    commands = [*dialect.mark("k1.2"), *dialect.clear(), *dialect.hang_up()]
    built = [
        build_command(Command.MARK_MEDIA, correlation_id="k1.2"),
        build_command(Command.FLUSH_MEDIA),
        build_command(Command.HANGUP),
    ]
    assert [json.loads(text) for text in commands] == [json.loads(text) for text in built]
    assert MAX_CONTROL_MESSAGE_BYTES == MAX_COMMAND_BYTES


@given(st.sampled_from(sorted(FORMATS)), st.binary(min_size=1, max_size=40_000))
def test_sound_is_sent_in_whole_frames(name: str, payload: bytes) -> None:
    dialect = AsteriskDialect()
    dialect.decode(JSON_START.replace("slin16", name))
    form = FORMATS[name]
    payload = payload[: len(payload) & ~1] or b"\0\0"
    messages = dialect.audio(payload)
    frame_bytes = round(form.bytes_per_ms * 20)
    assert all(isinstance(piece, bytes) and len(piece) % frame_bytes == 0 and len(piece) < 16_384 for piece in messages)
    assert b"".join(bytes(piece) for piece in messages if isinstance(piece, bytes)).startswith(payload)


@settings(max_examples=300, deadline=None)
@given(JSON_MESSAGES | st.text(max_size=40).map(lambda text: f"MEDIA_START {text}") | st.text(max_size=80))
def test_nothing_a_stranger_sends_breaks_the_codec(message: str | bytes) -> None:
    try:
        AsteriskDialect().decode(message)
    except ProtocolError:
        return


# --- calls -----------------------------------------------------------------------------------------------------------


def house(**asterisk: Any) -> House:
    return House(
        tts=FakeTts(frames_per_character=2),
        settings=Settings(
            gateway=Gateway(),
            phone=Phone(agent="8000"),
            asterisk=Asterisk(password=SecretStr("secret"), **asterisk),
        ),
    )


async def free_port() -> int:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def asked(door: Door, path: str, **form: str) -> str:
    method = "POST" if form else "GET"
    async with door.client.request(method, path, data=form or None, headers=BASIC) as response:
        assert response.status == 200, await response.text()
        return await response.text()


async def until(condition: Any, limit_s: float = 10) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - any condition of a test
            await asyncio.sleep(0.01)


@asynccontextmanager
async def channel(door: Door, *, is_json: bool, query: str = "?call=c7&from=100") -> AsyncIterator[ChannelDouble]:
    socket = await door.client.ws_connect(f"/v1/asterisk/media{query}", headers=BASIC, protocols=("media",))
    assert socket.protocol == "media"
    double = ChannelDouble(socket, is_json)
    await double.start()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(double.run())
        try:
            yield double
        finally:
            await socket.close()
            await asyncio.wait([running])


@pytest.mark.parametrize("is_json", [True, False])
async def test_a_call_over_chan_websocket_with_keys_and_a_barge_in(is_json: bool) -> None:
    scripted = house()
    async with served(scripted) as door, channel(door, is_json=is_json) as double:
        await until(lambda: len(double.played) > 2000)
        await double.press("8907#")
        await until(lambda: ANSWER in scripted.said)
        assert double.flushes == 1
        assert not double.errors
    assert [(turn.text, turn.channel) for turn in scripted.responder.turns] == [("8907", "asterisk")]
    assert scripted.said[0][1] is False


async def test_the_dialplan_puts_the_caller_through_and_the_person_hears_why() -> None:
    scripted = house()
    scripted.responder.answer = _hand_off
    async with served(scripted) as door:
        async with channel(door, is_json=True) as double:
            await double.press("0#")
            await double.hung_up.wait()
        assert await asked(door, "/v1/asterisk/next?call=c7") == "transfer:8000"
        assert await asked(door, "/v1/asterisk/next?call=c7") == "hangup", "told once"
        async with door.client.get("/v1/asterisk/summary?call=c7", headers=BASIC) as response:
            with wave.open(io.BytesIO(await response.read())) as file:
                assert file.getframerate() == 8000
                seconds = file.getnframes() / 8000
    assert seconds == pytest.approx(len("客户要求人工。订单未知。") * 2 * 0.02, abs=0.05)


async def test_a_goodbye_hangs_the_channel_up() -> None:
    scripted = house()
    scripted.understanding.intents["9"] = ("goodbye", 0.9)
    async with served(scripted) as door, channel(door, is_json=False) as double:
        await double.press("9#")
        await until(double.hung_up.is_set)
        assert not double.errors


async def test_nothing_is_told_without_credentials() -> None:
    async with served(house()) as door:
        for path in ("/v1/asterisk/media", "/v1/asterisk/next?call=1", "/v1/asterisk/summary?call=1"):
            async with door.client.get(path) as response:
                assert response.status == 401, path
        async with door.client.post("/v1/asterisk/calls", data={"from": "1"}) as response:
            assert response.status == 401
    async with served(House()) as door, door.client.get("/v1/asterisk/media") as response:
        assert (await response.json())["error"]["code"] == "channel_off"


@asynccontextmanager
async def line(door: Door, call_id: str) -> AsyncIterator[AudioSocketDouble]:
    port = door.client.server.app[AUDIOSOCKET_PORT][0]  # type: ignore[attr-defined]
    double = AudioSocketDouble(*await asyncio.open_connection("127.0.0.1", port))
    double.send(0x01, uuid.UUID(call_id).bytes)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(double.run())
        try:
            yield double
        finally:
            double.writer.close()
            await asyncio.wait([running])


async def test_a_call_over_audiosocket_is_paced() -> None:
    scripted = house(audiosocket_port=await free_port())
    async with served(scripted) as door:
        call_id = await asked(door, "/v1/asterisk/calls", **{"from": "100", "to": "200"})
        async with line(door, call_id) as double:
            await until(lambda: any(double.heard))
            await double_presses(double, "8907#")
            await until(lambda: ANSWER in scripted.said)
            await asyncio.sleep(0.2)
            spent_s = double.arrivals_s[-1] - double.arrivals_s[0]
            assert len(double.heard) / 16_000 == pytest.approx(spent_s, abs=0.15), "real time, silence too"
            assert not double.errors
    assert [(turn.text, turn.channel) for turn in scripted.responder.turns] == [("8907", "audiosocket")]


async def double_presses(double: AudioSocketDouble, digits: str) -> None:
    await asyncio.sleep(0.2)
    double.press(digits)


async def test_audiosocket_gives_a_transfer_back_to_the_dialplan() -> None:
    scripted = house(audiosocket_port=await free_port())
    scripted.responder.answer = _hand_off
    async with served(scripted) as door:
        call_id = await asked(door, "/v1/asterisk/calls", **{"from": "100", "to": "200"})
        async with line(door, call_id) as double:
            double.press("0#")
            await until(double.hung_up.is_set)
            assert not double.errors
        assert await asked(door, f"/v1/asterisk/next?call={call_id}") == "transfer:8000"


@pytest.mark.parametrize("case", ["unknown", "used", "silent", "garbage"])
async def test_a_line_without_an_announced_call_is_refused(case: str) -> None:
    async with served(house(audiosocket_port=await free_port())) as door:
        call_id = await asked(door, "/v1/asterisk/calls", **{"from": "1"})
        if case == "used":
            async with line(door, call_id) as double:
                await until(lambda: bool(double.heard))
        port = door.client.server.app[AUDIOSOCKET_PORT][0]  # type: ignore[attr-defined]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        first = {"unknown": uuid.uuid4().bytes, "used": uuid.UUID(call_id).bytes}.get(case)
        if first is not None:
            writer.write(b"\x01\x00\x10" + first + b"\x10\x01\x40" + bytes(320))
        elif case == "garbage":
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        writer.close()


async def test_audiosocket_needs_one_worker() -> None:
    scripted = house(audiosocket_port=await free_port())
    scripted.settings = scripted.settings.model_copy(update={"gateway": Gateway(workers=2), "phone": Phone()})
    async with asyncio.TaskGroup() as background:
        runner = web.AppRunner(make_app(scripted.services(scripted.core(background)), ["asterisk"]))
        with pytest.raises(DoorFailed, match=r"audiosocket_port.*workers = 1"):
            await runner.setup()
        await runner.cleanup()


def test_calls_of_the_dialplan_are_not_kept_for_ever() -> None:
    now = 0.0
    calls = DialplanCalls(lambda: now)
    calls.announce(CallFacts("a", "1", "2"))
    assert calls.facts("a").from_number == "1"
    calls.put_through("a", Transfer("8000"))
    assert calls.next("a") == Transfer("8000")
    assert calls.next("a") is None
    calls.put_through("b", Transfer("8000"))
    now = 601.0
    calls.announce(CallFacts("c"))
    assert calls.next("b") is None
    for number in range(5000):
        calls.announce(CallFacts(str(number)))
    assert calls.facts("0") == CallFacts("0")

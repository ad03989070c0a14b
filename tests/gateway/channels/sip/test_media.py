"""The sound of two calls over real sockets: what one sends, the other hears."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiortp import DtmfEvent, RtpPacket

from gateway.channels.sip.codecs import CODINGS, CodecName, coder
from gateway.channels.sip.media import Media
from gateway.channels.sip.offer import Agreed
from speech import g711
from tests.gateway.free_ports import free_udp_port

HERE = "127.0.0.1"


def agreed(name: CodecName, remote: int, ptime_ms: int = 20) -> Agreed:
    coding = CODINGS[name]
    number = 96 if coding.payload_type is None else coding.payload_type
    return Agreed(coding, number, 101, coding.clock_hz, ptime_ms, (HERE, remote), "sendrecv", 0)


def tone(rate_hz: int, hz: float, ms: int) -> bytes:
    wave = 8000 * np.sin(2 * np.pi * hz * np.arange(rate_hz * ms // 1000) / rate_hz)
    return wave.astype("<i2").tobytes()


def share_at(pcm: bytes, rate_hz: int, hz: float) -> float:
    """Of the power, what is within 50 Hz of ``hz``."""
    spectrum = np.abs(np.fft.rfft(np.frombuffer(pcm, "<i2").astype(float))) ** 2
    width = rate_hz / (len(pcm) // 2)
    middle, around = round(hz / width), round(50 / width)
    return float(spectrum[middle - around : middle + around + 1].sum() / spectrum.sum())


class Ears:
    def __init__(self) -> None:
        self.pcm = bytearray()
        self.keys: list[str] = []

    async def until(self, happens: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not happens():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(name: CodecName, remote: int = 9, ptime_ms: int = 20) -> AsyncIterator[tuple[Ears, Media, int]]:
    """A call's sound, at a port of this machine."""
    ears, port = Ears(), free_udp_port()
    media = Media(agreed(name, remote, ptime_ms), lambda _host: False, ears.pcm.extend, ears.keys.append)
    try:
        await media.open(HERE, port)
        yield ears, media, port
    finally:
        await media.close()


@pytest.mark.parametrize(
    ("name", "ptime_ms", "hz"),
    [("pcmu", 20, 1000), ("pcma", 30, 1000), ("g722", 20, 5000), ("g722", 40, 5000), ("opus", 60, 5000)],
)
async def test_what_one_says_the_other_hears(name: CodecName, ptime_ms: int, hz: float) -> None:
    rate_hz = CODINGS[name].rate_hz
    async with listening(name) as (ears, _, port), listening(name, port, ptime_ms) as (_, mouth, _):
        sent, frame = tone(rate_hz, hz, 900), rate_hz // 50 * 2
        for at in range(0, len(sent), frame):
            mouth.send(sent[at : at + frame])
            await asyncio.sleep(0.02)
        await ears.until(lambda: len(ears.pcm) > len(sent) * 0.6)
        middle = bytes(ears.pcm[len(ears.pcm) // 6 * 2 : len(ears.pcm) // 12 * 10])
        assert share_at(middle, rate_hz, hz) > 0.9
        assert 5000 < np.sqrt(np.mean(np.frombuffer(middle, "<i2").astype(float) ** 2)) < 6300


class Caller:
    """RTP by hand."""

    def __init__(self, port: int, stream: int = 7) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HERE, 0))
        self.socket.setblocking(False)
        self._to = (HERE, port)
        self._stream, self._number = stream, 100

    def packet(self, payload: bytes, timestamp: int, payload_type: int = 8) -> None:
        self._number += 1
        packet = RtpPacket(
            payload_type=payload_type,
            sequence_number=self._number,
            timestamp=timestamp,
            ssrc=self._stream,
            payload=payload,
        )
        self.socket.sendto(packet.serialize(), self._to)

    def key(self, digit: int, timestamp: int) -> None:
        for _ in range(3):
            self.packet(DtmfEvent(digit, end=True, volume=10, duration=800).serialize(), timestamp, 101)


async def test_keys_come_once_each_also_as_a_stream_of_their_own() -> None:
    async with listening("pcma") as (ears, _, port):
        sound, keys = Caller(port), Caller(port, stream=8)
        keys.socket.close()
        keys.socket = sound.socket
        sound.packet(bytes(160), 0)
        sound.key(5, 160)
        sound.packet(bytes(160), 320)
        keys.key(11, 480)
        await ears.until(lambda: len(ears.keys) == 2)
        assert ears.keys == ["5", "#"]
        sound.packet(b"\5", 640, 101)  # half an event
        sound.key(1, 800)
        await ears.until(lambda: len(ears.keys) == 3)
        sound.socket.close()


async def test_g722_is_sent_on_the_clock_of_rfc_3551() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((HERE, 0))
        phone.setblocking(False)
        async with listening("g722", phone.getsockname()[1]) as (_, media, _):
            for is_held in (False, True, False):
                media.send(bytes(640), is_held=is_held)
            loop = asyncio.get_running_loop()
            packets = [RtpPacket.parse(await loop.sock_recv(phone, 2000)) for _ in range(2)]
        assert [len(packet.payload) for packet in packets] == [160, 160]
        assert (packets[1].timestamp - packets[0].timestamp) % 2**32 == 320, "a packet that was held back in between"


async def test_order_is_restored_and_what_is_lost_is_concealed() -> None:
    """Seconds of speech whose packets are shuffled by one place, one in twenty lost: no time is lost or made."""
    rng, sent = random.Random(5), tone(8000, 1000, 2000)
    words = g711.encode(sent, "alaw")
    async with listening("pcma") as (ears, _, port):
        caller, loop = Caller(port), asyncio.get_running_loop()
        due, numbers = loop.time(), list(range(100))
        for at in range(10, 90, 7):
            numbers[at], numbers[at + 1] = numbers[at + 1], numbers[at]
        for number in numbers:
            caller._number = number
            if number < 5 or rng.random() > 0.05:
                caller.packet(words[number * 160 : number * 160 + 160], number * 160)
            due += 0.02
            await asyncio.sleep(max(0, due - loop.time()))
        caller.socket.close()
        await asyncio.sleep(0.2)
        assert 0 <= len(sent) - len(ears.pcm) <= 4 * 320, "the last packets wait for what follows, or are lost"
        middle = bytes(ears.pcm[4000:28_000])
        assert share_at(middle, 8000, 1000) > 0.8
        level = np.abs(np.frombuffer(middle, "<i2").astype(float)).reshape(-1, 160).max(axis=1)
        assert (level > 1000).mean() > 0.95, "a hole of one packet is filled"


async def test_a_flood_of_strangers_changes_nothing() -> None:
    words = g711.encode(tone(8000, 1000, 600), "alaw")
    noise = g711.encode(tone(8000, 3000, 600), "alaw")
    async with listening("pcma") as (ears, media, port):
        caller, stranger = Caller(port), Caller(port, stream=99)
        for number in range(30):
            caller.packet(words[number * 160 : number * 160 + 160], number * 160)
            for _ in range(50):
                stranger.packet(noise[:160], number * 160)
                stranger.socket.sendto(struct.pack("!BBHII", 0x80, 96, 1, 1, 1) + bytes(160), (HERE, port))
            await asyncio.sleep(0.02)
        await ears.until(lambda: len(ears.pcm) > 6000)
        assert share_at(bytes(ears.pcm[1600:6000]), 8000, 1000) > 0.9
        assert media.refused > 2000
        before = media.quiet_s
        stranger.packet(noise[:160], 0)
        await asyncio.sleep(0.05)
        assert media.quiet_s > before, "a stranger is no sign of life"
        for it in (caller, stranger):
            it.socket.close()


def test_a_packet_is_as_long_as_was_agreed() -> None:
    assert len(coder(CODINGS["pcma"], 30).encode(bytes(480))) == 240

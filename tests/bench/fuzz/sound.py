"""Sound that strangers send: G.711, RTP with keys (RFC 4733), Opus and G.722 in it, files."""

from __future__ import annotations

import asyncio
import io
import logging
import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import av
import numpy as np
from aiortp import PayloadType, get_codec
from aiortp.transport import RtpTransport

from gateway.channels.sip.codecs import CODINGS, CodecName, Coder, coder
from gateway.channels.sip.media import _Rtp
from gateway.channels.sip.rtp_gate import RtpGate
from gateway.channels.sip.splice import Splice
from speech import g711
from speech.audio import pcm_from_float
from speech.containers import Encoder, decode
from speech.errors import AudioError
from tests.bench.fuzz.cases import Case, Message
from tests.bench.fuzz.judge import Subject
from tests.bench.fuzz.loops import loop

_CALLER = ("127.0.0.1", 4000)
_EVENT_TYPE = 101
_MAX_FILE_S = 30.0


def _raw(message: Message) -> bytes:
    return message.encode("utf-8", "replace") if isinstance(message, str) else message


# --- G.711 -----------------------------------------------------------------------------------------------------------


def _g711() -> Any:
    def feed(message: Message) -> object:
        data = _raw(message)
        for law in ("ulaw", "alaw"):
            pcm = g711.decode(data, law)  # type: ignore[arg-type]
            if len(pcm) != 2 * len(data):
                raise AssertionError("a sample for each word")
            again = g711.encode(pcm, law)  # type: ignore[arg-type]
            if g711.decode(again, law) != pcm:  # type: ignore[arg-type]
                raise AssertionError("a word is the word of its sample")
            g711.encode(data, law)  # type: ignore[arg-type]
        return pcm

    return feed


# --- RTP -------------------------------------------------------------------------------------------------------------


def _packet(kind: int, sequence: int, timestamp: int, payload: bytes, *, marker: bool = False, ssrc: int = 7) -> bytes:
    return struct.pack("!BBHII", 0x80, kind | marker << 7, sequence, timestamp, ssrc) + payload


def _rtp_seeds(name: CodecName, payload_type: int) -> Callable[[], Sequence[Case]]:
    def seeds() -> Sequence[Case]:
        coding = CODINGS[name]
        side, ticks = coder(coding, 20), coding.clock_hz // 50
        samples = 0.3 * np.sin(np.arange(coding.rate_hz // 5) * 0.2)
        pcm = pcm_from_float(samples.astype(np.float32))
        step = coding.rate_hz // 50 * 2
        payloads = [side.encode(pcm[at : at + step]) for at in range(0, len(pcm), step)]
        sound = [_packet(payload_type, at, at * ticks, payload) for at, payload in enumerate(payloads)]
        key = struct.pack("!BBH", 5, 10, 800)
        end = struct.pack("!BBH", 5, 0x80 | 10, 1600)
        keys = [
            _packet(_EVENT_TYPE, 3, 480, key, marker=True),
            *[_packet(_EVENT_TYPE, 4 + n, 480, end) for n in range(3)],
        ]
        report = struct.pack("!BBHIIIIIII", 0x81, 201, 7, 7, 9, 0, 1, 0, 0, 0)
        goodbye = struct.pack("!BBHI", 0x81, 203, 1, 7)
        return [
            (*sound[:4], sound[6], sound[5], sound[7]),
            (*sound[:3], *keys, sound[8]),
            (sound[0], report, "0.2", _packet(payload_type, 9, 0, payloads[0], ssrc=8), "1.5", sound[1], goodbye),
            (sound[0], _packet(13, 1, ticks, b"\x40"), sound[2]),
        ]

    return seeds


@cache
def _decoder(name: CodecName) -> Coder:
    """One for all cases: to open it takes a hundred times as long as to use it."""
    return coder(CODINGS[name], 20)


def _rtp(name: CodecName, payload_type: int) -> Callable[[], Any]:
    """A call's datagrams; a text is the seconds that pass."""
    coding = CODINGS[name]

    logging.getLogger("aiortp").setLevel(logging.CRITICAL)  # it says of each packet that it cannot be read

    def opened() -> Any:
        heard: list[bytes] = []
        rtp = _Rtp(
            payload_type, get_codec(PayloadType.PCMU), 1, coding.clock_hz, _EVENT_TYPE,
            jitter_prefetch=2, skip_audio_gaps=True, plc=False, symmetric_rtp=True,
        )  # fmt: skip
        rtp.on_audio = lambda pcm, _timestamp: heard.append(pcm)
        rtp.on_dtmf = lambda digit, _duration: heard.append(digit.encode())
        rtp.coder, rtp.splice = _decoder(name), Splice(coding.clock_hz, coding.rate_hz)
        rtp.gate = RtpGate(lambda _host: False, (payload_type, 13), _EVENT_TYPE)
        rtp.gate.offer(_CALLER)
        wire = RtpTransport(on_rtp=rtp._handle_rtp, on_rtcp=rtp._handle_rtcp)

        async def step(message: Message) -> None:
            if isinstance(message, str):
                await asyncio.sleep(float(message) if message in {"0.2", "1.5"} else 0.02)
            else:
                wire.datagram_received(message, _CALLER)

        def feed(message: Message) -> object:
            heard.clear()
            loop().run_until_complete(step(message))
            return tuple(heard)

        return feed

    return opened


def _on_rtp(subject: str, name: CodecName, payload_type: int) -> Subject:
    return Subject(
        subject,
        _rtp_seeds(name, payload_type),
        _rtp(name, payload_type),
        (),
        # What was lost is made up, 400 ms at most of each packet, at 48 kHz; Opus packs 120 ms into three bytes.
        size=lambda given: 6_000 * given + 65_536,
    )


# --- files -----------------------------------------------------------------------------------------------------------


def _file_seeds() -> Sequence[Case]:
    pcm = pcm_from_float((0.3 * np.sin(np.arange(4800) * 0.1)).astype(np.float32))
    written = []
    for name in ("mp3", "opus", "aac", "flac", "wav"):
        encoder = Encoder(name, 24_000)  # type: ignore[arg-type]
        written.append(encoder.push(pcm) + encoder.finish())
    others = (("mp4", "aac"), ("webm", "libopus"), ("amr", "libopencore_amrnb"), ("aiff", "pcm_s16be"), ("au",
    "pcm_mulaw"),
              ("caf", "pcm_s16le"), ("ogg", "libvorbis"), ("mov", "alac"))  # fmt: skip
    for container, codec in others:
        if codec in av.codecs_available:
            written.append(_written(container, codec, pcm))
    return [(data,) for data in written]


def _written(container: str, codec: str, pcm: bytes) -> bytes:
    target = io.BytesIO()
    rate = 8_000 if "amr" in codec else 24_000
    with av.open(target, mode="w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return target.getvalue()


def _files() -> Any:
    def feed(message: Message) -> object:
        samples, rate_hz = decode(_raw(message), _MAX_FILE_S)
        if samples.ndim != 1 or samples.dtype != np.float32 or not rate_hz:
            raise AssertionError("mono samples with a rate")
        return samples.data

    return feed


SUBJECTS = [
    Subject("g711", lambda: [(bytes(range(256)), bytes(160))], _g711, ()),
    _on_rtp("rtp", "pcmu", 0),
    _on_rtp("opus", "opus", 96),
    _on_rtp("g722", "g722", 9),
    Subject("files", _file_seeds, _files, (AudioError,), size=lambda _given: 64 << 20, max_s=2.0),
]

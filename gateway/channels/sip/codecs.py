"""How SIP calls carry sound: Opus (RFC 7587), G.722 (RFC 3551 section 4.5.2), PCMA and PCMU (ITU-T G.711).

aiortp codes G.711 itself, and the others only with libraries of C that it does not bring; FFmpeg's, which the gateway
has (PyAV), code both. A ``Coder`` belongs to one call: both directions have a memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol

from speech import g711
from speech.g711 import Law

CodecName = Literal["opus", "g722", "pcma", "pcmu"]
_LONGEST_PACKET_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Coding:
    """What SDP says of a codec, and the sound it carries."""

    name: CodecName
    payload_type: int | None
    """The static one (RFC 3551); None: the offer gives a number."""
    clock_hz: int
    """Of RTP timestamps; for G.722 it is half of what it samples, by an old mistake that was kept."""
    rate_hz: int
    """Of the sound, s16le mono."""
    channels: int = 1
    """In ``a=rtpmap``; Opus says 2 whatever it carries."""
    fmtp: str = ""
    """``a=fmtp`` of our answer."""

    @property
    def rtpmap(self) -> str:
        """The coding as ``a=rtpmap`` names it."""
        name = "opus" if self.name == "opus" else self.name.upper()
        return f"{name}/{self.clock_hz}" + (f"/{self.channels}" if self.channels > 1 else "")


CODINGS: Mapping[CodecName, Coding] = {
    # The ears take 16 kHz: what is above need not be sent to us.
    "opus": Coding("opus", None, 48_000, 48_000, 2, "maxplaybackrate=16000;stereo=0;useinbandfec=0"),
    "g722": Coding("g722", 9, 8_000, 16_000),
    "pcma": Coding("pcma", 8, 8_000, 8_000),
    "pcmu": Coding("pcmu", 0, 8_000, 8_000),
}


class Coder(Protocol):
    """Both directions of one call."""

    def encode(self, pcm: bytes) -> bytes:
        """The payload of one packet; ``pcm``: 10 to 60 ms (Opus: 10, 20, 40 or 60), always as long as the first."""
        ...

    def decode(self, payload: bytes) -> bytes:
        """s16le mono of a packet of any length; b"" for a payload that is none."""
        ...


def coder(coding: Coding, ptime_ms: int) -> Coder:
    """A coder for one call, whose packets hold ``ptime_ms``."""
    if coding.name == "pcma":
        return _G711("alaw")
    if coding.name == "pcmu":
        return _G711("ulaw")
    return _Libav(coding, ptime_ms)


class _G711:
    def __init__(self, law: Law) -> None:
        self._law = law

    def encode(self, pcm: bytes) -> bytes:
        return g711.encode(pcm, self._law)

    def decode(self, payload: bytes) -> bytes:
        return g711.decode(payload[:_LONGEST_PACKET_BYTES], self._law)


class _Libav:
    """Opus or G.722 by FFmpeg's libraries."""

    def __init__(self, coding: Coding, ptime_ms: int) -> None:
        import av

        name = "libopus" if coding.name == "opus" else coding.name
        self._av = av
        self._rate_hz = coding.rate_hz
        self._encoder: Any = av.CodecContext.create(name, "w")
        self._decoder: Any = av.CodecContext.create(name, "r")
        if coding.name == "opus":
            self._encoder.options = {"application": "voip", "frame_duration": str(ptime_ms)}
            self._encoder.bit_rate = 32_000
        side: Any
        for side in (self._encoder, self._decoder):
            side.format, side.layout, side.sample_rate = "s16", "mono", coding.rate_hz
        self._encoder.time_base = Fraction(1, coding.rate_hz)
        self._samples = 0

    def encode(self, pcm: bytes) -> bytes:
        frame = self._av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.planes[0].update(pcm)
        frame.sample_rate, frame.pts = self._rate_hz, self._samples
        self._samples += len(pcm) // 2
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))

    def decode(self, payload: bytes) -> bytes:
        if not 0 < len(payload) <= _LONGEST_PACKET_BYTES:
            return b""
        try:
            frames = self._decoder.decode(self._av.Packet(payload))
        except self._av.FFmpegError:
            return b""
        return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)

"""Recordings in the containers people send, answers in those they ask for: FFmpeg's libraries, in process (PyAV).

``decode`` reads what a stranger sent. The container is told from its first bytes and FFmpeg is bound to it: left to
guess, it also takes play lists for audio, and those name other files and addresses.
``Encoder`` writes one mono stream as it comes; what it returns may be sent at once.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from speech.audio import float_from_pcm
from speech.errors import AudioError
from speech.types import Samples

AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
FORMATS: tuple[AudioFormat, ...] = ("mp3", "opus", "aac", "flac", "wav", "pcm")

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "wav"),
    (0, b"ID3", "mp3"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (4, b"ftyp", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"#!AMR", "amr"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (0, b".snd", "au"),
    (0, b"caff", "caf"),
)
"""Where a container's mark stands, the mark, and FFmpeg's name of its demuxer."""
_MAX_RATE_HZ = 48_000
"""More is resampled as it comes: a small file of silence may claim 655 kHz, at which an hour fills 9 GB."""
_HIGHEST_RATE_HZ = 768_000
"""No recorder has more. What is asked for resampling takes memory and time by the rate that a header claims."""
_SYNC = 0xFFE0
"""The eleven bits that begin an MPEG audio frame (ISO 11172-3), the first twelve of which also begin ADTS."""


@dataclass(frozen=True, slots=True)
class _Codec:
    container: str
    codec: str
    rates_hz: tuple[int, ...]
    """What the codec takes; empty: any."""
    bit_rate: int | None = None
    options: dict[str, str] = field(default_factory=dict)
    """Of the container."""


_CODECS: dict[AudioFormat, _Codec] = {
    "mp3": _Codec("mp3", "libmp3lame", (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000), 64_000),
    # A page of Ogg is sent when it is full: after a second, were it not told otherwise (microseconds).
    "opus": _Codec("ogg", "libopus", (8000, 12000, 16000, 24000, 48000), 32_000, {"page_duration": "100000"}),
    "aac": _Codec("adts", "aac", (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000), 64_000),
    "flac": _Codec("flac", "flac", ()),
}
CONTENT_TYPES: dict[AudioFormat, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_UNKNOWN_LENGTH = 0xFFFFFFFF


def decode(data: bytes, max_s: float) -> tuple[Samples, int]:
    """(mono float32 samples, rate in Hz, 48 kHz at most) of a whole recording; several channels are averaged. Blocks.

    Raises ``AudioError`` for what is no audio, or longer than ``max_s`` seconds.
    """
    import av

    demuxer = _demuxer_of(data)
    if demuxer is None:
        raise AudioError("the file is no recording that is known here; send wav, mp3, flac, ogg, m4a, mp4, webm or amr")
    try:
        with av.open(io.BytesIO(data), format=demuxer) as container:
            if not container.streams.audio:
                raise AudioError("the file holds no audio")
            return _samples_of(container, max_s)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError("the file cannot be decoded; it is damaged or not what its first bytes say") from error


def _demuxer_of(data: bytes) -> str | None:
    for at, mark, demuxer in _MAGIC:
        if data[at : at + len(mark)] == mark:
            return demuxer
    if len(data) >= 2 and (start := int.from_bytes(data[:2], "big")) & _SYNC == _SYNC:
        # Layer bits 00 are reserved in MPEG audio and always set so in ADTS (ISO 13818-7).
        return "mp3" if start & 0x0006 else "aac"
    return None


def _samples_of(container: Any, max_s: float) -> tuple[Samples, int]:
    import av

    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise AudioError("the file's audio is in an encoding that there is no decoder for here")
    rate = int(stream.rate or 0)
    if not rate:
        raise AudioError("the file does not say at which rate it was recorded")
    rate = min(rate, _MAX_RATE_HZ)
    limit = int(max_s * rate)
    # Not as planes: PyAV looks for more of them than there are where a frame has eight channels or more, and crashes.
    to_float = av.AudioResampler(format="flt", rate=rate)
    parts: list[Samples] = []
    length = 0
    for frame in _frames(container.decode(stream), to_float):
        part: Samples = frame.to_ndarray().reshape(-1, frame.layout.nb_channels).mean(axis=1, dtype=np.float32)
        length += part.size
        if length > limit:
            raise AudioError(f"the recording is longer than {max_s:.0f} s; send it in parts")
        parts.append(part)
    if not parts:
        raise AudioError("the file holds no audio")
    return np.concatenate(parts), rate


def _frames(decoded: Iterator[Any], to_float: Any) -> Iterator[Any]:
    for frame in decoded:
        if frame.sample_rate > _HIGHEST_RATE_HZ:
            raise AudioError(f"the file claims {frame.sample_rate} Hz; send {_HIGHEST_RATE_HZ} Hz at most")
        # A recording joined from parts may change its clock; the samples are what counts.
        frame.pts = None
        yield from to_float.resample(frame)
    yield from to_float.resample(None)


class Encoder:
    """One mono s16le stream at ``rate_hz`` as ``audio_format``. Its calls block for less than the audio lasts."""

    def __init__(self, audio_format: AudioFormat, rate_hz: int, *, speed: float = 1.0) -> None:
        """``speed`` 0.25 to 4: another pace at the same pitch. Raises ``AudioError`` for a rate the format lacks."""
        codec = _CODECS.get(audio_format)
        if codec and codec.rates_hz and rate_hz not in codec.rates_hz:
            raise AudioError(f"{audio_format} has no {rate_hz} Hz; use one of {', '.join(map(str, codec.rates_hz))}")
        self._rate_hz = rate_hz
        self._tempo = None if speed == 1.0 else _Tempo(rate_hz, speed)
        self._sink = _plain_sink(audio_format, rate_hz) if codec is None else _FFmpegSink(codec, rate_hz)

    def push(self, pcm: bytes) -> bytes:
        """What ``pcm`` adds to the file; may be empty."""
        return self._sink.push(self._tempo.push(pcm) if self._tempo else pcm)

    def finish(self) -> bytes:
        """The rest of the file. Nothing may be pushed afterwards."""
        rest = self._sink.push(self._tempo.finish()) if self._tempo else b""
        return rest + self._sink.finish()


class _PlainSink:
    """Samples as they are, after a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def push(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        return self.push(b"")


def _plain_sink(audio_format: AudioFormat, rate_hz: int) -> _PlainSink:
    return _PlainSink(_streamed_wav_header(rate_hz) if audio_format == "wav" else b"")


def _streamed_wav_header(rate_hz: int) -> bytes:
    """RIFF/WAVE of unknown length: sizes of all ones, which players read to the end."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", _UNKNOWN_LENGTH, b"WAVE", b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16, b"data", _UNKNOWN_LENGTH),
    )


class _FFmpegSink:
    """A container written into memory and taken from it as it grows."""

    def __init__(self, codec: _Codec, rate_hz: int) -> None:
        import av

        self._rate_hz = rate_hz
        self._file = _Taken()
        self._container: Any = av.open(self._file, mode="w", format=codec.container, options=codec.options)
        options: dict[str, Any] = {"bit_rate": codec.bit_rate} if codec.bit_rate else {}
        self._stream: Any = self._container.add_stream(codec.codec, rate=rate_hz, layout="mono", **options)
        self._at = 0

    def push(self, pcm: bytes) -> bytes:
        if pcm:
            frame = _frame(pcm, self._rate_hz)
            frame.pts, self._at = self._at, self._at + frame.samples
            self._container.mux(self._stream.encode(frame))
        return self._file.take()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.take()


class _Taken:
    """The file that a container is written to: only forward, so that what was written can be sent."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


class _Tempo:
    """FFmpeg's ``atempo`` (overlap and add): another pace, the same pitch."""

    def __init__(self, rate_hz: int, speed: float) -> None:
        from av.filter import Graph

        self._rate_hz = rate_hz
        graph = Graph()
        source = graph.add_abuffer(sample_rate=rate_hz, format="s16", layout="mono")
        # One filter goes down to half the pace; two in a row to a quarter.
        steps = [speed] if speed >= 0.5 else [speed**0.5] * 2
        last: Any = source
        for step in steps:
            filtered = graph.add("atempo", str(step))
            last.link_to(filtered)
            last = filtered
        sink = graph.add("abuffersink")
        last.link_to(sink)
        graph.configure()
        self._graph, self._source, self._sink, self._at = graph, source, sink, 0

    def push(self, pcm: bytes) -> bytes:
        if not pcm:
            return b""
        frame = _frame(pcm, self._rate_hz)
        frame.pts, self._at = self._at, self._at + frame.samples
        self._source.push(frame)
        return self._pulled()

    def finish(self) -> bytes:
        self._source.push(None)
        return self._pulled()

    def _pulled(self) -> bytes:
        from av import FFmpegError

        out = bytearray()
        while True:
            try:
                frame: Any = self._sink.pull()
            except (BlockingIOError, EOFError, FFmpegError):
                return bytes(out)
            out += frame.to_ndarray().astype("<i2", copy=False).tobytes()


def _frame(pcm: bytes, rate_hz: int) -> Any:
    import av

    if len(pcm) % 2:
        float_from_pcm(pcm)  # raises: half a sample is a caller's mistake
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate_hz
    return frame

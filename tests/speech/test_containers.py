"""Containers in and out, by FFmpeg's libraries."""

from __future__ import annotations

import io
import random
import struct
import time
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.audio import pcm_from_float
from speech.containers import FORMATS, AudioFormat, Encoder, decode
from speech.errors import AudioError
from speech.types import Samples

RATE = 24_000


def tone(seconds: float, hz: float = 440.0, rate: int = RATE) -> Samples:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encoded(audio_format: AudioFormat, samples: Samples, *, speed: float = 1.0) -> list[bytes]:
    pcm, encoder = pcm_from_float(samples), Encoder(audio_format, RATE, speed=speed)
    pieces = [encoder.push(pcm[at : at + 960]) for at in range(0, len(pcm), 960)]
    return [*pieces, encoder.finish()]


def pitch_hz(samples: Samples, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / samples.size)


@pytest.mark.parametrize("audio_format", [name for name in FORMATS if name != "pcm"])
@pytest.mark.parametrize("speed", [1.0, 0.25, 3.0])
def test_what_is_written_is_read(audio_format: AudioFormat, speed: float) -> None:
    samples, rate = decode(b"".join(encoded(audio_format, tone(2.0), speed=speed)), 100)
    assert samples.size / rate == pytest.approx(2.0 / speed, abs=0.12)
    assert pitch_hz(samples, rate) == pytest.approx(440, abs=3)
    assert float(np.abs(samples).max()) == pytest.approx(0.3, abs=0.05)


def test_pcm_is_the_samples_themselves() -> None:
    assert b"".join(encoded("pcm", tone(0.1))) == pcm_from_float(tone(0.1))


@pytest.mark.parametrize("audio_format", FORMATS)
def test_audio_comes_long_before_the_end(audio_format: AudioFormat) -> None:
    pieces = encoded(audio_format, tone(2.0))
    assert next(index for index, piece in enumerate(pieces) if piece) < 10
    assert sum(bool(piece) for piece in pieces) > 10


@pytest.mark.parametrize("audio_format", [name for name in FORMATS if name != "pcm"])
def test_nothing_said_is_a_file_without_sound(audio_format: AudioFormat) -> None:
    with pytest.raises(AudioError):
        decode(Encoder(audio_format, RATE).finish(), 10)


def wav(pcm: bytes, rate_hz: int, channels: int = 1) -> bytes:
    """Of 16 bits; the rate may be any number."""
    head = struct.pack("<IHHIIHH", 16, 1, channels, rate_hz, 0, 2 * channels, 16)
    return b"RIFF" + struct.pack("<I", 36 + len(pcm)) + b"WAVEfmt " + head + b"data" + struct.pack("<I", len(pcm)) + pcm


@pytest.mark.parametrize("channels", [1, 2, 8, 9, 20])
@pytest.mark.parametrize("rate_hz", [8000, 96_000])
def test_channels_are_averaged(channels: int, rate_hz: int) -> None:
    """Eight of them (7.1) and more lie where a frame has no room for them."""
    loud = np.zeros((rate_hz, channels), "<i2")
    loud[:, 0] = 8000
    samples, rate = decode(wav(loud.tobytes(), rate_hz, channels), 10)
    assert rate == min(rate_hz, 48_000)
    assert samples.size == pytest.approx(rate, abs=20)
    assert float(samples.mean()) == pytest.approx(8000 / channels / 32_768, abs=0.002)


def test_planes_are_averaged_like_packed_sound() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream: Any = container.add_stream("flac", rate=8000, layout="stereo")
        left, right = np.full(8000, 8000, np.int16), np.zeros(8000, np.int16)
        frame = av.AudioFrame.from_ndarray(np.stack([left, right], 1).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples, rate = decode(file.getvalue(), 10)
    assert (rate, samples.size) == (8000, 8000)
    assert float(samples.mean()) == pytest.approx(4000 / 32768, abs=0.01)


@pytest.mark.parametrize("rate_hz", [800_000, 1_635_016_128])
def test_a_rate_that_nothing_records_is_refused(rate_hz: int) -> None:
    """To resample it is prepared for in proportion: 8 s and 1.1 GB, for a file of 244 bytes."""
    began_s = time.process_time()
    with pytest.raises(AudioError, match=f"{rate_hz} Hz"):
        decode(wav(bytes(4), rate_hz), 10)
    assert time.process_time() - began_s < 1


def test_a_recording_may_be_only_so_long() -> None:
    with pytest.raises(AudioError, match="longer than 1 s"):
        decode(b"".join(encoded("wav", tone(1.5))), 1.0)


def test_a_rate_that_a_format_lacks() -> None:
    with pytest.raises(AudioError, match="opus has no 44100 Hz"):
        Encoder("opus", 44_100)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile x\n",
        b"<html></html>" * 9,
    ],
)
def test_what_is_no_recording(data: bytes) -> None:
    with pytest.raises(AudioError, match="no recording that is known"):
        decode(data, 10)


def test_a_container_of_something_that_nothing_here_decodes() -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="caf") as out:
        stream: Any = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 480), np.int16), format="s16", layout="mono")
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
    data = target.getvalue()
    assert decode(data, 10)[0].size == 480
    with pytest.raises(AudioError, match="no decoder"):
        decode(data.replace(b"lpcm", b"what", 1), 10)


def test_a_torn_recording_is_an_error_or_what_there_is() -> None:
    whole = b"".join(encoded("mp3", tone(1.0)))
    samples, rate = decode(whole[: len(whole) // 2], 10)
    assert 0.2 < samples.size / rate < 0.8
    with pytest.raises(AudioError):
        decode(b"".join(encoded("flac", tone(1.0)))[:30], 10)


_WHOLE: dict[AudioFormat, bytes] = {name: b"".join(encoded(name, tone(0.3))) for name in FORMATS if name != "pcm"}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(_WHOLE)), st.integers(0, 2**32), st.integers(1, 40))
def test_whatever_the_bytes_only_our_error(name: AudioFormat, seed: int, hurt: int) -> None:
    chance = random.Random(seed)
    data = bytearray(_WHOLE[name])
    for _ in range(hurt):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        samples, rate = decode(bytes(data), 100)
    except AudioError:
        return
    assert samples.dtype == np.float32
    assert rate > 0


def test_a_rate_beyond_hearing_is_not_kept() -> None:
    """A few bytes of silence are an hour of it, and a file may claim a rate at which that fills the memory."""
    pcm, target = np.zeros((1, 65_536), np.int16), io.BytesIO()
    with av.open(target, mode="w", format="flac") as out:
        stream: Any = out.add_stream("flac", rate=655_350, layout="mono", options={"strict": "-2"})
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
            frame.sample_rate = 655_350
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = target.getvalue()
    assert len(data) < 20_000
    samples, rate = decode(data, 10.0)
    assert rate == 48_000
    assert samples.size == pytest.approx(2.0 * rate, rel=0.01)
    with pytest.raises(AudioError, match="longer than 1 s"):
        decode(data, 1.0)

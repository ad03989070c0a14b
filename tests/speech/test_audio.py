from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.audio import (
    Resampler,
    first_audible_ms,
    float_from_pcm,
    frames_of,
    parse_wav,
    pcm_from_float,
    read_audio,
    read_wav,
    resample,
    speech_bounds_ms,
    write_wav,
)
from speech.errors import AudioError
from speech.types import Samples

DATA = Path(__file__).parents[1] / "data" / "audio"


def tone(hz: float, seconds: float, rate_hz: int, level: float = 0.5) -> Samples:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def riff(code: int, bits: int, body: bytes, *, channels: int = 1, rate: int = 8000) -> bytes:
    head = struct.pack("<HHIIHH", code, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def through(resampler: Resampler, pcm: bytes, step: int) -> bytes:
    out = [resampler.push(pcm[at : at + step]) for at in range(0, len(pcm), step)]
    return b"".join([*out, resampler.flush()])


@given(st.binary(max_size=400).filter(lambda pcm: len(pcm) % 2 == 0))
def test_pcm_survives_float(pcm: bytes) -> None:
    assert pcm_from_float(float_from_pcm(pcm)) == pcm


def test_float_beyond_full_scale_is_clipped_not_wrapped() -> None:
    assert pcm_from_float(np.array([2.0, -2.0], np.float32)) == struct.pack("<hh", 32767, -32768)


def test_odd_pcm_is_an_error() -> None:
    with pytest.raises(AudioError, match="odd number of bytes"):
        float_from_pcm(b"abc")


@pytest.mark.parametrize(("from_hz", "to_hz"), [(8000, 16000), (48000, 16000), (24000, 16000), (44100, 16000)])
def test_resampling_a_stream_keeps_length_and_tone(from_hz: int, to_hz: int) -> None:
    pcm = pcm_from_float(tone(1000, 1, from_hz))
    out = float_from_pcm(through(Resampler(from_hz, to_hz), pcm, from_hz // 50 * 2))
    assert abs(out.size - to_hz) <= 2
    spectrum = np.abs(np.fft.rfft(out[: to_hz // 2] * np.hanning(to_hz // 2)))
    assert np.argmax(spectrum) * 2 == 1000
    assert np.std(out) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize("from_hz", [8000, 24000, 48000])
def test_resampling_answers_within_40_ms(from_hz: int) -> None:
    resampler, frame = Resampler(from_hz, 16000), bytes(from_hz // 50 * 2)
    out = [len(resampler.push(frame)) // 2 for _ in range(10)]
    assert out[2:] == [320] * 8
    assert sum(out) >= 10 * 320 - 640


@pytest.mark.parametrize(("from_hz", "to_hz"), [(8000, 16000), (24000, 8000), (8000, 48000), (16000, 8000)])
def test_telephone_sound_is_held_back_for_3_ms(from_hz: int, to_hz: int) -> None:
    resampler, frame = Resampler(from_hz, to_hz), bytes(from_hz // 50 * 2)
    out_ms = sum(len(resampler.push(frame)) // 2 for _ in range(10)) * 1000 / to_hz
    assert 10 * 20 - 3.1 <= out_ms <= 10 * 20


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 999), min_size=1, max_size=20))
def test_a_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    pcm = pcm_from_float(tone(500, 0.25, 8000))
    resampler, out, at, index = Resampler(8000, 16000), b"", 0, 0
    while at < len(pcm):
        step = cuts[index % len(cuts)]
        out += resampler.push(pcm[at : at + step])
        at, index = at + step, index + 1
    whole = Resampler(8000, 16000)
    cut, uncut = float_from_pcm(out + resampler.flush()), float_from_pcm(whole.push(pcm) + whole.flush())
    np.testing.assert_allclose(cut, uncut, atol=3 / 32768)  # soxr dithers


def test_equal_rates_pass_through_and_odd_bytes_wait() -> None:
    resampler = Resampler(16000, 16000)
    assert [resampler.push(b"\1"), resampler.push(b"\2\3"), resampler.push(b"\4")] == [b"", b"\1\2", b"\3\4"]
    resampler.push(b"\5")
    assert resampler.flush() == b""
    assert resampler.push(b"\6\7") == b"\6\7"


@pytest.mark.parametrize("rate", [0, -8000, 1_000_000])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(AudioError, match="sample rate"):
        Resampler(rate, 16000)
    with pytest.raises(AudioError, match="sample rate"):
        resample(np.zeros(10, np.float32), rate, 16000)


def test_wav_round_trip(tmp_path: Path) -> None:
    samples = tone(300, 0.1, 22050)
    write_wav(tmp_path / "a.wav", samples, 22050)
    again, rate = read_wav(tmp_path / "a.wav")
    assert rate == 22050
    np.testing.assert_allclose(again, samples, atol=1 / 32768)


def test_channels_are_averaged(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<hhhh", 16384, 0, -16384, -16384))
    assert read_wav(tmp_path / "a.wav")[0].tolist() == [0.25, -0.5]


@pytest.mark.parametrize(
    ("code", "bits", "body", "expected"),
    [
        (1, 8, bytes([0, 128, 192]), [-1.0, 0.0, 0.5]),
        (1, 24, b"\0\0\x40\0\0\x80", [0.5, -1.0]),
        (1, 32, struct.pack("<ii", 2**30, -(2**31)), [0.5, -1.0]),
        (3, 32, struct.pack("<fff", 0.25, -1.0, float("nan")), [0.25, -1.0, 0.0]),
        (6, 8, bytes([0xD5, 0x55, 0xAA, 0x2A]), [8 / 32768, -8 / 32768, 32256 / 32768, -32256 / 32768]),
        (7, 8, bytes([0xFF, 0x7F, 0x80, 0x00]), [0.0, 0.0, 32124 / 32768, -32124 / 32768]),
    ],
)
def test_wav_encodings(code: int, bits: int, body: bytes, expected: list[float]) -> None:
    samples, rate = parse_wav(riff(code, bits, body))
    assert rate == 8000
    np.testing.assert_allclose(samples, expected, atol=1e-6)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3 not audio at all",
        b"RIFF\0\0\0\0WAVE",
        riff(85, 16, b"ab"),
        riff(1, 16, b"", channels=0),
        riff(1, 16, b"", rate=3),
    ],
)
def test_broken_wav_files_are_audio_errors(data: bytes) -> None:
    with pytest.raises(AudioError):
        parse_wav(data)


@given(st.binary(max_size=120))
def test_any_bytes_are_samples_or_an_audio_error(tail: bytes) -> None:
    try:
        samples, _ = parse_wav(riff(1, 16, b"")[:36] + tail)
    except AudioError:
        return
    assert np.isfinite(samples).all()


def test_reading_what_is_not_there_or_no_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AudioError, match=r"cannot read nowhere\.wav"):
        read_audio(tmp_path / "nowhere.wav")
    (tmp_path / "a.mp3").write_bytes(b"not audio")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AudioError, match="no recording that is known"):
        read_audio(tmp_path / "a.mp3")


def test_telephone_recordings_are_read() -> None:
    samples, rate = read_audio(DATA / "en_azure_weather_8k.wav")
    assert rate == 8000
    assert 0.1 < np.abs(samples).max() <= 1


async def test_frames_of_a_recording_are_20_ms_and_lose_nothing() -> None:
    samples = tone(300, 0.05, 16000)
    frames = [frame async for frame in frames_of(samples, 16000)]
    assert [(frame.start_ms, frame.duration_ms) for frame in frames] == [(0, 20), (20, 20), (40, 10)]
    assert b"".join(frame.pcm for frame in frames) == pcm_from_float(samples)


def test_where_sound_begins_and_ends() -> None:
    quiet = (np.random.default_rng(0).standard_normal(8000) * 0.001).astype(np.float32)
    samples = np.concatenate([quiet, tone(300, 0.5, 16000), quiet])
    assert speech_bounds_ms(samples, 16000) == (500, 1000)
    assert first_audible_ms(samples, 16000) == 500
    assert speech_bounds_ms(quiet, 16000) is None
    assert first_audible_ms(quiet, 16000) is None
    assert speech_bounds_ms(np.zeros(0, np.float32), 16000) is None
    assert speech_bounds_ms(tone(300, 0.505, 16000), 16000) == (0, 505)

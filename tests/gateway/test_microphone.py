"""The microphone's queue: 16 kHz frames on the customer's sample clock; the oldest are dropped and counted."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest

from gateway.microphone import Microphone
from speech.audio import float_from_pcm, pcm_from_float
from speech.types import AudioFrame
from tests.virtual_time import virtual_time

FRAME = b"\1\0" * 320
"""20 ms at 16 kHz."""


async def drain(microphone: Microphone) -> list[AudioFrame]:
    microphone.close()
    return [frame async for frame in microphone.frames()]


@virtual_time
async def test_frames_carry_the_sample_clock() -> None:
    microphone = Microphone(16_000)
    for _ in range(3):
        microphone.push(FRAME)
    assert microphone.now_ms == 60
    assert [(frame.start_ms, frame.pcm) for frame in await drain(microphone)] == [(0, FRAME), (20, FRAME), (40, FRAME)]


@virtual_time
async def test_a_listener_waits_for_audio() -> None:
    microphone = Microphone(16_000)

    async def hear() -> AudioFrame:
        async with aclosing(microphone.frames()) as frames:  # type: ignore[type-var]
            return await anext(frames)

    hearing = asyncio.create_task(hear())
    await asyncio.sleep(3600)
    assert not hearing.done()
    microphone.push(FRAME)
    assert (await hearing).pcm == FRAME


@virtual_time
async def test_when_listening_lags_the_oldest_is_dropped_and_counted() -> None:
    dropped: list[float] = []
    microphone = Microphone(16_000, dropped.append)
    for n in range(600):  # 12 s
        microphone.push(n.to_bytes(2, "little") * 320)
    assert dropped == [20.0] * 100
    frames = await drain(microphone)
    assert len(frames) == 500
    assert frames[0].pcm[:2] == (100).to_bytes(2, "little")
    assert frames[0].start_ms == 2000, "what was dropped leaves a gap in the clock"
    assert frames[-1].end_ms == microphone.now_ms == 12_000


@virtual_time
async def test_room_comes_back_as_frames_are_taken() -> None:
    dropped: list[float] = []
    microphone = Microphone(16_000, dropped.append)
    frames = microphone.frames()
    for _ in range(2000):
        microphone.push(FRAME)
        await anext(frames)
    assert dropped == []
    await frames.aclose()  # type: ignore[attr-defined]


@virtual_time
async def test_one_frame_longer_than_the_queue_is_dropped_too() -> None:
    dropped: list[float] = []
    microphone = Microphone(16_000, dropped.append)
    microphone.push(bytes(2 * 16_000 * 11))
    assert dropped == [11_000.0]
    assert await drain(microphone) == []


@pytest.mark.parametrize("size", [1, 3, 319, 641])
def test_bytes_cut_anywhere_are_the_same_samples(size: int) -> None:
    @virtual_time
    async def run() -> None:
        microphone = Microphone(16_000)
        pcm = np.arange(3200, dtype="<i2").tobytes()
        for at in range(0, len(pcm), size):
            microphone.push(pcm[at : at + size])
        assert b"".join(frame.pcm for frame in await drain(microphone)) == pcm

    run()


@virtual_time
async def test_nothing_is_nothing() -> None:
    microphone = Microphone(16_000)
    microphone.push(b"")
    microphone.push(b"\1")
    assert microphone.now_ms == 0
    assert await drain(microphone) == []


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_every_rate_becomes_16_khz(rate_hz: int) -> None:
    """A tone of 440 Hz keeps its pitch, its level and its length."""

    @virtual_time
    async def run() -> None:
        microphone = Microphone(rate_hz)
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz).astype(np.float32)
        for piece in np.array_split(tone, 50):
            microphone.push(pcm_from_float(piece))
        frames = await drain(microphone)
        assert {frame.rate_hz for frame in frames} == {16_000}
        heard = float_from_pcm(b"".join(frame.pcm for frame in frames))
        assert heard.size == pytest.approx(16_000, abs=16_000 * 0.05)
        middle = heard[4000:12_000]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
        assert int(spectrum.argmax()) * 16_000 / middle.size == pytest.approx(440, abs=3)
        assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)

    run()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_a_muted_microphone_lets_time_pass(rate_hz: int) -> None:
    @virtual_time
    async def run() -> None:
        microphone = Microphone(rate_hz)
        microphone.silence(1500)
        assert microphone.now_ms == pytest.approx(1500, abs=60)
        heard = float_from_pcm(b"".join(frame.pcm for frame in await drain(microphone)))
        assert float(np.abs(heard).max()) < 2**-14

    run()


@virtual_time
async def test_muting_in_the_middle_of_a_sample_does_not_shift_what_follows() -> None:
    microphone = Microphone(16_000)
    microphone.push(FRAME + b"\1")
    microphone.silence(20)
    microphone.push(b"\0" + FRAME)
    assert b"".join(frame.pcm for frame in await drain(microphone)).endswith(FRAME)


@virtual_time
async def test_after_closing_nothing_is_taken() -> None:
    microphone = Microphone(16_000)
    microphone.push(FRAME)
    microphone.close()
    microphone.push(FRAME)
    assert len([frame async for frame in microphone.frames()]) == 1


def test_the_last_audio_is_kept_whoever_has_listened() -> None:
    microphone = Microphone(16_000)
    microphone.push(FRAME)
    assert microphone.recent(300) == FRAME
    for number in range(2, 40):
        microphone.push(bytes([number, 0]) * 320)
    assert microphone.recent(20) == b"\x27\0" * 320
    assert len(microphone.recent(300)) == 300 * 32
    assert len(microphone.recent(10_000)) == 400 * 32

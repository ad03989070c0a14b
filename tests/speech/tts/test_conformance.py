"""What every voice promises (``TtsEngine``), asked of each embedded engine with its real weights."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import pairwise
from typing import Any, cast

import pytest

from inference_server.weights import is_ready
from speech.tts import TtsOptions, load_tts, required_weights
from speech.types import Language, TtsEngine

pytestmark = pytest.mark.models


@pytest.fixture(scope="module", params=["fast", "kokoro"])
def engine(request: pytest.FixtureRequest) -> TtsEngine:
    options = TtsOptions(voice=request.param)
    if request.param != "fast" and not all(is_ready(weights) for weights in required_weights(options)):
        pytest.skip(f"the optional voice '{request.param}' is not in the model cache")
    return load_tts(options)


def speech(engine: TtsEngine, text: str, language: Language) -> aclosing[Any]:
    return aclosing(cast(Any, engine.synthesize(text, language)))


@pytest.mark.parametrize(("text", "language"), [("您的订单已发货。", "zh"), ("Your order has shipped.", "en")])
async def test_frames(engine: TtsEngine, text: str, language: Language) -> None:
    async with speech(engine, text, language) as stream:
        frames = [frame async for frame in stream]
    rate_hz = engine.capabilities.rate_hz
    assert {frame.rate_hz for frame in frames} == {rate_hz}
    assert {len(frame.pcm) for frame in frames[:-1]} == {rate_hz * 20 // 1000 * 2}
    assert 0 < len(frames[-1].pcm) <= len(frames[0].pcm)
    assert frames[0].start_ms == 0
    assert all(later.start_ms == pytest.approx(frame.end_ms) for frame, later in pairwise(frames))
    assert 800 < frames[-1].end_ms < 6000
    assert any(any(frame.pcm) for frame in frames[:5])  # sound within 100 ms


@pytest.mark.parametrize("text", ["", "   ", "😊🎉", "，。！？", "--"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nothing_to_say_gives_no_frames(engine: TtsEngine, text: str, language: Language) -> None:
    assert [frame async for frame in engine.synthesize(text, language)] == []


async def test_latin_words_in_chinese_and_chinese_in_english_are_heard(engine: TtsEngine) -> None:
    async def length_ms(text: str, language: Language) -> float:
        return sum([frame.duration_ms async for frame in engine.synthesize(text, language)])

    words = await length_ms("您的", "zh")
    assert words + 250 < await length_ms("您的 S F", "zh")
    assert words + 250 < await length_ms("您的iPhone", "zh")
    assert await length_ms("Your", "en") + 250 < await length_ms("Your 华为", "en")


async def test_cancelling_ends_within_a_frame(engine: TtsEngine) -> None:
    heard: list[float] = []
    first = asyncio.Event()

    async def read() -> None:
        async with speech(engine, "好的好的，马上为您查询。", "zh") as stream:
            async for frame in stream:
                heard.append(frame.start_ms)
                first.set()
                await asyncio.sleep(3600)

    reader = asyncio.create_task(read())
    await first.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert heard == [0]

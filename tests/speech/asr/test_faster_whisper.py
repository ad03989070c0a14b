from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from speech.asr import AsrOptions, load_asr
from speech.asr.faster_whisper import FasterWhisperAsr, split_at_quietest
from speech.asr.overload import AsrCounts
from speech.audio import read_audio, resample
from speech.errors import AsrOverloaded
from speech.types import BatchAsr, Hotwords, Language, Samples

DATA = Path(__file__).parents[2] / "data" / "audio"
RATE = 16000


def recording(name: str, rate_hz: int = RATE) -> Samples:
    """At 16 kHz, after a detour over ``rate_hz``."""
    samples, rate = read_audio(DATA / name)
    return resample(resample(samples, rate, rate_hz), rate_hz, RATE)


def noise(seconds: float, level: float) -> Samples:
    return (np.random.default_rng(5).standard_normal(int(seconds * RATE)) * level).astype(np.float32)


def chord(seconds: float) -> Samples:
    at = np.arange(int(seconds * RATE)) / RATE
    beat = (1 + np.sign(np.sin(2 * np.pi * 2 * at))) / 2
    return np.asarray(sum(0.15 * np.sin(2 * np.pi * hz * at) for hz in (262, 330, 392)) * beat, np.float32)


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


@pytest.fixture(scope="module")
def asr() -> Iterator[BatchAsr]:
    engine = load_asr(AsrOptions())
    yield engine
    asyncio.run(engine.close())


def test_long_audio_is_cut_where_it_is_quietest() -> None:
    samples = np.full(65 * RATE, 0.5, np.float32)
    samples[20 * RATE : 20 * RATE + 3200] = 0
    pieces = split_at_quietest(samples, 28)
    assert sum(piece.size for piece in pieces) == samples.size
    assert all(0 < piece.size <= 28 * RATE for piece in pieces)
    assert 20 * RATE < pieces[0].size < 20 * RATE + 3200
    assert [piece.size for piece in split_at_quietest(samples[: 28 * RATE], 28)] == [28 * RATE]
    assert [piece.size for piece in split_at_quietest(samples[:0], 28)] == [0]


@pytest.mark.models
@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("zh_azure_season.wav", "zh", "你最喜欢哪个季节"),
        ("en_azure_weather.wav", "en", "whatstheweatherlike"),
        ("en_azure_weather_8k.wav", "en", "whatstheweatherlike"),
    ],
)
async def test_recordings(asr: BatchAsr, name: str, language: Language, text: str, partial: bool) -> None:
    for given in (None,) if partial else (None, language):
        result = await asr.transcribe(recording(name), language=given, partial=partial)
        assert letters(result.text) == text
        assert result.language == language
        assert result.confidence > 0.8
        assert result.no_speech < 0.3
        assert result.decode_ms > 0
    if partial:
        assert result.alternatives == ()


@pytest.mark.models
async def test_chinese_is_simplified_and_alternatives_are_other_words(asr: BatchAsr) -> None:
    result = await asr.transcribe(recording("zh_uberi_chinese.wav"))
    assert letters(result.text).endswith("自己的脚")
    assert 1 <= len(result.alternatives) <= 4
    assert len({letters(text) for text in (result.text, *result.alternatives)}) == 1 + len(result.alternatives)


@pytest.mark.models
@pytest.mark.parametrize("rate_hz", [8000, 48000])
async def test_other_rates(asr: BatchAsr, rate_hz: int) -> None:
    result = await asr.transcribe(recording("zh_azure_season.wav", rate_hz))
    assert letters(result.text) == "你最喜欢哪个季节"


@pytest.mark.models
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(2 * RATE, np.float32),
        noise(3, 0.1),
        noise(3, 0.003),
        chord(4),
        np.zeros(0, np.float32),
        noise(0.02, 0.5),
    ],
    ids=["silence", "noise", "faint noise", "music", "nothing", "click"],
)
async def test_nobody_spoke(asr: BatchAsr, samples: Samples, language: Language | None) -> None:
    result = await asr.transcribe(samples, language=language)
    assert result.text == ""
    assert result.confidence == 0


@pytest.mark.models
async def test_an_utterance_beyond_thirty_seconds_is_heard_to_its_end(asr: BatchAsr) -> None:
    clip = recording("en_azure_weather.wav")[: int(1.5 * RATE)]
    samples = np.concatenate([clip, noise(27, 0.0005), recording("zh_azure_season.wav"), clip])
    result = await asr.transcribe(samples, language="en")
    assert samples.size > 30 * RATE
    assert letters(result.text).startswith("whatstheweatherlike")
    assert letters(result.text).endswith("whatstheweatherlike")


@pytest.mark.models
async def test_overload_is_refused_at_once_and_cancelling_is_safe() -> None:
    engine = load_asr(AsrOptions(workers=1, queue=1))
    assert isinstance(engine, FasterWhisperAsr)
    samples = recording("en_azure_weather.wav")
    running = asyncio.ensure_future(engine.transcribe(samples))
    waiting = asyncio.ensure_future(engine.transcribe(samples))
    await asyncio.sleep(0)
    with pytest.raises(AsrOverloaded):
        await engine.transcribe(samples)
    with pytest.raises(AsrOverloaded):
        await engine.transcribe(samples, partial=True)
    running.cancel()
    result = await waiting
    assert letters(result.text) == "whatstheweatherlike"
    assert running.cancelled()
    await engine.close()


class _FirstWaitsForFour(AsrCounts):
    """Keeps the first decode from beginning until four more utterances wait, however slow the machine is."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self._four_wait = threading.Event()

    def decoded(self, size: int, *, partial: bool) -> None:
        super().decoded(size, partial=partial)
        self.begun.set()
        assert self._four_wait.wait(60)

    def load(self, waiting: int, load: float) -> None:
        super().load(waiting, load)
        if waiting == 4:
            self._four_wait.set()


@pytest.mark.models
async def test_utterances_decoded_together_read_as_each_alone(asr: BatchAsr) -> None:
    # of one length, each with a language of its own; one is silent and one has its language given
    names = ("zh_azure_season.wav", "en_azure_weather.wav", "en_azure_weather_8k.wav")
    clips = [np.resize(recording(name), 2 * RATE) for name in names] + [np.zeros(2 * RATE, np.float32)]
    given: list[Language | None] = [None, None, "en", None]
    alone = [await asr.transcribe(clip, language=language) for clip, language in zip(clips, given, strict=True)]
    counts = _FirstWaitsForFour()
    engine = load_asr(AsrOptions(workers=1, batch_size=4), counts)
    ahead = asyncio.ensure_future(engine.transcribe(recording("zh_uberi_chinese.wav")))
    assert await asyncio.to_thread(counts.begun.wait, 60)
    together = await asyncio.gather(
        *(engine.transcribe(clip, language=language) for clip, language in zip(clips, given, strict=True))
    )
    await ahead
    await engine.close()
    assert counts.batches == {1: 1, 4: 1}
    assert [result.text for result in together] == [result.text for result in alone]
    assert [result.language for result in together] == [result.language for result in alone]
    assert [result.confidence for result in together] == pytest.approx([r.confidence for r in alone], abs=0.02)


@pytest.mark.models
async def test_a_decoder_that_ran_away_hears_the_utterance_again_with_more_silence() -> None:
    counts = AsrCounts()
    engine = load_asr(AsrOptions(context_s=3), counts)  # too little for a short utterance: it is said twice
    cut_short = recording("en_azure_weather.wav")[:RATE]
    assert letters((await engine.transcribe(cut_short, language="en")).text) == "whatstheweatherlike"
    assert counts.again == 1
    await engine.transcribe(recording("zh_azure_season.wav"))
    assert counts.again == 1
    await engine.close()


HOTWORDS: Hotwords = {
    "zh": ("听涛骨传导运动耳机", "晨露电热水壶", "丝语负离子吹风机", "云朵加湿器", "无涯扫地机器人", "小满空气炸锅"),
    "en": ("hair dryer", "humidifier", "vacuum robot"),
}


@pytest.mark.models
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "samples",
    [np.zeros(2 * RATE, np.float32), noise(3, 0.1), noise(3, 0.003), chord(4)],
    ids=["silence", "noise", "faint noise", "music"],
)
async def test_hotwords_do_not_leak_where_nobody_spoke(asr: BatchAsr, samples: Samples, language: Language) -> None:
    assert isinstance(asr, FasterWhisperAsr)
    result = await asr.transcribe(samples, language=language, hotwords=HOTWORDS)
    assert not any(word in result.text for words in HOTWORDS.values() for word in words)
    assert result.text == ""


@pytest.mark.models
async def test_hotwords_leave_other_speech_alone(asr: BatchAsr) -> None:
    assert isinstance(asr, FasterWhisperAsr)
    for name, text in (("zh_azure_season.wav", "你最喜欢哪个季节"), ("en_azure_weather.wav", "whatstheweatherlike")):
        result = await asr.transcribe(recording(name), language="zh" if "zh" in name else "en", hotwords=HOTWORDS)
        assert letters(result.text) == text

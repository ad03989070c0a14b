"""Recordings as segments with times."""

from __future__ import annotations

import pytest

from speech.errors import AsrFailed
from speech.transcription import Segment, stretches, transcribe
from speech.types import Samples
from tests.fakes import AsrCall, FakeAsr, LoudnessVad, audio_of


async def segments(samples: Samples, asr: FakeAsr) -> list[Segment]:
    return [segment async for segment in transcribe(samples, asr, LoudnessVad())]


async def test_a_pause_parts_segments_and_a_short_one_does_not() -> None:
    asr = FakeAsr(lambda call: f"{call.samples.size / 16000:.1f}")
    found = await segments(audio_of("20. 20# 10. 20# 40. 30# 20."), asr)
    # 32 ms a window, 200 ms of margin on both sides.
    assert [(round(s.start_s, 2), round(s.end_s, 2), s.text) for s in found] == [
        (0.44, 2.44, "2.0"),
        (3.32, 4.68, "1.4"),
    ]


async def test_the_language_of_the_first_words_stays() -> None:
    asr = FakeAsr(lambda call: "" if len(asr.calls) == 1 else "你好")
    found = await segments(audio_of("20# 40. 20# 40. 20# 10."), asr)
    assert [call.language for call in asr.calls] == [None, None, "zh"]
    assert len(found) == 2


async def test_silence_and_clicks_are_not_recognised() -> None:
    asr = FakeAsr(lambda call: "?")
    assert await segments(audio_of("100. 2# 100."), asr) == []
    assert asr.calls == []


async def test_what_never_pauses_is_cut() -> None:
    spans = list(stretches([0.9] * 2000, 64_000))
    assert len(spans) == 3
    assert all(end - start <= 25_500 for start, end in spans)
    assert spans[0][0] == 0
    assert spans[-1][1] == 64_000


async def test_a_broken_recogniser_is_said() -> None:
    def breaks(call: AsrCall) -> AsrFailed:
        return AsrFailed("broken")

    with pytest.raises(AsrFailed):
        await segments(audio_of("20#"), FakeAsr(breaks))

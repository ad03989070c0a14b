"""Sentence order, the playout clock, look-ahead, cancel and failure of ``speak``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from speech.errors import TtsFailed
from speech.speak import GAP_MS, SpokenFrame, SpokenRequest, speak
from speech.types import AudioFrame, Language
from tests.fakes_tts import FRAME_MS, FakeTts


async def requests(*texts: str, language: Language = "zh") -> AsyncIterator[SpokenRequest]:
    for text in texts:
        yield SpokenRequest(text, language)


def spoken(*texts: str, tts: FakeTts, cache: Any = None) -> aclosing[Any]:
    return aclosing(cast(Any, speak(requests(*texts), tts, cache)))


async def all_frames(*texts: str, tts: FakeTts, cache: Any = None) -> list[SpokenFrame]:
    async with spoken(*texts, tts=tts, cache=cache) as frames:
        return [frame async for frame in frames]


async def hear(frames: AsyncIterator[SpokenFrame], heard: list[SpokenFrame]) -> None:
    async for frame in frames:
        heard.append(frame)  # noqa: PERF401 what came before an error counts


async def settle() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def test_the_clock_runs_without_gaps_and_pauses_between_sentences() -> None:
    frames = await all_frames("您好。再见。", tts=FakeTts())
    clock = 0.0
    for frame in frames:
        assert frame.audio.start_ms == pytest.approx(clock)
        clock = frame.audio.end_ms
    second = next(frame for frame in frames if frame.sentence == 1)
    last_of_first = [frame for frame in frames if frame.sentence == 0]
    silent = [frame for frame in last_of_first if not any(frame.audio.pcm) and frame.audio.start_ms > 0]
    assert len(silent) * FRAME_MS == GAP_MS
    assert second.is_first
    assert second.audio.start_ms == len(last_of_first) * FRAME_MS


async def test_captions_show_what_is_written_and_the_voice_says_words() -> None:
    tts = FakeTts()
    frames = await all_frames("共¥1,299.00。**谢谢**😊", "再见", tts=tts)
    firsts = [(frame.sentence, frame.display) for frame in frames if frame.is_first]
    assert firsts == [(0, "共¥1,299.00。"), (1, "**谢谢**😊"), (2, "再见")]
    assert [text for kind, text in tts.events if kind == "start"] == ["共一千二百九十九元。", "谢谢", "再见"]


async def test_sentence_two_waits_until_sentence_one_is_heard() -> None:
    tts = FakeTts()
    async with spoken("一一。二二。三三。", tts=tts) as frames:
        await anext(frames)
        assert tts.events == [("start", "一一。"), ("end", "一一。")]
        await settle()
        assert [text for kind, text in tts.events if kind == "start"] == ["一一。", "二二。"]


async def test_never_more_than_one_sentence_ahead() -> None:
    tts = FakeTts()
    async with spoken("甲甲。乙乙。丙丙。丁丁。", tts=tts) as frames:
        async for frame in frames:
            await settle()
            started = sum(kind == "start" for kind, _ in tts.events)
            assert started <= frame.sentence + 2


async def test_closing_stops_within_a_frame_and_starts_no_further_sentence() -> None:
    tts = FakeTts(frames_per_character=50)
    async with spoken("甲甲。乙乙。丙丙。", tts=tts) as frames:
        await anext(frames)
    made = tts.produced
    await settle()
    assert tts.produced == made
    assert ("start", "丙丙。") not in tts.events


async def test_cancelling_the_reader_ends_the_voice() -> None:
    tts = FakeTts(frames_per_character=50)

    async def read() -> None:
        async with spoken("甲甲。乙乙。", tts=tts) as frames:
            async for _ in frames:
                await asyncio.sleep(3600)

    reader = asyncio.create_task(read())
    await settle()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    made = tts.produced
    await settle()
    assert tts.produced == made


async def test_frames_come_while_the_next_text_is_still_being_written() -> None:
    never = asyncio.Event()

    async def slow() -> AsyncIterator[SpokenRequest]:
        yield SpokenRequest("您好。", "zh")
        await never.wait()

    tts = FakeTts()
    async with aclosing(cast(Any, speak(slow(), tts))) as frames:
        heard = [await anext(frames) for _ in range(3 * tts.frames_per_character)]
    assert [frame.sentence for frame in heard] == [0] * 6


async def test_a_broken_sentence_is_tried_again_without_repeating_what_was_heard() -> None:
    tts = FakeTts(fail={"您好。": [3]})
    frames = await all_frames("您好。", tts=tts)
    assert [int.from_bytes(frame.audio.pcm[:2], "little") for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert sum(frame.is_first for frame in frames) == 1


async def test_after_the_second_failure_the_rest_is_handed_back() -> None:
    tts = FakeTts(fail={"二 二。": [0, 1]})
    heard: list[SpokenFrame] = []
    with pytest.raises(TtsFailed) as failed:
        await hear(speak(requests("一一。2 2。三三3。", "四四。"), tts), heard)
    assert failed.value.unsaid == "2 2。三三3。"
    assert "2" not in str(failed.value)
    assert heard[0].display == "一一。"
    assert ("start", "四四。") not in tts.events


async def test_an_error_of_the_texts_reaches_the_reader() -> None:
    async def broken() -> AsyncIterator[SpokenRequest]:
        yield SpokenRequest("您好。", "zh")
        raise LookupError("policy")

    heard: list[SpokenFrame] = []
    with pytest.raises(LookupError):
        await hear(speak(broken(), FakeTts()), heard)
    assert len(heard) == 6


@pytest.mark.parametrize("text", ["", "  \n", "😊🎉", "https://example.com/a?b=1", "……！"])
async def test_nothing_to_say_gives_no_frames(text: str) -> None:
    tts = FakeTts()
    assert await all_frames(text, tts=tts) == []
    assert tts.events == []


async def test_kept_prompts_are_not_synthesised() -> None:
    class Kept:
        async def find(self, spoken: str, language: Language) -> list[AudioFrame] | None:
            return [AudioFrame(b"\1\0" * 160, 8_000, 0.0)] if spoken == "您好。" else None

    tts = FakeTts()
    frames = await all_frames("您好。再见。", tts=tts, cache=Kept())
    assert [text for kind, text in tts.events if kind == "start"] == ["再见。"]
    assert frames[0].audio.pcm == b"\1\0" * 160

"""A script that grows while it is spoken, and a speaker that can be cut, resumed, held back and broken."""

from __future__ import annotations

import asyncio

import pytest

from dialogue.types import Reply, ReplyAction
from gateway.answer import Script, Speaker
from gateway.events import AudioEnd, AudioOut, AudioStart, Caption, Outbound
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.voice import Voice
from speech.errors import TtsFailed
from speech.listen import ListenConfig
from tests.fakes import FakeAsr
from tests.fakes_core import FakeVad
from tests.fakes_tts import FakeTts
from tests.virtual_time import virtual_time


def reply(text: str, **fields: object) -> Reply:
    return Reply(1, text, "zh", **fields)  # type: ignore[arg-type]


def script(*texts: str, end: bool = True) -> Script:
    made = Script()
    for text in texts:
        made.add(reply(text))
    if end:
        made.end()
    return made


# --- Script ----------------------------------------------------------------------------------------------------------


@virtual_time
async def test_sentences_are_read_as_they_come() -> None:
    growing = Script()
    read: list[str] = []

    async def reader() -> None:
        async for request in growing.read(0):
            read.append(request.text)  # noqa: PERF401 - looked at while it grows

    reading = asyncio.create_task(reader())
    await asyncio.sleep(1)
    assert read == []
    growing.add(reply("一。二。"))
    await asyncio.sleep(1)
    assert read == ["一。", "二。"]
    growing.add(reply("三。"))
    growing.end()
    await reading
    assert read == ["一。", "二。", "三。"]
    assert [request.text async for request in growing.read(1)] == ["二。", "三。"]


@virtual_time
async def test_an_answer_without_words_ends() -> None:
    assert [request async for request in script().read(0)] == []
    assert [request async for request in script("").read(0)] == []
    assert script("").turn_id == 1


def test_what_a_reply_says_of_itself_is_kept() -> None:
    made = Script()
    made.add(reply("一。", interruptible=False))
    made.add(reply("再见。", action=ReplyAction.HANG_UP))
    made.add(reply("完。"))
    assert not made.interruptible
    assert made.final_action is ReplyAction.HANG_UP
    assert made.unsaid(1) == "再见。 完。"
    assert made.unsaid(9) == ""


# --- Speaker ---------------------------------------------------------------------------------------------------------


class Room:
    """A speaker and a client that plays in real time and reports."""

    def __init__(self, tts: FakeTts | None = None, *, rate_hz: int = 8_000, reports: bool = True) -> None:
        clock = asyncio.get_running_loop().time
        self.tts = tts or FakeTts(frames_per_character=5)
        self.playout = ReportedPlayout(clock)
        self.outbox = Outbox()
        voice = Voice(FakeAsr(), FakeVad(), self.tts, None, ListenConfig())
        self.speaker = Speaker(voice, self.playout, self.outbox, rate_hz)
        self.got: list[tuple[float, Outbound]] = []
        self.first_audio: list[float] = []
        self.reports = reports

    async def on_first_audio(self) -> None:
        self.first_audio.append(asyncio.get_running_loop().time())

    async def listen(self) -> None:
        clock, length, start = asyncio.get_running_loop().time, 0.0, 0.0
        async for event in self.outbox:
            self.got.append((clock(), event))
            if isinstance(event, AudioOut):
                start = start if length else clock()
                length += len(event.pcm) / 2 / 8
            if isinstance(event, AudioEnd) and self.reports:
                await asyncio.sleep(max(0.0, start + length / 1000 - clock()))
                self.playout.report(length)

    async def say(self, made: Script, first: int = 0) -> None:
        listening = asyncio.create_task(self.listen())
        try:
            await self.speaker.say(made, first, self.on_first_audio)
        finally:
            await self.outbox.close()
            await listening

    def of(self, kind: type[Outbound]) -> list[Outbound]:
        return [event for _, event in self.got if isinstance(event, kind)]

    @property
    def sound(self) -> bytes:
        return b"".join(event.pcm for event in self.of(AudioOut) if isinstance(event, AudioOut))


@virtual_time
async def test_an_answer_is_spoken_and_heard_to_its_end() -> None:
    room = Room()
    await room.say(script("您的包裹到了。", "明天送到。"))
    kinds = [type(event) for _, event in room.got]
    assert kinds[:3] == [AudioStart, Caption, AudioOut]
    assert kinds[-1] is AudioEnd
    captions = [event for event in room.of(Caption) if isinstance(event, Caption)]
    assert [(caption.sentence, caption.text) for caption in captions] == [(0, "您的包裹到了。"), (1, "明天送到。")]
    assert captions[0].start_ms == 0
    assert captions[1].start_ms >= 7 * 100
    assert len(room.first_audio) == 1
    assert room.playout.heard() == ("您的包裹到了。 明天送到。", True)
    assert asyncio.get_running_loop().time() >= len(room.sound) / 2 / 8000, "it returns when all has been played"


@virtual_time
async def test_an_answer_without_words_sends_nothing() -> None:
    room = Room()
    await room.say(script())
    assert room.got == []
    assert room.first_audio == []


@virtual_time
async def test_audio_is_not_sent_far_ahead() -> None:
    room = Room(FakeTts(frames_per_character=50))
    speaking = asyncio.create_task(room.say(script("一二三四五六七八九十。")))
    await asyncio.sleep(1)
    assert 4000 <= len(room.sound) / 2 / 8 <= 5200
    await asyncio.sleep(2)
    assert len(room.sound) / 2 / 8 <= 7200
    speaking.cancel()
    await asyncio.wait([speaking])


@virtual_time
async def test_nothing_is_said_while_the_customer_speaks() -> None:
    room = Room()
    room.speaker.floor.clear()
    speaking = asyncio.create_task(room.say(script("好。")))
    await asyncio.sleep(5)
    assert room.got == []
    room.speaker.floor.set()
    await speaking
    assert room.of(AudioEnd)


@virtual_time
async def test_what_was_cut_is_said_again_from_its_sentence() -> None:
    made = script("一二三四五六七八。", "九十十一十二。")
    room = Room(reports=False)
    speaking = asyncio.create_task(room.say(made))
    await asyncio.sleep(1.3)
    room.playout.report(1200)
    speaking.cancel()
    await asyncio.wait([speaking])
    assert room.speaker.next_sentence == 1
    again = Room(room.tts)
    await again.say(made, room.speaker.next_sentence)
    captions = [event for event in again.of(Caption) if isinstance(event, Caption)]
    assert [(caption.sentence, caption.text) for caption in captions] == [(1, "九十十一十二。")]
    assert again.speaker.next_sentence == 2
    assert room.tts.events[-1][0] == "end"


@virtual_time
async def test_a_voice_that_breaks_is_told_and_what_it_said_is_known() -> None:
    room = Room(FakeTts(frames_per_character=5, fail={"二。": [0, 0]}))
    with pytest.raises(TtsFailed):
        await room.say(script("一。", "二。"))
    assert room.playout.heard() == ("一。", True), "what was sent before it broke is heard to its end"
    assert [type(event) for _, event in room.got][-1] is AudioEnd, "else the client waits for more for ever"


class StalledTts(FakeTts):
    """Never says anything."""

    async def synthesize(self, text: str, language: object) -> object:  # type: ignore[override]
        await asyncio.Event().wait()
        yield


@virtual_time
async def test_a_voice_that_says_nothing_is_broken() -> None:
    room = Room(StalledTts())
    with pytest.raises(TtsFailed):
        await room.say(script("一。"))
    assert asyncio.get_running_loop().time() == pytest.approx(30, abs=1)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_audio_comes_at_the_rate_that_was_asked_for(rate_hz: int) -> None:
    @virtual_time
    async def run() -> None:
        room = Room(rate_hz=rate_hz, reports=False)
        await room.say(script("一二三四五。"))
        seconds = len(room.sound) / 2 / rate_hz
        assert seconds == pytest.approx(room.playout.sent_ms / 1000, abs=0.002)
        assert room.of(AudioStart) == [AudioStart(1, rate_hz)]

    run()

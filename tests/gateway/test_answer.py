"""A script that grows while it is spoken, and a speaker that can be cut, resumed, held back and broken."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from dialogue.types import Reply, ReplyAction
from gateway.answer import Script, Speaker, Tape
from gateway.events import AudioEnd, AudioOut, AudioStart, Caption, Clear, Outbound
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.voice import Voice
from speech.errors import TtsFailed
from speech.listen import ListenConfig
from speech.speak import SpokenFrame
from speech.types import AudioFrame
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
        async for request in growing.read():
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
    assert growing.text == "一。 二。 三。"


@virtual_time
async def test_an_answer_without_words_ends() -> None:
    assert [request async for request in script().read()] == []
    assert [request async for request in script("").read()] == []
    assert script("").turn_id == 1


def test_what_a_reply_says_of_itself_is_kept() -> None:
    made = Script()
    made.add(reply("一。二。", interruptible=False))
    made.add(reply("再见。", action=ReplyAction.HANG_UP))
    made.add(reply("完。"))
    assert [made.is_interruptible(sentence) for sentence in range(5)] == [False, False, True, True, True]
    assert made.final_action is ReplyAction.HANG_UP


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
        reporting = asyncio.create_task(self.report())
        async for event in self.outbox:
            self.got.append((asyncio.get_running_loop().time(), event))
        reporting.cancel()
        await asyncio.wait([reporting])

    async def report(self) -> None:
        """A loudspeaker that plays what has come of the last play, in real time, and reports every 20 ms."""
        while self.reports:
            await asyncio.sleep(0.02)
            starts = [(at, event.play) for at, event in self.got if isinstance(event, AudioStart)]
            if starts and not isinstance(self.got[-1][1], Clear):
                at, play = starts[-1]
                pcm = sum(len(e.pcm) for _, e in self.got if isinstance(e, AudioOut) and e.play == play)
                self.playout.report(min(pcm / 16, 1000 * (asyncio.get_running_loop().time() - at)), play)

    async def say(self, made: Script) -> None:
        listening = asyncio.create_task(self.listen())
        try:
            await self.speaker.say(made, self.on_first_audio)
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


async def held_at(room: Room, ms: float, *, from_sentence: bool) -> list[bytes]:
    """Hold when the customer has heard ``ms``, go on a second later; the sound of each play."""
    speaking = asyncio.create_task(room.say(script("一二三四五六七八。", "九十十一十二。")))
    await asyncio.sleep(ms / 1000)
    await room.outbox.clear(1, room.speaker.hold())
    await asyncio.sleep(1)
    assert not room.playout.speaking
    room.speaker.go_on(from_sentence=from_sentence)
    await speaking
    plays: dict[int, bytes] = {}
    for event in room.of(AudioOut):
        assert isinstance(event, AudioOut)
        plays[event.play] = plays.get(event.play, b"") + event.pcm
    return [plays[play] for play in sorted(plays)]


@virtual_time
async def test_what_was_held_goes_on_where_it_was_held() -> None:
    room = Room()
    first, second = await held_at(room, 600, from_sentence=False)
    whole = Room()
    await whole.say(script("一二三四五六七八。", "九十十一十二。"))
    assert abs(600 + len(second) / 2 / 8 - len(whole.sound) / 2 / 8) <= 40
    assert room.playout.heard() == ("一二三四五六七八。 九十十一十二。", True)
    captions = [event for event in room.of(Caption) if isinstance(event, Caption)]
    again = [(caption.sentence, caption.start_ms) for caption in captions if caption.play == 2]
    assert again[0] == (0, 0)
    assert len(first) >= 600 * 16
    assert len(room.tts.events) == len(whole.tts.events), "nothing is synthesised twice"


@virtual_time
async def test_after_long_what_was_held_goes_on_from_its_sentence() -> None:
    room = Room()
    _, second = await held_at(room, 1200, from_sentence=True)
    captions = [event for event in room.of(Caption) if isinstance(event, Caption)]
    assert [(caption.sentence, caption.text) for caption in captions if caption.play == 2] == [(1, "九十十一十二。")]
    assert len(second) / 2 / 8 == pytest.approx(7 * 100, abs=150)
    assert room.playout.heard() == ("一二三四五六七八。 九十十一十二。", True)


@virtual_time
async def test_audio_that_was_held_before_its_end_was_heard_ends_again() -> None:
    room = Room()
    speaking = asyncio.create_task(room.say(script("好。")))
    await asyncio.sleep(0.05)
    assert room.of(AudioEnd)
    await room.outbox.clear(1, room.speaker.hold())
    await asyncio.sleep(1)
    assert not speaking.done()
    room.speaker.go_on(from_sentence=False)
    await speaking
    assert room.playout.heard() == ("好。", True)


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
        assert room.of(AudioStart) == [AudioStart(1, rate_hz, 1)]

    run()


def test_a_stretch_of_the_tape_has_zeros_where_there_is_no_sound() -> None:
    tape = Tape()
    for number in range(3):
        audio = AudioFrame(bytes([number + 1, 0]) * 160, 8_000, 100 + 20 * number)
        tape.add(SpokenFrame(0, "", audio, is_first=False))
    assert tape.between(110, 130, 8_000) == b"\1\0" * 80 + b"\2\0" * 80
    assert tape.between(90, 110, 8_000) == bytes(160) + b"\1\0" * 80
    assert tape.between(150, 170, 8_000) == b"\3\0" * 80 + bytes(160)
    assert tape.between(0, 50, 8_000) == bytes(800)
    assert tape.between(90, 170, 8_000) == bytes(160) + b"".join(bytes([n, 0]) * 160 for n in (1, 2, 3)) + bytes(160)


@virtual_time
async def test_what_the_loudspeaker_plays_is_known_a_while_back() -> None:
    room = Room()
    assert room.speaker.sounding(1200, 100) is None
    saying = asyncio.create_task(room.say(script("您的包裹已经到了杭州。预计明天送到。")))
    await asyncio.sleep(0.8)
    sound = room.speaker.sounding(300, 100)
    assert sound is not None
    assert sound.size == 400 * 16
    # a frame's samples have its number: 20 frames from the first to the last
    numbers = np.rint(sound * 32768)
    assert numbers[-160] - numbers[160] == pytest.approx(19, abs=1)
    early = room.speaker.sounding(2000, 100)
    assert early is not None
    assert not early[:8000].any()
    await saying

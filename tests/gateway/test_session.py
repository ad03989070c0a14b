"""A voice session in virtual time: a caller who speaks, listens, interrupts, coughs, types and leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from dialogue.types import ActionFinished, ActionRunner, Asked, Reply, ReplyAction, Turn
from gateway import events as ev
from gateway.log import configure
from gateway.manners import Manners
from gateway.session import VoiceSession
from nlu.types import Expectation
from speech.audio import pcm_from_float
from speech.errors import AsrFailed, AsrOverloaded
from speech.types import Transcript
from tests.fakes import audio_of
from tests.fakes_core import House, Item, cancel_action
from tests.virtual_time import virtual_time

FRAME_S = 0.032
SPEECH = "20# 30."
"""640 ms of speech, then silence enough for the endpoint."""


class Caller:
    """Feeds a session in (virtual) real time, plays what it is sent and reports it, as the page does."""

    def __init__(self, session: VoiceSession, *, reports: bool = True) -> None:
        self.session = session
        self.received: list[tuple[float, ev.Outbound]] = []
        self.reports = reports
        self._inbound: asyncio.Queue[ev.Inbound | None] = asyncio.Queue()
        self._playing: dict[int, tuple[float, float]] = {}
        self._plays: dict[int, int] = {}

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def send(self, event: ev.Inbound) -> None:
        self._inbound.put_nowait(event)

    async def say(self, script: str) -> None:
        samples = audio_of(script)
        for at in range(0, samples.size, 512):
            self.send(ev.AudioIn(pcm_from_float(samples[at : at + 512])))
            await asyncio.sleep(FRAME_S)

    async def listen(self, seconds: float) -> None:
        await self.say(f"{round(seconds / FRAME_S)}.")

    async def inbound(self) -> AsyncGenerator[ev.Inbound]:
        while (event := await self._inbound.get()) is not None:
            yield event

    async def play(self) -> None:
        """Takes what the session sends and reports what a loudspeaker would have played."""
        reporting = asyncio.create_task(self._report())
        async for event in self.session.outbox:
            self.received.append((self.now, event))
            match event:
                case ev.AudioStart(turn_id, _, play):
                    self._playing[turn_id] = (self.now, 0.0)
                    self._plays[turn_id] = play
                case ev.AudioOut(turn_id, _, pcm):
                    start, length = self._playing[turn_id]
                    self._playing[turn_id] = (start, length + len(pcm) / 2 / 24000)
                case ev.Clear(turn_id):
                    self._playing.pop(turn_id, None)
        reporting.cancel()
        await asyncio.wait([reporting])

    async def _report(self) -> None:
        while self.reports:
            await asyncio.sleep(0.1)
            for turn_id, (start, length) in self._playing.items():
                ms = 1000 * min(length, self.now - start)
                self.send(ev.Played(turn_id, ms, self._plays[turn_id]))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.received if isinstance(event, kind)]

    def first_at(self, kind: type[Any]) -> float:
        return next(at for at, event in self.received if isinstance(event, kind))

    @property
    def replies(self) -> list[str]:
        return [event.reply.text for event in self.of(ev.ReplyOut)]


async def call(
    house: House,
    script: Callable[[Caller], Any],
    start: ev.Start | None = None,
    *,
    reports: bool = True,
    manners: Manners | None = None,
) -> Caller:
    """Run a session while ``script`` plays the customer; returns what they got."""
    async with asyncio.TaskGroup() as background:
        core = house.core(background)
        services = house.services(core)
        assert services.voice is not None
        started = start or ev.Start(greet=False)
        session = VoiceSession(services, services.voice, house.conversation(core), started, manners)
        caller = Caller(session, reports=reports)
        playing = background.create_task(caller.play())
        running = background.create_task(session.run(caller.inbound()))
        await script(caller)
        caller.send(ev.Bye())
        await running
        await playing
    return caller


@virtual_time
async def test_a_question_is_heard_understood_answered_and_spoken() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(5)

    caller = await call(house, script)
    finals = [e.event for e in caller.of(ev.Heard) if isinstance(e.event, Transcript) and e.event.is_final]
    assert [final.text for final in finals] == ["我的订单什么时候到"]
    assert caller.replies == ["您的包裹已经到了杭州。", "预计明天下午送到。"]
    assert [caption.text for caption in caller.of(ev.Caption)] == ["您的包裹已经到了杭州。", "预计明天下午送到。"]
    assert house.said[-1] == ("您的包裹已经到了杭州。 预计明天下午送到。", True)
    assert caller.of(ev.AudioEnd)


@virtual_time
async def test_the_order_of_events_is_the_protocols() -> None:
    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(4)

    caller = await call(House(), script)
    names = [type(event).__name__ for _, event in caller.received if not isinstance(event, ev.AudioOut | ev.Heard)]
    order = ["Ready", "UnderstoodOut", "ReplyOut", "AudioStart", "Caption", "Latency", "AudioEnd", "ByeOut"]
    assert [names.index(name) for name in order] == sorted(names.index(name) for name in order)


@virtual_time
async def test_the_latency_of_a_turn_adds_up() -> None:
    house = House()
    house.understanding.delay_s = 0.05
    house.responder.delay_s = 0.02

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(4)

    hops = (await call(house, script)).of(ev.Latency)[0].hops
    assert 380 <= hops["endpoint_ms"] <= 620
    assert hops["nlu_ms"] + hops["dialogue_ms"] < 1, "that was done ahead of the endpoint"
    assert abs(sum(value for name, value in hops.items() if name != "total_ms") - hops["total_ms"]) < 1


@virtual_time
async def test_speaking_over_the_answer_stops_it_and_the_history_keeps_what_was_heard() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.3)
        caller.interrupted_at = caller.now  # type: ignore[attr-defined]
        await caller.say(SPEECH)
        await caller.listen(4)

    caller = await call(house, script)
    assert caller.first_at(ev.Clear) - caller.interrupted_at < 0.2  # type: ignore[attr-defined]
    heard, complete = house.said[0]
    assert not complete
    assert heard
    assert "您的包裹已经到了杭州。".startswith(heard[:11])
    assert len(house.responder.turns) == 2
    assert house.said[-1][1], "the second answer was heard to its end"
    assert caller_metric(house, "true") == 1


def caller_metric(house: House, kind: str) -> float:
    value = house.metrics.registry.get_sample_value("kefu_interruptions_total", {"kind": kind})
    return value or 0.0


@virtual_time
async def test_no_audio_of_a_cleared_turn_leaves_after_the_clear() -> None:
    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.3)
        await caller.say(SPEECH)
        await caller.listen(1)

    caller = await call(House(), script)
    events = [event for _, event in caller.received]
    at = next(i for i, event in enumerate(events) if isinstance(event, ev.Clear))
    cleared = events[at].turn_id  # type: ignore[union-attr]
    assert not [e for e in events[at:] if isinstance(e, ev.AudioOut) and e.turn_id == cleared]


@virtual_time
async def test_a_cough_over_the_answer_lets_it_go_on() -> None:
    house = House()
    texts = iter(["我的订单什么时候到", ""])
    house.asr.answer = lambda call: next(texts)

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.0)
        await caller.say("6# 30.")
        await caller.listen(6)

    caller = await call(house, script)
    assert len(house.responder.turns) == 1
    cleared = caller.first_at(ev.Clear)
    resumed = [event.text for at, event in caller.received if isinstance(event, ev.Caption) and at > cleared]
    assert resumed == [house.responder.replies[1]], "the first sentence was heard, the second was cut"
    assert house.said[-1][1]
    assert caller_metric(house, "false") == 1


@virtual_time
async def test_typing_interrupts_as_speaking_does() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.3)
        caller.send(ev.TextIn("转人工"))
        await caller.listen(5)

    caller = await call(house, script)
    assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到", "转人工"]
    assert caller.of(ev.Clear)


@virtual_time
async def test_the_stop_button_stops() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.3)
        caller.send(ev.Interrupt())
        await caller.listen(3)

    caller = await call(house, script)
    assert len(caller.of(ev.Clear)) == 1
    assert not house.said[-1][1]


@virtual_time
async def test_what_was_stopped_by_the_button_does_not_resume_at_a_cough() -> None:
    house = House()
    texts = iter(["我的订单什么时候到", ""])
    house.asr.answer = lambda call: next(texts)

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.3)
        caller.send(ev.Interrupt())
        await caller.say("6# 30.")
        await caller.listen(3)

    caller = await call(house, script)
    assert len(caller.of(ev.AudioStart)) == 1


@virtual_time
async def test_an_uninterruptible_reply_is_spoken_to_its_end() -> None:
    house = House()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "通话可能会被录音，请您知悉。", "zh", is_last=True, interruptible=False)

    house.responder.answer = answer
    texts = iter(["你好", ""])
    house.asr.answer = lambda call: next(texts)

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.0)
        await caller.say("6# 30.")
        await caller.listen(4)

    caller = await call(house, script)
    assert not caller.of(ev.Clear)
    assert house.said[-1] == ("通话可能会被录音，请您知悉。", True)


@virtual_time
async def test_a_write_survives_the_customer_speaking_over_it() -> None:
    house = House()
    house.shop.write_s = 3.0

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        if turn.turn_id == 1:
            yield Reply(turn.turn_id, "好的，正在为您取消订单，请稍等一下，马上就好。", "zh")
            result = await actions.run(cancel_action())
            yield Reply(turn.turn_id, f"已取消：{result.ok}。", "zh", is_last=True)
        else:
            yield Reply(turn.turn_id, "您请说。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.2)
        await caller.say(SPEECH)
        await caller.listen(5)

    await call(house, script)
    assert house.shop.cancelled == ["web-test:1"]
    finished = [event for event in house.store.events if isinstance(event, ActionFinished)]
    assert [event.result.ok for event in finished] == [True]


@virtual_time
async def test_a_write_survives_the_customer_hanging_up() -> None:
    house = House()
    house.shop.write_s = 3.0

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        await actions.run(cancel_action())
        yield Reply(turn.turn_id, "已取消。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("取消"))
        await asyncio.sleep(0.5)

    await call(house, script)
    assert house.shop.cancelled == ["web-test:1"]


@virtual_time
async def test_a_failed_recognition_is_apologised_for_and_the_call_goes_on() -> None:
    house = House()
    answers: list[Any] = [AsrFailed("broken"), AsrFailed("broken"), "我的订单什么时候到"]
    house.asr.answer = lambda call: answers.pop(0)

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(3)
        await caller.say(SPEECH)
        await caller.listen(5)

    caller = await call(house, script)
    assert caller.replies[0] == "抱歉（asr_failed）。"
    assert caller.replies[1:] == list(house.responder.replies)


@pytest.mark.parametrize("failure", ["recognition failed", "speaking failed"])
@virtual_time
async def test_what_fails_within_a_session_is_logged_as_the_sessions(
    failure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", "json")
    house = House()
    if failure == "recognition failed":
        house.asr.answer = lambda call: AsrFailed("broken")
    house.tts.fail = {text: [0, 0] for text in house.responder.replies}

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(3)

    caller = await call(house, script)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["event"] == failure]
    ready = caller.of(ev.Ready)[0]
    assert (line["session_id"], line["conversation_id"], line["channel"]) == (ready.session_id, "web-test", "web")


@virtual_time
async def test_a_full_recogniser_is_apologised_for() -> None:
    house = House()
    house.asr.answer = lambda call: AsrOverloaded("full")

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(3)

    assert (await call(house, script)).replies == ["抱歉（asr_overloaded）。"]


@virtual_time
async def test_long_unclear_speech_is_asked_about_once_where_an_answer_is_due() -> None:
    house = House()
    house.asr.answer = lambda call: ""

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Asked(Expectation("digits", "order_number", 8))
        yield Reply(turn.turn_id, "请告诉我订单号。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.say("40# 30.")
        caller.send(ev.TextIn("查订单"))
        await caller.listen(3)
        for _ in range(3):
            await caller.say("40# 30.")
            await caller.listen(3)

    assert (await call(house, script)).replies == ["请告诉我订单号。", "抱歉（not_understood）。"]


@virtual_time
async def test_a_short_noise_is_not_answered() -> None:
    house = House()
    house.asr.answer = lambda call: ""

    async def script(caller: Caller) -> None:
        await caller.say("5# 40.")

    assert (await call(house, script)).replies == []


@virtual_time
async def test_a_broken_voice_degrades_to_text() -> None:
    house = House()
    for text in house.responder.replies:
        house.tts.fail[text] = [0, 0]

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(3)

    caller = await call(house, script)
    assert caller.replies == list(house.responder.replies)
    assert [error.code for error in caller.of(ev.ErrorOut)] == ["tts_failed"]
    assert house.said[-1][1], "what is shown on the screen counts as received"


@virtual_time
async def test_a_turn_that_stalls_ends_in_an_apology() -> None:
    house = House()
    house.responder.delay_s = 1000

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("你好"))
        await caller.listen(25)

    assert (await call(house, script)).replies == ["抱歉（turn_timeout）。"]


@virtual_time
async def test_an_unexpected_error_is_an_apology_and_not_the_end() -> None:
    house = House()
    house.understanding.error = ValueError("a bug")

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("你好"))
        await caller.listen(2)
        house.understanding.error = None
        caller.send(ev.TextIn("你好"))
        await caller.listen(4)

    assert (await call(house, script)).replies == ["抱歉（internal）。", *house.responder.replies]


@virtual_time
async def test_without_speaking_the_answer_is_only_shown() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("你好"))
        await caller.listen(1)

    caller = await call(house, script, ev.Start(greet=False, speak=False))
    assert caller.replies == list(house.responder.replies)
    assert not caller.of(ev.AudioStart)
    assert house.said[-1][1]


@virtual_time
async def test_the_greeting_comes_first_when_asked_for() -> None:
    async def script(caller: Caller) -> None:
        await caller.listen(4)

    caller = await call(House(), script, ev.Start())
    assert caller.replies == ["您好，请问有什么可以帮您？"]
    assert caller.of(ev.Ready)[0].customer == "林小满"


@virtual_time
async def test_a_broken_shop_does_not_keep_the_line_closed() -> None:
    house = House()
    house.shop.broken = True

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)

    assert (await call(house, script)).of(ev.Ready)[0].customer is None


@virtual_time
async def test_a_client_that_never_reports_does_not_stall_the_session() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(8)

    caller = await call(house, script, reports=False)
    assert caller.of(ev.AudioEnd)


@virtual_time
async def test_muting_in_mid_sentence_ends_the_utterance() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say("20#")
        caller.send(ev.Mute(True))
        await asyncio.sleep(3)

    assert (await call(house, script)).replies == list(house.responder.replies)


@virtual_time
async def test_goodbye_hangs_up_after_it_was_heard() -> None:
    house = House()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "再见。", "zh", is_last=True, action=ReplyAction.HANG_UP)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("再见"))
        await asyncio.sleep(5)

    caller = await call(house, script)
    assert caller.of(ev.ByeOut)[0].reason == "goodbye"
    assert caller.of(ev.AudioEnd)


@virtual_time
async def test_silence_for_long_ends_the_session() -> None:
    async def script(caller: Caller) -> None:
        await asyncio.sleep(400)

    assert (await call(House(), script)).of(ev.ByeOut)[0].reason == "idle"


@virtual_time
async def test_a_store_that_is_away_loses_nothing() -> None:
    house = House()
    house.store.away = True

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("一"))
        await caller.listen(4)
        house.store.away = False
        caller.send(ev.TextIn("二"))
        await caller.listen(5)

    caller = await call(house, script)
    assert len(caller.replies) == 4
    names = [type(event).__name__ for event in house.store.events]
    assert names == ["CustomerSaid", "Said", "CustomerSaid", "Said"]


@virtual_time
async def test_a_write_that_cannot_be_written_down_is_not_begun() -> None:
    house = House()
    house.store.away = True
    rules: list[str | None] = []

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        rules.append((await actions.run(cancel_action())).rule)
        yield Reply(turn.turn_id, "抱歉。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("取消"))
        await caller.listen(2)

    await call(house, script)
    assert rules == ["unavailable"]
    assert house.shop.cancelled == []


@virtual_time
async def test_a_voice_that_breaks_in_mid_answer_leaves_nothing_out_of_the_history() -> None:
    house = House()
    house.responder.replies = ("您的包裹已经到了杭州。", "一二三四五六七八九十" * 6 + "。", "预计明天送到。")
    house.tts.fail["预计明天送到。"] = [0, 0]

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(12)

    await call(house, script)
    assert house.said == [(" ".join(house.responder.replies), True)]


@virtual_time
async def test_what_was_heard_before_the_customer_left_is_remembered() -> None:
    house = House()

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(1.0)

    await call(house, script)
    assert [complete for _, complete in house.said] == [False]
    assert house.said[0][0].startswith(house.responder.replies[0])


@virtual_time
async def test_an_answer_waits_while_the_customer_speaks_again() -> None:
    house = House()
    house.asr.gate.clear()

    async def script(caller: Caller) -> None:
        await caller.say("20# 45.")
        speaking = asyncio.create_task(caller.say("60#"))
        await asyncio.sleep(0.5)
        house.asr.gate.set()
        await speaking
        assert not caller.of(ev.AudioStart), "the first transcript came while the customer was speaking again"
        await caller.listen(5)

    caller = await call(house, script)
    assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到"] * 2
    assert len(caller.of(ev.AudioStart)) == 1


@virtual_time
async def test_an_apology_and_an_answer_that_begin_at_once_do_not_speak_together() -> None:
    house = House()

    async def slow_to_end(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        try:
            yield Reply(turn.turn_id, "请稍等。", "zh")
            await asyncio.Event().wait()
        finally:
            if turn.turn_id == 1:
                await asyncio.sleep(1)
        yield Reply(turn.turn_id, "好了。", "zh", is_last=True)

    house.responder.answer = slow_to_end
    texts: list[str | AsrFailed] = [AsrFailed("broken")] * 3
    house.asr.answer = lambda call: texts.pop()

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("转人工"))
        await caller.listen(0.2)
        await caller.say("20# 12.")
        caller.send(ev.TextIn("我的订单"))
        await caller.listen(8)

    caller = await call(house, script)
    assert [turn.text for turn in house.responder.turns] == ["转人工", "我的订单"]
    starts = [event.turn_id for event in caller.of(ev.AudioStart)]
    stopped = [event.turn_id for _, event in caller.received if isinstance(event, ev.Clear)]
    assert set(starts[:-1]) <= set(stopped), f"turns {starts} speak at once"


@virtual_time
async def test_a_sentence_in_two_pieces_is_one_message() -> None:
    house = House()
    house.understanding.delay_s = 3.0
    texts = iter(["我的订单", "什么时候到"])
    house.asr.answer = lambda call: next(texts)

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.say(SPEECH)
        await caller.listen(8)

    await call(house, script)
    assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到"]


@virtual_time
async def test_the_stop_button_before_the_first_sound_keeps_it_silent() -> None:
    house = House()
    house.responder.delay_s = 1.0

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("你好"))
        await caller.listen(0.5)
        caller.send(ev.Interrupt())
        await caller.listen(4)

    caller = await call(house, script)
    assert caller.replies == list(house.responder.replies), "what was asked is still answered in writing"
    assert not caller.of(ev.AudioStart)

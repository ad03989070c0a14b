"""A voice session in virtual time: speech over the answer that is no turn, stops, silence, and thinking ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace

import numpy as np
import pytest

from dialogue.types import ActionRunner, Asked, CustomerSaid, Reply, Turn
from gateway import events as ev
from gateway.manners import Manners
from nlu.types import Expectation, Language
from speech.audio import float_from_pcm, pcm_from_float, resample
from speech.listen import ListenConfig
from speech.types import LISTEN_RATE_HZ, AudioFrame, Samples, Transcript
from tests.fakes import audio_of
from tests.fakes_core import House, Item, cancel_action
from tests.fakes_tts import FakeTts
from tests.gateway.test_session import FRAME_S, SPEECH, Caller, call, caller_metric
from tests.speech_sounds import syllables
from tests.virtual_time import virtual_time

QUESTION = "我的订单什么时候到"
OVER_THE_BOT = "12# 30."
"""380 ms of speech over the answer, then silence."""


async def interrupted(house: House, *, after_s: float = 0.8) -> Caller:
    """Ask, and say something else over the answer."""

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(after_s)
        await caller.say(OVER_THE_BOT)
        await caller.listen(6)

    return await call(house, script)


def by_length(first: str, second: str) -> Callable[..., str]:
    """The question lasts 640 ms, what is said over the answer 380 ms: told apart by what the recogniser is given."""
    return lambda call: first if call.ms > 1000 else second


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("text", "kind"),
    [("嗯", "backchannel"), ("好的", "backchannel"), ("", "false"), ("妈你等一下我在打电话", "side_talk"),
     ("您的包裹已经到了", "echo")],
)  # fmt: skip
def test_what_is_no_turn_loses_no_word_of_the_answer(text: str, kind: str) -> None:
    house = House()
    house.asr.answer = by_length(QUESTION, text)

    @virtual_time
    async def run() -> None:
        caller = await interrupted(house)
        assert len(house.responder.turns) == 1
        assert house.said == [(" ".join(house.responder.replies), True)]
        starts = caller.of(ev.AudioStart)
        assert [start.play for start in starts] == [1, 2]
        cleared = caller.first_at(ev.Clear)
        resumed = next(at for at, event in caller.received if isinstance(event, ev.AudioStart) and at > cleared)
        assert resumed - cleared < 1.2
        verdicts = [event.verdict for event in caller.of(ev.Heard) if event.verdict]
        assert verdicts[0] == "turn"
        assert verdicts[1] != "turn"
        assert caller_metric(house, kind) == 1

    run()


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "kind"),
    [
        ("那没什么问题", "affirm", 0.9, "backchannel"),
        ("晚上吃什么", "out_of_scope", 0.95, "side_talk"),
        ("那", "order_status", 0.5, "backchannel"),
        ("退货", "return_request", 0.9, "true"),
        ("运费谁来出", "out_of_scope", 0.6, "true"),
    ],
)
def test_what_the_words_mean_decides_where_they_do_not(text: str, intent: str, confidence: float, kind: str) -> None:
    house = House()
    house.asr.answer = by_length(QUESTION, text)
    house.understanding.intents[text] = (intent, confidence)

    @virtual_time
    async def run() -> None:
        await interrupted(house)
        said = [event for event in house.store.events if isinstance(event, CustomerSaid)]
        assert len(said) == (2 if kind == "true" else 1)
        assert caller_metric(house, kind) == 1

    run()


@virtual_time
async def test_a_word_of_the_bots_is_an_answer_when_a_question_is_pending(house: House) -> None:
    house.asr.answer = by_length("我要退货", "好的")

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        if turn.turn_id == 1:
            yield Asked(Expectation("yes_no"))
        yield Reply(turn.turn_id, "一共两件，退款原路退回，确认退货吗？", "zh", is_last=True)

    house.responder.answer = answer
    await interrupted(house)
    assert [turn.text for turn in house.responder.turns] == ["我要退货", "好的"]


@virtual_time
async def test_the_answer_goes_on_through_a_noise_that_does_not_end(house: House) -> None:
    house.listening = ListenConfig(partial_interval_ms=400)
    house.asr.answer = lambda call: QUESTION if 600 < call.ms < 1300 and not asked else ""
    asked: list[str] = []

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(0.8)
        asked.append(QUESTION)
        await caller.say("160# 30.")

    caller = await call(house, script)
    cleared = caller.first_at(ev.Clear)
    resumed = next(at for at, event in caller.received if isinstance(event, ev.AudioStart) and at > cleared)
    assert resumed - cleared < 2
    assert len(house.responder.turns) == 1


@virtual_time
async def test_a_stop_command_stops_and_is_acknowledged(house: House) -> None:
    house.asr.answer = by_length(QUESTION, "等一下")
    await interrupted(house)
    assert len(house.responder.turns) == 1
    assert not house.said[0][1]
    assert house.said[-1] == ("好的，您请说。", True)
    assert caller_metric(house, "stop") == 1


@virtual_time
async def test_the_bot_falls_silent_within_a_syllable(house: House) -> None:
    house.asr.answer = by_length(QUESTION, "不是这个订单")
    began: list[float] = []

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(0.8)
        began.append(caller.now)
        await caller.say("30# 30.")
        await caller.listen(4)

    caller = await call(house, script)
    assert caller.first_at(ev.Clear) - began[0] < 0.2
    assert [turn.text for turn in house.responder.turns] == [QUESTION] * 2 or len(house.responder.turns) == 2


@virtual_time
async def test_words_over_an_uninterruptible_prompt_are_answered_after_it(house: House) -> None:
    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        text = "本次通话可能会被录音，请您知悉。" if turn.turn_id == 1 else "好。"
        yield Reply(turn.turn_id, text, "zh", is_last=True, interruptible=turn.turn_id > 1)

    house.responder.answer = answer
    house.asr.answer = by_length("你好", "查订单")
    caller = await interrupted(house, after_s=0.4)
    assert not caller.of(ev.Clear)
    assert house.said == [("本次通话可能会被录音，请您知悉。", True), ("好。", True)]


@virtual_time
async def test_after_an_echo_the_bot_is_not_silenced_by_every_sound(house: House) -> None:
    house.responder.replies = ("您的包裹已经到了，" * 5 + "谢谢。",)
    house.asr.answer = by_length(QUESTION, "您的包裹已经到了")

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(0.8)
        for _ in range(3):
            await caller.say("12# 20.")
        await caller.listen(6)

    caller = await call(house, script)
    assert len(caller.of(ev.Clear)) == 1
    assert house.said[-1][1]


# --- the bot's own sound -------------------------------------------------------------------------------------------


class SyllablesTts(FakeTts):
    """Sounds with the shape of speech: a character is 100 ms of them."""

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """Frames of 20 ms."""
        pcm = pcm_from_float(syllables(len(text) / 10, sum(map(ord, text)), level_db=-6))
        for at in range(0, len(pcm), 640):
            yield AudioFrame(pcm[at : at + 640], LISTEN_RATE_HZ, at / 32)


def speaking_house() -> House:
    house = House(tts=SyllablesTts(capabilities=replace(FakeTts().capabilities, rate_hz=LISTEN_RATE_HZ)))
    house.responder.replies = ("您的包裹已经到了杭州，" * 4 + "谢谢。",)
    return house


async def on_a_speakerphone(caller: Caller, seconds: float, customer: Samples) -> None:
    """The microphone picks up the loudspeaker 160 ms late and 6 dB quieter, and ``customer``."""
    for at in range(0, int(seconds * LISTEN_RATE_HZ), 512):
        start = next((at for at, event in reversed(caller.received) if isinstance(event, ev.AudioStart)), None)
        heard = np.zeros(512, np.float32)
        if start is not None and not caller.of(ev.Clear):
            sent = b"".join(event.pcm for event in caller.of(ev.AudioOut))
            played = resample(float_from_pcm(sent), 24_000, LISTEN_RATE_HZ)
            first = round((caller.now - start - 0.16 - FRAME_S) * LISTEN_RATE_HZ)
            echo = played[max(0, first) : max(0, first + 512)] / 2
            heard[512 - echo.size :] = echo
        spoken = customer[at : at + 512]
        heard[: spoken.size] += spoken
        caller.send(ev.AudioIn(pcm_from_float(heard)))
        await asyncio.sleep(FRAME_S)


@pytest.mark.parametrize("misheard", ["你的弟弟", "等至两", "改一下地址"])
def test_the_bots_own_sound_neither_silences_it_nor_becomes_a_turn(misheard: str) -> None:
    house = speaking_house()
    house.asr.answer = lambda call: QUESTION if not house.responder.turns else misheard

    async def script(caller: Caller) -> None:
        await on_a_speakerphone(caller, 10, audio_of(SPEECH))

    @virtual_time
    async def run() -> None:
        caller = await call(house, script)
        assert not caller.of(ev.Clear)
        assert [turn.text for turn in house.responder.turns] == [QUESTION]
        assert [(text.replace(" ", ""), complete) for text, complete in house.said] == [
            (house.responder.replies[0], True)
        ]
        verdicts = [event.verdict for event in caller.of(ev.Heard) if event.verdict]
        assert verdicts[0] == "turn"
        assert set(verdicts[1:]) == {"echo"}

    run()


@virtual_time
async def test_a_customer_over_the_bots_own_sound_silences_it() -> None:
    house = speaking_house()
    house.asr.answer = lambda call: QUESTION if not house.responder.turns else "我要改收货地址"
    began: list[float] = []

    async def script(caller: Caller) -> None:
        began.append(caller.now + 4)
        question = audio_of(SPEECH)
        over = syllables(1.2, 99, level_db=-3)
        await on_a_speakerphone(caller, 8, np.concatenate([np.pad(question, (0, 4 * 16_000 - question.size)), over]))

    caller = await call(house, script)
    assert 0 < caller.first_at(ev.Clear) - began[0] < 0.5
    assert [turn.text for turn in house.responder.turns][:2] == [QUESTION, "我要改收货地址"]


# --- silence ---------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_customer_who_does_not_answer_is_asked_three_times(house: House) -> None:
    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Asked(Expectation("digits", "order_number", 8))
        yield Reply(turn.turn_id, "请告诉我订单号。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(90)

    caller = await call(house, script)
    assert caller.replies == ["请告诉我订单号。", "您还在吗？（1）", "您还在吗？（2）", "您还在吗？（3）"]


@virtual_time
async def test_without_a_question_silence_is_prompted_once(house: House) -> None:
    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(60)

    caller = await call(house, script)
    assert caller.replies[2:] == ["您还在吗？（1）"]


@virtual_time
async def test_a_client_s_own_wait_is_told_before_the_prompt(house: House) -> None:
    manners = Manners(no_input_s=4)

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(60)

    caller = await call(house, script, manners=manners)
    assert caller.replies[2:] == ["您还在吗？（1）"]
    (told_s,) = (at for at, event in caller.received if isinstance(event, ev.NoInput))
    first, second = (at for at, event in caller.received if isinstance(event, ev.AudioStart))
    (length_ms, *_) = (event.duration_ms for event in caller.of(ev.AudioEnd))
    assert told_s - first - length_ms / 1000 == pytest.approx(4, abs=1.1)
    assert told_s <= second < told_s + 0.5


@virtual_time
async def test_a_client_may_want_no_prompt(house: House) -> None:
    async def script(caller: Caller) -> None:
        await caller.listen(60)

    caller = await call(house, script, manners=Manners(no_input_s=0))
    assert caller.replies == []
    assert caller.of(ev.NoInput) == []


@virtual_time
async def test_a_reader_is_not_prompted(house: House) -> None:
    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn("你好"))
        await asyncio.sleep(100)

    caller = await call(house, script, ev.Start(greet=False, speak=False))
    assert len(caller.replies) == 2


# --- thinking ahead --------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_answer_is_ready_when_the_endpoint_is_certain(house: House) -> None:
    house.understanding.delay_s = 0.05
    house.responder.delay_s = 0.1

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(4)

    caller = await call(house, script)
    assert len(house.responder.turns) == 1, "the turn was thought through once"
    latency = caller.of(ev.Latency)[0]
    assert latency.hops["total_ms"] - latency.hops["endpoint_ms"] < 20
    spans = {span.name: span for span in latency.spans}
    assert spans["nlu"].end_ms - spans["nlu"].start_ms == pytest.approx(50, abs=5)
    assert spans["dialogue"].end_ms - spans["dialogue"].start_ms == pytest.approx(100, abs=5)
    assert spans["tts"].end_ms < spans["endpoint"].end_ms
    assert house.said == [(" ".join(house.responder.replies), True)]


@virtual_time
async def test_a_customer_who_goes_on_hears_and_changes_nothing(house: House) -> None:
    texts = {True: "我要取消订单", False: "我要取消订单算了不取消了"}
    house.asr.answer = lambda call: texts[call.ms < 1400]
    asked: list[str] = []

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        asked.append(turn.text)
        if not turn.text.endswith("不取消了"):
            await actions.run(cancel_action())
        yield Reply(turn.turn_id, "好的。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say("20# 9. 20# 30.")
        await caller.listen(4)

    caller = await call(house, script)
    assert asked[0] == "我要取消订单", "it was worked on at the pause"
    assert house.shop.cancelled == []
    finals = [e.event.text for e in caller.of(ev.Heard) if isinstance(e.event, Transcript) and e.event.is_final]
    assert finals == ["我要取消订单算了不取消了"]
    assert caller.replies == ["好的。"]
    assert [type(event).__name__ for event in house.store.events] == ["CustomerSaid", "Said"]


@virtual_time
async def test_a_write_waits_for_the_endpoint_and_runs_once(house: House) -> None:
    done_at: list[float] = []

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        await actions.run(cancel_action())
        done_at.append(asyncio.get_running_loop().time())
        yield Reply(turn.turn_id, "已经取消。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(4)

    caller = await call(house, script)
    assert len(house.shop.cancelled) == 1
    decided = next(at for at, e in caller.received if isinstance(e, ev.Heard) and e.verdict == "turn")
    assert done_at[0] >= decided


@virtual_time
async def test_an_understanding_that_fails_ahead_is_an_apology_after_the_endpoint(house: House) -> None:
    house.understanding.error = RuntimeError("broken")

    async def script(caller: Caller) -> None:
        await caller.listen(0.5)
        await caller.say(SPEECH)
        await caller.listen(4)

    assert (await call(house, script)).replies == ["抱歉（internal）。"]

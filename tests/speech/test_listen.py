from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.audio import read_audio, resample
from speech.endpointing import EndpointConfig
from speech.errors import AsrFailed, AsrOverloaded, AudioError
from speech.listen import ListenConfig, listen
from speech.types import (
    AudioFrame,
    EndpointHint,
    Recognition,
    RecognitionFailed,
    Samples,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    Transcript,
    Wordless,
)
from speech.vad import WINDOW_MS, WINDOW_SAMPLES, SileroVad
from tests.fakes import AsrCall, FakeAsr, LoudnessVad, audio_of, microphone
from tests.virtual_time import virtual_time

QUIET = ListenConfig(partial_interval_ms=0, retry_ms=1)
LIVELY = ListenConfig(partial_interval_ms=320, retry_ms=1)
DATA = Path(__file__).parents[1] / "data" / "audio"


def show(event: SpeechEvent) -> str:
    match event:
        case SpeechStarted(utterance_id, start):
            return f"{utterance_id} started {start:g}"
        case SpeechEnded(utterance_id, end, decided):
            return f"{utterance_id} ended {end:g} {decided:g}"
        case Transcript(utterance_id, text, is_final):
            return f"{utterance_id} {'final' if is_final else 'partial'} {text}"
        case RecognitionFailed(utterance_id, code):
            return f"{utterance_id} failed {code}"
        case Wordless(utterance_id, _, until):
            return f"{utterance_id} wordless {until:g}"


async def hear(
    frames: AsyncIterator[AudioFrame], asr: FakeAsr, config: ListenConfig = QUIET, hint: EndpointHint | None = None
) -> list[str]:
    events = listen(frames, asr, LoudnessVad(), config=config, hint=lambda: hint or EndpointHint())
    async with aclosing(events) as heard:
        return [show(event) async for event in heard]


async def test_an_utterance_is_decoded_once_from_preroll_to_tail() -> None:
    asr = FakeAsr()
    assert await hear(microphone(audio_of("20. 10# 30.")), asr) == [
        "1 started 640",
        f"1 partial {300 + 320 + 160} ms",
        "1 ended 960 1568",
        f"1 final {300 + 320 + 160} ms",
    ]
    assert len(asr.calls) == 1
    call = asr.calls[0]
    assert np.flatnonzero(call.samples)[[0, -1]].tolist() == [300 * 16, 620 * 16 - 1]


async def test_speech_started_comes_within_130_ms() -> None:
    heard_ms = 0.0

    async def frames() -> AsyncIterator[AudioFrame]:
        nonlocal heard_ms
        async for frame in microphone(audio_of("20. 10# 30."), frame_ms=20):
            heard_ms = frame.end_ms
            yield frame

    async with aclosing(listen(frames(), FakeAsr(), LoudnessVad())) as events:
        event = await anext(events)
        assert event == SpeechStarted(1, 640)
        assert heard_ms - 640 <= 130


async def test_speech_that_goes_on_discards_the_early_decode() -> None:
    asr = FakeAsr()
    events = await hear(microphone(audio_of("10. 5# 10. 5# 30.")), asr)
    assert [round(call.ms) for call in asr.calls] == [300 + 160 + 160, 300 + 640 + 160]
    assert events[-1] == f"1 final {300 + 640 + 160} ms"
    assert sum("final" in event for event in events) == 1


async def test_a_slow_early_decode_does_not_pile_up() -> None:
    asr = FakeAsr()
    asr.gate.clear()

    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10. " + "5# 10. " * 6 + "30.")):
            yield frame
        assert len(asr.calls) == 2  # the stale one, and the final
        asr.gate.set()

    events = await hear(frames(), asr)
    assert events[-1] == f"1 final {300 + 5 * 480 + 160 + 200} ms"


async def test_partials_come_while_the_customer_speaks_one_at_a_time() -> None:
    asr = FakeAsr()
    events = await hear(microphone(audio_of("10. 40# 30.")), asr, LIVELY)
    partials = [call for call in asr.calls if call.partial]
    assert [round(call.ms) for call in partials] == [620, 940, 1260, 1580]
    assert [event for event in events if "partial" in event][:3] == [
        "1 partial 620 ms",
        "1 partial 940 ms",
        "1 partial 1260 ms",
    ]

    slow = FakeAsr()
    slow.gate.clear()

    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10. 40#")):
            yield frame
        assert sum(call.partial for call in slow.calls) == 1
        slow.gate.set()

    events = await hear(frames(), slow, LIVELY)
    assert [event.split()[1] for event in events] == ["started", "ended", "final"]


async def test_partials_are_skipped_when_the_recogniser_is_busy() -> None:
    asr = FakeAsr(lambda call: AsrOverloaded("busy") if call.partial else "退款")
    events = await hear(microphone(audio_of("10. 40# 30.")), asr, LIVELY)
    assert events[-1] == "1 final 退款"
    assert sum(call.partial for call in asr.calls) > 1


async def test_overload_on_the_final_is_retried_once() -> None:
    answers = iter([AsrOverloaded("full"), AsrOverloaded("full"), "退款"])
    asr = FakeAsr(lambda call: next(answers))
    assert (await hear(microphone(audio_of("10# 30.")), asr))[-1] == "1 final 退款"


@pytest.mark.parametrize("error", [AsrOverloaded("full"), AsrFailed("broken")])
async def test_failure_is_an_event_and_listening_goes_on(error: AsrOverloaded | AsrFailed) -> None:
    broken = True

    def answer(call: AsrCall) -> str | AsrOverloaded | AsrFailed:
        return error if broken else "好了"

    async def frames() -> AsyncIterator[AudioFrame]:
        nonlocal broken
        async for frame in microphone(audio_of("10# 30.")):
            yield frame
        await asyncio.sleep(0.02)  # longer than the retry's 1 ms
        broken = False
        async for frame in microphone(audio_of("10# 30."), start_ms=40 * 32):
            yield frame

    events = await hear(frames(), FakeAsr(answer))
    assert [event for event in events if "final" in event or "failed" in event] == [
        f"1 failed {error.code}",
        "2 final 好了",
    ]


async def test_nobody_spoke_is_an_empty_final() -> None:
    assert (await hear(microphone(audio_of("10# 30.")), FakeAsr(lambda call: "")))[-2:] == [
        "1 ended 320 928",
        "1 final ",
    ]


async def test_finals_keep_the_order_of_their_utterances() -> None:
    first = asyncio.Event()

    class Late(FakeAsr):
        async def transcribe(self, samples: Samples, **more: object) -> object:  # type: ignore[override]
            number = len(self.calls)
            answer = await super().transcribe(samples)
            if number == 0:
                await first.wait()
            else:
                first.set()
            return answer

    config = ListenConfig(partial_interval_ms=0, speculate=False)
    events = await hear(microphone(audio_of("10# 30. 5# 30.")), Late(), config)
    assert [event.split()[:2] for event in events] == [
        ["1", "started"], ["1", "ended"], ["2", "started"], ["2", "ended"], ["1", "final"], ["2", "final"],
    ]  # fmt: skip


async def test_the_end_of_the_stream_ends_the_utterance() -> None:
    assert await hear(microphone(audio_of("10# 2.")), FakeAsr()) == ["1 started 0", "1 ended 320 384", "1 final 384 ms"]


async def test_sixty_seconds_without_a_pause_are_cut_and_remembered_no_longer_than_needed() -> None:
    asr = FakeAsr()
    events = await hear(microphone(audio_of("1875# 30."), frame_ms=320), asr)
    assert [event.split()[1] for event in events if "partial" not in event] == ["started", "ended", "final"] * 2
    finals = [round(call.ms) for call in asr.calls]
    assert finals == [30016, 30016]  # nothing is heard twice


async def test_expected_digits_wait_longer() -> None:
    audio = audio_of("5# 20. 5# 20.")
    assert sum("final" in event for event in await hear(microphone(audio), FakeAsr())) == 2
    digits = EndpointHint("digits", 11)
    assert sum("final" in event for event in await hear(microphone(audio), FakeAsr(), QUIET, digits)) == 1


async def test_unfinished_words_wait_longer() -> None:
    audio = audio_of("5# 25. 5# 20.")
    assert sum("final" in event for event in await hear(microphone(audio), FakeAsr(lambda call: "我要退货，因为"))) == 1


async def test_a_complete_question_ends_sooner_than_half_a_sentence() -> None:
    waits = {}
    for text in ("我的订单什么时候到", "黑色那双", "我想查一下订单，然后"):
        events = await hear(microphone(audio_of("10# 60.")), FakeAsr(lambda call, text=text: text))  # type: ignore[misc]
        ended = next(event for event in events if "ended" in event)
        waits[text] = float(ended.split()[3]) - float(ended.split()[2])
    assert list(waits.values()) == [416, 608, 1216]


async def transcripts(frames: AsyncIterator[AudioFrame], asr: FakeAsr, config: ListenConfig) -> list[Transcript]:
    async with aclosing(listen(frames, asr, LoudnessVad(), config=config)) as events:
        return [event async for event in events if isinstance(event, Transcript)]


async def test_the_text_at_a_pause_is_marked() -> None:
    answers = iter(["我想", "我想查", "我想查一下订单", "我想查一下订单"])
    heard = await transcripts(microphone(audio_of("20# 30.")), FakeAsr(lambda call: next(answers)), LIVELY)
    assert [(text.text, text.is_final, text.at_pause, text.stable) for text in heard] == [
        ("我想", False, False, ""),
        ("我想查", False, False, "我想"),
        ("我想查一下订单", False, True, "我想查"),
        ("我想查一下订单", True, False, "我想查一下订单"),
    ]


async def test_text_that_comes_when_speech_goes_on_is_not_at_a_pause() -> None:
    asr = FakeAsr()
    asr.gate.clear()

    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10# 6. 10#")):
            yield frame
        asr.gate.set()
        async for frame in microphone(audio_of("30."), start_ms=26 * 32):
            yield frame

    heard = await transcripts(frames(), asr, QUIET)
    assert [(text.at_pause, text.is_final) for text in heard] == [(False, False), (True, False), (False, True)]


async def test_the_level_is_that_of_the_speech() -> None:
    for amplitude, level_db in ((0.5, -6.0), (0.2, -14.0)):
        samples = audio_of("30. 20# 10. 10# 40.") * (amplitude / 0.5)
        heard = await transcripts(microphone(samples, frame_ms=20), FakeAsr(), QUIET)
        assert heard[-1].level_db == pytest.approx(level_db, abs=0.6)


async def test_a_click_after_a_pause_is_not_decoded_again() -> None:
    asr = FakeAsr(lambda call: "黑色那双")
    events = await hear(microphone(audio_of("10# 8. 3# 30.")), asr)
    assert len(asr.calls) == 1
    assert events[-1] == "1 final 黑色那双"
    asr = FakeAsr(lambda call: "黑色那双")
    await hear(microphone(audio_of("10# 8. 4# 30.")), asr)
    assert len(asr.calls) == 2


async def test_an_early_decode_that_failed_is_tried_again_after_a_click() -> None:
    answers = iter([AsrFailed("broken"), "黑色那双"])
    asr = FakeAsr(lambda call: next(answers))
    assert (await hear(microphone(audio_of("10# 8. 3# 30.")), asr))[-1] == "1 final 黑色那双"


@virtual_time
async def test_words_that_are_late_are_waited_for_and_end_the_utterance_at_once() -> None:
    class Slow(FakeAsr):
        async def transcribe(self, samples: Samples, **more: object) -> object:  # type: ignore[override]
            await asyncio.sleep(0.8)
            return await super().transcribe(samples)

    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10# 60.")):
            yield frame
            await asyncio.sleep(0.032)

    events = await hear(frames(), Slow(lambda call: "我要退货"))
    ended = next(event for event in events if "ended" in event)
    assert float(ended.split()[3]) - float(ended.split()[2]) == pytest.approx(160 + 800, abs=64)


@virtual_time
async def test_a_microphone_that_stops_ends_the_utterance() -> None:
    loop = asyncio.get_running_loop()
    at: dict[str, float] = {}

    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10#")):
            yield frame
        await asyncio.sleep(60)
        async for frame in microphone(audio_of("10# 30."), start_ms=60_000):
            yield frame

    async with aclosing(listen(frames(), FakeAsr(), LoudnessVad(), config=QUIET)) as events:
        seen = []
        async for event in events:
            seen.append(show(event))
            at.setdefault(type(event).__name__, loop.time())
    assert at["SpeechEnded"] == pytest.approx(3.0)
    assert [line.split()[1] for line in seen if "partial" not in line] == ["started", "ended", "final"] * 2


@virtual_time
async def test_frames_that_come_slowly_do_not_end_the_utterance() -> None:
    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10#")):
            yield frame
            await asyncio.sleep(2)

    assert sum("ended" in event for event in await hear(frames(), FakeAsr())) == 1


WORDS = ["", "我要退货", "然后", "一三八", "黑色那双"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from("#.")), max_size=16),
    st.lists(st.tuples(st.integers(0, 1500), st.sampled_from([*WORDS, "broken", "busy"])), min_size=1, max_size=8),
    st.sampled_from([EndpointHint(), EndpointHint("digits", 4), EndpointHint("yes_no"), EndpointHint(overlap=True)]),
)
@virtual_time
async def test_every_utterance_ends_once_and_has_one_final(
    runs: list[tuple[int, str]], decodes: list[tuple[int, str]], hint: EndpointHint
) -> None:
    class Uneven(FakeAsr):
        async def transcribe(self, samples: Samples, **more: object) -> object:  # type: ignore[override]
            self.calls.append(AsrCall(samples, None, partial=False))
            delay_ms, text = decodes[len(self.calls) % len(decodes)]
            await asyncio.sleep(delay_ms / 1000)
            if text in {"broken", "busy"}:
                raise AsrFailed("broken") if text == "broken" else AsrOverloaded("busy")
            return Recognition(text, "zh", 0.9)

    async def frames() -> AsyncIterator[AudioFrame]:
        script = " ".join(f"{count}{kind}" for count, kind in runs)
        async for frame in microphone(audio_of(f"{script} 1."), frame_ms=20):
            yield frame
            await asyncio.sleep(0.02)

    config = ListenConfig(EndpointConfig(max_utterance_ms=3000), partial_interval_ms=320)
    events = await hear(frames(), Uneven(), config, hint)
    steps = [event.split()[:2] for event in events if "partial" not in event]
    numbers = [number for number, step in steps if step == "started"]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert [number for number, step in steps if step in {"final", "failed"}] == numbers
    told = [[number, step] for number, step in steps if step in {"started", "ended"}]
    assert told == [[number, step] for number in numbers for step in ("started", "ended")]
    for event in (event.split() for event in events if "ended" in event):
        assert float(event[3]) - float(event[2]) <= EndpointConfig().longest_wait_ms + WINDOW


@dataclass
class FakeEndOfTurn:
    """``EndOfTurn`` with one answer."""

    answer: float | None
    heard_ms: list[float] = field(default_factory=list)

    async def probability(self, samples: Samples) -> float | None:
        self.heard_ms.append(samples.size / 16)
        return self.answer

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(("answer", "wait_ms"), [(0.1, 1216), (0.9, 416), (None, 416)])
async def test_a_voice_that_goes_on_lengthens_the_wait(answer: float | None, wait_ms: float) -> None:
    model = FakeEndOfTurn(answer)
    asr = FakeAsr(lambda call: "我要退货")
    events = listen(microphone(audio_of("10# 60.")), asr, LoudnessVad(), config=QUIET, end_of_turn=model)
    async with aclosing(events) as heard:
        [ended] = [event async for event in heard if isinstance(event, SpeechEnded)]
    assert ended.decided_ms - ended.end_ms == wait_ms
    assert model.heard_ms == [15 * 32]


@pytest.mark.parametrize(("lost_ms", "finals"), [(40, 1), (320, 1), (1300, 2), (60_000, 2)])
async def test_dropped_frames_are_silence_and_the_clock_stays_right(lost_ms: float, finals: int) -> None:
    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10. 10#"), start_ms=5000):
            yield frame
        async for frame in microphone(audio_of("10# 30."), start_ms=5000 + 640 + lost_ms):
            yield frame

    events = await hear(frames(), FakeAsr())
    assert events[0] == "1 started 5320"
    assert sum("final" in event for event in events) == finals
    ended = float([event for event in events if "ended" in event][-1].split()[2])
    assert ended == pytest.approx(5000 + 640 + lost_ms + 320, abs=WINDOW)
    if finals == 2:
        assert next(event for event in events if "ended" in event).startswith("1 ended 5640")


WINDOW = 32


async def test_a_clock_that_starts_anew_breaks_nothing() -> None:
    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10# 30."), start_ms=100_000):
            yield frame
        async for frame in microphone(audio_of("10. 10# 30.")):
            yield frame

    events = await hear(frames(), FakeAsr())
    assert [event for event in events if "started" in event] == ["1 started 100000", "2 started 320"]
    assert sum("final" in event for event in events) == 2


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40_000))
async def test_frames_may_have_any_size(samples_per_frame: int) -> None:
    audio = audio_of("20. 10# 30. 10# 30.")
    events = await hear(microphone(audio, frame_ms=samples_per_frame / 16), FakeAsr())
    started = [event for event in events if "started" in event]
    assert started == ["1 started 640", "2 started 1920"]
    assert sum("final" in event for event in events) == 2


@pytest.mark.parametrize(
    "frame", [AudioFrame(b"abc", 16000, 0), AudioFrame(bytes(320), 8000, 0)], ids=["odd bytes", "8 kHz"]
)
async def test_malformed_frames_are_an_audio_error(frame: AudioFrame) -> None:
    async def frames() -> AsyncIterator[AudioFrame]:
        yield frame

    with pytest.raises(AudioError):
        await hear(frames(), FakeAsr())


async def test_an_error_of_the_microphone_comes_through_as_it_is() -> None:
    async def frames() -> AsyncIterator[AudioFrame]:
        async for frame in microphone(audio_of("10#")):
            yield frame
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await hear(frames(), FakeAsr())


async def test_closing_in_mid_utterance_ends_every_task() -> None:
    asr = FakeAsr()
    asr.gate.clear()
    events = listen(microphone(audio_of("10# 30. 10#")), asr, LoudnessVad(), config=LIVELY)
    assert isinstance(await anext(events), SpeechStarted)
    assert isinstance(await anext(events), SpeechEnded)
    await events.aclose()
    assert len(asyncio.all_tasks()) == 1


async def test_a_consumer_that_lags_holds_the_microphone_back() -> None:
    taken = 0

    async def frames() -> AsyncIterator[AudioFrame]:
        nonlocal taken
        async for frame in microphone(audio_of("5# 25. " * 200)):
            taken += 1
            yield frame

    async with aclosing(listen(frames(), FakeAsr(), LoudnessVad(), config=QUIET)) as events:
        await anext(events)
        for _ in range(20_000):
            await asyncio.sleep(0)
        assert taken < 6000 / 2
        assert sum([isinstance(event, Transcript) and event.is_final async for event in events]) == 200


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
async def test_a_recording_is_heard_with_the_real_vad(rate_hz: int) -> None:
    samples, rate = read_audio(DATA / "zh_azure_season.wav")
    samples = resample(resample(samples, rate, rate_hz), rate_hz, 16000)
    padded = np.concatenate([samples, np.zeros(16000, np.float32)])
    asr = FakeAsr()
    events = listen(microphone(padded, frame_ms=20), asr, SileroVad().stream(), config=QUIET)
    async with aclosing(events) as heard:
        seen = [event async for event in heard if not isinstance(event, Transcript) or event.is_final]
    started, ended, final = seen
    assert isinstance(started, SpeechStarted)
    assert isinstance(ended, SpeechEnded)
    assert isinstance(final, Transcript)
    assert started.start_ms == pytest.approx(300, abs=130)
    assert ended.end_ms == pytest.approx(2080, abs=130)
    assert 600 <= ended.decided_ms - ended.end_ms <= 600 + 160 + 32
    assert final.text == f"{asr.calls[-1].ms:.0f} ms"


class KeepingVad(LoudnessVad):
    """Keeps what it heard."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Samples] = []

    def push(self, samples: Samples) -> list[float]:
        self.heard.append(samples)
        return super().push(samples)


@pytest.mark.parametrize(("came_at_hz", "is_filled"), [(8_000, True), (16_000, False), (48_000, False)])
async def test_over_a_telephone_only_voice_activity_hears_an_upper_band(came_at_hz: int, is_filled: bool) -> None:
    asr, vad, audio = FakeAsr(), KeepingVad(), audio_of("20. 10# 30.")
    events = listen(microphone(audio), asr, vad, config=QUIET, came_at_hz=came_at_hz)
    async with aclosing(events) as heard:
        assert "1 started 640" in [show(event) async for event in heard]
    added = float(np.abs(np.concatenate(vad.heard) - audio).max())
    assert (added > 0.001) is is_filled
    assert added < 0.02
    assert np.unique(asr.calls[0].samples) == pytest.approx([0.0, 0.5], abs=1e-4)


@pytest.mark.parametrize("came_at_hz", [16_000, 8_000])
async def test_noise_and_music_start_nothing_with_the_real_vad(came_at_hz: int) -> None:
    noise = np.random.default_rng(3).standard_normal(48000).astype(np.float32) * 0.1
    chord = sum(0.1 * np.sin(2 * np.pi * hz * np.arange(48000) / 16000) for hz in (262, 330, 392))
    audio = np.concatenate([np.zeros(16000), noise, np.asarray(chord)]).astype(np.float32)
    events = listen(microphone(audio, frame_ms=20), FakeAsr(), SileroVad().stream(), came_at_hz=came_at_hz)
    async with aclosing(events) as heard:
        assert [event async for event in heard] == []


async def test_voices_behind_the_customer_are_no_part_of_what_they_say() -> None:
    asr = FakeAsr()
    behind, near = (np.full(30 * WINDOW_SAMPLES, level, np.float32) for level in (0.12, 0.9))
    heard = await hear(microphone(np.concatenate([behind, near, behind, behind])), asr)
    started, ended, nothing, *words = heard
    assert (started, nothing) == ("1 started 0", "1 final ")
    assert ended.startswith("1 ended")
    start, end = (float(line.split()[2]) for line in words if "started" in line or "ended" in line)
    assert abs(start - 30 * WINDOW_MS) <= 2 * WINDOW_MS
    assert abs(end - 60 * WINDOW_MS) <= 4 * WINDOW_MS
    assert words[-1].startswith("2 final ")
    assert {call.ms for call in asr.calls} == {asr.calls[0].ms}

"""One Realtime connection in virtual time: the client's own wait for a silent customer, and push to talk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.channels.realtime.config import Session
from gateway.channels.realtime.ears import Ears
from tests.fakes import AsrCall
from tests.fakes_core import House
from tests.gateway.channels.realtime_desk import Desk, Track, at_the_desk
from tests.virtual_time import virtual_time

QUESTION = "20# 30."
"""640 ms of speech, then silence enough for the endpoint."""
ANSWER = "您的包裹已经到了杭州。预计明天下午送到。"
PROMPT = "您还在吗？（1）"
PUSH_TO_TALK = {"turn_detection": None, "transcription": {"model": "kefu-asr"}}


def listening(**turn_detection: Any) -> dict[str, Any]:
    return {"input": {"turn_detection": {"type": "server_vad", **turn_detection}, "transcription": {"model": "x"}}}


# --- idle_timeout_ms -------------------------------------------------------------------------------------------------


@virtual_time
async def test_after_its_wait_the_client_is_told_of_an_empty_item_and_kefu_speaks() -> None:
    async def script(desk: Desk) -> None:
        await desk.say(QUESTION)
        await desk.listen(30)

    desk = await at_the_desk(House(), script, audio=listening(idle_timeout_ms=6000))
    (triggered,) = desk.of("input_audio_buffer.timeout_triggered")
    at = desk.kinds.index("input_audio_buffer.timeout_triggered")
    assert desk.kinds[at : at + 5] == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert "response.created" in desk.kinds[at:]
    assert {event["item_id"] for event in (triggered, desk.of("input_audio_buffer.committed")[-1])} == {
        triggered["item_id"]
    }
    assert triggered["audio_end_ms"] - triggered["audio_start_ms"] == 6000
    (told_s,) = desk.times("input_audio_buffer.timeout_triggered")
    assert triggered["audio_end_ms"] == pytest.approx((told_s - 0.1) * 1000, abs=60), "the sample clock of the buffer"
    answered = desk.times("response.output_audio.delta")
    # 100 ms a character and 120 ms between the sentences; then 1.58 s for a client that does not say what it played.
    played_s = answered[0] + len(ANSWER) * 0.1 + 0.12 + 1.58
    assert 6 <= told_s - played_s <= 7.1, "and twice the tick of half a second"
    assert desk.spoken == [ANSWER, PROMPT]


@virtual_time
async def test_the_wait_begins_with_the_first_answer_and_not_before() -> None:
    async def script(desk: Desk) -> None:
        await desk.listen(30)

    desk = await at_the_desk(House(), script, audio=listening(idle_timeout_ms=2000))
    assert desk.kinds == ["session.created"]


@virtual_time
async def test_a_client_without_a_wait_is_spoken_to_without_the_event() -> None:
    async def script(desk: Desk) -> None:
        await desk.say(QUESTION)
        await desk.listen(30)

    desk = await at_the_desk(House(), script, audio=listening())
    assert desk.spoken == [ANSWER, PROMPT]
    assert desk.of("input_audio_buffer.timeout_triggered") == []


@virtual_time
async def test_a_client_that_asks_for_answers_itself_is_left_alone() -> None:
    async def script(desk: Desk) -> None:
        await desk.say(QUESTION)
        desk.send(type="response.create")
        await desk.listen(30)

    desk = await at_the_desk(House(), script, audio=listening(idle_timeout_ms=2000, create_response=False))
    assert desk.spoken == [ANSWER]
    assert desk.of("input_audio_buffer.timeout_triggered") == []


# --- push to talk ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("track", [None, Track()])
def test_push_to_talk_hears_what_came_since_the_last_commit_or_clear(track: Track | None) -> None:
    house = House()
    house.asr.answer = lambda call: f"{call.ms / 100:.0f}"

    @virtual_time
    async def run() -> None:
        async def script(desk: Desk) -> None:
            await desk.say("100# 10.")
            desk.send(type="input_audio_buffer.clear")
            await asyncio.sleep(0.1)
            await desk.say("5. 30# 5.")
            desk.send(type="input_audio_buffer.commit")
            await asyncio.sleep(0.1)
            await desk.say("5. 60# 5.")
            desk.send(type="input_audio_buffer.commit")
            desk.send(type="response.create")
            await desk.listen(6)

        desk = await at_the_desk(house, script, track=track, audio={"input": PUSH_TO_TALK})
        assert "error" not in desk.kinds
        # 960 and 1920 ms of speech with what is heard around it.
        first, second = (int(words) for words in desk.heard)
        assert first == pytest.approx(11, abs=3)
        assert second == pytest.approx(21, abs=3)
        assert [turn.text for turn in house.responder.turns] == [f"{first}\n{second}"]
        assert desk.spoken == [ANSWER]
        assert desk.of("input_audio_buffer.speech_started") == []

    run()


@virtual_time
async def test_who_talks_by_a_key_is_not_asked_whether_they_are_there() -> None:
    async def script(desk: Desk) -> None:
        await desk.say("900#")

    desk = await at_the_desk(House(), script, track=Track(), audio={"input": PUSH_TO_TALK})
    assert desk.kinds == ["session.created"]


@virtual_time
async def test_push_to_talk_is_switched_on_and_off_in_the_call() -> None:
    house = House()

    async def script(desk: Desk) -> None:
        await desk.say("10#")
        desk.send(type="session.update", session={"audio": {"input": {"turn_detection": None}}})
        await asyncio.sleep(0.1)
        await desk.say("30. 20# 10.")
        desk.send(type="input_audio_buffer.commit")
        await desk.listen(3)
        desk.send(type="session.update", session={"audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
        await desk.listen(1)
        await desk.say(QUESTION)
        await desk.listen(4)

    house.asr.answer = words_by_order("按着说的", "自己停的")
    desk = await at_the_desk(house, script, track=Track(), audio=listening())
    assert desk.heard == ["按着说的", "自己停的"], "what was begun before the switch counts no more"
    assert "error" not in desk.kinds
    assert [turn.text for turn in house.responder.turns] == ["自己停的"]


def words_by_order(*words: str) -> Any:
    """What is said before the switch is 320 ms long; then come these."""
    left = list(words)

    def answer(call: AsrCall) -> str:
        return "" if call.ms < 900 else left.pop(0) if len(left) > 1 else left[0]

    return answer


def test_of_a_track_the_last_two_minutes_are_kept() -> None:
    ears = Ears(House().voice(), Session, 48_000)
    for _ in range(1300):
        ears.hear(bytes(9600))  # 100 ms
    assert len(ears._held) == 120 * 16_000 * 2

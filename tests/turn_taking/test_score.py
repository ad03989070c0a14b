"""The judgement itself, on takes made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gateway import events as ev
from nlu.types import Expectation
from speech.types import SpeechEnded, Transcript
from tests.turn_taking.facts import Rendering, Span, Take, TurnTaken, lost_ms
from tests.turn_taking.figures import figures
from tests.turn_taking.loudspeaker import START_DELAY_MS, Loudspeaker, Run
from tests.turn_taking.scenes import Label, Scene, SceneError, load_scenes, parse_file
from tests.turn_taking.score import score
from tests.turn_taking.words import digits, plain, similarity, units

RATE_HZ = 24_000
ANSWER = "一二三四五六七八九十"
"""Of ten seconds, a second each."""


def sound(first_ms: float, last_ms: float) -> bytes:
    """This stretch of the bot's answer: each millisecond has a value of its own."""
    ms = np.arange(int(first_ms), int(last_ms))
    return np.repeat(4000 + ms, RATE_HZ // 1000).astype("<i2").tobytes()


RENDERED = [Rendering(plain(ANSWER), sound(0, 10_000))]


def run(at_ms: float, first_ms: float, last_ms: float, turn_id: int = 1) -> Run:
    """A stretch of an answer, played at a time."""
    return Run(turn_id, round(at_ms * RATE_HZ / 1000), bytearray(sound(first_ms, last_ms)))


def scene(**label: Any) -> Scene:
    """A scene with this label; its customer is in the take."""
    return Scene("zh_x", "barge_in", "zh", ANSWER, Expectation(), (), Label(**label))


def said(start_ms: float, end_ms: float, text: str = "我要退货") -> Span:
    """Words of the customer."""
    return Span(((start_ms, end_ms),), text, is_customers=True)


def test_an_answer_that_ends_has_yielded() -> None:
    take = Take((run(1000, 0, 2200), run(4000, 5000, 6000, 2)), opening_turn=1, spans=(said(3000, 3500),))
    found = score(scene(bot="yield"), take, RENDERED)
    assert found.yield_ms == pytest.approx(200, abs=20)
    assert found.is_correct


def test_an_answer_that_comes_back_has_not_yielded() -> None:
    runs = (run(1000, 0, 2200), run(4000, 2200, 10_000))
    found = score(scene(bot="yield"), Take(runs, opening_turn=1, spans=(said(3000, 3500),)), RENDERED)
    assert found.yield_ms is None
    assert found.failures == ("the bot did not yield",)


def test_a_bot_that_was_silent_cannot_yield() -> None:
    take = Take((run(1000, 0, 1000),), opening_turn=1, spans=(said(3000, 3500),))
    assert score(scene(bot="yield"), take, RENDERED).failures == ("the bot was silent already",)


def test_an_answer_that_is_not_gone_on_with_after_a_breath_has_yielded() -> None:
    take = Take((run(1000, 0, 1900),), opening_turn=1, spans=(said(3000, 3500),))
    assert score(scene(bot="yield"), take, RENDERED).yield_ms == 0
    finished = Take((run(1000, 8100, 10_000),), opening_turn=1, spans=(said(3000, 3500),))
    last = [Rendering(plain(ANSWER), sound(8100, 10_000))]
    assert score(scene(bot="yield"), finished, last).failures == ("the bot was silent already",)


def test_an_answer_held_and_gone_on_with_is_kept_but_has_paused() -> None:
    runs = (run(1000, 0, 2200), run(4000, 2100, 10_000))
    found = score(scene(bot="keep"), Take(runs, opening_turn=1, spans=(said(3000, 3300, "嗯"),)), RENDERED)
    assert (found.kept, found.never_paused, found.is_correct) == (True, False, True)


def test_an_answer_that_nobody_disturbed_is_kept() -> None:
    assert score(scene(bot="keep"), Take((run(0, 0, 10_000),), opening_turn=1), RENDERED).never_paused


def test_one_sound_after_another_may_hold_an_answer_longer() -> None:
    spans = (said(3000, 3300, "嗯"), said(3900, 4200, "嗯"))
    take = Take((run(1000, 0, 2200), run(5000, 2200, 10_000)), opening_turn=1, spans=spans)
    assert score(scene(bot="keep"), take, RENDERED).kept


def test_an_answer_that_comes_back_after_a_second_was_not_kept() -> None:
    runs = (run(1000, 0, 2200), run(4500, 2200, 10_000))
    found = score(scene(bot="keep"), Take(runs, opening_turn=1, spans=(said(3000, 3300, "嗯"),)), RENDERED)
    assert found.failures == ("the answer came back too late",)
    assert found.kept is False


def test_words_that_are_skipped_are_lost() -> None:
    runs = (run(1000, 0, 2200), run(3600, 2700, 10_000))
    found = score(scene(bot="keep"), Take(runs, opening_turn=1, spans=(said(3000, 3300, "嗯"),)), RENDERED)
    assert found.lost_ms == pytest.approx(500, abs=20)
    assert found.kept is False


def test_words_that_nobody_rendered_are_lost() -> None:
    take = Take((run(0, 0, 10_000),), opening_turn=1)
    assert lost_ms(take, plain(ANSWER + "再见"), RENDERED) == 440


def test_what_was_said_again_from_its_sentence_is_not_lost() -> None:
    again = Rendering(plain(ANSWER[5:]), sound(20_000, 25_000))
    take = Take((run(0, 0, 5500), run(6000, 20_000, 25_000)), opening_turn=1)
    assert lost_ms(take, plain(ANSWER), [*RENDERED, again]) == 0


def test_a_turn_made_of_what_was_none_is_false() -> None:
    take = Take(
        (run(0, 0, 10_000),), opening_turn=1, spans=(said(3000, 3300, "嗯"),), turns=(TurnTaken(2, "嗯", 4000),)
    )
    found = score(scene(bot="keep"), take, RENDERED)
    assert found.false_turns == 1
    assert found.kept is False


def test_an_utterance_ended_inside_the_words_is_a_false_endpoint() -> None:
    heard = ((1400.0, SpeechEnded(1, 800, 1400)), (3000.0, SpeechEnded(2, 2000, 2600)))
    take = Take((run(0, 0, 200),), opening_turn=1, spans=(said(500, 2000),), heard=heard)
    found = score(scene(), take, RENDERED)
    assert (found.utterances, found.false_endpoints) == (2, 1)


def test_a_noise_is_no_utterance() -> None:
    final = Transcript(1, "", True, "zh", 0.0, 600, 800)
    heard = ((1400.0, SpeechEnded(1, 800, 1400)), (1500.0, final))
    take = Take((run(0, 0, 200),), opening_turn=1, spans=(said(500, 2000),), heard=heard)
    assert score(scene(), take, RENDERED).utterances == 0


def test_the_time_to_the_answer_counts_from_the_true_end() -> None:
    runs = (run(0, 0, 400), run(2700, 0, 500, 2))
    take = Take(runs, opening_turn=1, spans=(said(500, 2000),), turns=(TurnTaken(2, "我要退货", 2500),))
    found = score(scene(turns=("我要退货",)), take, RENDERED)
    assert found.response_ms == pytest.approx(700, abs=20)
    assert found.is_correct


@pytest.mark.parametrize(
    ("turns", "cut"),
    [
        (["一零零零二零九五"], False),
        (["订单号1000 2095"], False),
        (["一零零零", "二零九五"], True),
        (["一零零零二零九"], False),  # misheard
        (["一零零零", "一零零零二零九五"], False),
    ],
)
def test_a_number_in_two_turns_is_cut(turns: list[str], cut: bool) -> None:
    taken = tuple(TurnTaken(2 + i, text, 0.0) for i, text in enumerate(turns))
    take = Take((run(0, 0, 400),), opening_turn=1, spans=(said(500, 2000),), turns=taken)
    assert score(scene(turns=("一零零零 二零九五",)), take, RENDERED).cut_number is cut


def test_a_number_whose_utterance_was_ended_inside_it_is_cut() -> None:
    heard = ((1400.0, SpeechEnded(1, 900, 1400)),)
    turns = (TurnTaken(2, "一零零零", 1500.0),)
    take = Take((run(0, 0, 400),), opening_turn=1, spans=(said(500, 2000),), turns=turns, heard=heard)
    assert score(scene(turns=("一零零零 二零九五",)), take, RENDERED).cut_number


def test_a_fault_is_a_failure() -> None:
    assert score(scene(), Take(fault="hangs"), []).failures == ("hangs",)


def test_figures_count_what_has_events() -> None:
    good = Take((run(1000, 0, 2200),), opening_turn=1, spans=(said(3000, 3500),))
    bad = Take((run(1000, 0, 9000),), opening_turn=1, spans=(said(3000, 3500),))
    judged = [(scene(bot="yield"), score(scene(bot="yield"), take, RENDERED)) for take in (good, bad)]
    found = figures(judged)
    assert found["yield_rate_300ms"].value == 0.5
    assert not found["yield_rate_300ms"].is_met
    assert "cut_number_rate" not in found


# --- the loudspeaker -------------------------------------------------------------------------------------------------


def test_a_loudspeaker_plays_in_real_time_and_stops_at_clear() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.take(ev.AudioStart(1, RATE_HZ), 100)
    speaker.take(ev.AudioOut(1, 0, sound(0, 2000)), 100)
    speaker.advance(600)
    assert speaker.played_ms == 500 - START_DELAY_MS
    speaker.take(ev.Clear(1), 700)
    speaker.advance(2000)
    assert [(speaker.ms(run.start), speaker.ms(run.end)) for run in speaker.runs] == [(140, 700)]
    assert not speaker.is_playing


def test_what_was_cleared_is_not_finished() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.take(ev.AudioStart(1, RATE_HZ), 0)
    speaker.take(ev.AudioOut(1, 0, sound(0, 2000)), 0)
    speaker.take(ev.AudioEnd(1, 2000), 0)
    speaker.take(ev.Clear(1), 500)
    assert not speaker.is_finished


def test_a_loudspeaker_drops_what_belongs_to_another_turn() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.take(ev.AudioStart(2, RATE_HZ), 0)
    speaker.take(ev.AudioOut(1, 0, sound(0, 100)), 0)
    speaker.advance(1000)
    assert speaker.runs == []


def test_a_loudspeaker_remembers_its_sound() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.take(ev.AudioStart(1, RATE_HZ), 0)
    speaker.take(ev.AudioOut(1, 0, sound(0, 100)), 0)
    speaker.advance(1000)
    assert speaker.sound(20, 60) == bytes(2 * 20 * RATE_HZ // 1000) + sound(0, 20)


# --- words and files -------------------------------------------------------------------------------------------------


def test_words_are_counted_as_they_are_said() -> None:
    assert [unit.text.strip() for unit in units("我要退iPhone。", "zh")] == ["我", "要", "退", "iPhone。"]
    assert [unit.text.strip() for unit in units("that's it, thanks", "en")] == ["that's", "it,", "thanks"]


def test_texts_that_sound_alike_are_equal() -> None:
    assert plain("幺三八，零零") == plain("138 00") == plain("One three eight, zero zero")
    assert digits("订单号是一零零零 二零九五") == "10002095"
    assert similarity("我要退货", "我要退火") == 0.75


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenes: []", "has 'kind' and 'scenes'"),
        ("kind: chat\nscenes: []", "kind 'chat' is none of"),
        ("kind: noise\nscenes: [{name: x}]", "a name begins with the language"),
        ("kind: noise\nscenes: [{name: zh_x, bot: 好, colour: red}]", "unknown field colour"),
        ("kind: noise\nscenes: [{name: zh_x, bot: 好, customer: [soon 嗯]}]", "is not like"),
        ("kind: noise\nscenes: [{name: zh_x, bot: 好, customer: ['start+1 [drum]']}]", "noise 'drum' is none of"),
        ("kind: noise\nscenes: [{name: zh_x, bot: 好, expects: haiku}]", "expects is free"),
    ],
)
def test_a_scene_that_is_not_well_formed_is_refused(text: str, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        parse_file("x.yaml", text)


def test_all_scenes_are_well_formed() -> None:
    assert len({scene.id for scene in load_scenes()}) == len(load_scenes())

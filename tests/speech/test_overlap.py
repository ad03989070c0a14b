"""What words said over the bot's, or beside it, were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from speech.overlap import Meaning, Overlap, UsualLevel, Verdict, judge, syllables

OVER = Overlap(over_bot=True)
ASKED = Overlap(over_bot=True, expects_answer=True)
ALONE = Overlap()


@pytest.mark.parametrize(
    "text",
    ["嗯", "嗯嗯。", "对", "对对对", "好的", "好的，好的。", "哦", "哦，是吗", "是", "行", "明白了", "知道了",
     "对，没错", "Uh-huh.", "Mm-hmm.", "Okay.", "OK", "Yeah, right.", "I see.", "Got it.", "Okay, I see.", "Right.",
     "嗯 okay"],
)  # fmt: skip
def test_acknowledgements_over_the_bot_are_backchannels_unless_they_are_answers(text: str) -> None:
    assert judge(text, OVER).verdict is Verdict.BACKCHANNEL
    assert judge(text, ASKED).verdict is Verdict.TURN
    assert judge(text, ALONE).verdict is Verdict.TURN


@pytest.mark.parametrize(
    "text", ["停", "停一下", "等一下", "等等，等等", "别说了", "好了好了别说了", "先听我说", "Wait.", "Stop!",
             "Hold on.", "Wait, stop.", "Just a moment, please."]
)  # fmt: skip
def test_stop_commands_stop_whatever_was_asked(text: str) -> None:
    assert judge(text, OVER).verdict is Verdict.STOP
    assert judge(text, ASKED).verdict is Verdict.STOP


@pytest.mark.parametrize("text", ["不是", "不对", "不是不是", "No, no."])
def test_a_denial_stops_unless_it_is_the_answer(text: str) -> None:
    assert judge(text, OVER).verdict is Verdict.STOP
    assert judge(text, ASKED).verdict is Verdict.TURN


@pytest.mark.parametrize(
    "text",
    ["我要退货", "好的，那我要退货", "不是，我要换一双", "等一下，我想先问运费", "对不起，我说错了", "是不是明天到",
     "没有", "对了，还有一件事", "妈妈的衣服什么时候到", "我买给老婆的", "电话是多少", "Wait, I want a refund.",
     "Is it here yet?", "Right, but where is it?", "My mom bought it.", "okay but when"],
)  # fmt: skip
def test_everything_else_is_a_turn(text: str) -> None:
    assert judge(text, OVER).verdict is Verdict.TURN


@pytest.mark.parametrize(
    "text",
    ["妈，你等一下，我在打电话", "老公你先吃", "我在打电话呢", "别吵", "宝贝别闹", "马上来", "Mom, I'm on the phone.",
     "Honey, dinner is ready.", "I'll be right there.", "Keep it down, please.", "I'm on a call."],
)  # fmt: skip
def test_words_to_others_are_no_turn_even_when_the_bot_is_silent(text: str) -> None:
    assert judge(text, OVER).verdict is Verdict.SIDE_TALK
    assert judge(text, ALONE).verdict is Verdict.SIDE_TALK


@pytest.mark.parametrize("text", ["", " ", "。", "...", "，，"])
def test_no_words_are_silence(text: str) -> None:
    assert judge(text, OVER).verdict is Verdict.SILENCE


@pytest.mark.parametrize(
    ("text", "speech_ms", "meaning", "verdict"),
    [
        ("完全可以理解", 900, Meaning(0.9, acknowledges=True), Verdict.BACKCHANNEL),
        ("晚上吃什么", 900, Meaning(0.05), Verdict.SIDE_TALK),
        ("运费谁来出", 900, Meaning(0.4), Verdict.TURN),
        ("那", 300, Meaning(0.5), Verdict.BACKCHANNEL),
        ("退货", 500, Meaning(0.98), Verdict.TURN),
        ("那个订单", 300, Meaning(0.5), Verdict.TURN),
        ("不是这个", 700, None, Verdict.TURN),
    ],
)
def test_words_that_no_rule_knows_are_judged_by_their_meaning(
    text: str, speech_ms: float, meaning: Meaning | None, verdict: Verdict
) -> None:
    over = Overlap(over_bot=True, speech_ms=speech_ms, meaning=meaning)
    assert judge(text, over).verdict is verdict
    assert judge(text, replace(over, over_bot=False)).verdict is Verdict.TURN
    assert judge(text, replace(over, expects_answer=True)).verdict is Verdict.TURN


def test_a_voice_far_below_the_customers_own_is_somebody_elses() -> None:
    level = UsualLevel()
    assert level.quieter_db(-60) == 0
    for db in (-20.0, -24.0, -22.0):
        level.add(db)
    assert level.quieter_db(-34) == 12
    assert level.quieter_db(-10) == 0
    assert judge("这个电视剧真好看", Overlap(quieter_db=12)).verdict is Verdict.SIDE_TALK
    assert judge("我要退货", Overlap(quieter_db=6)).verdict is Verdict.TURN


@pytest.mark.parametrize(("text", "count"), [("我要退货", 4), ("I want a refund", 4), ("我要退 iPhone", 4), ("", 0)])
def test_chinese_is_counted_in_characters(text: str, count: int) -> None:
    assert syllables(text) == count


@pytest.mark.parametrize("text", ["您的弟弟", "你", "改一下地址", "好的", ""])
def test_what_sounds_like_the_bot_is_its_echo_whatever_the_words(text: str) -> None:
    judged = judge(text, replace(ASKED, sounds_like_bot=True))
    assert (judged.verdict, judged.words) == (Verdict.ECHO, "")


def test_a_stop_command_counts_even_so() -> None:
    assert judge("等一下", replace(OVER, sounds_like_bot=True)).verdict is Verdict.STOP


def test_a_stop_before_the_rest_of_an_echo_is_a_stop() -> None:
    spoken = "我们支持七天无理由退货，商品需要保持完好"
    assert judge("停一下持的好", Overlap(over_bot=True, spoken=spoken + "的")).verdict is Verdict.STOP
    assert judge("停一下我要投诉", Overlap(over_bot=True, spoken=spoken)).verdict is Verdict.TURN


@pytest.mark.parametrize("text", ["凝一下", "无对", "听", "No stop."])
def test_a_stop_that_was_misheard_is_one(text: str) -> None:
    assert judge(text, Overlap(over_bot=True, meaning=Meaning(0.9))).verdict is Verdict.STOP


def test_one_syllable_asks_for_nothing_whatever_it_was_taken_for() -> None:
    assert judge("呢", Overlap(over_bot=True, meaning=Meaning(0.9))).verdict is Verdict.BACKCHANNEL
    assert judge("退货", Overlap(over_bot=True, meaning=Meaning(0.9))).verdict is Verdict.TURN

"""How tense a conversation is: a pure fold over its turns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.escalation import CALM, ESCALATE, TENSE, WEIGHTS, Tension, fold
from dialogue.event_codec import decode, encode
from dialogue.types import CustomerSaid, DialogueEvent, HandedOff, Misunderstood, Said, TaskEnded
from dialogue.wording import wording
from nlu.escalation import read_signals
from nlu.types import Parse, Sentiment
from tests.dialogue.words import parse, turn


def said(text: str, intent: str = "order_status", polarity: str = "neutral") -> CustomerSaid:
    heard = parse(text, intent, polarity=polarity)  # type: ignore[arg-type]
    return CustomerSaid(turn(1, replace(heard, signals=read_signals(text))))


def after(*events: DialogueEvent, start: Tension = CALM) -> Tension:
    for event in events:
        start = fold(start, event)
    return start


def test_a_plain_request_is_calm() -> None:
    assert after(said("我的订单到哪了")).level == "calm"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("我要投诉", "calm"),
        ("气死我了，我要投诉", "tense"),
        ("傻逼客服", "tense"),
        ("信不信我曝光你们", "tense"),
        ("再不退款我就打12315", "escalate"),
        ("充电宝着火了", "escalate"),
        ("气死我了，都第三次了，我要投诉！！！", "escalate"),
    ],
)
def test_what_one_message_can_do(text: str, level: str) -> None:
    assert after(said(text)).level == level


def test_it_is_the_conversation_that_escalates_not_the_sentence() -> None:
    first = after(said("气死我了"))
    second = after(Misunderstood(), said("凭什么不给退"), start=first)
    third = after(TaskEnded("refused"), said("都说了三遍了", "refund_status", "negative"), start=second)
    assert [one.level for one in (first, second, third)] == ["calm", "tense", "escalate"]
    assert third.reasons[:4] == ("repeated", "negative", "refused", "anger")


def test_negative_words_alone_make_it_tense_but_never_escalate() -> None:
    tension = CALM
    for place in range(50):
        tension = after(said(f"{place}号商品不好，第{place * 7919}件", "complaint", "negative"), start=tension)
        assert tension.level != "escalate"
    assert tension.level == "tense"


def test_an_answer_to_our_question_is_no_anger() -> None:
    reason = said("不想要了，太差", "out_of_scope", "negative")
    assert fold(CALM, reason, waiting=True) == replace(CALM, rose=False)


def test_the_same_question_twice() -> None:
    asked = after(said("退款什么时候到账"), said("运费谁出"), said("退款什么时候到账啊"))
    assert "asked_twice" in asked.reasons
    assert "asked_twice" not in after(said("退款什么时候到账"), said("发票什么时候开")).reasons


def test_thanks_relieve_more_than_time_does() -> None:
    tense = after(said("气死我了，我要投诉"))
    assert after(said("谢谢", "thanks"), start=tense).score < after(said("我看看"), start=tense).score < tense.score


def test_glad_shouting_is_no_tension() -> None:
    assert after(said("太好了！！！", "thanks", "positive")).score == 0


def test_an_escalation_lasts_until_it_has_calmed_down_and_does_not_insist() -> None:
    tension = after(said("我要起诉你们"))
    assert tension.calls_for_person
    calmer = after(said("那个"), start=tension)
    assert (calmer.level, calmer.calls_for_person) == ("escalate", False)
    assert after(said("那个"), said("这个"), said("好的"), start=calmer).level == "calm"


def test_an_apology_when_it_becomes_tense_and_every_third_turn() -> None:
    tension, due = CALM, []
    for place in range(6):
        tension = after(said(f"{place * 7919}怎么还没到", "logistics", "negative"), start=tension)
        due.append(tension.calls_for_apology)
    assert due == [False, False, True, False, False, True]


def test_our_own_failures_weigh_too() -> None:
    failures: tuple[DialogueEvent, ...] = (Misunderstood(), TaskEnded("failed"), Said(1, "您", complete=False))
    assert after(*failures).level == "tense"
    assert after(TaskEnded("done"), TaskEnded("cancelled"), Said(1, "好的", complete=True)) == CALM


def test_a_hand_off_starts_afresh() -> None:
    assert after(said("我要起诉你们"), HandedOff("s", "escalated", {}, "negative")) == CALM


def test_stored_events_give_the_same_tension() -> None:
    event = said("再不退款我就打12315！！！")
    assert decode(encode(event)) == event
    assert after(decode(encode(event))) == after(event)


def test_events_of_before_there_were_signals_are_read() -> None:
    stored = encode(said("退款"))
    for name in ("signals", "evidence"):
        del stored["turn"]["parse"][name]
    event = decode(stored)
    assert isinstance(event, CustomerSaid)
    assert event.turn.parse.signals == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_has_words_for_the_person_who_takes_over(language: str) -> None:
    words = wording(language)
    assert all(words.has(f"summary.tension.{reason}") for reason in WEIGHTS)


_PARSES: st.SearchStrategy[Parse] = st.builds(
    lambda text, intent, mood: replace(parse(text, intent), sentiment=Sentiment(mood, 0.9), signals=read_signals(text)),
    st.sampled_from(["气死我了！！！", "我要起诉", "你好", "", "退款什么时候到账", "着火了"]),
    st.sampled_from(["thanks", "deny", "refund_status", "out_of_scope"]),
    st.sampled_from(["negative", "neutral", "positive"]),
)
_EVENTS = st.one_of(
    _PARSES.map(lambda heard: CustomerSaid(turn(1, heard))),
    st.sampled_from([Misunderstood(), TaskEnded("refused"), Said(1, "好", complete=False)]),
)


@given(st.lists(_EVENTS, max_size=30), st.booleans())
def test_the_fold_is_total_and_its_level_follows_its_score(events: list[DialogueEvent], waiting: bool) -> None:
    tension = CALM
    for event in events:
        tension = fold(tension, event, waiting=waiting)
        assert tension.score >= 0
        assert tension.level == "escalate" or tension.score < ESCALATE
        assert tension.level != "calm" or tension.score < TENSE

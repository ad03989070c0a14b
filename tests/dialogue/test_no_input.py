"""Silence: the question again, how to answer it, another way; nothing changes in the dialogue."""

from __future__ import annotations

import pytest

from dialogue.no_input import no_input
from dialogue.state import DialogueState, fold_all
from dialogue.types import Asked, DialogueEvent, ReplyAction, Said, TaskStarted, TaskUpdated
from nlu.types import Expectation, Language

ORDER_NUMBER = Expectation("digits", slot="order_number", digits=8)
PHONE_TAIL = Expectation("digits", slot="phone_tail", digits=4)
CONFIRM = "跟您确认一下。取消订单12345678。确认取消吗？"


def waiting(
    expectation: Expectation, *, step: str = "step", said: str = "", language: Language = "zh"
) -> DialogueState:
    """A state whose task waits for this, after we said that."""
    events: list[DialogueEvent] = [TaskStarted("skill", "1-skill"), TaskUpdated({}, step), Asked(expectation)]
    if said:
        events.append(Said(1, said, complete=True))
    return fold_all(DialogueState.new("c", language=language), events)


ASKED = {
    "order_number": waiting(ORDER_NUMBER),
    "phone_tail": waiting(PHONE_TAIL),
    "number": waiting(Expectation("digits")),
    "yes_no": waiting(Expectation("yes_no")),
    "choice": waiting(Expectation("choice", choices=("甲", "乙"))),
    "address": waiting(Expectation("address")),
    "open": waiting(Expectation()),
    "none": DialogueState.new("c"),
}


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        ("order_number", "八位订单号", "一位一位"),
        ("phone_tail", "后四位", "一位一位"),
        ("number", "号码", "一位一位"),
        ("yes_no", "是，还是不是", "确认"),
        ("choice", "哪一个", "第一个"),
        ("address", "收货地址", "世纪大道"),
        ("open", "接着说", "一句话"),
        ("none", "有什么可以帮您", "我的订单到哪了"),
    ],
)
def test_each_question_is_asked_again_then_explained(asked: str, first: str, second: str) -> None:
    state = ASKED[asked]
    assert first in no_input(state, 2, 1).text
    assert second in no_input(state, 2, 2).text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("expectation", [state.expectation for state in ASKED.values()])
@pytest.mark.parametrize("attempt", [1, 2, 3, 7])
def test_every_rung_is_short_and_ends_its_turn(language: Language, expectation: Expectation, attempt: int) -> None:
    reply = no_input(waiting(expectation, language=language), 5, attempt)
    assert (reply.turn_id, reply.language, reply.is_last, reply.tells_result) == (5, language, True, False)
    assert 0 < len(reply.text) <= (60 if language == "zh" else 180)
    wants_digits = expectation.kind == "digits"
    assert reply.action is (ReplyAction.COLLECT_DIGITS if wants_digits else ReplyAction.SAY)


def test_a_question_is_repeated_in_its_own_words() -> None:
    assert no_input(waiting(Expectation("yes_no"), said=CONFIRM), 2, 1).text.endswith("确认取消吗？")
    english = waiting(Expectation("yes_no"), said="Let me confirm. Shall I submit it?", language="en")
    assert no_input(english, 2, 1).text.endswith(" Shall I submit it?")


def test_our_own_prompts_do_not_hide_the_question() -> None:
    """They too go into the history."""
    state = waiting(Expectation("yes_no"), said=CONFIRM)
    for attempt in (1, 2):
        state = fold_all(state, [Said(2, no_input(state, 2, attempt).text, complete=True)])
    assert no_input(state, 3, 1).text.endswith("确认取消吗？")


def test_a_long_question_is_not_repeated() -> None:
    state = waiting(Expectation("choice", choices=("甲", "乙")), said=f"请问是{'很长' * 50}吗？")
    assert no_input(state, 2, 1).text.endswith("请问您选哪一个？")


def test_a_number_in_pieces_is_read_back() -> None:
    state = waiting(Expectation("digits", slot="order_number", digits=8, heard="89070"))
    for attempt in (1, 2):
        assert "8 9 0 7 0，还差3位" in no_input(state, 2, attempt).text


@pytest.mark.parametrize(
    ("can_type", "has_keypad", "offers", "lacks"),
    [
        (True, False, ("打字",), ("按键",)),
        (False, True, ("按键",), ("打字",)),
        (True, True, ("打字", "按键"), ()),
        (False, False, ("人工",), ("打字", "按键")),
    ],
)
def test_the_third_rung_offers_what_the_channel_has(
    can_type: bool, has_keypad: bool, offers: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    text = no_input(ASKED["none"], 1, 3, can_type=can_type, has_keypad=has_keypad).text
    assert "人工" in text
    assert all(word in text for word in offers)
    assert not any(word in text for word in lacks)

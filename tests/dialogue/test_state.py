"""The state folds from events, and from any events."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.state import ACTING, FINISHED, HISTORY_LINES, DialogueState, Line, fold, fold_all
from dialogue.types import (
    Action,
    ActionFinished,
    ActionResult,
    ActionStarted,
    Asked,
    CustomerIdentified,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    LanguageChanged,
    Misunderstood,
    RequestsNoted,
    Said,
    TaskEnded,
    TaskStarted,
    TaskUpdated,
    Understood,
)
from nlu.types import Expectation
from tests.dialogue.words import parse, turn

YES_NO = Expectation("yes_no")
DIGITS = Expectation("digits", slot="order_number", digits=8)
ACTION = Action("create_return", {"order_number": "1"}, "c:1-returns")
NEW = DialogueState.new("c")


def test_a_signed_in_customer_is_verified() -> None:
    state = DialogueState.new("c", "C1", "en")
    assert (state.customer_id, state.verified, state.proof, state.language) == ("C1", True, "token", "en")
    assert not NEW.verified
    identified = fold(NEW, CustomerIdentified("C2", "order_and_phone"))
    assert (identified.customer_id, identified.verified, identified.proof) == ("C2", True, "order_and_phone")


def test_a_second_task_suspends_the_first_which_comes_back_with_its_question() -> None:
    first = [TaskStarted("returns", "1-returns"), TaskUpdated({"order": "7"}, "confirm"), Asked(YES_NO)]
    state = fold_all(NEW, [*first, TaskStarted("order_status", "2-order_status"), Asked(DIGITS)])
    assert state.task is not None
    assert (state.task.skill, state.expectation) == ("order_status", DIGITS)
    back = fold(state, TaskEnded("done"))
    assert back.task is not None
    assert (back.task.skill, back.task.step, back.expectation, back.suspended) == ("returns", "confirm", YES_NO, ())
    over = fold(back, TaskEnded("done"))
    assert (over.task, over.expectation) == (None, Expectation())
    assert over.last_order == "7"


def test_what_else_was_asked_for_is_remembered_until_a_person_takes_over() -> None:
    invoice, freight = parse("开发票", "invoice"), parse("运费多少", "freight")
    state = fold_all(NEW, [RequestsNoted((invoice, freight)), TaskStarted("returns", "1"), TaskEnded("done")])
    assert state.noted == (invoice, freight)
    assert fold(state, RequestsNoted((freight,))).noted == (freight,)
    assert fold(state, HandedOff("s", "asked", {}, "neutral")).noted == ()


def test_the_same_skill_starts_over_without_suspending_itself() -> None:
    state = fold_all(NEW, [TaskStarted("returns", "1-returns"), TaskStarted("returns", "2-returns")])
    assert state.task is not None
    assert (state.task.task_id, state.suspended) == ("2-returns", ())


def test_a_write_marks_its_task_and_is_reported_once_said() -> None:
    asked = [CustomerSaid(turn(3, parse("好"))), TaskStarted("returns", "1-returns"), Asked(YES_NO)]
    acting = fold_all(NEW, [*asked, ActionStarted(ACTION)])
    assert acting.acting == ACTION
    assert acting.task is not None
    assert acting.task.step == ACTING
    assert acting.expectation == Expectation(), "a yes can no longer confirm it a second time"
    finished = fold(acting, ActionFinished(ACTION, ActionResult(True)))
    assert finished.task is not None
    assert finished.task.step == FINISHED
    assert finished.unreported is not None
    cut_off = fold(finished, Said(3, "已经为", complete=False))
    assert cut_off.unreported == finished.unreported
    late_words_of_an_earlier_turn = fold(finished, Said(2, "请问", complete=True))
    assert late_words_of_an_earlier_turn.unreported == finished.unreported
    told = fold(finished, Said(3, "已经提交", complete=True))
    assert told.unreported is None
    assert told.reported == finished.unreported


def test_the_same_write_finishing_twice_is_reported_once() -> None:
    finished = [ActionStarted(ACTION), ActionFinished(ACTION, ActionResult(True))]
    told = fold_all(NEW, [*finished, Said(1, "好了", complete=True)])
    assert fold_all(told, finished).unreported is None
    assert len(fold_all(told, finished).actions) == 1


def test_a_write_without_an_answer_is_reported_again_when_it_gets_one() -> None:
    lost = [ActionStarted(ACTION), ActionFinished(ACTION, ActionResult(False, rule="unavailable"))]
    told = fold_all(NEW, [*lost, Said(1, "没有回应", complete=True)])
    settled = fold_all(told, [ActionStarted(ACTION), ActionFinished(ACTION, ActionResult(True))])
    assert settled.unreported is not None
    assert settled.unreported.result.ok
    assert len(settled.actions) == 1


def test_a_write_of_another_task_leaves_the_running_one_alone() -> None:
    state = fold_all(NEW, [TaskStarted("cancel_order", "2-cancel_order"), Asked(YES_NO), ActionStarted(ACTION)])
    assert state.task is not None
    assert (state.task.step, state.expectation) == (None, YES_NO)


def test_a_hand_off_drops_every_task_until_the_bot_works_again() -> None:
    state = fold_all(
        NEW,
        [TaskStarted("returns", "1"), TaskStarted("faq", "2"), Asked(YES_NO), HandedOff("s", "asked", {}, "neutral")],
    )
    assert state.handed_off
    assert (state.task, state.suspended, state.expectation) == (None, (), Expectation())
    assert not fold(state, TaskStarted("handoff", "3")).handed_off


def test_history_is_bounded_and_moods_are_counted() -> None:
    events: list[DialogueEvent] = [
        CustomerSaid(turn(place, parse(f"{place}", polarity="negative"))) for place in range(1, 60)
    ]
    state = fold_all(NEW, events)
    assert len(state.history) == HISTORY_LINES
    assert state.history[-1] == Line("customer", "59", 59)
    assert (state.upset, state.mood, state.turn_count) == (59, "negative", 59)
    calm = fold(state, CustomerSaid(turn(60, parse("嗯"))))
    assert (calm.upset, calm.mood) == (0, "negative")


def test_the_ladder_counts_and_resets() -> None:
    state = fold_all(NEW, [Misunderstood(), Misunderstood()])
    assert state.misunderstandings == 2
    assert fold(state, Understood()).misunderstandings == 0


_EVENTS = st.sampled_from(
    [
        CustomerSaid(turn(1, parse("你好"))),
        CustomerIdentified("C1", "token"),
        TaskStarted("returns", "1-returns", {"order": "5"}),
        TaskStarted("faq", "2-faq"),
        TaskUpdated({"order": None}, "confirm"),
        TaskEnded("done"),
        Asked(YES_NO),
        Misunderstood(),
        Understood(),
        ActionStarted(ACTION),
        ActionFinished(ACTION, ActionResult(True)),
        ActionFinished(ACTION, ActionResult(False, rule="unavailable")),
        Said(1, "好", complete=True),
        Said(1, "", complete=False),
        HandedOff("s", "asked", {}, "neutral"),
        LanguageChanged("en"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_EVENTS, max_size=25), st.integers(0, 25))
def test_any_events_fold_and_folding_in_two_steps_is_the_same(events: list[DialogueEvent], cut: int) -> None:
    whole = fold_all(NEW, events)
    assert fold_all(fold_all(NEW, events[:cut]), events[cut:]) == whole
    assert whole.task is not None or not whole.suspended
    assert replace(whole) == whole
    if whole.task is not None:
        assert whole.task.expectation == whole.expectation


def test_an_apology_does_not_count_as_telling_the_result_of_a_write() -> None:
    done = ActionFinished(ACTION, ActionResult(ok=True))
    state = fold_all(NEW, [ActionStarted(ACTION), done, Said(9, "抱歉，没听清。", complete=True, tells_result=False)])
    assert state.unreported is not None
    assert fold(state, Said(10, "已经为您取消。", complete=True)).unreported is None

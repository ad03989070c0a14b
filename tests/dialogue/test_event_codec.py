"""Every event survives JSON, whatever its open fields carry."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from math import nan
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.database import to_json
from dialogue.event_codec import EVENT_TYPES, decode, encode
from dialogue.types import (
    Action,
    ActionFinished,
    ActionResult,
    ActionStarted,
    Asked,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    RequestsNoted,
    TaskStarted,
    TaskUpdated,
    Turn,
)
from nlu.types import Expectation, Parse, ScoredLabel, Sentiment, Slot

PARSE = Parse(
    text="订单12345674退38.50元",
    normalized="订单12345674退38.50元",
    language="zh",
    intent="return_request",
    confidence=0.875,
    slots=(
        Slot("order_number", "12345674", "12345674", 2, 10, 0.9),
        Slot("amount", Decimal("38.50"), "38.50元", 11, 17),
        Slot("date", date(2026, 11, 22), "今天", 0, 2),
        Slot("digits", 7, "7", 0, 1),
    ),
    sentiment=Sentiment("negative", 0.5),
    alternatives=(ScoredLabel("return_request", 0.875), ScoredLabel("refund_status", 0.125)),
    degraded=True,
    why=("退", "元"),
)
TURN = Turn(3, PARSE.text, PARSE, "voice", "web")
ACTION = Action("create_return", {"order_number": "12345674", "skus": ["A"], "reason": ""}, "c-1")

# NaN is not equal to itself; test_a_broken_score_is_kept has it.
st.register_type_strategy(float, st.floats(allow_nan=False))

_plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)
_keys = st.one_of(st.text(max_size=5), st.sampled_from(["$decimal", "$tuple", "$map", "type"]))
_open = st.recursive(
    _plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(_keys, inner, max_size=3),
    ),
    max_leaves=8,
)
_maps = st.dictionaries(_keys, _open, max_size=3)
_slots = st.builds(
    Slot,
    name=st.text(),
    value=st.one_of(st.text(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.dates()),
    raw=st.text(),
    start=st.integers(),
    end=st.integers(),
    confidence=st.floats(0, 1),
)
_parses = st.builds(Parse, slots=st.lists(_slots, max_size=3).map(tuple))
_actions = st.builds(Action, arguments=_maps)
_OPEN_FIELDS: dict[type, dict[str, st.SearchStrategy[Any]]] = {
    CustomerSaid: {"turn": st.builds(Turn, parse=_parses)},
    TaskStarted: {"slots": _maps},
    TaskUpdated: {"slots": _maps},
    HandedOff: {"slots": _maps},
    ActionStarted: {"action": _actions},
    ActionFinished: {"action": _actions, "result": st.builds(ActionResult, data=_maps)},
    RequestsNoted: {"requests": st.lists(_parses, max_size=2).map(tuple)},
}
_events = st.one_of([st.builds(event, **_OPEN_FIELDS.get(event, {})) for event in get_args(DialogueEvent)])


def through_json(event: DialogueEvent) -> DialogueEvent:
    return decode(json.loads(json.dumps(encode(event))))


def types_in(value: Any) -> Any:
    """The types of a value all the way down: 1 == 1.0 == True, but they are not the same."""
    if isinstance(value, dict):
        return {key: types_in(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [types_in(item) for item in value]
    return type(value)


def test_every_event_has_a_tag() -> None:
    assert set(EVENT_TYPES.values()) == set(get_args(DialogueEvent))


@given(_events)
@settings(max_examples=120, deadline=None)
def test_every_event_survives_json(event: DialogueEvent) -> None:
    assert through_json(event) == event


@given(_maps)
@settings(max_examples=100, deadline=None)
def test_open_fields_keep_their_types(slots: dict[str, Any]) -> None:
    back = through_json(TaskUpdated(slots))
    assert isinstance(back, TaskUpdated)
    assert types_in(back.slots) == types_in(slots)


@pytest.mark.parametrize(
    "event",
    [
        CustomerSaid(TURN),
        Asked(Expectation("choice", "product", None, ("红", "蓝"))),
        ActionFinished(ACTION, ActionResult(False, {}, "already_returned")),
        TaskUpdated({"skus": ("A", "B"), "amount": Decimal("38.50"), "by": date(2026, 1, 2)}, "confirm"),
    ],
)
def test_examples(event: DialogueEvent) -> None:
    back = through_json(event)
    assert back == event
    assert repr(back) == repr(event)


def test_slot_values_keep_their_types() -> None:
    back = through_json(CustomerSaid(TURN))
    assert isinstance(back, CustomerSaid)
    assert [type(slot.value) for slot in back.turn.parse.slots] == [str, Decimal, date, int]


def test_a_broken_score_is_kept() -> None:
    broken = CustomerSaid(replace(TURN, parse=replace(PARSE, confidence=nan)))
    back = decode(json.loads(to_json(encode(broken))))
    assert repr(back) == repr(broken)


def test_the_json_is_plain_to_read() -> None:
    assert encode(ActionStarted(ACTION)) == {
        "type": "action_started",
        "action": {
            "name": "create_return",
            "arguments": {"order_number": "12345674", "skus": ["A"], "reason": ""},
            "idempotency_key": "c-1",
        },
    }


@pytest.mark.parametrize("value", [object(), b"bytes", {1: "a"}, {"a": {2}}, datetime.now])
def test_what_is_no_plain_value_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(TaskUpdated({"a": value}))


@pytest.mark.parametrize(
    "payload",
    [{}, {"type": "nonsense"}, {"type": "said"}, {"type": "said", "turn_id": "x", "text": "私", "complete": True}],
)
def test_what_is_no_event_is_refused_without_quoting_it(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no event is called|wrong fields") as error:
        decode(payload)
    assert "私" not in str(error.value)


def test_events_of_an_older_kefu_take_defaults() -> None:
    assert decode({"type": "task_started", "skill": "returns", "task_id": "t", "left_over": 1}) == TaskStarted(
        "returns", "t"
    )

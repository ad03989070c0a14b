"""Functions of a client: schemas read, arguments filled, intents served, outputs told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.functions import ClientFunction, FunctionResult, Functions, filled, read_function, spoken, value_of
from dialogue.functions.result import language_of
from dialogue.functions.schema import reason_against
from dialogue.policy import Routes
from nlu.types import Parse, Slot, SlotValue
from tests.dialogue.words import parse


def function(name: str = "order_status", required: list[str] | None = None, **properties: Any) -> ClientFunction:
    schema = {"type": "object", "properties": properties, "required": required or []}
    return read_function(name, "What it does", schema)


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("name", "schema", "source"),
    [
        ("order_number", TEXT, "order_number"),
        ("orderId", TEXT, "order_number"),
        ("id", {"type": "string", "description": "the number of the order"}, "order_number"),
        ("nr", {"type": "string", "description": "顾客的订单号"}, "order_number"),
        ("x", {"type": "string", "description": "快递单号，不是订单号"}, "tracking_number"),
        ("question", TEXT, "words"),
        ("q", {"type": "string", "description": "The customer's question"}, "words"),
        ("lang", TEXT, "language"),
        ("province", TEXT, "province"),
        ("color", TEXT, "colour"),
        ("nothing_known", TEXT, "nothing_known"),
        ("kind", {"enum": ["a", "b"]}, None),
    ],
)
def test_where_a_parameter_comes_from(name: str, schema: Mapping[str, Any], source: str | None) -> None:
    (parameter,) = function(**{name: schema}).parameters
    assert parameter.source == source


def test_what_strict_schemas_call_optional() -> None:
    strict = function(
        required=["order_number", "city", "sku"],
        order_number=TEXT,
        city={"type": ["string", "null"]},
        sku={"anyOf": [{"type": "string"}, {"type": "null"}]},
    )
    assert [(one.name, one.required, one.takes_null) for one in strict.parameters] == [
        ("order_number", True, False),
        ("city", False, True),
        ("sku", False, True),
    ]
    given = filled(strict, parse("订单", order_number="89070650"), {})
    assert given == {"order_number": "89070650", "city": None, "sku": None}


def test_what_cannot_be_filled_is_not_called() -> None:
    assert not function(required=["lines"], lines={"type": "array"}).can_be_filled
    assert not function(required=["ghost"]).can_be_filled
    assert not function(required=["x"], x={"type": ["string", "integer"]}).can_be_filled
    assert function(lines={"type": "array"}).can_be_filled


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
_KEYS = st.sampled_from(["type", "properties", "required", "enum", "anyOf", "description"])


@given(st.recursive(_JSON, lambda inner: st.dictionaries(_KEYS, inner, max_size=4) | st.lists(inner, max_size=2)))
def test_whatever_the_schema_no_error(schema: Any) -> None:
    read = read_function("f", schema, schema)
    filled(read, parse("我的订单 89070650", order_number="89070650"), {})
    reason_against(read, schema)


def with_slot(name: str, value: SlotValue, raw: str = "x") -> Parse:
    return replace(parse("你好"), slots=(Slot(name, value, raw, 0, 1),))


@pytest.mark.parametrize(
    ("schema", "understood", "value"),
    [
        ({"order_number": TEXT}, parse("查", order_number="89070650"), "89070650"),
        ({"order_number": {"type": "integer"}}, parse("查", order_number="89070650"), 89070650),
        ({"amount": {"type": "number"}}, with_slot("amount", Decimal("12.5")), 12.5),
        ({"date": TEXT}, with_slot("date", date(2026, 11, 23)), "2026-11-23"),
        ({"quantity": {"type": "integer"}}, with_slot("quantity", 3), 3),
        ({"kind": {"enum": ["express", "next_day"]}}, parse("can I get next day delivery"), "next_day"),
        ({"kind": {"enum": ["顺丰", "圆通"]}}, parse("发顺丰吗"), "顺丰"),
        ({"kind": {"enum": ["express", "pressed"]}}, parse("it is expressed"), None),
        ({"kind": {"enum": ["顺丰", "圆通"]}}, parse("顺丰还是圆通"), None),
        ({"question": TEXT}, parse("能刻字吗"), "能刻字吗"),
        ({"language": TEXT}, parse("hi", language="en"), "en"),
        ({"order_number": TEXT}, parse("到哪了"), None),
        ({"flag": {"type": "boolean"}}, parse("是的"), None),
    ],
)
def test_a_value_from_the_words(schema: Any, understood: Parse, value: object) -> None:
    (parameter,) = function(**schema).parameters
    assert value_of(parameter, understood) == value


def test_an_answer_may_be_any_words() -> None:
    (colour,) = function(colour=TEXT).parameters
    assert value_of(colour, parse("青柠色。"), asked=True) == "青柠色"
    (count,) = function(count={"type": "integer"}).parameters
    assert value_of(count, parse("要 12 个"), asked=True) == 12
    assert value_of(count, parse("不知道"), asked=True) is None
    (kind,) = function(kind={"enum": ["顺丰", "圆通"]}).parameters
    assert value_of(kind, parse("第二个"), asked=True) == "圆通"


def test_a_misheard_number_fills_nothing() -> None:
    (number,) = function(order_number=TEXT).parameters
    slot = Slot("order_number", "89070651", "89070651", 0, 8, fails_check=True)
    assert value_of(number, replace(parse("89070651"), slots=(slot,))) is None


def test_the_first_words_stay_the_question() -> None:
    ask = function(question=TEXT, order_number=TEXT)
    first = filled(ask, parse("我的订单什么时候到"), {})
    assert filled(ask, parse("89070650", order_number="89070650"), first) == {
        "question": "我的订单什么时候到",
        "order_number": "89070650",
    }


# --- which intents ---------------------------------------------------------------------------------------------------

ROUTES = Routes(
    {
        "order_status": "order_status",
        "logistics": "order_status",
        "cancel_order": "cancel_order",
        "greet": "smalltalk",
        "freight": "faq",
        "stock": "restock",
    },
    frozenset({"cancel_order"}),
    {"order_status": lambda state, parse: True, "faq": lambda state, parse: True},
)


def offer(*functions: ClientFunction, **fields: Any) -> Functions:
    return Functions({one.name: one for one in functions}, **fields)


def test_a_function_serves_the_intents_of_the_skill_it_is_named_like() -> None:
    serving = offer(function("order_status")).serving(ROUTES)
    assert set(serving) == {"order_status", "logistics"}
    both = offer(function("order_status"), function("logistics")).serving(ROUTES)
    assert {intent: one.name for intent, one in both.items()} == {
        "order_status": "order_status",
        "logistics": "logistics",
    }


def test_no_write_and_no_small_talk_is_taken_over() -> None:
    assert not offer(function("cancel_order"), function("greet"), function("anything")).serving(ROUTES)
    mapped = offer(function("drop_it"), intents={"drop_it": "cancel_order"})
    assert not mapped.serving(ROUTES)


def test_a_function_that_is_mapped_serves_its_intent() -> None:
    assert set(offer(function("is_it_there"), intents={"is_it_there": "stock"}).serving(ROUTES)) == {"stock"}


def test_the_routes_lead_to_it() -> None:
    routed = offer(function("order_status"), function("freight")).routed(ROUTES)
    assert routed.intents["logistics"] == routed.intents["freight"] == routed.numbers == "client_function"
    assert routed.intents["stock"] == "restock"
    assert not routed.claims, "words that a replaced skill claims are for the function"
    assert offer(function("nothing")).routed(ROUTES) is ROUTES


# --- outputs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("您的订单在杭州。", "您的订单在杭州。"),
        ('"已签收。"', "已签收。"),
        ('{"say": "在路上。", "eta": "x"}', "在路上。"),
        ('{"text": "在路上。"}', "在路上。"),
        ('{"status": "运输中", "arrives_on": "2026-11-25", "ok": true}', "status：运输中，arrives on：2026-11-25。"),
        ('["甲", {"a": 1}]', "甲；a：1。"),
        ("42", "42"),
        ("", ""),
        ("null", ""),
        ("true", ""),
        ("{}", ""),
        ('{"error": "no such order"}', None),
        ("An error occurred while running the tool. Please try again. Error: Error: x", None),
        (None, None),
        ("**粗体** <b>x</b>", "粗体 x"),
    ],
)
def test_what_an_output_says(output: str | None, told: str | None) -> None:
    assert spoken(FunctionResult("c", "f", output), "zh") == told


def test_a_long_output_ends_with_a_sentence() -> None:
    told = spoken(FunctionResult("c", "f", "这是一句话。" * 300), "zh")
    assert told is not None
    assert len(told) <= 800
    assert told.endswith("。")


@given(st.text(max_size=60) | _JSON.map(lambda value: __import__("json").dumps(value)))
def test_whatever_the_output_words_or_a_failure(output: str) -> None:
    told = spoken(FunctionResult("c", "f", output), "en")
    assert told is None or len(told) <= 800


def test_an_output_is_spoken_in_its_own_language() -> None:
    assert language_of("Your parcel is on its way.", "zh") == "en"
    assert language_of("已到 Hangzhou", "en") == "zh"
    assert language_of("42", "en") == "en"

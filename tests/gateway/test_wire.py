"""How values look outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from dialogue.types import Card, Reply, ReplyAction
from gateway.errors import ProtocolError
from gateway.wire import parse_json, plain, reply_json, understood_json
from nlu.types import Parse, Sentiment, Slot


class Colour(Enum):
    RED = "red"


class State(StrEnum):
    SHIPPED = "shipped"


@dataclass(frozen=True)
class Line:
    sku: str
    price: Decimal
    state: State


@dataclass(frozen=True)
class Basket:
    lines: tuple[Line, ...]
    at: datetime
    extra: Any = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("19.9"), "19.90"),
        (Decimal("0"), "0.00"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("-0.005"), "-0.00"),
        (datetime(2026, 11, 22, 9, 30, tzinfo=UTC), "2026-11-22T09:30:00+00:00"),
        (date(2026, 11, 22), "2026-11-22"),
        (Colour.RED, "red"),
        (State.SHIPPED, "shipped"),
        (None, None),
        (True, True),
        (3, 3),
        ("文", "文"),
        ((1, Decimal("2")), [1, "2.00"]),
        (frozenset({State.SHIPPED}), ["shipped"]),
        ({1: {"a": (Decimal("1"), None)}}, {"1": {"a": ["1.00", None]}}),
    ],
)
def test_values_become_json(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value))


def test_dataclasses_are_read_to_their_depth() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    basket = Basket((Line("A1", Decimal("5"), State.SHIPPED),), at, MappingProxyType({"tax": Decimal("0.5")}))
    assert plain({"basket": [basket]}) == {
        "basket": [
            {
                "lines": [{"sku": "A1", "price": "5.00", "state": "shipped"}],
                "at": "2026-01-02T00:00:00+00:00",
                "extra": {"tax": "0.50"},
            }
        ]
    }


def test_a_parse() -> None:
    slots = (Slot("order_number", "2", "2", 0, 1), Slot("amount", Decimal("3"), "3", 2, 3))
    json_form = understood_json(Parse("x", "x", "zh", "order_status", 0.123456, slots, Sentiment("negative", 0.9)))
    assert json_form["slots"] == {"order_number": "2", "amount": "3.00"}
    assert json_form["confidence"] == 0.1235
    assert json_form["sentiment"] == "negative"


def test_the_first_of_two_slots_counts() -> None:
    slots = (Slot("amount", Decimal("1"), "1", 0, 1), Slot("amount", Decimal("2"), "2", 2, 3))
    parse = Parse("x", "x", "zh", "order_status", 1.0, slots, Sentiment("neutral", 1.0))
    assert understood_json(parse)["slots"] == {"amount": "1.00"}


def test_a_reply() -> None:
    card = Card("order", {"total": Decimal("9"), "lines": ({"n": 1},)})
    reply = Reply(2, "好", "zh", cards=(card,), suggestions=("是",), action=ReplyAction.HAND_OFF, sources=("faq:x",))
    assert reply_json(reply) == {
        "turn_id": 2, "text": "好", "language": "zh", "is_last": False,
        "cards": [{"kind": "order", "data": {"total": "9.00", "lines": [{"n": 1}]}}],
        "suggestions": ["是"], "sources": ["faq:x"], "action": "hand_off", "generated": False,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[" * 100_000, "9" * 5000, "'a'"])
def test_what_is_no_json(text: str | bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_json(text)
    assert caught.value.code == "bad_json"


@pytest.mark.parametrize(
    "text", [r'{"a": "x\ud800y", "\udfff": ["\ud83d"]}', rb'{"a": "x\ud800y", "\udfff": ["\ud83d"]}']
)
def test_halves_of_characters_are_no_text(text: str | bytes) -> None:
    assert parse_json(text) == {"a": "x\ufffdy", "\ufffd": ["\ufffd"]}


def test_escapes_of_whole_characters_are() -> None:
    assert parse_json(r'{"a": "\ud83d\ude00\u4e2d", "b": 1e400}') == {"a": "😀中", "b": float("inf")}

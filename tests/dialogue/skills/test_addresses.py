"""Addresses in parts: read from words, and found among those the customer has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialogue.shop.types import PostalAddress
from dialogue.skills.addresses import as_fields, known_addresses, meant, parse, told_before
from dialogue.state import DialogueState, fold_all
from dialogue.types import Action, ActionFinished, ActionResult, ActionStarted
from tests.worlds.tau2_sample import AWAY, records
from tests.worlds.tau2_values import address_of, customer_of, order_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HIGH = PostalAddress("2 High Road", "Suite 3", "Ely", "NV", "89301", "USA")
LOW = PostalAddress("1 Low Road", "", "Reno", "NV", "89501", "USA")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("Send order #W0000001 to 2 High Road, Suite 3, Ely, NV 89301, USA.", HIGH),
        ("2 High Road, suite 3, Ely, Nevada 89301", HIGH),
        ("it is 2 High Road Suite 3, Ely, NV, 89301", HIGH),
        ("1 Low Road, Reno, 89501", LOW),
        (
            "7 Old Mill St, Apt. 4B, St. Louis, MO 63101-1234",
            PostalAddress("7 Old Mill St", "Apt. 4B", "St. Louis", "MO", "63101", "USA"),
        ),
        ("12 Park Avenue, New York, 10001", PostalAddress("12 Park Avenue", "", "New York", "NY", "10001", "USA")),
    ],
)  # fmt: skip
def test_an_address_in_one_line(said: str, address: PostalAddress) -> None:
    assert parse(said) == address


@pytest.mark.parametrize(
    "said", ["to my sister's", "2 High Road", "order #W0000001, 89301", "上海市浦东新区世纪大道100号"]
)
def test_what_is_no_whole_address(said: str) -> None:
    assert parse(said) is None


def test_an_address_that_they_have() -> None:
    world = records()
    world.modify_address("#W0000001", AWAY)
    orders = [order_of(record, NOW) for record in world.orders.values()]
    known = known_addresses(customer_of(world.users["nora_bell_1"]), orders)
    assert [(one.address, len(one.orders), one.is_profile) for one in known] == [(LOW, 2, True), (HIGH, 1, False)]
    assert address_of(AWAY) == HIGH
    assert meant("to the one in Ely", known, now=LOW) == (HIGH,)
    assert meant("change #W0000002, the same as order #W0000001", known, now=LOW) == (HIGH,)
    assert meant("to my default address", known, now=HIGH) == (LOW,)
    assert meant("I moved, the lamp was sent to the new home", known, now=LOW) == (HIGH,)
    assert meant("Reno or Ely", known) == (LOW, HIGH)
    assert meant("somewhere else", known) == ()


def test_an_address_told_before() -> None:
    given = {"customer_id": "nora_bell_1", "address": as_fields(HIGH), "previous": as_fields(LOW)}
    action = Action("change_account_address", given, "t:1")
    done = ActionFinished(action, ActionResult(ok=True))
    state = fold_all(DialogueState.new("t", "nora_bell_1", "en"), [ActionStarted(action), done])
    assert told_before("back to the original one", state) == LOW
    assert told_before("my order goes to that address too", state) == HIGH
    assert told_before("to my sister's", state) is None

"""The benchmark's rules and effects, on a world of our own."""

from pathlib import Path

import pytest

from dialogue.evaluate.retrieval import DataError
from tests.worlds.tau2_records import MODIFIED, Records, Refused, apply_gold
from tests.worlds.tau2_sample import AWAY, folder, records


def balance(world: Records) -> float:
    found: float = world.users["nora_bell_1"]["payment_methods"]["gift_card_1"]["balance"]
    return found


def test_a_cancelled_order_is_paid_back() -> None:
    world = records()
    world.cancel("#W0000001", "no longer needed")
    order = world.orders["#W0000001"]
    assert (order["status"], order["cancel_reason"], balance(world)) == ("cancelled", "no longer needed", 30.5)
    assert order["payment_history"][1] == {
        "transaction_type": "refund",
        "amount": 15.5,
        "payment_method_id": "gift_card_1",
    }


@pytest.mark.parametrize(
    ("number", "reason", "rule"),
    [
        ("#W0000001", "too slow", "reason_not_accepted"),
        ("#W0000002", "no longer needed", "already_shipped"),
        ("#W0000009", "no longer needed", "unknown_order"),
    ],
)
def test_what_cannot_be_cancelled(number: str, reason: str, rule: str) -> None:
    with pytest.raises(Refused, match=rule):
        records().cancel(number, reason)


def test_a_return_goes_to_the_original_method_or_a_gift_card() -> None:
    world = records()
    with pytest.raises(Refused, match="refund_not_there"):
        world.return_items("#W0000002", ["12"], "credit_card_1")
    with pytest.raises(Refused, match="not_in_order"):
        world.return_items("#W0000002", ["12", "12", "12"], "paypal_1")
    world.return_items("#W0000002", ["12"], "gift_card_1")
    assert world.orders["#W0000002"]["return_items"] == ["12"]
    with pytest.raises(Refused, match="already_returned"):
        world.return_items("#W0000002", ["12"], "gift_card_1")


def test_an_exchange_notes_the_difference() -> None:
    world = records()
    with pytest.raises(Refused, match="out_of_stock"):
        world.exchange("#W0000002", ["12"], ["13"], "paypal_1")
    with pytest.raises(Refused, match="balance_too_low"):
        world.exchange("#W0000002", ["12"], ["14"], "gift_card_1")
    world.exchange("#W0000002", ["12", "12"], ["14", "11"], "paypal_1")
    order = world.orders["#W0000002"]
    assert (order["exchange_new_items"], order["exchange_price_difference"]) == (["11", "14"], 10.0)


def test_modified_items_get_their_own_price_and_the_difference_is_settled() -> None:
    world = records()
    world.modify_items("#W0000001", ["11", "21"], ["12", "22"], "gift_card_1")
    order = world.orders["#W0000001"]
    assert [(item["item_id"], item["price"]) for item in order["items"]] == [("12", 20.0), ("22", 6.25)]
    assert (order["status"], balance(world), order["payment_history"][-1]["amount"]) == (MODIFIED, 4.25, 10.75)
    with pytest.raises(Refused, match="already_modified"):
        world.modify_items("#W0000001", ["12"], ["11"], "gift_card_1")
    with pytest.raises(Refused, match="already_modified"):
        world.cancel("#W0000001", "no longer needed")
    world.modify_address("#W0000001", AWAY)
    assert world.orders["#W0000001"]["address"] == AWAY


def test_another_payment_method_pays_all_and_refunds_the_first() -> None:
    world = records()
    with pytest.raises(Refused, match="same_payment_method"):
        world.modify_payment("#W0000001", "gift_card_1")
    world.modify_payment("#W0000001", "paypal_1")
    assert balance(world) == 30.5
    assert [entry["transaction_type"] for entry in world.orders["#W0000001"]["payment_history"]] == [
        "payment",
        "payment",
        "refund",
    ]


def test_a_users_address_and_copies_apart() -> None:
    world = records()
    copied = world.fresh()
    copied.modify_user_address("nora_bell_1", AWAY)
    assert copied.snapshot()["user nora_bell_1"] != world.snapshot()["user nora_bell_1"]


def test_gold_writes_are_done_and_what_is_forbidden_is_named() -> None:
    world = records()
    refused = apply_gold(
        world,
        [
            {"name": "get_user_details", "arguments": {"user_id": "nora_bell_1"}},
            {"name": "cancel_pending_order", "arguments": {"order_id": "#W0000003", "reason": "no longer needed"}},
            {"name": "modify_pending_order_address", "arguments": {"order_id": "#W0000001", **AWAY}},
            {"name": "modify_user_address", "arguments": {"user_id": "nora_bell_1", **AWAY}},
            {
                "name": "return_delivered_order_items",
                "arguments": {"order_id": "#W0000002", "item_ids": ["12", "12"], "payment_method_id": "paypal_1"},
            },
        ],
    )
    assert refused == ["cancel_pending_order already_shipped"]
    assert world.orders["#W0000002"]["return_items"] == ["12", "12"]
    assert world.users["nora_bell_1"]["address"] == world.orders["#W0000001"]["address"] == AWAY


def test_files_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    assert Records.load(folder(tmp_path)).snapshot() == records().snapshot()
    (tmp_path / "db_users.json").write_text("[]", "utf-8")
    with pytest.raises(DataError, match="db_users"):
        Records.load(tmp_path)

"""The records of tau2's retail world, and what a WRITE does to them: rules and effects as in that benchmark's tools.

In: users, orders and products, JSON as the benchmark keeps them. The gold WRITEs of a task and the shop that Kefu works
on change them through the same methods. Two differences to the benchmark, both where it contradicts itself:

- Of several items modified at once each gets its own new price and options (the benchmark's loop gives all of them
  those of the last).
- An item may be "modified" into itself, as the older half of its tasks does; nothing changes on that item then.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue.evaluate.retrieval import DataError

CANCEL_REASONS = ("no longer needed", "ordered by mistake")
MODIFIED = "pending (item modified)"
_ADDRESS = ("address1", "address2", "city", "country", "state", "zip")
Record = dict[str, Any]


class Refused(Exception):
    """A rule forbids it; nothing has changed. ``rule`` is one of ``dialogue.shop.rules`` where it has that rule."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Records:
    """All records of one world. Not safe for two WRITEs at once: there is no await in one."""

    def __init__(self, users: dict[str, Record], orders: dict[str, Record], products: dict[str, Record]) -> None:
        self.users = users
        self.orders = orders
        self.products = products

    @classmethod
    def load(cls, folder: Path) -> Records:
        """From ``db_users.json``, ``db_orders.json``, ``db_products.json``. Raises ``DataError``."""
        return cls(*(_table(folder / f"db_{name}.json") for name in ("users", "orders", "products")))

    def fresh(self) -> Records:
        """A copy that changes apart. Products never change: they are shared."""
        return Records(copy.deepcopy(self.users), copy.deepcopy(self.orders), self.products)

    def snapshot(self) -> dict[str, object]:
        """Every record that a WRITE can change, by name."""
        found: dict[str, object] = {f"order {name}": copy.deepcopy(record) for name, record in self.orders.items()}
        return found | {f"user {name}": copy.deepcopy(record) for name, record in self.users.items()}

    def variant(self, product_id: str, item_id: str) -> Record | None:
        """A variant of a product, None when it has no such."""
        found: Record | None = self.products[product_id]["variants"].get(item_id)
        return found

    def cancel(self, order_id: str, reason: str) -> None:
        """What was paid goes back, to a gift card at once."""
        order = self._order(order_id)
        if order["status"] != "pending":
            raise Refused(_not_pending(order))
        if reason not in CANCEL_REASONS:
            raise Refused("reason_not_accepted")
        refunds = [
            {"transaction_type": "refund", "amount": paid["amount"], "payment_method_id": paid["payment_method_id"]}
            for paid in order["payment_history"]
        ]
        for refund in refunds:
            self._to_gift_card(order, refund["payment_method_id"], refund["amount"])
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        order["payment_history"] += refunds

    def return_items(self, order_id: str, item_ids: Sequence[str], payment_method_id: str) -> None:
        """The refund goes to what the order was paid with, or to a gift card."""
        order = self._order(order_id)
        if order["status"] != "delivered":
            raise Refused(_not_delivered(order))
        method = self.payment_method(order["user_id"], payment_method_id)
        if method["source"] != "gift_card" and payment_method_id != order["payment_history"][0]["payment_method_id"]:
            raise Refused("refund_not_there")
        _held(order, item_ids)
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        order["return_payment_method_id"] = payment_method_id

    def exchange(self, order_id: str, item_ids: Sequence[str], new_ids: Sequence[str], payment_method_id: str) -> None:
        """Items of a delivered order for variants of the same products."""
        order = self._order(order_id)
        if order["status"] != "delivered":
            raise Refused(_not_delivered(order))
        difference = self._difference(order, item_ids, new_ids, payment_method_id)
        order["status"] = "exchange requested"
        order["exchange_items"] = sorted(item_ids)
        order["exchange_new_items"] = sorted(new_ids)
        order["exchange_payment_method_id"] = payment_method_id
        order["exchange_price_difference"] = difference

    def modify_items(
        self, order_id: str, item_ids: Sequence[str], new_ids: Sequence[str], payment_method_id: str
    ) -> None:
        """Items of an order that is not on its way for variants of the same products; the difference is settled."""
        order = self._order(order_id)
        if order["status"] != "pending":
            raise Refused(_not_pending(order))
        difference = self._difference(order, item_ids, new_ids, payment_method_id)
        order["payment_history"].append(
            {
                "transaction_type": "payment" if difference > 0 else "refund",
                "amount": abs(difference),
                "payment_method_id": payment_method_id,
            }
        )
        self._to_gift_card(order, payment_method_id, -difference)
        for item_id, new_id in zip(item_ids, new_ids, strict=True):
            item = next(item for item in order["items"] if item["item_id"] == item_id)
            variant = self.variant(item["product_id"], new_id) or {}
            item |= {"item_id": new_id, "price": variant["price"], "options": dict(variant["options"])}
        order["status"] = MODIFIED

    def modify_payment(self, order_id: str, payment_method_id: str) -> None:
        """Another of the customer's payment methods for all of the order."""
        order = self._order(order_id)
        if "pending" not in order["status"]:
            raise Refused(_not_pending(order))
        method, history = self.payment_method(order["user_id"], payment_method_id), order["payment_history"]
        if len(history) != 1 or history[0]["transaction_type"] != "payment":
            raise Refused("already_modified")
        old, amount = history[0]["payment_method_id"], history[0]["amount"]
        if old == payment_method_id:
            raise Refused("same_payment_method")
        if method["source"] == "gift_card" and method["balance"] < amount:
            raise Refused("balance_too_low")
        history += [
            {"transaction_type": "payment", "amount": amount, "payment_method_id": payment_method_id},
            {"transaction_type": "refund", "amount": amount, "payment_method_id": old},
        ]
        self._to_gift_card(order, payment_method_id, -amount)
        self._to_gift_card(order, old, amount)

    def modify_address(self, order_id: str, address: Mapping[str, str]) -> None:
        """Where an order that is not on its way goes; ``address`` has all six parts."""
        order = self._order(order_id)
        if "pending" not in order["status"]:
            raise Refused(_not_pending(order))
        order["address"] = {part: address[part] for part in _ADDRESS}

    def modify_user_address(self, user_id: str, address: Mapping[str, str]) -> None:
        """The customer's own address."""
        if user_id not in self.users:
            raise Refused("unknown_customer")
        self.users[user_id]["address"] = {part: address[part] for part in _ADDRESS}

    def payment_method(self, user_id: str, payment_method_id: str) -> Record:
        """One of the customer's. Raises ``Refused``."""
        methods: dict[str, Record] = self.users[user_id]["payment_methods"]
        if payment_method_id not in methods:
            raise Refused("unknown_payment_method")
        return methods[payment_method_id]

    def _order(self, order_id: str) -> Record:
        if order_id not in self.orders:
            raise Refused("unknown_order")
        return self.orders[order_id]

    def _difference(
        self, order: Record, item_ids: Sequence[str], new_ids: Sequence[str], payment_method_id: str
    ) -> float:
        """What the new items cost more, to be paid with this method. Raises ``Refused``."""
        _held(order, item_ids)
        if len(item_ids) != len(new_ids) or not item_ids:
            raise Refused("not_in_order")
        prices = []
        for item_id, new_id in zip(item_ids, new_ids, strict=True):
            item = next(item for item in order["items"] if item["item_id"] == item_id)
            variant = self.variant(item["product_id"], new_id)
            if variant is None:
                raise Refused("other_family")
            if not variant["available"]:
                raise Refused("out_of_stock")
            prices.append(variant["price"] - item["price"])
        method = self.payment_method(order["user_id"], payment_method_id)
        difference: float = round(sum(prices), 2)
        if method["source"] == "gift_card" and method["balance"] < difference:
            raise Refused("balance_too_low")
        return difference

    def _to_gift_card(self, order: Record, payment_method_id: str, amount: float) -> None:
        """Credit ``amount`` (charge it where it is negative) if the method is a gift card: others settle elsewhere."""
        method = self.payment_method(order["user_id"], payment_method_id)
        if method["source"] == "gift_card":
            method["balance"] = round(method["balance"] + amount, 2)


def apply_gold(records: Records, actions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Do the gold WRITEs in their order; READs and what a rule forbids change nothing. Gives what was forbidden."""
    refused = []
    for action in actions:
        name, given = action["name"], action["arguments"]
        try:
            _apply(records, name, given)
        except Refused as error:
            refused.append(f"{name} {error.rule}")
    return refused


def _apply(records: Records, name: str, given: Mapping[str, Any]) -> None:
    match name:
        case "cancel_pending_order":
            records.cancel(given["order_id"], given["reason"])
        case "return_delivered_order_items":
            records.return_items(given["order_id"], given["item_ids"], given["payment_method_id"])
        case "exchange_delivered_order_items":
            items = (given["item_ids"], given["new_item_ids"])
            records.exchange(given["order_id"], *items, given["payment_method_id"])
        case "modify_pending_order_items":
            items = (given["item_ids"], given["new_item_ids"])
            records.modify_items(given["order_id"], *items, given["payment_method_id"])
        case "modify_pending_order_payment":
            records.modify_payment(given["order_id"], given["payment_method_id"])
        case "modify_pending_order_address":
            records.modify_address(given["order_id"], given)
        case "modify_user_address":
            records.modify_user_address(given["user_id"], given)


def _held(order: Record, item_ids: Sequence[str]) -> None:
    """Raises ``Refused`` where the order has fewer of an item than are named."""
    if Counter(item_ids) - Counter(item["item_id"] for item in order["items"]):
        raise Refused("not_in_order")


def _not_pending(order: Record) -> str:
    if order["status"] == "cancelled":
        return "already_cancelled"
    return "already_modified" if order["status"] == MODIFIED else "already_shipped"


def _not_delivered(order: Record) -> str:
    return "already_returned" if order["status"].endswith("requested") else "not_delivered"


def _table(path: Path) -> dict[str, Record]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: it is no JSON") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: a JSON object of records is expected")
    return found

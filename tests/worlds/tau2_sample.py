"""A tiny retail world of our own, in the shape of tau2's files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.worlds.tau2_records import Records

HOME = {"address1": "1 Low Road", "address2": "", "city": "Reno", "country": "USA", "state": "NV", "zip": "89501"}
AWAY = {
    "address1": "2 High Road",
    "address2": "Suite 3",
    "city": "Ely",
    "country": "USA",
    "state": "NV",
    "zip": "89301",
}


def _item(item_id: str, price: float, size: str, product: str = "P1", name: str = "Rug") -> dict[str, Any]:
    return {"name": name, "product_id": product, "item_id": item_id, "price": price, "options": {"size": size}}


def _order(number: str, status: str, method: str, *items: dict[str, Any]) -> dict[str, Any]:
    paid = {"transaction_type": "payment", "amount": sum(i["price"] for i in items), "payment_method_id": method}
    return {
        "order_id": number,
        "user_id": "nora_bell_1",
        "address": dict(HOME),
        "items": list(items),
        "status": status,
        "fulfillments": [],
        "payment_history": [paid],
    }


_DATA: dict[str, dict[str, Any]] = {
    "users": {
        "nora_bell_1": {
            "user_id": "nora_bell_1",
            "name": {"first_name": "Nora", "last_name": "Bell"},
            "address": HOME,
            "email": "nora.bell@example.com",
            "payment_methods": {
                "gift_card_1": {"source": "gift_card", "id": "gift_card_1", "balance": 15.0},
                "paypal_1": {"source": "paypal", "id": "paypal_1"},
                "credit_card_1": {
                    "source": "credit_card",
                    "id": "credit_card_1",
                    "brand": "visa",
                    "last_four": "1234",
                },
            },
            "orders": ["#W0000001", "#W0000002", "#W0000003"],
        }
    },
    "orders": {
        "#W0000001": _order(
            "#W0000001", "pending", "gift_card_1", _item("11", 10.0, "S"), _item("21", 5.5, "S", "P2", "Lamp")
        ),
        "#W0000002": _order("#W0000002", "delivered", "paypal_1", _item("12", 20.0, "M"), _item("12", 20.0, "M")),
        "#W0000003": _order("#W0000003", "processed", "paypal_1", _item("11", 10.0, "S")),
    },
    "products": {
        "P1": {
            "name": "Rug",
            "product_id": "P1",
            "variants": {
                "11": {"item_id": "11", "options": {"size": "S"}, "available": True, "price": 10.0},
                "12": {"item_id": "12", "options": {"size": "M"}, "available": True, "price": 20.0},
                "13": {"item_id": "13", "options": {"size": "L"}, "available": False, "price": 30.0},
                "14": {"item_id": "14", "options": {"size": "XL"}, "available": True, "price": 40.0},
            },
        },
        "P2": {
            "name": "Lamp",
            "product_id": "P2",
            "variants": {
                "21": {"item_id": "21", "options": {"size": "S"}, "available": True, "price": 5.5},
                "22": {"item_id": "22", "options": {"size": "M"}, "available": True, "price": 6.25},
            },
        },
    },
}


def records() -> Records:
    """A fresh world."""
    return Records(**copy.deepcopy(_DATA))


def folder(path: Path) -> Path:
    """Its files, written into ``path``."""
    for name, table in _DATA.items():
        (path / f"db_{name}.json").write_text(json.dumps(table), "utf-8")
    return path

"""A shop of a test's own whose products have variants and whose customers open their account by e-mail or by name and
postal code: the SQL shop on a few goods, with strict policies. It is always ``NOW`` there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert

from dialogue.chat import Chat
from dialogue.database import migrate, open_database, writing
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policies import Policies
from dialogue.policies import __file__ as shipped
from dialogue.respond import Responder
from dialogue.shop import schema
from dialogue.shop.sql import SqlShop
from dialogue.state import DialogueState
from nlu.classifiers.keyword import KeywordClassifier
from nlu.slots import ProductLexicon, SlotConfig
from nlu.types import Language
from nlu.understand import Understanding
from tests.dialogue.demo_shop import NOW, clock
from tests.dialogue.stories import Story, StoryPlayer

CUSTOMER = "V1"
GIFT_CARD = Decimal("60.00")
_FAMILIES: tuple[tuple[str, str, str, tuple[tuple[str, str, int, dict[str, str]], ...]], ...] = (
    ("B", "保温杯", "Water Bottle", (
        ("B1", "40", 9, {"capacity": "500ml", "color": "red"}),
        ("B2", "48", 9, {"capacity": "750ml", "color": "red"}),
        ("B3", "38", 9, {"capacity": "500ml", "color": "black"}),
        ("B4", "60", 0, {"capacity": "1000ml", "color": "red"}),
    )),
    ("H", "耳机", "Headphones", (
        ("H1", "120", 9, {"type": "in-ear", "connectivity": "wired", "color": "black"}),
        ("H2", "180", 9, {"type": "in-ear", "connectivity": "wireless", "color": "black"}),
        ("H3", "150", 9, {"type": "over-ear", "connectivity": "wireless", "color": "white"}),
    )),
    ("S", "书架", "Bookshelf", (
        ("S1", "300", 9, {"height": "4 ft", "color": "white"}),
        ("S2", "330", 9, {"height": "5 ft", "color": "white"}),
        ("S3", "280", 9, {"height": "3 ft", "color": "black"}),
    )),
    ("P", "背包", "Backpack", (
        ("P1", "90", 9, {"size": "small", "color": "black"}),
        ("P2", "99", 9, {"size": "medium", "color": "black"}),
        ("P3", "95", 9, {"size": "small", "color": "red"}),
    )),
)  # fmt: skip
_ORDERS = (
    ("W100001", "delivered", ("B1", "H1")),
    ("W100002", "delivered", ("S1",)),
    ("W100003", "paid", ("P1", "B3")),
    ("W100004", "paid", ("S3",)),
    ("W100005", "shipped", ("H3",)),
)
_METHODS = (
    ("paypal_1", "paypal", "PayPal", "PayPal", None),
    ("card_1", "card", "尾号1234的银行卡", "Visa ending in 1234", None),
    ("gift_1", "gift_card", "礼品卡", "gift card", GIFT_CARD),
)


@cache
def policies() -> Policies:
    """The shipped ones, as a strict shop has them."""
    given: dict[str, Any] = yaml.safe_load((Path(shipped).parent / "shop.yaml").read_text("utf-8"))
    given |= {
        "identity": {"ways": ["email", "name_and_postal_code"], "order_digits": None},
        "cancel": {"reasons": {"unwanted": "no longer needed", "mistake": "ordered by mistake"}},
        "changes": {"within": "family", "once": True, "renew": False},
        "payment": {"ask_difference": True, "ask_refund": True, "refund_kinds": ["gift_card"]},
    }
    given["returns"] |= {"ask_reason": False, "once": True}
    return Policies.model_validate(given)


def _products() -> Iterator[dict[str, Any]]:
    for family, name, name_en, variants in _FAMILIES:
        for sku, price, stock, options in variants:
            yield {
                "sku": sku, "name": name, "name_en": name_en, "category": family, "price": Decimal(price),
                "stock": stock, "returnable": True, "warranty_months": 12, "attributes": options, "description": name,
                "family": family,
            }  # fmt: skip


def _rows() -> dict[Any, list[dict[str, Any]]]:
    products = {row["sku"]: row for row in _products()}
    orders, lines = [], []
    for place, (number, status, skus) in enumerate(_ORDERS):
        at = NOW - timedelta(days=4, hours=place)
        arrived = NOW - timedelta(days=2) if status == "delivered" else None
        total = sum((products[sku]["price"] for sku in skus), Decimal())
        orders.append({
            "order_number": number, "customer_id": CUSTOMER, "status": status, "created_at": at, "paid_at": at,
            "delivered_at": arrived, "total": total, "address": "1 Elm Street", "invoice": "none",
            "payment_method": "paypal_1", "modified": False,
        })  # fmt: skip
        for position, sku in enumerate(skus, 1):
            product = products[sku]
            kept = {name: product[name] for name in ("sku", "name", "name_en", "returnable", "category", "family")}
            lines.append(kept | {
                "order_number": number, "position": position, "quantity": 1, "unit_price": product["price"],
                "options": product["attributes"],
            })  # fmt: skip
    return {
        schema.customers: [{
            "customer_id": CUSTOMER, "name": "Ann Lee", "phone": "19900009001", "address": "1 Elm Street",
            "level": "普通", "points": 0, "email": "ann.lee@example.com", "postal_code": "20001",
        }],
        schema.products: list(products.values()),
        schema.payment_methods: [
            {"method_id": each[0], "customer_id": CUSTOMER, "position": place, "kind": each[1], "label": each[2],
             "label_en": each[3], "balance": each[4]}
            for place, each in enumerate(_METHODS)
        ],
        schema.orders: orders,
        schema.order_lines: lines,
    }  # fmt: skip


@asynccontextmanager
async def opened_variant_shop(folder: Path) -> AsyncIterator[SqlShop]:
    """A fresh one in ``folder``."""
    engine = open_database(f"sqlite+aiosqlite:///{folder / 'variants.db'}")
    try:
        await migrate(engine)
        async with writing(engine) as connection:
            for table, rows in _rows().items():
                await connection.execute(insert(table), rows)
        yield SqlShop(engine, clock, policies())
    finally:
        await engine.dispose()


@cache
def understanding() -> Understanding:
    """By keywords, with the goods of the shop."""
    names = tuple((row["sku"], (row["name"], row["name_en"])) for row in _products())
    slots = SlotConfig(order_number_pattern=r"#?W\d{6}", order_number_luhn=False, catalogue=ProductLexicon(names))
    return Understanding(KeywordClassifier(), slots=slots, clock=NOW.date)


async def opened_chat(shop: SqlShop, language: Language, *, signed_in: bool = False) -> Chat:
    """A conversation with it."""
    responder = Responder(shop, await KnowledgeIndex.open(None), clock=clock)
    state = DialogueState.new("story", CUSTOMER if signed_in else None, language)
    return Chat(understanding(), responder, shop, state)


class VariantPlayer(StoryPlayer):
    """Plays a story on it; customers are ``anonymous`` or ``demo`` (signed in)."""

    def __init__(self, story: Story, shop: SqlShop) -> None:
        super().__init__(story, shop, clock, {})

    async def _chat(self) -> Chat:
        assert isinstance(self._shop, SqlShop)
        return await opened_chat(self._shop, self.story.language, signed_in=self.story.customer == "demo")

    def filled(self, text: str) -> str:
        """The stories name orders as they are."""
        return text

"""What the demo shop's customers may ask beyond orders: coupons, reviews, related goods, cheaper prices, tickets.

Drawn from a source of chance of its own, after the orders, so that more of it never changes an order number or a
status. Pure: rows in, rows changed and added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations
from random import Random
from typing import Any

from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.demo_data_files import data
from dialogue.shop.types import OrderStatus

Row = dict[str, Any]
_ADDS_ACCESSORY = 0.6
"""Share of completed orders that hold something that belongs to their first product."""
_COUPONED = 0.5


def relations() -> Iterator[Row]:
    """Rows of shop_relations."""
    groups = data("relations")
    seen: dict[tuple[str, str, str], int] = {}
    for relation, sku, related, group in _pairs(groups):
        if (relation, sku, related) in seen:
            continue
        position = sum(1 for key in seen if key[:2] == (relation, sku))
        seen[relation, sku, related] = position
        yield {
            "sku": sku,
            "relation": relation,
            "related_sku": related,
            "position": position,
            "reason": group["zh"],
            "reason_en": group["en"],
        }


def _pairs(groups: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Row]]:
    for group in groups["accessory"]:
        yield from (("accessory", sku, other, group) for sku in group["of"] for other in group["with"])
    for group in groups["compatible"]:
        for sku in group["of"]:
            for other in group["with"]:
                yield "compatible", sku, other, group
                yield "compatible", other, sku, group
    for group in groups["substitute"]:
        yield from (("substitute", sku, other, group) for sku, other in permutations(group["among"], 2))


class Service:
    """Adds to the rows of the orders; ``random`` is its own."""

    def __init__(self, rows: Any, seed: int, now: datetime, demo_customer_id: str) -> None:
        """``rows`` is a ``DemoRows`` with customers, products and orders."""
        self._rows = rows
        self._random = Random(f"service {seed}")
        self._now = now
        self._demo = demo_customer_id
        self._data = data("service")
        self._products = {row["sku"]: row for row in rows.products}

    def add(self) -> None:
        """Everything."""
        self._rows.relations.extend(relations())
        self._add_accessories()
        self._drop_prices()
        self._rows.reviews.extend(self._reviews())
        self._rows.coupons.extend(self._coupons())
        self._rows.tickets.extend(self._tickets())
        self._rows.restock_notices.extend(self._notices())
        self._fill_parcels()

    def _add_accessories(self) -> None:
        """What belongs together is bought together, in completed orders of others."""
        belongs: dict[str, list[str]] = {}
        for row in self._rows.relations:
            if row["relation"] == "accessory":
                belongs.setdefault(row["sku"], []).append(row["related_sku"])
        completed = {
            row["order_number"]: row
            for row in self._rows.orders
            if row["status"] == OrderStatus.COMPLETED and row["customer_id"] != self._demo
        }
        returned = {row["order_number"] for row in self._rows.returns}
        for line in [line for line in self._rows.order_lines if line["position"] == 1]:
            order = completed.get(line["order_number"])
            if order is None or line["order_number"] in returned or line["sku"] not in belongs:
                continue
            lines = [each for each in self._rows.order_lines if each["order_number"] == line["order_number"]]
            wanted = belongs[line["sku"]][0]
            if self._random.random() >= _ADDS_ACCESSORY or wanted in {each["sku"] for each in lines}:
                continue
            product = self._products[wanted]
            self._rows.order_lines.append(
                {**line, "position": len(lines) + 1, "quantity": 1, "unit_price": product["price"]}
                | {name: product[name] for name in ("sku", "name", "name_en", "returnable", "category")}
            )
            order["total"] += product["price"]

    def _drop_prices(self) -> None:
        drops = self._data["price_drops"]
        demo_skus = self._skus_of(lambda order: order["customer_id"] == self._demo)
        recent = self._skus_of(lambda order: order["created_at"] > self._now - timedelta(days=1))
        for row in self._rows.products:
            percent = drops["demo"].get(row["sku"])
            if percent is None and row["sku"] not in demo_skus | recent and self._random.random() < drops["share"]:
                percent = self._random.choice(drops["percent"])
            if percent is not None:
                row["previous_price"] = row["price"]
                cheaper = row["price"] * (100 - percent) / 100
                row["price"] = cheaper.quantize(Decimal("0.1"), ROUND_HALF_UP).quantize(Decimal("0.01"))
                row["price_since"] = self._now - timedelta(hours=self._random.randrange(2, 20))

    def _skus_of(self, wanted: Any) -> set[str]:
        numbers = {order["order_number"] for order in self._rows.orders if wanted(order)}
        return {line["sku"] for line in self._rows.order_lines if line["order_number"] in numbers}

    def _reviews(self) -> Iterator[Row]:
        for row in self._rows.products:
            words = self._data["reviews"][row["category"]]
            average = round(self._random.triangular(3.6, 5.0, 4.7), 1)
            yield {
                "sku": row["sku"],
                "count": self._random.randrange(12, 2400),
                "average": average,
                "praised": self._random.sample(words["praised"], 3),
                "criticised": self._random.sample(words["criticised"], 1 if average >= 4.5 else 2),
            }

    def _coupons(self) -> Iterator[Row]:
        for customer in self._rows.customers:
            customer_id = customer["customer_id"]
            lines = self._data["coupons"]["demo" if customer_id == self._demo else "others"]
            for place, line in enumerate(lines, 1):
                if customer_id == self._demo or self._random.random() < _COUPONED:
                    yield self._coupon(customer_id, place, line)

    def _coupon(self, customer_id: str, place: int, line: str) -> Row:
        title, title_en, amount, minimum, days, used, category = (part.strip() for part in line.split("|"))
        last_day = self._now.date() + timedelta(days=int(days))
        return {
            "code": f"K{customer_id[1:]}{place:02d}",
            "customer_id": customer_id,
            "title": title,
            "title_en": title_en,
            "amount": Decimal(amount),
            "minimum": Decimal(minimum),
            "valid_until": datetime.combine(last_day + timedelta(days=1), time.min, SHOP_ZONE),
            "used": used == "yes",
            "category": category or None,
        }

    def _tickets(self) -> Iterator[Row]:
        for line in self._data["tickets"]:
            customer_id, kind, text, days, status = (part.strip() for part in line.split("|"))
            opened = self._now - timedelta(days=int(days))
            yield {
                "kind": kind,
                "customer_id": customer_id,
                "order_number": None,
                "text": text,
                "status": status,
                "compensation": None,
                "created_at": opened,
                "due_at": opened + timedelta(days=2),
            }

    def _notices(self) -> Iterator[Row]:
        gone = [row["sku"] for row in self._rows.products if row["stock"] == 0]
        others = [row["customer_id"] for row in self._rows.customers if row["customer_id"] != self._demo]
        for sku in self._random.sample(gone, min(len(gone), self._data["notices"])):
            at = self._now - timedelta(hours=self._random.randrange(5, 90))
            yield {"sku": sku, "customer_id": self._random.choice(others), "created_at": at}

    def _fill_parcels(self) -> None:
        """Which lines a parcel holds; where there are fewer lines than parcels it is not known."""
        lines: dict[str, list[str]] = {}
        for row in self._rows.order_lines:
            lines.setdefault(row["order_number"], []).append(row["sku"])
        parcels: dict[str, list[Row]] = {}
        for row in self._rows.shipments:
            parcels.setdefault(row["order_number"], []).append(row)
        for number, rows in parcels.items():
            known = len(lines[number]) >= len(rows)
            for place, row in enumerate(rows):
                row["skus"] = lines[number][place :: len(rows)] if known else None

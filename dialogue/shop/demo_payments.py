"""How the demo shop's customers pay and what else is known of them: e-mail, postal code, which goods are variants.

Drawn from a source of chance of its own, last of all, so that it changes nothing else. Pure: rows in, rows changed and
added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from dialogue.shop.demo_data_files import data

Row = dict[str, Any]
_CARDED, _GIFTED = 0.5, 0.3
"""Shares of customers with a bank card and with a gift card."""
_SIZE = re.compile(r"(?<![A-Za-z])(?:X{0,3}[SL]|M)码?$")


class Payments:
    """Adds to the rows of the demo shop."""

    def __init__(self, rows: Any, seed: int, demo_customer_id: str) -> None:
        """``rows`` is a ``DemoRows`` with customers, products and orders."""
        self._rows = rows
        self._random = Random(f"payments {seed}")
        self._demo = demo_customer_id
        self._codes: dict[str, str] = data("people")["postal_codes"]

    def add(self) -> None:
        """Everything."""
        self._name_families()
        for customer in self._rows.customers:
            customer["email"] = f"{customer['customer_id'].lower()}@example.com"
            customer["postal_code"] = next(
                code for city, code in self._codes.items() if customer["address"].startswith(city)
            )
            self._rows.payment_methods.extend(self._methods(customer["customer_id"]))
        for order in self._rows.orders:
            owned = [row for row in self._rows.payment_methods if row["customer_id"] == order["customer_id"]]
            paying = [row for row in owned if row["balance"] is None]
            is_demo = order["customer_id"] == self._demo
            order["payment_method"] = (paying[0] if is_demo else self._random.choice(paying))["method_id"]

    def _methods(self, customer_id: str) -> Iterator[Row]:
        """微信支付 or 支付宝 first, then what else there is; the demo customer has one of each kind."""
        is_demo = customer_id == self._demo
        wallets = [("wechat", "微信支付", "WeChat Pay"), ("alipay", "支付宝", "Alipay")]
        wallet = wallets[0] if is_demo else self._random.choice(wallets)
        found: list[tuple[str, str, str, str, Decimal | None]] = [("wallet", *wallet, None)]
        if is_demo or self._random.random() < _CARDED:
            tail = f"{self._random.randrange(10_000):04d}"
            found.append(("card", f"card{tail}", f"尾号{tail}的银行卡", f"bank card ending in {tail}", None))
        if is_demo or self._random.random() < _GIFTED:
            left = Decimal(self._random.randrange(50, 500, 10))
            found.append(("gift_card", "gift", "礼品卡", "gift card", left))
        for position, (kind, name, label, label_en, balance) in enumerate(found):
            yield {
                "method_id": f"{customer_id}-{name}",
                "customer_id": customer_id,
                "position": position,
                "kind": kind,
                "label": label,
                "label_en": label_en,
                "balance": balance,
            }

    def _name_families(self) -> None:
        """Goods whose names differ in their size alone are variants of each other, and so are their lines."""
        by_name: dict[tuple[str, str], list[Row]] = {}
        for row in self._rows.products:
            row["family"] = None
            by_name.setdefault((row["category"], _SIZE.sub("", row["name"])), []).append(row)
        for rows in by_name.values():
            for row in rows if len(rows) > 1 else ():
                row["family"] = rows[0]["sku"]
        family_of = {row["sku"]: row["family"] for row in self._rows.products}
        for line in self._rows.order_lines:
            line["family"] = family_of[line["sku"]]

"""The records of an ECom-Bench world: its JSON files in, plain dictionaries out, and what two worlds are compared by.

    orders[user][order]   invoices[order]   users[user]   products[product]   visits[order]   cashbacks[order]   parcels

The files nest by platform and shop; there is one of each, so the nesting is taken off when they are read.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from dialogue.evaluate.retrieval import DataError
from dialogue.shop.clock import SHOP_ZONE

Record = dict[str, Any]
TODAY = datetime(2025, 6, 16, 10, 0, tzinfo=SHOP_ZONE)
"""The world's now: after its last scan of a parcel, within the campaign that its discounts name."""
E_CARD = "京东E卡"
NEW_ORDER = "1234567890"
"""Number of an order that is placed; a second one gets the next number, which no gold action names."""
_WEEKDAYS = "一二三四五六日"
_FILES = {
    "orders": "orders.json",
    "parcels": "logistics.json",
    "products": "products.json",
    "visits": "service.json",
    "cashbacks": "register_cashback.json",
    "discounts": "discount.json",
}


@dataclass(slots=True)
class Records:
    """All of a world. Changed in place by whoever plays in it."""

    users: dict[str, Record]
    orders: dict[str, dict[str, Record]]
    """By user and number."""
    parcels: dict[str, dict[str, Record]]
    """By user and number of the order."""
    products: dict[str, Record]
    invoices: dict[str, Record]
    visits: dict[str, Record]
    """Appointments by number of the order."""
    cashbacks: dict[str, bool]
    """Whether the review of an order was registered, by its number."""
    discounts: Record

    def copy(self) -> Records:
        """The same world once more, sharing nothing that changes."""
        return copy.deepcopy(self)

    def owner_of(self, number: str) -> str | None:
        """The user whose order this is; orders of which only the parcel is known count too."""
        for table in (self.orders, self.parcels):
            for user, of_user in table.items():
                if number in of_user:
                    return user
        return None


def read(folder: Path) -> Records:
    """The world in ``folder``. Raises ``DataError``."""
    try:
        tables = {name: _inner(_json(folder / file)) for name, file in _FILES.items()}
        users, invoices = _json(folder / "users_info.json"), _json(folder / "invoices.json")
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise DataError(f"{folder} is no ECom-Bench world: {type(error).__name__} {error}") from error
    return Records(
        users=users,
        orders=tables["orders"],
        parcels=tables["parcels"],
        products=tables["products"],
        invoices=invoices,
        visits={number: visit for of_user in tables["visits"].values() for number, visit in of_user.items()},
        cashbacks={number: bool(is_done) for of_user in tables["cashbacks"].values()
                   for number, is_done in of_user.items()},
        discounts=tables["discounts"],
    )  # fmt: skip


def snapshot(records: Records) -> dict[str, object]:
    """Every record that a WRITE can change, by a name that tells what it is."""
    seen: dict[str, object] = {}
    for of_user in records.orders.values():
        for number, order in of_user.items():
            seen[f"order {number}"] = _order(order)
    for user, profile in records.users.items():
        seen[f"e-card {user}"] = money(profile["电子卡余额"])
    for number, invoice in records.invoices.items():
        phone = invoice.get("手机号码") or invoice.get("电话号码")
        seen[f"invoice {number}"] = [invoice["发票类型"], invoice["发票抬头"], phone]
    for number, visit in records.visits.items():
        day = weekday_of(str(visit["预约日期"]))
        seen[f"visit {number}"] = [visit["服务类型"], visit["用户姓名"], visit["电话号码"], day]
    for number, is_done in records.cashbacks.items():
        seen[f"cashback {number}"] = is_done
    return seen


def money(value: object) -> str:
    """Yuan with two places, as text: sums of floats are compared as money."""
    return f"{Decimal(str(value)):.2f}"


def weekday_of(said: str) -> str:
    """The day of the week that an appointment's words name (周日, 星期天, 明天, 2025-06-22); the words where none."""
    if found := re.search(r"(?:周|星期|礼拜)([一二三四五六日天])", said):
        return "周" + found[1].replace("天", "日")
    for word, ahead in (("大后天", 3), ("后天", 2), ("明天", 1), ("今天", 0)):
        if word in said:
            return weekday_name((TODAY + timedelta(days=ahead)).date())
    if found := re.search(r"(?:(\d{4})[-年/.])?(\d{1,2})[-月/.](\d{1,2})", said):
        return weekday_name(date(int(found[1] or TODAY.year), int(found[2]), int(found[3])))
    return said


def weekday_name(day: date) -> str:
    """周一 to 周日."""
    return "周" + _WEEKDAYS[day.weekday()]


def _order(order: Mapping[str, Any]) -> Record:
    return {
        "status": order["订单状态"],
        "urgent": order["是否加急"],
        "lines": sorted([line["商品ID"], line["数量"]] for line in order["订单商品列表"]),
        "total": money(order["订单总金额"]),
        "paid_by": order["支付方式"],
        "address": order["收货地址"]["详细地址"],
        "phone": order["收货地址"]["电话号码"],
    }


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _inner(table: Any) -> Any:
    """The one platform's one shop."""
    return next(iter(next(iter(table.values())).values()))

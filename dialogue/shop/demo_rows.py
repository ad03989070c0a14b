"""The rows of the demo shop 「拾光小铺」, pure: a seed and the present in, rows of every ``shop_`` table out.

Each status of an order and of a return occurs; all that lies in the past is before ``now``. The first customer is the
one that the demo signs in; her orders are written out by hand below, so that each question has one clear answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.demo_data_files import data
from dialogue.shop.demo_payments import Payments
from dialogue.shop.demo_service import Service
from dialogue.shop.order_numbers import HIGHEST, LOWEST, luhn_digit
from dialogue.shop.types import OrderStatus, ReturnStatus

CUSTOMERS, ORDERS = 60, 400
DEMO_CUSTOMER_ID = "C0001"
_DEMO_NAME = "林小满"
_OUT_OF_STOCK = 0.08
_SPLIT = 0.08
"""Share of orders that travel in two parcels."""
_DELAYED = 0.12
"""Share of parcels on their way that are late."""
_ONE_HOUR, _ONE_DAY = timedelta(hours=1), timedelta(days=1)

_SHARES = {
    OrderStatus.PENDING_PAYMENT: 6,
    OrderStatus.PAID: 8,
    OrderStatus.PACKING: 7,
    OrderStatus.SHIPPED: 20,
    OrderStatus.DELIVERED: 18,
    OrderStatus.COMPLETED: 25,
    OrderStatus.CANCELLED: 6,
    OrderStatus.RETURNING: 6,
    OrderStatus.RETURNED: 4,
}
_AGE_HOURS = {
    OrderStatus.PENDING_PAYMENT: (1, 20),
    OrderStatus.PAID: (2, 40),
    OrderStatus.PACKING: (10, 50),
    OrderStatus.SHIPPED: (40, 96),
    OrderStatus.DELIVERED: (120, 300),
    OrderStatus.COMPLETED: (500, 2800),
    OrderStatus.CANCELLED: (30, 900),
    OrderStatus.RETURNING: (140, 320),
    OrderStatus.RETURNED: (400, 1500),
}
"""How long ago an order in this state was placed, in hours: least and most."""
_TRAVELLED = frozenset(
    {
        OrderStatus.SHIPPED,
        OrderStatus.DELIVERED,
        OrderStatus.COMPLETED,
        OrderStatus.RETURNING,
        OrderStatus.RETURNED,
    }
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoRows:
    """Rows per table, in the columns of ``dialogue.shop.schema``."""

    customers: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    order_lines: list[Row] = field(default_factory=list)
    shipments: list[Row] = field(default_factory=list)
    tracking_events: list[Row] = field(default_factory=list)
    returns: list[Row] = field(default_factory=list)
    relations: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)
    coupons: list[Row] = field(default_factory=list)
    tickets: list[Row] = field(default_factory=list)
    restock_notices: list[Row] = field(default_factory=list)
    payment_methods: list[Row] = field(default_factory=list)


def order_numbers(seed: int) -> Iterator[str]:
    """Eight-digit order numbers without end: seven random digits and a Luhn check digit, none twice."""
    random = Random(f"order numbers {seed}")
    given = set()
    while True:
        digits = str(random.randrange(LOWEST, HIGHEST + 1))
        if digits not in given:
            given.add(digits)
            yield digits + luhn_digit(digits)


def demo_rows(seed: int, now: datetime) -> DemoRows:
    """Everything in the demo shop at ``now``; the same for the same arguments."""
    return _Generator(seed, now.astimezone(SHOP_ZONE).replace(microsecond=0)).run()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an order is to become."""

    status: OrderStatus
    created_at: datetime
    lines: int = 0
    """Number of lines; 0 leaves it to chance."""
    delivered_at: datetime | None = None
    eta: datetime | None = None
    plain: bool = False
    """One parcel, not late; only goods that may be returned."""
    return_status: ReturnStatus | None = None
    skus: tuple[str, ...] = ()


class _Generator:
    """Draws the shop row by row from one seeded source of chance."""

    def __init__(self, seed: int, now: datetime) -> None:
        self._seed = seed
        self._random = Random(seed)
        self._numbers = order_numbers(seed)
        self._now = now
        self._people, self._delivery = data("people"), data("delivery")
        self._rows = DemoRows()

    def run(self) -> DemoRows:
        self._rows.products.extend(self._products())
        self._rows.customers.extend(self._customers())
        for plan in self._demo_plans():
            self._order(self._rows.customers[0], plan)
        statuses = self._random.choices(list(_SHARES), list(_SHARES.values()), k=ORDERS - len(self._rows.orders))
        for place, status in enumerate(statuses):
            # Every customer gets an order before chance gives out the rest.
            others = self._rows.customers[1:]
            customer = others[place] if place < len(others) else self._random.choice(others)
            self._order(customer, self._chance_plan(status))
        Service(self._rows, self._seed, self._now, DEMO_CUSTOMER_ID).add()
        Payments(self._rows, self._seed, DEMO_CUSTOMER_ID).add()
        return self._rows

    def _products(self) -> Iterator[Row]:
        for category in data("products"):
            for place, line in enumerate(category["products"], 1):
                yield self._product(category, place, line)

    def _product(self, category: Mapping[str, Any], place: int, line: str) -> Row:
        name, name_en, price, attributes, text = (part.strip() for part in line.split("|"))
        pairs = dict(pair.strip().split("=", 1) for pair in attributes.split(","))
        returnable = category["returnable"] and pairs.pop("不可退", None) is None
        colour = self._random.choice(category["colours"])
        sku = f"{category['code']}{place:03d}"
        if table := next((entry["rows"] for entry in data("sizes") if sku in entry["of"]), None):
            pairs["尺码表"] = table
        return {
            "sku": sku,
            "name": name,
            "name_en": name_en,
            "category": category["category"],
            "price": Decimal(price) - Decimal("0.10") * self._random.choice((0, 0, 1)),
            "stock": 0 if self._random.random() < _OUT_OF_STOCK else self._random.randrange(3, 400),
            "returnable": returnable,
            "warranty_months": category["warranty_months"],
            "attributes": {key: value.replace("{colour}", colour) for key, value in pairs.items()},
            "description": f"{name}：{text}",
            "price_since": None,
            "previous_price": None,
        }

    def _customers(self) -> Iterator[Row]:
        surnames, given = self._people["surnames"].split(), self._people["given_names"].split()
        for place in range(1, CUSTOMERS + 1):
            name = _DEMO_NAME if place == 1 else self._random.choice(surnames) + self._random.choice(given)
            yield {
                "customer_id": f"C{place:04d}",
                "name": name,
                "phone": f"1990000{8800 + place:04d}",
                "address": self._address(),
                "level": "金卡" if place == 1 else self._random.choice(self._people["levels"]),
                "points": self._random.randrange(0, 6000, 5),
            }

    def _address(self) -> str:
        city, district = self._random.choice(self._people["cities"])
        street, estate = (self._random.choice(self._people[kind].split()) for kind in ("streets", "estates"))
        number, block, flat = (self._random.randrange(1, top) for top in (300, 30, 24))
        return f"{city}{district}{street}{number}号{estate}{block}幢{flat}0{self._random.randrange(1, 5)}室"

    def _demo_plans(self) -> Iterator[_Plan]:
        """The signed-in customer: one order for each thing to try, the newest of all is the one on its way."""
        now, midnight = self._now, datetime.combine(self._now.date(), time.min, SHOP_ZONE)
        eta = midnight + 2 * _ONE_DAY + 18 * _ONE_HOUR
        shipped, delivered, done = OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED
        yield _Plan(shipped, now - 30 * _ONE_HOUR, eta=eta, plain=True, skus=("SM002",))
        yield _Plan(OrderStatus.PAID, now - 34 * _ONE_HOUR, plain=True, skus=("JJ013",))
        yield _Plan(OrderStatus.PENDING_PAYMENT, now - 38 * _ONE_HOUR, plain=True, skus=("FS005",))
        yield _Plan(delivered, now - 6 * _ONE_DAY, delivered_at=now - 2 * _ONE_DAY, plain=True, skus=("XX002", "FS003"))
        yield _Plan(
            OrderStatus.RETURNING,
            now - 10 * _ONE_DAY,
            delivered_at=now - 6 * _ONE_DAY,
            plain=True,
            return_status=ReturnStatus.APPROVED,
            skus=("XJ021",),
        )
        yield _Plan(done, now - 44 * _ONE_DAY, delivered_at=now - 40 * _ONE_DAY, plain=True, skus=("JJ021", "MZ008"))

    def _chance_plan(self, status: OrderStatus) -> _Plan:
        least, most = _AGE_HOURS[status]
        created = self._now - self._random.uniform(least, most) * _ONE_HOUR
        states = {
            OrderStatus.RETURNING: (
                ReturnStatus.REQUESTED,
                ReturnStatus.APPROVED,
                ReturnStatus.IN_TRANSIT,
                ReturnStatus.RECEIVED,
            ),
            OrderStatus.RETURNED: (ReturnStatus.REFUNDED,),
            OrderStatus.COMPLETED: (None, None, None, None, None, None, None, ReturnStatus.REJECTED),
        }.get(status, (None,))
        return _Plan(status, created.replace(microsecond=0), return_status=self._random.choice(states))

    def _order(self, customer: Row, plan: _Plan) -> None:
        number, status = next(self._numbers), plan.status
        lines = self._lines(number, plan)
        paid = None if status is OrderStatus.PENDING_PAYMENT else plan.created_at + timedelta(minutes=3)
        cancelled = None
        if status is OrderStatus.CANCELLED:
            cancelled, paid = plan.created_at + 5 * _ONE_HOUR, self._random.choice((None, paid))
        order = {
            "order_number": number,
            "customer_id": customer["customer_id"],
            "status": str(status),
            "created_at": plan.created_at,
            "paid_at": paid,
            "delivered_at": None,
            "cancelled_at": cancelled,
            "cancel_reason": self._random.choice(self._delivery["reasons"]["cancel"]) if cancelled else None,
            "total": sum((line["unit_price"] * line["quantity"] for line in lines), Decimal()),
            "address": customer["address"],
            "invoice": "none" if plan.plain else self._random.choice(("none", "none", "requested", "issued")),
            "invoice_title": None,
        }
        if paid is None or cancelled:
            order["invoice"] = "none"
        if order["invoice"] != "none":
            order["invoice_title"] = "个人"
        self._rows.orders.append(order)
        self._rows.order_lines.extend(lines)
        if status in _TRAVELLED:
            order["delivered_at"] = self._parcels(order, plan)
        if plan.return_status is not None:
            self._return(order, lines, plan.return_status)

    def _lines(self, number: str, plan: _Plan) -> list[Row]:
        wanted = [row for row in self._rows.products if row["sku"] in plan.skus]
        if not wanted:
            offered = [row for row in self._rows.products if row["returnable"] or plan.return_status is None]
            wanted = self._random.sample(offered, self._random.choice((1, 1, 1, 2, 2, 3)))
        return [
            {
                "order_number": number,
                "position": position,
                "sku": product["sku"],
                "name": product["name"],
                "name_en": product["name_en"],
                "quantity": 1 if plan.skus else self._random.choice((1, 1, 1, 2)),
                "unit_price": product["price"],
                "returnable": product["returnable"],
                "category": product["category"],
            }
            for position, product in enumerate(wanted, 1)
        ]

    def _parcels(self, order: Row, plan: _Plan) -> datetime | None:
        """Add the order's parcels; the instant when the last one arrived, None while one travels."""
        parcels = 2 if not plan.plain and self._random.random() < _SPLIT else 1
        travelling = plan.status is OrderStatus.SHIPPED
        arrivals = []
        for place in range(parcels):
            # Of two parcels on their way, the first may have arrived already.
            arrived = not travelling or (parcels == 2 and place == 0)
            arrivals.append(self._parcel(order, plan, arrived))
        return None if travelling else max(arrival for arrival in arrivals if arrival is not None)

    def _parcel(self, order: Row, plan: _Plan, arrived: bool) -> datetime | None:
        shipped = plan.created_at + self._random.uniform(8, 20) * _ONE_HOUR
        took = self._random.uniform(16, 72) * _ONE_HOUR
        delivered = eta = None
        late = False
        if arrived:
            delivered = plan.delivered_at or min(shipped + took, self._now - _ONE_HOUR).replace(microsecond=0)
            eta = delivered
        else:
            late = not plan.plain and self._random.random() < _DELAYED
            days = self._random.randrange(1, 3) + (3 if late else 0)
            eta = plan.eta or datetime.combine(self._now.date() + days * _ONE_DAY, time(18), SHOP_ZONE)
        carrier = self._random.choice(self._delivery["carriers"])
        body = "".join(self._random.choice("0123456789") for _ in range(carrier["digits"] - len(carrier["suffix"])))
        parcel = {
            "tracking_number": f"{carrier['prefix']}{body}{carrier['suffix']}",
            "order_number": order["order_number"],
            "carrier": carrier["name"],
            "carrier_en": carrier["name_en"],
            "shipped_at": shipped.replace(microsecond=0),
            "eta": eta,
            "delivered_at": delivered,
            "delay_reason": self._random.choice(self._delivery["delay_reasons"]) if late else None,
        }
        self._rows.shipments.append(parcel)
        self._scans(order, parcel)
        return delivered

    def _scans(self, order: Row, parcel: Row) -> None:
        """Three to eight scans between shipping and arrival (or now), oldest first."""
        district = order["address"].partition("区")[0] + "区"
        city, _, _ = next((c, d, "") for c, d in self._people["cities"] if order["address"].startswith(c + d))
        origin, hub = self._delivery["origin"], self._delivery["hubs"][city]
        places = {"warehouse": self._delivery["warehouse"], "origin": origin, "hub": hub, "district": district}
        steps = [
            (places[place], text.format(origin=origin, hub=hub, district=district.removeprefix(city)))
            for place, text in self._delivery["scans"]
        ]
        arrived = parcel["delivered_at"]
        if arrived is None:
            steps = steps[: self._random.randrange(3, 6)]
            if parcel["delay_reason"]:
                steps.append((steps[-1][0], self._delivery["delay_scan"].format(reason=parcel["delay_reason"])))
        else:
            steps.append((district, self._delivery["delivered"].format(carrier=parcel["carrier"])))
        start, end = parcel["shipped_at"], arrived or self._now - timedelta(minutes=self._random.randrange(20, 200))
        for position, (place, text) in enumerate(steps):
            at = start + (end - start) * (position / (len(steps) - 1))
            self._rows.tracking_events.append(
                {
                    "tracking_number": parcel["tracking_number"],
                    "position": position,
                    "at": at.replace(microsecond=0),
                    "place": place,
                    "text": text,
                }
            )

    def _return(self, order: Row, lines: list[Row], status: ReturnStatus) -> None:
        kind = "exchange" if status is ReturnStatus.IN_TRANSIT and self._random.random() < 0.5 else "return"
        chosen = lines if status is ReturnStatus.REFUNDED else lines[:1]
        opened = order["delivered_at"] + 20 * _ONE_HOUR
        if opened > self._now:
            opened = order["delivered_at"] + (self._now - order["delivered_at"]) / 2
        amount = sum((line["unit_price"] * line["quantity"] for line in chosen), Decimal())
        refunded = min(opened + 4 * _ONE_DAY, self._now - _ONE_HOUR) if status is ReturnStatus.REFUNDED else None
        self._rows.returns.append(
            {
                "return_number": f"R{order['order_number']}01",
                "order_number": order["order_number"],
                "kind": kind,
                "skus": [line["sku"] for line in chosen],
                "reason": self._random.choice(self._delivery["reasons"][kind]),
                "status": str(status),
                "amount": Decimal() if kind == "exchange" else amount,
                "created_at": opened.replace(microsecond=0),
                "refunded_at": refunded,
            }
        )

"""Records of an ECom-Bench world as a ``Shop`` shows them: Chinese records in, the shop's values out. Pure.

What a page of the shop says (gifts, materials, installation, repair, fault codes) becomes attributes of the product;
the capacity, power and rating come from its name. What may be exchanged for a product is its family.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import (
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    PaymentMethod,
    Product,
    Shipment,
    TrackingEvent,
)
from tests.worlds.ecom_records import E_CARD, Record, Records, money

ON_SALE = "已上架"
IN_STOCK = 99
"""The files do not count goods; what is on sale is there."""
_STATUS = {
    "待付款": OrderStatus.PENDING_PAYMENT,
    "已付款": OrderStatus.PAID,
    "处理中": OrderStatus.PACKING,
    "已发货": OrderStatus.SHIPPED,
    "运输中": OrderStatus.SHIPPED,
    "派送中": OrderStatus.SHIPPED,
    "已送达": OrderStatus.DELIVERED,
    "已签收": OrderStatus.COMPLETED,
    "已取消": OrderStatus.CANCELLED,
    "已退货": OrderStatus.RETURNED,
}
_CATEGORIES = ("燃气热水器", "小厨宝", "电热水器", "洗碗机", "净水", "油烟机", "燃气灶", "冰箱", "风扇")
_CAPACITY = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*(?:升|L(?![A-Za-z]))")
_POWER = re.compile(r"(\d{3,5})\s*W(?![A-Za-z])")
_RATING = re.compile(r"超?[一二三1-3]级(?:能效|水效)?")


def customer(user: str, record: Record) -> Customer:
    """The profile; the address in one line."""
    parts = record["地址信息"]
    address = "".join(parts.get(name, "") for name in ("省份", "城市", "区县", "详细地址"))
    return Customer(user, record["用户姓名"], record["电话号码"], address, "", 0)


def methods(record: Record) -> tuple[PaymentMethod, ...]:
    """The e-card with its balance first, then what has none; the id is what an order calls it."""
    card = PaymentMethod(E_CARD, "gift_card", E_CARD, "JD E-card", Decimal(money(record["电子卡余额"])))
    others = (("微信", "wallet", "WeChat Pay"), ("支付宝", "wallet", "Alipay"), ("银行卡", "card", "bank card"))
    return (card, *(PaymentMethod(name, kind, name, english) for name, kind, english in others))  # type: ignore[arg-type]


def product(record: Record) -> Product:
    """A product of the catalogue with its page as attributes."""
    name, text = record["商品名称"], record["商品描述"]
    pages = {
        "赠品": _gifts(record["赠品信息"]),
        "安装辅材": _materials(record["辅材材料"]),
        "安装说明": record["安装说明"],
        "维修说明": record["维修说明"],
    }
    faults = {
        f"故障{fault['故障代码']}": f"{fault['故障名称']}。{fault['故障解决方案']}" for fault in record["常见故障"]
    }
    attributes = {**measures(name), **{key: value for key, value in pages.items() if value}, **faults}
    return _product(
        record["商品ID"],
        name,
        record["商品状态"],
        Decimal(money(record["商品价格"])),
        text,
        attributes,
        record["商品ID"],
    )


def stand_ins(record: Record) -> tuple[Product, ...]:
    """What a product may be exchanged for; known by its description only, and it costs the same."""
    price = Decimal(money(record["商品价格"]))
    return tuple(
        _product(
            other["商品ID"], other["商品描述"], other["商品状态"], price, other["商品描述"],
            measures(other["商品描述"]), record["商品ID"],
        )
        for other in record["可换货商品"]
    )  # fmt: skip


def order(user: str, number: str, records: Records) -> Order:
    """The order with its parcel; one of which only the parcel is known has no lines."""
    record = records.orders.get(user, {}).get(number)
    parcel = records.parcels.get(user, {}).get(number)
    events = _events(parcel)
    placed = events[0].at if events else datetime(2025, 6, 16, 9, 0, tzinfo=SHOP_ZONE)
    status = _STATUS[record["订单状态"]] if record else OrderStatus.COMPLETED
    shipped = parcel is not None and len(events) > 1
    invoice = records.invoices.get(number)
    arrived = events[-1].at if shipped and status in {OrderStatus.DELIVERED, OrderStatus.COMPLETED} else None
    return Order(
        order_number=number,
        customer_id=user,
        status=status,
        created_at=placed,
        lines=tuple(_line(line, records) for line in record["订单商品列表"]) if record else (),
        total=Decimal(money(record["订单总金额"])) if record else Decimal(0),
        address=_address(record) if record else "",
        shipments=(_shipment(parcel, events, arrived),) if parcel is not None and shipped else (),
        paid_at=None if status is OrderStatus.PENDING_PAYMENT else placed,
        delivered_at=arrived,
        invoice="requested" if invoice else "none",
        urged_at=None,
        payment_method=record["支付方式"] if record else None,
    )


def _product(
    sku: str, name: str, status: str, price: Decimal, text: str, attributes: dict[str, str], family: str
) -> Product:
    category = next((word for word in _CATEGORIES if word in name), "家电")
    stock = IN_STOCK if status == ON_SALE else 0
    return Product(sku, name, "", category, price, stock, True, 0, attributes, text, family=family)


def measures(name: str) -> dict[str, str]:
    """Capacity, power and rating, as far as the name tells."""
    found = {"容量": _CAPACITY.search(name), "功率": _POWER.search(name)}
    units = {"容量": "升", "功率": "W"}
    told = {key: match[1] + units[key] for key, match in found.items() if match}
    rating = _RATING.search(name)
    return told | ({"能效": rating.group()} if rating and "能效" in name else {})


def _gifts(gifts: list[Mapping[str, Any]]) -> str:
    return "；".join(f"{gift['赠品名称']}：{gift['赠品描述'].rstrip('。')}" for gift in gifts)


def _materials(materials: list[Mapping[str, Any]]) -> str:
    told = []
    for one in materials:
        name, text = (one.get("辅材名称") or one.get("name")), (one.get("辅材描述") or one.get("description") or "")
        price = re.search(r"[\d.]+元(?:/\S)?", text)
        told.append(f"{name}（{price.group()}）" if price else str(name))
    return "、".join(told)


def _line(line: Record, records: Records) -> OrderLine:
    record = records.products.get(line["商品ID"])
    known = product(record) if record else _stand_in(line["商品ID"], records)
    name = known.name if known else line["商品ID"]
    price = Decimal(money(line.get("单价", line.get("商品价格", 0))))
    family = known.family if known else None
    return OrderLine(line["商品ID"], name, "", line["数量"], price, True, known.category if known else None, family)


def _stand_in(sku: str, records: Records) -> Product | None:
    found = (one for record in records.products.values() for one in stand_ins(record) if one.sku == sku)
    return next(found, None)


def _address(record: Record) -> str:
    parts = record["收货地址"]
    return "".join(parts.get(name) or "" for name in ("省份", "城市", "区县", "详细地址"))


def _events(parcel: Record | None) -> tuple[TrackingEvent, ...]:
    scans = parcel["物流轨迹"] if parcel else []
    return tuple(TrackingEvent(_at(scan["时间"]), scan.get("位置") or "", scan["描述"]) for scan in scans)


def _shipment(parcel: Record, events: tuple[TrackingEvent, ...], arrived: datetime | None) -> Shipment:
    eta = _at(parcel["预计送达时间"]) if parcel["预计送达时间"] else None
    return Shipment(parcel["物流单号"], parcel["物流公司"], "JD Logistics", events[1].at, eta, arrived, events)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHOP_ZONE)

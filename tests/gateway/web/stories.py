"""Scripted answers with the cards that the dialogue skills send."""

from __future__ import annotations

from typing import Any

from tests.fakes_gateway import Answer

ORDER: dict[str, Any] = {
    "kind": "order",
    "data": {
        "order_number": "20486138",
        "status": "shipped",
        "status_text": "已发货",
        "created_at": "2026-11-18T21:06:00+08:00",
        "total": "367.80",
        "lines": [
            {"sku": "TEA-031", "name": "德化白瓷功夫茶具六件套", "quantity": 1, "unit_price": "298.00"},
            {"sku": "TEA-112", "name": "武夷山肉桂岩茶 50g", "quantity": 2, "unit_price": "34.90"},
        ],
    },
}
SHIPMENT: dict[str, Any] = {
    "kind": "shipment",
    "data": {
        "order_number": "20486138",
        "tracking_number": "SF1398204417652",
        "carrier": "顺丰速运",
        "shipped_at": "2026-11-19T16:20:00+08:00",
        "eta": "2026-11-23T18:00:00+08:00",
        "delivered_at": None,
        "delay_reason": None,
        "events": [
            {"at": "2026-11-22T08:14:00+08:00", "place": "杭州", "text": "快件到达滨江营业点，正在安排派送"},
            {"at": "2026-11-21T23:41:00+08:00", "place": "杭州", "text": "快件离开萧山中转场"},
            {"at": "2026-11-20T19:05:00+08:00", "place": "泉州", "text": "快件已发往杭州"},
            {"at": "2026-11-19T16:20:00+08:00", "place": "泉州", "text": "顺丰已收取快件"},
        ],
    },
}
PRODUCT: dict[str, Any] = {
    "kind": "product",
    "data": {
        "sku": "TEA-088",
        "name": "汝窑天青釉盖碗礼盒",
        "category": "茶具",
        "price": "468.00",
        "in_stock": True,
        "attributes": {"材质": "陶瓷", "容量": "150ml"},
        "description": "一碗四杯，硬盒包装，附贺卡，适合送礼。",
    },
}
RETURN: dict[str, Any] = {
    "kind": "return",
    "data": {
        "return_number": "R20261122007",
        "order_number": "20486138",
        "kind": "return",
        "status": "approved",
        "amount": "298.00",
        "created_at": "2026-11-22T10:02:00+08:00",
    },
}
HANDOFF: dict[str, Any] = {
    "kind": "handoff",
    "data": {"reason": "asked", "summary": "顾客询问订单 20486138 的退款进度，情绪平稳。"},
}
SOURCE: dict[str, Any] = {
    "kind": "source",
    "data": {
        "title": "七天无理由退货",
        "text": "签收后七天内可申请，商品须完好。",
        "url": "https://example.com/returns",
    },
}

WHERE_IS_IT = Answer(
    text="您的订单 20486138 已由顺丰速运承运，现在到了杭州滨江营业点。预计 11 月 23 日 18 点前送达。",
    sentences=(
        "您的订单 20486138 已由顺丰速运承运，现在到了杭州滨江营业点。",
        "预计 11 月 23 日 18 点前送达。",
    ),
    cards=(SHIPMENT,),
    suggestions=("改收货地址", "我想退货", "转人工"),
    slots={"order_number": "20486138"},
)

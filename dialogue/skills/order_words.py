"""Which of their orders customers describe instead of naming: 刚付款的, 已发货的那个, "the one I just bought". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dialogue.shop.types import Order, OrderStatus

_NOT_SENT = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING})
_ARRIVED = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED})
_JUST_BOUGHT = re.compile(
    r"刚(?:刚|才)?.{0,3}(?:付款|付了|买|下的?单?|拍|订)|\bjust (?:bought|ordered|paid|placed)\b", re.IGNORECASE
)
_UNPAID = re.compile(r"(?:没|未|还没有?|待)(?:付款|付|支付)|\bunpaid\b", re.IGNORECASE)
_UNSENT = re.compile(r"(?:没|未|还没有?|待)(?:发货|发|发出)(?!票)|\bnot shipped\b|\bunshipped\b", re.IGNORECASE)
_SENT = re.compile(r"已(?:经)?发货|在路上|运输中|\bshipped (?:one|order)\b|\bon its way\b", re.IGNORECASE)
_HERE = re.compile(r"已(?:经)?(?:送达|签收|收到|到货)|\bdelivered (?:one|order)\b", re.IGNORECASE)
_PAID = re.compile(r"已(?:经)?付款的|付了款的", re.IGNORECASE)
_PACKING = re.compile(r"处理中|打包中|备货中|配货|\bbeing packed\b", re.IGNORECASE)
_STATUSES: tuple[tuple[re.Pattern[str], frozenset[OrderStatus]], ...] = (
    (_UNPAID, frozenset({OrderStatus.PENDING_PAYMENT})),
    (_UNSENT, _NOT_SENT),
    (_SENT, frozenset({OrderStatus.SHIPPED})),
    (_HERE, _ARRIVED),
    (_PACKING, frozenset({OrderStatus.PACKING})),
    (_PAID, frozenset({OrderStatus.PAID, OrderStatus.PACKING})),
)
_OF_AN_ORDER = re.compile(r"订单|单子|那[个单]|这[个单]|的商品|状态|买|\border|\bone\b", re.IGNORECASE)


def described(text: str, orders: Sequence[Order]) -> tuple[Order, ...]:
    """The orders that the words describe, the newest alone where it was just bought; none where they describe none."""
    if _JUST_BOUGHT.search(text):
        waiting = [order for order in orders if order.status in _NOT_SENT] or list(orders)
        return (max(waiting, key=lambda order: order.created_at),) if waiting else ()
    if not _OF_AN_ORDER.search(text):
        return ()
    statuses = next((statuses for words, statuses in _STATUSES if words.search(text)), frozenset())
    return tuple(order for order in orders if order.status in statuses)

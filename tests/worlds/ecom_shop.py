"""An ECom-Bench world as a ``Shop``: READs of its records, WRITEs by its policy, each once for its key.

The policy (``policy.md`` of the world) allows: cancelling, changing and exchanging before the parcel is sent, returning
what was signed for, hurrying any order, appointments for any order, e-cards that pay for and get back whole amounts.
WRITEs that it does not know are refused. Photos are not in the data: the photo check of the world takes every photo for
a review, as the tool does in all the tasks that are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from dialogue.errors import ActionRefused
from dialogue.shop import change_rules, rules
from dialogue.shop.protocol import Shop
from dialogue.shop.types import (
    Address,
    Cashback,
    Customer,
    DayPart,
    LineChange,
    Order,
    OrderStatus,
    PriceAdjustment,
    Return,
    ReturnStatus,
    Ticket,
    TicketKind,
    Visit,
    VisitKind,
)
from tests.worlds import ecom_views as views
from tests.worlds.ecom_gold import new_order
from tests.worlds.ecom_reads import EcomReads
from tests.worlds.ecom_records import E_CARD, NEW_ORDER, TODAY, Record, weekday_name

T = TypeVar("T")
_VISITS: dict[VisitKind, str] = {"installation": "安装", "repair": "维修"}
_NOT_SENT = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING})


class EcomShop(EcomReads, Shop):
    """One world. Not safe for concurrent plays: each has its own."""

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        def change() -> Order:
            order = self._order(order_number)
            _refuse(rules.why_not_cancel(order, TODAY))
            self._record(order)["订单状态"] = "已取消"
            self._pay_back(order, order.total)
            return self._order(order_number)

        return self._once(idempotency_key, (order_number, reason), change)

    async def create_return(
        self,
        order_number: str,
        skus: tuple[str, ...],
        reason: str,
        *,
        kind: str = "return",
        new_skus: tuple[str, ...] = (),
        payment_method: str | None = None,
        idempotency_key: str,
    ) -> Return:
        def change() -> Return:
            order = self._order(order_number)
            if order.status is not OrderStatus.COMPLETED:
                raise ActionRefused("not_delivered")
            if kind != "return":
                raise ActionRefused("no_exchange_after_delivery")
            if set(skus) != {line.sku for line in order.lines}:
                raise ActionRefused("whole_order_only")
            self._record(order)["订单状态"] = "已退货"
            self._pay_back(order, order.total)
            return Return(
                f"R{order_number}", order_number, kind, skus, reason, ReturnStatus.REQUESTED, order.total, TODAY
            )

        return self._once(idempotency_key, (order_number, skus, reason, kind), change)

    async def change_address(self, order_number: str, address: Address, *, idempotency_key: str) -> Order:
        def change() -> Order:
            order = self._order(order_number)
            _refuse(rules.why_not_change_address(order, TODAY))
            self._move(self._record(order)["收货地址"], str(address))
            return self._order(order_number)

        return self._once(idempotency_key, (order_number, address), change)

    def _move(self, record: Record, address: str) -> None:
        """The place without the city that the record has apart; the phone where one is written behind it."""
        place, _, rest = address.partition("，收货人：")
        place, _, phone = (place if not rest else f"{place}，{rest}").partition("，电话：")
        for part in ("省份", "城市", "区县"):
            place = place.removeprefix(record.get(part) or "")
        if place != record["详细地址"]:
            record["详细地址"] = place
        record["电话号码"] = phone or record["电话号码"]

    async def change_account_address(self, customer_id: str, address: Address, *, idempotency_key: str) -> Customer:
        raise ActionRefused("other")

    async def change_payment(self, order_number: str, payment_method: str, *, idempotency_key: str) -> Order:
        raise ActionRefused("other")

    async def request_invoice(self, order_number: str, title: str, *, idempotency_key: str) -> Order:
        def change() -> Order:
            order = self._order(order_number)
            _refuse(rules.why_not_request_invoice(order, TODAY))
            profile = self.records.users[order.customer_id]
            personal = title.startswith("个人")
            self.records.invoices[order_number] = {
                "订单ID": order_number,
                "发票类型": "个人发票" if personal else "企业发票",
                "发票抬头": profile["用户姓名"] if personal else title.partition("，税号")[0],
                "手机号码": profile["电话号码"],
            }
            return self._order(order_number)

        return self._once(idempotency_key, (order_number, title), change)

    async def urge_order(self, order_number: str, *, idempotency_key: str) -> Order:
        def change() -> Order:
            order = self._order(order_number)
            if order.status is OrderStatus.CANCELLED:
                raise ActionRefused("already_cancelled")
            self._record(order)["是否加急"] = True
            return replace(self._order(order_number), urged_at=TODAY)

        return self._once(idempotency_key, (order_number,), change)

    async def modify_order(
        self,
        order_number: str,
        changes: tuple[LineChange, ...],
        *,
        payment_method: str | None = None,
        idempotency_key: str,
    ) -> Order:
        def change() -> Order:
            order = self._order(order_number)
            _refuse(change_rules.why_not_modify(order, policies=self._policies))
            for one in changes:
                if one.new_sku is None or one.quantity is not None:
                    raise ActionRefused("bad_quantity")
                self._exchange(order, one.sku, one.new_sku)
            return self._order(order_number)

        return self._once(idempotency_key, (order_number, changes), change)

    def _exchange(self, order: Order, sku: str, new_sku: str) -> None:
        page = self.records.products.get(sku, {"可换货商品": []})
        offered = {other["商品ID"]: other["商品状态"] for other in page["可换货商品"]}
        if new_sku not in offered:
            raise ActionRefused("other_category")
        if offered[new_sku] != views.ON_SALE:
            raise ActionRefused("out_of_stock")
        line = next((line for line in self._record(order)["订单商品列表"] if line["商品ID"] == sku), None)
        if line is None:
            raise ActionRefused("not_in_order")
        line["商品ID"] = new_sku

    async def protect_price(self, order_number: str, *, idempotency_key: str) -> PriceAdjustment:
        def change() -> PriceAdjustment:
            order = self._order(order_number)
            today = {line.sku: self._catalogue[line.sku].price for line in order.lines if line.sku in self._catalogue}
            saved = sum(
                (max(Decimal(), line.unit_price - today.get(line.sku, line.unit_price)) * line.quantity
                 for line in order.lines), Decimal())  # fmt: skip
            if not saved:
                raise ActionRefused("not_cheaper")
            if order_number in self._protected:
                raise ActionRefused("already_protected")
            self._protected[order_number] = saved
            # By the world's policy the difference goes to the e-card, however the order was paid.
            self.records.users[order.customer_id]["电子卡余额"] += float(saved)
            return PriceAdjustment(order_number, saved)

        return self._once(idempotency_key, (order_number,), change)

    async def place_order(
        self, customer_id: str, items: tuple[tuple[str, int], ...], payment_method: str, *, idempotency_key: str
    ) -> Order:
        def change() -> Order:
            profile = self.records.users.get(customer_id)
            if profile is None:
                raise ActionRefused("unknown_customer")
            wanted = [(self._catalogue.get(sku), quantity) for sku, quantity in items]
            if any(product is None for product, _ in wanted):
                raise ActionRefused("unknown_product")
            if any(product is not None and product.stock < quantity for product, quantity in wanted):
                raise ActionRefused("out_of_stock")
            lines = [
                {"商品ID": sku, "单价": self.records.products[sku]["商品价格"], "数量": quantity}
                for sku, quantity in items
            ]
            number = self._new_number()
            record = new_order(customer_id, number, profile, lines, payment_method)
            if payment_method == E_CARD:
                if record["订单总金额"] > profile["电子卡余额"]:
                    raise ActionRefused("balance_too_low")
                profile["电子卡余额"] -= record["订单总金额"]
            self.records.orders.setdefault(customer_id, {})[number] = record
            return self._order(number)

        return self._once(idempotency_key, (customer_id, items, payment_method), change)

    async def book_visit(
        self,
        order_number: str,
        kind: VisitKind,
        day: date,
        *,
        name: str | None = None,
        phone: str | None = None,
        idempotency_key: str,
    ) -> Visit:
        def change() -> Visit:
            order = self._order(order_number)
            if order.status is OrderStatus.CANCELLED:
                raise ActionRefused("already_cancelled")
            profile = self.records.users[order.customer_id]
            self.records.visits[order_number] = {
                "服务类型": _VISITS[kind],
                "用户姓名": name or profile["用户姓名"],
                "电话号码": phone or profile["电话号码"],
                "预约日期": weekday_name(day),
            }
            return Visit(order_number, kind, day, name or profile["用户姓名"], phone or profile["电话号码"])

        return self._once(idempotency_key, (order_number, kind, day, name, phone), change)

    async def register_cashback(self, order_number: str, photo: str, *, idempotency_key: str) -> Cashback:
        def change() -> Cashback:
            if self.records.owner_of(order_number) is None:
                raise ActionRefused("unknown_order")
            if self.records.cashbacks.get(order_number):
                raise ActionRefused("already_registered")
            self.records.cashbacks[order_number] = True
            return Cashback(order_number, "registered")

        return self._once(idempotency_key, (order_number, photo), change)

    async def book_pickup(self, return_number: str, day: date, part: DayPart, *, idempotency_key: str) -> Return:
        raise ActionRefused("not_open")

    async def withdraw_return(self, return_number: str, *, idempotency_key: str) -> Return:
        raise ActionRefused("not_open")

    async def restore_order(self, order_number: str, *, idempotency_key: str) -> Order:
        raise ActionRefused("undo_over")

    async def notify_restock(self, sku: str, customer_id: str, *, idempotency_key: str) -> bool:
        return True

    async def open_ticket(
        self,
        kind: TicketKind,
        *,
        customer_id: str | None,
        order_number: str | None,
        text: str,
        compensation: Decimal | None = None,
        idempotency_key: str,
    ) -> Ticket:
        number = f"T{len(self._done) + 1:06d}"
        ticket = Ticket(number, kind, "open", TODAY, TODAY + timedelta(days=1), None, order_number)
        return self._once(idempotency_key, (kind, order_number, text), lambda: ticket)

    async def close(self) -> None:
        """Nothing is held."""

    def _once(self, key: str, arguments: object, change: Callable[[], T]) -> T:
        if key in self._done:
            before, result = self._done[key]
            if before != arguments:
                raise ActionRefused("idempotency_key_reused")
            return result  # type: ignore[return-value]
        result = change()
        self._done[key] = (arguments, result)
        return result

    def _order(self, number: str) -> Order:
        user = self.records.owner_of(number)
        if user is None:
            raise ActionRefused("unknown_order")
        return views.order(user, number, self.records)

    def _record(self, order: Order) -> Record:
        return self.records.orders[order.customer_id][order.order_number]

    def _pay_back(self, order: Order, amount: Decimal) -> None:
        """What was paid with an e-card goes back on it; other ways to pay are not in the records."""
        if order.payment_method == E_CARD:
            self.records.users[order.customer_id]["电子卡余额"] += float(amount)

    def _new_number(self) -> str:
        number = int(NEW_ORDER)
        while self.records.owner_of(str(number)) is not None:
            number += 1
        return str(number)


def _refuse(rule: str | None) -> None:
    if rule is not None:
        raise ActionRefused(rule)

"""tau2's retail world as a ``Shop``: records in memory, the benchmark's rules, each WRITE once for its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeVar

from dialogue.errors import ActionRefused
from dialogue.policies import Policies, load_policies
from dialogue.shop.names import the_one_named
from dialogue.shop.protocol import Shop
from dialogue.shop.search import rank
from dialogue.shop.types import (
    Address,
    Coupon,
    Customer,
    DayPart,
    LineChange,
    Order,
    PaymentMethod,
    PostalAddress,
    PriceAdjustment,
    Product,
    ProductNames,
    RelatedProduct,
    Relation,
    Return,
    ReviewSummary,
    Ticket,
    TicketKind,
)
from tests.worlds.tau2_records import Records, Refused
from tests.worlds.tau2_values import customer_of, method_of, order_of, payment_of, products_of, record_of

V = TypeVar("V")
_POLICIES = Path(__file__).with_name("tau2_policies.yaml")


@cache
def policies() -> Policies:
    """The world's rules in Kefu's terms."""
    return load_policies(_POLICIES)


class RetailShop(Shop):
    """One world. What it does not sell (invoices, coupons, repairs) it refuses."""

    def __init__(self, records: Records, now: datetime, products: Sequence[Product] | None = None) -> None:
        """``records`` are changed; ``products``: what ``products_of`` makes of them, where it is at hand."""
        self.records = records
        self._now = now
        self._products = {product.sku: product for product in products or tuple(products_of(records))}
        self._done: dict[str, tuple[object, object]] = {}
        self._tickets: list[tuple[str | None, Ticket]] = []

    @property
    def policies(self) -> Policies:
        """See ``tau2_policies.yaml``."""
        return policies()

    async def customer(self, customer_id: str) -> Customer | None:
        """READ by user id."""
        user = self.records.users.get(customer_id)
        return customer_of(user) if user else None

    async def customer_by_phone(self, phone: str) -> Customer | None:
        """READ: the world knows no phones."""
        return None

    async def customer_by_email(self, email: str) -> Customer | None:
        """READ by mail address, in any letters."""
        return self._only(user for user in self.records.users.values() if user["email"].lower() == email.lower())

    async def customer_by_name(self, name: str, postal_code: str) -> Customer | None:
        """READ by name and postal code."""
        there = [customer_of(user) for user in self.records.users.values() if user["address"]["zip"] == postal_code]
        return the_one_named(name, there, lambda customer: customer.name)

    async def payment_methods(self, customer_id: str) -> tuple[PaymentMethod, ...]:
        """READ, in the order of the profile."""
        user = self.records.users.get(customer_id)
        return tuple(method_of(method) for method in user["payment_methods"].values()) if user else ()

    async def order(self, order_number: str) -> Order | None:
        """READ one order; its number may come without the hash and in small letters."""
        record = self.records.orders.get(f"#{order_number.lstrip('#').upper()}")
        return order_of(record, self._now) if record else None

    async def order_by_tracking(self, tracking_number: str) -> Order | None:
        """READ the order of a parcel."""
        for record in self.records.orders.values():
            if any(tracking_number in parcel["tracking_id"] for parcel in record["fulfillments"]):
                return order_of(record, self._now)
        return None

    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        """READ, in the order of the profile: the records know no times."""
        user = self.records.users.get(customer_id)
        numbers = user["orders"][:limit] if user else ()
        return tuple(order_of(self.records.orders[number], self._now) for number in numbers)

    async def product(self, sku: str) -> Product | None:
        """READ one item."""
        return self._products.get(sku)

    async def variants(self, sku: str) -> tuple[Product, ...]:
        """READ the items of the same product; of a product, by its id, too."""
        found = self._products.get(sku)
        family = found.family if found else sku
        of_family = (product for product in self._products.values() if product.family == family)
        return tuple(sorted(of_family, key=lambda product: product.sku))

    async def search_products(
        self,
        words: str,
        *,
        category: str | None = None,
        max_price: Decimal | None = None,
        in_stock: bool = False,
        limit: int = 5,
    ) -> tuple[Product, ...]:
        """READ as the demo shop searches."""
        candidates = [
            product
            for product in self._products.values()
            if (category is None or product.category == category)
            and (max_price is None or product.price <= max_price)
            and (product.stock > 0 or not in_stock)
        ]
        return tuple(rank(words, candidates, limit))

    async def catalogue(self) -> tuple[ProductNames, ...]:
        """READ every item's name."""
        return tuple((sku, (product.name,)) for sku, product in sorted(self._products.items()))

    async def coupons(self, customer_id: str) -> tuple[Coupon, ...]:
        """READ: there are none."""
        return ()

    async def reviews(self, sku: str) -> ReviewSummary | None:
        """READ: there are none."""
        return None

    async def related(self, sku: str, relation: Relation, limit: int = 5) -> tuple[RelatedProduct, ...]:
        """READ: nothing is known."""
        return ()

    async def tickets(self, customer_id: str) -> tuple[Ticket, ...]:
        """READ what was opened in this conversation."""
        return tuple(ticket for owner, ticket in reversed(self._tickets) if owner == customer_id)

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        """WRITE as the benchmark's ``cancel_pending_order``."""
        number = self._number(order_number)
        return self._change(idempotency_key, number, (reason,), lambda: self.records.cancel(number, reason))

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
        """WRITE as ``return_delivered_order_items`` and ``exchange_delivered_order_items``."""
        number = self._number(order_number)
        method = payment_method or payment_of(self.records.orders[number])
        taken, given = self._each(number, skus, new_skus or skus)

        def write() -> None:
            if kind == "exchange":
                self.records.exchange(number, taken, given, method)
            else:
                self.records.return_items(number, taken, method)

        arguments = (skus, kind, new_skus, payment_method)
        return self._change(idempotency_key, number, arguments, write).returns[-1]

    async def change_address(self, order_number: str, address: Address, *, idempotency_key: str) -> Order:
        """WRITE as ``modify_pending_order_address``."""
        number, parts = self._number(order_number), _parts(address)
        write = lambda: self.records.modify_address(number, parts)  # noqa: E731 - as in the other WRITEs
        return self._change(idempotency_key, number, (address,), write)

    async def change_account_address(self, customer_id: str, address: Address, *, idempotency_key: str) -> Customer:
        """WRITE as ``modify_user_address``."""
        parts = _parts(address)
        return self._once(
            idempotency_key,
            ("account", customer_id, address),
            lambda: self.records.modify_user_address(customer_id, parts),
            lambda: customer_of(self.records.users[customer_id]),
        )

    async def change_payment(self, order_number: str, payment_method: str, *, idempotency_key: str) -> Order:
        """WRITE as ``modify_pending_order_payment``."""
        number = self._number(order_number)
        write = lambda: self.records.modify_payment(number, payment_method)  # noqa: E731 - as in the other WRITEs
        return self._change(idempotency_key, number, ("payment", payment_method), write)

    async def modify_order(
        self,
        order_number: str,
        changes: tuple[LineChange, ...],
        *,
        payment_method: str | None = None,
        idempotency_key: str,
    ) -> Order:
        """WRITE as ``modify_pending_order_items``; quantities cannot be changed."""
        number = self._number(order_number)
        if any(change.new_sku is None or change.quantity is not None for change in changes):
            raise ActionRefused("bad_quantity")
        method = payment_method or payment_of(self.records.orders[number])
        new = [change.new_sku or "" for change in changes]
        taken, given = self._each(number, [change.sku for change in changes], new)
        write = lambda: self.records.modify_items(number, taken, given, method)  # noqa: E731 - as in the other WRITEs
        return self._change(idempotency_key, number, (changes, payment_method), write)

    async def request_invoice(self, order_number: str, title: str, *, idempotency_key: str) -> Order:
        """WRITE: this shop has no invoices to ask for."""
        raise ActionRefused("already_issued")

    async def urge_order(self, order_number: str, *, idempotency_key: str) -> Order:
        """WRITE: nothing can be hurried here."""
        raise ActionRefused("already_urged")

    async def protect_price(self, order_number: str, *, idempotency_key: str) -> PriceAdjustment:
        """WRITE: prices are not protected."""
        raise ActionRefused("price_window_over")

    async def book_pickup(self, return_number: str, day: date, part: DayPart, *, idempotency_key: str) -> Return:
        """WRITE: customers send goods back themselves."""
        raise ActionRefused("not_open")

    async def withdraw_return(self, return_number: str, *, idempotency_key: str) -> Return:
        """WRITE: a request stands."""
        raise ActionRefused("not_open")

    async def restore_order(self, order_number: str, *, idempotency_key: str) -> Order:
        """WRITE: what is cancelled stays so."""
        raise ActionRefused("undo_over")

    async def notify_restock(self, sku: str, customer_id: str, *, idempotency_key: str) -> bool:
        """WRITE: there are no such notices."""
        raise ActionRefused("unknown_product")

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
        """WRITE: kept beside the records, as the benchmark's transfer to a person is no part of its database."""
        if compensation:
            raise ActionRefused("compensation_over_limit")

        def write() -> None:
            due = self._now + timedelta(hours=self.policies.tickets.due_hours[kind])
            ticket = Ticket(f"T{len(self._tickets) + 1}", kind, "open", self._now, due, None, order_number)
            self._tickets.append((customer_id, ticket))

        arguments = ("ticket", kind, customer_id, order_number, text)
        return self._once(idempotency_key, arguments, write, lambda: self._tickets[-1][1])

    async def close(self) -> None:
        """Nothing is held."""

    def _change(self, key: str, number: str, arguments: tuple[object, ...], write: Callable[[], None]) -> Order:
        return self._once(key, (number, *arguments), write, lambda: order_of(self.records.orders[number], self._now))

    def _once(self, key: str, arguments: object, write: Callable[[], None], result: Callable[[], V]) -> V:
        """What the WRITE gave under ``key`` the first time. Raises ``ActionRefused``; a refused one leaves its key."""
        if key in self._done:
            before, given = self._done[key]
            if before != arguments:
                raise ActionRefused("idempotency_key_reused")
            return given  # type: ignore[return-value]
        try:
            write()
        except Refused as refused:
            raise ActionRefused(refused.rule) from refused
        made = result()
        self._done[key] = (arguments, made)
        return made

    def _number(self, order_number: str) -> str:
        number = f"#{order_number.lstrip('#').upper()}"
        if number not in self.records.orders:
            raise ActionRefused("unknown_order")
        return number

    def _each(self, number: str, skus: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
        """Items as the records list them: a line of two is two items. Raises ``ActionRefused``."""
        if len(skus) != len(new):
            raise ActionRefused("not_in_order")
        count = [item["item_id"] for item in self.records.orders[number]["items"]]
        pairs = [pair for pair in zip(skus, new, strict=True) for _ in range(max(1, count.count(pair[0])))]
        return [old for old, _ in pairs], [changed for _, changed in pairs]

    def _only(self, users: Iterable[dict[str, object]]) -> Customer | None:
        found = list(users)
        return customer_of(found[0]) if len(found) == 1 else None


def _parts(address: Address) -> dict[str, str]:
    """Raises ``ActionRefused``: these records keep addresses in parts."""
    if isinstance(address, PostalAddress) and address.street and address.city and address.postal_code:
        return record_of(address)
    raise ActionRefused("empty_address")

"""What a customer has with the shop, as the skills that work on lines of orders see it. READs of one turn are kept."""

from __future__ import annotations

from collections.abc import Sequence

from dialogue.shop import change_rules, rules
from dialogue.shop.types import Order, OrderLine, PaymentMethod, Product
from dialogue.skills.context import Context
from dialogue.skills.line_reading import Owned
from dialogue.skills.line_verbs import Verb

ORDERS = 60
"""Orders looked at, newest first."""


class Account:
    """The signed-in customer's orders, and what is asked of them in one turn."""

    def __init__(self, context: Context, orders: Sequence[Order], methods: Sequence[PaymentMethod]) -> None:
        """``orders`` newest first."""
        self._context = context
        self.orders = tuple(orders)
        self.methods = tuple(methods)
        self._variants: dict[str, tuple[Product, ...]] = {}

    @classmethod
    async def open(cls, context: Context) -> Account:
        """Of the customer who is known. Raises ``ShopUnavailable``."""
        customer_id = context.state.customer_id or ""
        orders = await context.shop.orders(customer_id, ORDERS)
        return cls(context, orders, await context.shop.payment_methods(customer_id))

    @property
    def owned(self) -> tuple[Owned, ...]:
        """Every line of every order."""
        return tuple(Owned(order, line) for order in self.orders for line in order.lines)

    def order(self, number: str) -> Order:
        """The order with this number. Raises ``LookupError``."""
        return next(order for order in self.orders if order.order_number == number)

    def line(self, number: str, sku: str) -> OrderLine:
        """A line of theirs. Raises ``LookupError``."""
        return next(line for line in self.order(number).lines if line.sku == sku)

    async def variants(self, sku: str) -> tuple[Product, ...]:
        """See ``Shop.variants``."""
        if sku not in self._variants:
            self._variants[sku] = await self._context.shop.variants(sku)
        return self._variants[sku]

    def possible(self, owned: Owned, verb: Verb | None) -> bool:
        """Whether the rules let this be done with the line; "change" and "exchange" are one or the other."""
        return self.kind_for(owned, verb) is not None and self.why_not(owned, self.kind_for(owned, verb) or "") is None

    def kind_for(self, owned: Owned, verb: Verb | None) -> str | None:
        """What a wish comes to for a line: the customer's word counts less than where the goods are."""
        is_here = change_rules.why_not_before_shipping(owned.order) is not None
        if verb == "return":
            return "return"
        if verb in {"exchange", "change"}:
            return "exchange" if is_here else "modify"
        return "return" if is_here else "cancel"

    def why_not(self, owned: Owned, kind: str) -> str | None:
        """The rule that forbids ``kind``: return, exchange, modify, cancel."""
        context, order = self._context, owned.order
        policies = context.shop.policies
        if kind == "modify":
            return change_rules.why_not_modify(order, policies=policies)
        if kind == "cancel":
            return rules.why_not_cancel(order, context.now, policies=policies)
        return rules.why_not_return(order, (owned.line.sku,), "", context.now, kind=kind, policies=policies)

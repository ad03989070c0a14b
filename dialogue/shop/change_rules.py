"""The shop's rules on what is put in the place of something ordered, and on how that is paid. Pure; see ``rules``.

modify_order    already_shipped, already_cancelled, already_returning, already_modified, not_in_order, unknown_product,
                other_category, other_family, already_in_order, same_thing, bad_quantity, out_of_stock, no_change,
                unknown_payment_method, balance_too_low
create_return   of an exchange: unknown_product, other_category, other_family, out_of_stock, unknown_payment_method,
                balance_too_low; of a return: unknown_payment_method, refund_not_there
change_payment  already_shipped, already_cancelled, already_returning, unknown_payment_method, same_payment_method,
                balance_too_low
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from dialogue.policies import Policies
from dialogue.shop.types import LineChange, Order, OrderLine, OrderStatus, PaymentMethod, Product

MAX_QUANTITY = 99
_NOT_SHIPPED = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING})


def why_not_before_shipping(order: Order) -> str | None:
    """None while nothing of the order has left the warehouse."""
    if order.status in _NOT_SHIPPED:
        return None
    if order.status is OrderStatus.CANCELLED:
        return "already_cancelled"
    return "already_returning" if order.status in {OrderStatus.RETURNING, OrderStatus.RETURNED} else "already_shipped"


def why_not_modify(order: Order, *, policies: Policies) -> str | None:
    """None when lines of the order can still change."""
    if (rule := why_not_before_shipping(order)) is not None:
        return "already_shipped" if rule == "already_returning" else rule
    return "already_modified" if policies.changes.once and order.modified else None


def why_not_change_lines(
    order: Order, changes: Sequence[LineChange], products: Mapping[str, Product], *, policies: Policies
) -> str | None:
    """None when all of ``changes`` can be made together; ``products``: today's, by sku, of what is wanted."""
    if (rule := why_not_modify(order, policies=policies)) is not None:
        return rule
    if not changes:
        return "no_change"
    if len({change.sku for change in changes}) < len(changes):
        return "already_in_order"
    left = [line.sku for line in order.lines if line.sku not in {change.sku for change in changes}]
    for change in changes:
        if (rule := _why_not_change(order, change, products, left, policies)) is not None:
            return rule
    return None


def _why_not_change(
    order: Order, change: LineChange, products: Mapping[str, Product], left: Sequence[str], policies: Policies
) -> str | None:
    line, product = line_of(order, change.sku), products.get(change.new_sku or change.sku)
    if line is None:
        return "not_in_order"
    if product is None:
        return "unknown_product"
    wanted = line.quantity if change.quantity is None else change.quantity
    if not 1 <= wanted <= MAX_QUANTITY:
        return "bad_quantity"
    if product.sku == line.sku:
        if wanted == line.quantity:
            return "same_thing"
        return "out_of_stock" if product.stock < wanted - line.quantity else None
    if product.sku in left:
        return "already_in_order"
    return why_not_instead(line, product, policies=policies) or ("out_of_stock" if product.stock < wanted else None)


def why_not_instead(line: OrderLine, product: Product, *, policies: Policies) -> str | None:
    """None when ``product`` may take the place of what is in ``line``."""
    if policies.changes.within == "family" and product.sku != line.sku:
        return "other_family" if line.family is None or line.family != product.family else None
    return "other_category" if line.category is not None and line.category != product.category else None


def why_not_exchange(
    order: Order, changes: Sequence[LineChange], products: Mapping[str, Product], *, policies: Policies
) -> str | None:
    """None when what is wanted in exchange can be had; whether the lines may go back is ``rules.why_not_return``."""
    for change in changes:
        line, product = line_of(order, change.sku), products.get(change.new_sku or change.sku)
        if line is None:
            return "not_in_order"
        if change.new_sku in {None, line.sku} and not policies.changes.renew:
            return "same_thing"
        if change.new_sku is None:
            continue
        if product is None:
            return "unknown_product"
        if (rule := why_not_instead(line, product, policies=policies)) is not None:
            return rule
        if product.stock < line.quantity:
            return "out_of_stock"
    return None


def difference(order: Order, changes: Sequence[LineChange], products: Mapping[str, Product]) -> Decimal:
    """What the changes cost more, or less if negative: a kept product keeps its price, another one has today's."""
    more = Decimal(0)
    for change in changes:
        line, product = line_of(order, change.sku), products.get(change.new_sku or change.sku)
        if line is not None and product is not None:
            price = line.unit_price if product.sku == line.sku else product.price
            more += price * (line.quantity if change.quantity is None else change.quantity)
            more -= line.unit_price * line.quantity
    return more


def changed_total(order: Order, changes: Sequence[LineChange], products: Mapping[str, Product]) -> Decimal:
    """What the order costs after ``modify_order``."""
    return max(Decimal(0), order.total + difference(order, changes, products))


def line_of(order: Order, sku: str) -> OrderLine | None:
    """The order's line of this product."""
    return next((line for line in order.lines if line.sku == sku), None)


def method_of(methods: Sequence[PaymentMethod], method_id: str | None) -> PaymentMethod | None:
    """The method with this id."""
    return next((method for method in methods if method.method_id == method_id), None)


def why_not_settle(methods: Sequence[PaymentMethod], method_id: str | None, amount: Decimal) -> str | None:
    """None when ``amount`` (negative: to be paid back) can be settled so; ``method_id`` None: the usual way."""
    if method_id is None:
        return None
    method = method_of(methods, method_id)
    if method is None:
        return "unknown_payment_method"
    return "balance_too_low" if method.balance is not None and method.balance < amount else None


def why_not_change_payment(order: Order, methods: Sequence[PaymentMethod], method_id: str) -> str | None:
    """None when the whole order can be paid with this one instead."""
    if (rule := why_not_before_shipping(order)) is not None:
        return rule
    if method_id == order.payment_method:
        return "same_payment_method"
    return why_not_settle(methods, method_id, order.total)


def why_not_refund_to(
    order: Order, methods: Sequence[PaymentMethod], method_id: str | None, *, policies: Policies
) -> str | None:
    """None when the money of a return may go there."""
    if method_id is None or method_id == order.payment_method:
        return None
    method = method_of(methods, method_id)
    if method is None:
        return "unknown_payment_method"
    return None if method.kind in policies.payment.refund_kinds else "refund_not_there"

"""Cards: what is shown beside the words. JSON only, in the customer's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dialogue import phrasing
from dialogue.goods import facts
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.types import Order, Product, Return, Shipment
from dialogue.skills.context import Context
from dialogue.types import Card


def order_card(context: Context, order: Order) -> Card:
    """An order with its lines. No personal data."""
    return Card(
        "order",
        {
            "order_number": order.order_number,
            "status": str(order.status),
            "status_text": context.say(f"status.{order.status}"),
            "created_at": _iso(order.created_at),
            "total": str(order.total),
            "lines": [
                {
                    "sku": line.sku,
                    "name": phrasing.line_name(line, context.language),
                    "quantity": line.quantity,
                    "unit_price": str(line.unit_price),
                }
                for line in order.lines
            ],
        },
    )


def shipment_card(context: Context, order: Order, parcel: Shipment) -> Card:
    """A parcel with its scans, newest first."""
    return Card(
        "shipment",
        {
            "order_number": order.order_number,
            "tracking_number": parcel.tracking_number,
            "carrier": carrier(context, parcel),
            "shipped_at": _iso(parcel.shipped_at),
            "eta": _iso(parcel.eta),
            "delivered_at": _iso(parcel.delivered_at),
            "delay_reason": parcel.delay_reason,
            "events": [
                {"at": _iso(event.at), "place": event.place, "text": event.text} for event in reversed(parcel.events)
            ],
        },
    )


def product_card(context: Context, product: Product) -> Card:
    """A product of the catalogue, as far as it can be told in the customer's language."""
    language = context.language
    told = {
        facts.name_in(name, language): facts.value_in(value, language)
        for name, value in product.attributes.items()
        if name not in facts.HIDDEN
    }
    if language == "en":
        told = {name: value for name, value in told.items() if facts.is_english(name + value)}
    return Card(
        "product",
        {
            "sku": product.sku,
            "name": phrasing.line_name(product, context.language),
            "category": product.category,
            "price": str(product.price),
            "in_stock": product.stock > 0,
            "attributes": told,
            "description": product.description if language == "zh" or facts.is_english(product.description) else "",
        },
    )


def return_card(context: Context, entry: Return) -> Card:
    """A return or exchange."""
    return Card(
        "return",
        {
            "return_number": entry.return_number,
            "order_number": entry.order_number,
            "kind": entry.kind,
            "status": str(entry.status),
            "status_text": context.say(f"return_status.{entry.status}"),
            "amount": str(entry.amount),
            "created_at": _iso(entry.created_at),
        },
    )


def carrier(context: Context, parcel: Shipment) -> str:
    """The carrier's name in the customer's language."""
    return parcel.carrier if context.language == "zh" else parcel.carrier_en or parcel.carrier


def _iso(at: datetime | None) -> Any:
    return at.astimezone(SHOP_ZONE).isoformat() if at is not None else None

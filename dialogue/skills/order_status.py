"""Where an order is: status, carrier, latest scan, expected delivery, delay, several parcels.

Text tells all of it. Aloud it comes in two parts, for nobody listens to seventeen seconds: how it is and when it comes;
who brings it, where it is now and which other orders there are when the customer asks on (还有呢, "where exactly").
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from dialogue import cues, phrasing, wishes
from dialogue.shop.types import Order, OrderStatus, Shipment
from dialogue.skills.cards import carrier, order_card, shipment_card
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Pending
from dialogue.skills.orders import label, settle
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

_OVER = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.RETURNED, OrderStatus.DELIVERED})
_SCAN_KINDS = (
    ("派送", "out_for_delivery"),
    ("到达", "reached"),
    ("离开", "left"),
    ("揽收", "picked_up"),
    ("延误", "held_up"),
)
_DELAYS = (
    ("weather", ("雨", "雪", "雾", "台风", "天气")),
    ("volume", ("件量", "包裹量", "爆仓", "大促", "高峰")),
    ("road", ("道路", "施工", "封路")),
    ("remote", ("偏远",)),
)
_PARCELS = 2
"""Parcels told in words; more are only shown."""


class OrderStatusSkill:
    """Tells where an order is."""

    name = "order_status"
    intents = ("order_status", "logistics")
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether the tracking number is asked for, and not told."""
        return wishes.asks_tracking_number(parse.normalized or parse.text) and parse.slot("tracking_number") is None

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Settle the order, then tell of it."""
        draft = context.draft(self.name)
        settled = await settle(
            context, self.name, draft, fits=lambda order: order.status not in _OVER, several="newest"
        )
        if isinstance(settled, Pending):
            for item in settled.items:
                yield item
            return
        order, others = settled.order, tuple(o for o in settled.others if o.status not in _OVER)[:2]
        for event in settled.events:
            yield event
        for event in context.open_task(self.name, {"order": order.order_number}):
            yield event
        yield TaskEnded("done")
        also = context.say("order_status.others", count=len(others)) if others else ""
        yield context.reply(
            *_told(context, order, also),
            cards=(order_card(context, order), *(shipment_card(context, order, p) for p in order.shipments)),
            suggestions=(*(label(context, other) for other in others), *_suggestions(context, order)),
            sources=("shop:order",),
        )


def late_parcel(order: Order, now: datetime) -> Shipment | None:
    """The parcel on its way that should have arrived; None when all is in time."""
    travelling = (parcel for parcel in order.shipments if parcel.delivered_at is None)
    return next((parcel for parcel in travelling if parcel.eta is not None and parcel.eta < now), None)


def held_up_parcel(order: Order, now: datetime) -> Shipment | None:
    """The parcel on its way that is late, or that the carrier says is delayed."""
    travelling = (parcel for parcel in order.shipments if parcel.delivered_at is None)
    return late_parcel(order, now) or next((parcel for parcel in travelling if parcel.delay_reason), None)


def _told(context: Context, order: Order, also: str) -> tuple[str, ...]:
    if asked_for := _asked_for(context, order):
        return asked_for
    if context.turn.modality == "text":
        return (*sentences(context, order), also)
    if not cues.wants_details(context.text):
        return _in_short(context, order)
    details = (_where(context, order.shipments[0]) if _is_one_parcel(order) else ()) or sentences(context, order)
    return (*details, also)


def _asked_for(context: Context, order: Order) -> tuple[str, ...]:
    """The one thing that the customer asked for, where it is less than everything."""
    text, parse = context.text, context.turn.parse
    if wishes.asks_tracking_number(text) and parse.slot("tracking_number") is None:
        return _tracking_numbers(context, order)
    if wishes.asks_parcels(text) and order.status is OrderStatus.SHIPPED:
        return what_is_where(context, order)
    return ()


def _tracking_numbers(context: Context, order: Order) -> tuple[str, ...]:
    if not order.shipments:
        return (context.say("order_status.no_tracking_number", number=order.order_number),)
    spoken = context.turn.modality == "voice"
    told = [
        context.say(
            "order_status.tracking_number",
            carrier=carrier(context, parcel),
            value=phrasing.digits(parcel.tracking_number, spoken),
        )
        for parcel in order.shipments[:_PARCELS]
    ]
    return (context.say("order_status.tracking_of", number=order.order_number), *told)


def what_is_where(context: Context, order: Order) -> tuple[str, ...]:
    """Which parcel holds what and how it is, and what is still to come; nothing where the shop does not tell."""
    sent = {sku for parcel in order.shipments for sku in parcel.skus}
    if not sent:
        return ()
    told = [
        context.say("order_status.holds", what=_names(context, order, set(parcel.skus)), status=_brief(context, parcel))
        for parcel in order.shipments[:_PARCELS]
    ]
    rest = {line.sku for line in order.lines} - sent
    left = context.say("order_status.still_to_come", what=_names(context, order, rest)) if rest else ""
    lead = context.say("order_status.several_parcels", number=order.order_number, count=len(order.shipments))
    return (lead if len(order.shipments) > 1 else "", *told, left)


def _names(context: Context, order: Order, skus: set[str]) -> str:
    return phrasing.lines([line for line in order.lines if line.sku in skus], context.language)


def _in_short(context: Context, order: Order) -> tuple[str, ...]:
    """Status and expected delivery, about six seconds aloud."""
    number, parcels = order.order_number, order.shipments
    if order.status is not OrderStatus.SHIPPED or not parcels:
        return sentences(context, order)
    if len(parcels) == 1:
        shipped = context.say("order_status.shipped", number=number)
        return (shipped, _expected(context, parcels[0], with_reason=False))
    expected = [parcel.delivered_at or parcel.eta for parcel in parcels]
    lead = context.say("order_status.several_parcels", number=number, count=len(parcels))
    last = max((at for at in expected if at is not None), default=None)
    if last is None or None in expected or last < context.now:
        return (lead, context.say("order_status.parcel1", status=_brief(context, parcels[0])))
    return (lead, context.say("order_status.all_by", when=phrasing.moment(last, context.now, context.language)))


def _is_one_parcel(order: Order) -> bool:
    return order.status is OrderStatus.SHIPPED and len(order.shipments) == 1


def sentences(context: Context, order: Order) -> tuple[str, ...]:
    """What there is to say about where the order is."""
    number = order.order_number
    match order.status:
        case OrderStatus.SHIPPED:
            return _on_its_way(context, order, number)
        case OrderStatus.DELIVERED | OrderStatus.COMPLETED:
            arrived = order.delivered_at or max(
                (parcel.delivered_at for parcel in order.shipments if parcel.delivered_at), default=None
            )
            if arrived is None:
                return (context.say(f"order_status.{order.status}_undated", number=number),)
            when = phrasing.moment(arrived, context.now, context.language)
            return (context.say(f"order_status.{order.status}", number=number, when=when),)
        case OrderStatus.RETURNING if order.returns:
            latest = order.returns[-1]
            status = context.say(f"return_status.{latest.status}")
            return (context.say("order_status.returning", number=number, status=status),)
        case OrderStatus.RETURNING:
            return (context.say("order_status.returning_plain", number=number),)
        case _:
            return (context.say(f"order_status.{order.status}", number=number),)


def _on_its_way(context: Context, order: Order, number: str) -> tuple[str, ...]:
    parcels = order.shipments
    if not parcels:
        return (context.say("order_status.shipped_untracked", number=number),)
    if len(parcels) == 1:
        lead = context.say("order_status.shipped", number=number)
        return (*_one_parcel(context, parcels[0], lead), _left_behind(context, order))
    if by_parcel := what_is_where(context, order):
        return by_parcel
    lead = context.say("order_status.several_parcels", number=number, count=len(parcels))
    told = (
        context.say(f"order_status.parcel{position}", status=_brief(context, parcel))
        for position, parcel in enumerate(parcels[:_PARCELS], 1)
    )
    return (lead, *told)


def _left_behind(context: Context, order: Order) -> str:
    """What is not in the only parcel."""
    sent = {sku for parcel in order.shipments for sku in parcel.skus}
    rest = {line.sku for line in order.lines} - sent if sent else set()
    return context.say("order_status.still_to_come", what=_names(context, order, rest)) if rest else ""


def _one_parcel(context: Context, parcel: Shipment, lead: str) -> tuple[str, ...]:
    """When it comes is what customers ask; who brings it and where it is now come after."""
    return (lead, _expected(context, parcel), *_where(context, parcel))


def _where(context: Context, parcel: Shipment) -> tuple[str, ...]:
    return (context.say("order_status.by", carrier=carrier(context, parcel)), _latest(context, parcel))


def _latest(context: Context, parcel: Shipment) -> str:
    if not parcel.events:
        return ""
    scan = parcel.events[-1]
    when = phrasing.moment(scan.at, context.now, context.language)
    if context.language == "zh":
        return context.say("order_status.latest", when=when, scan=scan.text.rstrip("。.!！"))
    # Carriers scan in Chinese; in English the kind of scan is told, and the card shows the words.
    kind = next((kind for clue, kind in _SCAN_KINDS if clue in scan.text), None)
    return context.say("order_status.latest", when=when, scan=context.say(f"scan.{kind}")) if kind else ""


def _expected(context: Context, parcel: Shipment, *, with_reason: bool = True) -> str:
    """When it comes, honestly: late is called late, with the carrier's reason where it gave one."""
    if parcel.delivered_at is not None:
        return context.say(
            "order_status.arrived", when=phrasing.moment(parcel.delivered_at, context.now, context.language)
        )
    if parcel.eta is None:
        return context.say("order_status.no_eta")
    when = phrasing.moment(parcel.eta, context.now, context.language)
    late = parcel.eta < context.now
    if parcel.delay_reason and not with_reason:
        return context.say("order_status.late" if late else "order_status.delayed_in_short", when=when)
    if parcel.delay_reason:
        key = "order_status.late_because" if late else "order_status.delayed"
        return context.say(key, when=when, reason=_reason(context, parcel.delay_reason))
    return context.say("order_status.late" if late else "order_status.eta", when=when)


def _reason(context: Context, reason: str) -> str:
    """The carrier's reason; carriers give it in Chinese, so in English only known ones are told."""
    if context.language == "zh":
        return reason.rstrip("。")
    for kind, clues in _DELAYS:
        if any(clue in reason for clue in clues):
            return context.say(f"delay.{kind}")
    return context.say("delay.other")


def _brief(context: Context, parcel: Shipment) -> str:
    by = carrier(context, parcel)
    if parcel.delivered_at is not None:
        when = phrasing.moment(parcel.delivered_at, context.now, context.language)
        return context.say("order_status.brief.arrived", carrier=by, when=when)
    if parcel.eta is None:
        return context.say("order_status.brief.on_its_way", carrier=by)
    late = "late" if parcel.eta < context.now else "eta"
    when = phrasing.moment(parcel.eta, context.now, context.language)
    return context.say(f"order_status.brief.{late}", carrier=by, when=when)


def _suggestions(context: Context, order: Order) -> tuple[str, ...]:
    match order.status:
        case OrderStatus.PENDING_PAYMENT:
            return context.suggest("cancel", "address")
        case OrderStatus.PAID | OrderStatus.PACKING:
            return context.suggest("urge", "cancel", "address")
        case OrderStatus.SHIPPED:
            return context.suggest("tracking_number", "human")
        case OrderStatus.DELIVERED | OrderStatus.COMPLETED:
            return context.suggest("return", "invoice")
        case OrderStatus.RETURNING | OrderStatus.RETURNED:
            return context.suggest("refund")
        case _:
            return context.suggest("human")

"""The shape of a policy file. Every field says its unit; lists of categories and levels use the shop's own words."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dialogue.shop.types import DayPart, PaymentKind, TicketKind, VisitKind

V = TypeVar("V")
NO_REASON, QUALITY = "no_reason", "quality"
Days = Annotated[int, Field(ge=0, le=3650)]
Hours = Annotated[int, Field(ge=1, le=8760)]
Yuan = Annotated[Decimal, Field(ge=0, decimal_places=2, max_digits=9)]


class _Part(BaseModel):
    """Frozen; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReturnReason(_Part):
    """A kind of reason for a return or an exchange."""

    days: Days
    """Days after the day of delivery."""
    freight: Literal["shop", "customer"]
    """Who pays for sending it back."""
    words: tuple[str, ...] = ()
    """Words of the customer that mean it, in lower case; the first reason of the file that has one counts."""


class ReturnCategory(_Part):
    """Where a category of goods differs."""

    returnable: bool = True
    days: dict[str, Days] = {}
    """Reason to days after the day of delivery."""


class Returns(_Part):
    """Returns and exchanges."""

    reasons: dict[str, ReturnReason]
    """``no_reason`` (what no other reason's words fit) and ``quality``, and others as the shop likes."""
    categories: dict[str, ReturnCategory]
    freight_yuan: Yuan
    """What a parcel back costs a customer who pays for it."""
    freight_free_levels: tuple[str, ...]
    """Levels for whom the shop pays whatever the reason is."""
    ask_reason: bool
    """Whether the customer has to say why."""
    once: bool
    """Whether a single return or exchange is all that an order allows."""

    @model_validator(mode="after")
    def _names_agree(self) -> Returns:
        for name in (NO_REASON, QUALITY):
            if name not in self.reasons:
                raise ValueError(f"reasons.{name} is missing")
        if self.reasons[NO_REASON].words:
            raise ValueError(f"reasons.{NO_REASON} takes what no words fit: it has none itself")
        for category, rule in self.categories.items():
            for reason in rule.days:
                if reason not in self.reasons:
                    allowed = ", ".join(self.reasons)
                    raise ValueError(f"categories.{category}.days.{reason} is no reason; allowed: {allowed}")
        return self


class RefundRoute(_Part):
    """How money comes back."""

    route: Literal["original", "balance"]
    """The way it was paid, or the customer's balance with the shop."""
    days: Days
    """Working days until it is there."""


class Refund(_Part):
    """Refunds."""

    cancelled: RefundRoute
    """Of an order cancelled before it shipped, counted from the cancellation."""
    returned: RefundRoute
    """Of goods sent back, counted from their arrival in the warehouse."""


class PriceProtection(_Part):
    """Money back when a product becomes cheaper after it was bought."""

    days: Days
    """Days after payment."""
    categories: dict[str, Days]
    """Where a category differs; 0: none at all."""
    minimum_yuan: Yuan
    """Less than this is not paid."""


class Hours24(_Part):
    """A stretch of the day."""

    start: time
    end: time

    @property
    def text(self) -> str:
        """E.g. ``09:00-12:00``."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    @model_validator(mode="after")
    def _in_order(self) -> Hours24:
        if self.start >= self.end:
            raise ValueError("start must be before end")
        return self


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Pickup(_Part):
    """When a carrier fetches goods that are sent back."""

    first_day: Days
    """Days from today; one more after ``cut_off``."""
    last_day: Days
    weekdays: tuple[Weekday, ...]
    parts: dict[DayPart, Hours24]
    cut_off: time
    """Until when today's bookings are taken for ``first_day``, shop time."""

    @model_validator(mode="after")
    def _some_day(self) -> Pickup:
        if self.first_day > self.last_day:
            raise ValueError("first_day must not be after last_day")
        if not self.weekdays or set(self.parts) != {"morning", "afternoon"}:
            raise ValueError("weekdays must name a day, and parts must be morning and afternoon")
        return self


class Urge(_Part):
    """Asking the warehouse to hurry."""

    every_hours: Hours
    on_the_way: Literal["late", "ticket", "shop"]
    """A parcel on its way: ``late``: a person asks the carrier once it is late; ``ticket``: whenever the customer
    wishes; ``shop``: the shop's ``urge_order`` takes it like any other."""


class Ordering(_Part):
    """Placing an order in a conversation."""

    by_dialogue: bool


class Visits(_Part):
    """Somebody comes to the customer's home."""

    kinds: tuple[VisitKind, ...]
    """What can be booked; a repair that cannot is a ticket."""
    first_day: Days
    """Days from today."""
    last_day: Days
    before_delivery: bool
    """Whether it can be booked before the goods are there."""

    @model_validator(mode="after")
    def _some_day(self) -> Visits:
        if self.first_day > self.last_day:
            raise ValueError("first_day must not be after last_day")
        return self


class CashbackRules(_Part):
    """Money for a review with a photo."""

    after: Literal["paid", "delivered"]
    """From when on it can be registered."""
    yuan: Yuan | None
    """What it pays; None: it differs, and is not told."""


class Undo(_Part):
    """Taking back what was done by mistake."""

    restore_minutes: Annotated[int, Field(ge=0, le=10_080)]
    """How long a cancelled order can be restored."""


class Tickets(_Part):
    """What people of the shop look after."""

    due_hours: dict[TicketKind, Hours]
    """When the customer hears from the shop at the latest."""

    @field_validator("due_hours")
    @classmethod
    def _every_kind(cls, value: dict[TicketKind, int]) -> dict[TicketKind, int]:
        return _of_every_kind(value)


class Compensation(_Part):
    """What may be granted without asking anybody."""

    period_days: Days
    """Compensations of so many days are added up against the limit."""
    limits: dict[TicketKind, dict[str, Yuan]]
    """Kind of ticket, then membership level, to yuan in ``period_days``."""

    @field_validator("limits")
    @classmethod
    def _every_kind(cls, value: dict[TicketKind, dict[str, Yuan]]) -> dict[TicketKind, dict[str, Yuan]]:
        return _of_every_kind(value)


class Level(_Part):
    """A membership level."""

    name: str
    name_en: str
    spend_yuan: Yuan
    """Spending in a year from which a customer has it."""
    discount_percent: Annotated[int, Field(ge=0, le=100)]


class Membership(_Part):
    """Levels and points."""

    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    """Lowest first."""
    points_per_yuan: Annotated[int, Field(ge=0)]
    points_for_one_yuan: Annotated[int, Field(ge=1)]
    points_months: Annotated[int, Field(ge=1)]
    """How long points are valid."""

    @property
    def names(self) -> tuple[str, ...]:
        """Chinese names of the levels, lowest first."""
        return tuple(level.name for level in self.levels)


class Identity(_Part):
    """How a customer who has not signed in proves who they are."""

    ways: Annotated[tuple[Literal["order_and_phone", "email", "name_and_postal_code"], ...], Field(min_length=1)]
    """``order_and_phone``: the number of an order and the end of its phone number, and only that order is opened;
    the others open the account. The first is asked for first."""
    order_digits: Annotated[int, Field(ge=4, le=24)] | None
    """How many digits an order number has; None: it has letters too and is not asked for by keypad."""


class Cancel(_Part):
    """Cancelling an order."""

    reasons: dict[str, str] | None
    """The reasons that count (names of ``dialogue.skills.reasons``) and what each is to the shop; None: any."""


class Changes(_Part):
    """Another product for one that was ordered: in an order that has not shipped, and in an exchange."""

    within: Literal["category", "family"]
    """What the new one must share with the old."""
    once: bool
    """Whether the lines of an order can be changed only once; after that it cannot be cancelled either."""
    renew: bool
    """Whether an exchange may bring the same thing anew."""


class Payment(_Part):
    """Differences and refunds."""

    ask_difference: bool
    """Whether the customer says how a difference is settled; else it is the way the order was paid."""
    ask_refund: bool
    """Whether the customer says where the money of a return goes; else it is the way the order was paid."""
    refund_kinds: tuple[PaymentKind, ...]
    """Kinds of methods that a refund may go to beside the one the order was paid with."""


class Policies(_Part):
    """Everything that the shop's rules read."""

    identity: Identity
    cancel: Cancel
    changes: Changes
    payment: Payment
    returns: Returns
    refund: Refund
    price_protection: PriceProtection
    pickup: Pickup
    urge: Urge
    ordering: Ordering
    visits: Visits
    cashback: CashbackRules | None
    """None: the shop pays nothing for reviews."""
    undo: Undo
    tickets: Tickets
    compensation: Compensation
    membership: Membership

    @model_validator(mode="after")
    def _levels_exist(self) -> Policies:
        levels = self.membership.names
        for kind, limits in self.compensation.limits.items():
            if set(limits) != set(levels):
                raise ValueError(f"compensation.limits.{kind} must have each level once: {', '.join(levels)}")
        for level in self.returns.freight_free_levels:
            if level not in levels:
                raise ValueError(f"returns.freight_free_levels: {level} is no level; allowed: {', '.join(levels)}")
        return self


def _of_every_kind(value: dict[TicketKind, V]) -> dict[TicketKind, V]:
    missing = [kind for kind in get_args(TicketKind) if kind not in value]
    if missing:
        raise ValueError(f"every kind of ticket must be there; missing: {', '.join(missing)}")
    return value

"""Business hours. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dialogue.menu.schema import Hours, Weekday

_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(hours: Hours, now: datetime) -> bool:
    """Whether people answer at ``now`` (with its time zone)."""
    there = now.astimezone(ZoneInfo(hours.timezone))
    if there.date() in hours.holidays:
        return False
    return any(span.begin <= there.time() < span.until for span in hours.open.get(_DAYS[there.weekday()], ()))

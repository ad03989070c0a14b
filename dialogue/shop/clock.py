"""The shop's clock. Injected wherever a rule asks what time it is, so tests and the demo can set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Clock = Callable[[], datetime]
"""Gives the present as an aware datetime."""

SHOP_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has one time zone without daylight saving; return windows count its days, and replies name its hours."""


def wall_clock() -> datetime:
    """The present in the shop's zone."""
    return datetime.now(SHOP_ZONE)

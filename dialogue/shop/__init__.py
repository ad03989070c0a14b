"""What a skill may ask of a shop. ``SHOPS`` names the back ends; README.md says how to plug in your own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dialogue.errors import ShopUnavailable
from dialogue.shop.clock import Clock, wall_clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from dialogue.policies import Policies
    from dialogue.shop.protocol import Shop
    from dialogue.shop.rest_client import RestSettings

SHOPS: dict[str, str] = {"sql": "dialogue.shop.sql:SqlShop", "rest": "dialogue.shop.rest:RestShop"}
"""Back end to ``module:Class``; the class is called with (engine, clock, policies), and with where it is where there is
an address.
"""


def open_shop(
    backend: str,
    engine: AsyncEngine,
    policies: Policies,
    clock: Clock = wall_clock,
    where: RestSettings | None = None,
) -> Shop:
    """The shop that the configuration names; ``where``: its address, where it is not here.

    Raises ``ShopUnavailable`` when there is no such back end, or when it lacks its address.
    """
    if backend not in SHOPS:
        raise ShopUnavailable(f"there is no shop back end {backend!r}: use one of {', '.join(SHOPS)}")
    module, _, name = SHOPS[backend].partition(":")
    shop: Shop = getattr(import_module(module), name)(engine, clock, policies, *([where] if where else []))
    return shop

"""The back end that the configuration names: the domain's own, a shop in our database, or one behind HTTP."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.backend import Backend
from dialogue.domains import Business
from dialogue.policies import Policies
from dialogue.shop import open_shop
from dialogue.shop.clock import wall_clock
from dialogue.shop.rest_client import RestSettings
from gateway.config import Settings


def open_backend(settings: Settings, business: Business, engine: AsyncEngine, policies: Policies) -> Backend:
    """The back end; the caller closes it. Raises ``ShopUnavailable`` when there is none of this name or address."""
    own = business.open_backend(engine, wall_clock)
    return own or open_shop(settings.shop.backend, engine, policies, wall_clock, _where(settings))


def _where(settings: Settings) -> RestSettings | None:
    """Where a shop is that is not in our own database."""
    section = settings.shop
    if section.backend == "sql" or not section.url:
        return None
    token = section.token.get_secret_value() if section.token else None
    return RestSettings(section.url, token, section.deadline_s)

"""A shop behind an HTTP API: ``Shop`` over the contract of ``rest_contract`` (``rest_openapi.yaml``).

Each method is one request; the methods are made from the protocol, so that neither can have one that the other lacks.
The shop keeps the idempotency keys, nothing is kept here. ``[shop] backend = "rest"``, ``url``, ``token``.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.errors import ShopUnavailable
from dialogue.policies import Policies
from dialogue.shop.clock import Clock
from dialogue.shop.protocol import Shop
from dialogue.shop.rest_client import RestClient, RestSettings
from dialogue.shop.rest_contract import operations


class RestShop(Shop):
    """Any method may be cancelled; a WRITE then happened whole or not at all, and its key tells which.

    Raises ``ShopUnavailable`` for every failure that is not a refusal of the shop's own.
    """

    def __init__(
        self, engine: AsyncEngine | None, clock: Clock | None, policies: Policies, settings: RestSettings | None = None
    ) -> None:
        """``policies``: what the shop allows, as Kefu tells it before it asks; the shop has the last word.

        Raises ``ShopUnavailable`` without an address.
        """
        if settings is None or not settings.url.startswith(("http://", "https://")):
            raise ShopUnavailable('[shop] backend = "rest" needs [shop] url, e.g. https://shop.example.com/kefu/v1')
        self._policies = policies
        self._client = RestClient(settings)

    @property
    def policies(self) -> Policies:
        """The numbers of its rules."""
        return self._policies

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()


def _request(name: str) -> Callable[..., Awaitable[Any]]:
    """The method of this name: its arguments bound as the protocol says, asked for over HTTP."""
    declared: Callable[..., Any] = getattr(Shop, name)
    signature = inspect.signature(declared)

    async def ask(self: RestShop, *given: Any, **named: Any) -> Any:
        bound = signature.bind(self, *given, **named)
        bound.apply_defaults()
        arguments = dict(list(bound.arguments.items())[1:])
        key = arguments.pop("idempotency_key", None)
        return await self._client.ask(name, arguments, key)

    ask.__name__, ask.__doc__ = name, declared.__doc__
    return ask


for _name in operations():
    setattr(RestShop, _name, _request(_name))

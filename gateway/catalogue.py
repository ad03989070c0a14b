"""What the shop's products are called, for the understanding to hear them by: read at the start and now and then.

Never in a turn's way: until the names are read, and where a domain has no products, customers are understood without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from dialogue.backend import Backend
from dialogue.errors import DialogueError
from dialogue.shop.types import ProductNames
from gateway import log
from nlu.slots import ProductLexicon
from nlu.understand import Understanding

REFRESH_S = 600.0
_RETRY_S = 30.0


@runtime_checkable
class Catalogued(Protocol):
    """A back end that has products."""

    async def catalogue(self) -> tuple[ProductNames, ...]:
        """READ what every product is called. Raises ``ShopUnavailable``."""
        ...


async def keep_known(
    understanding: Understanding,
    backend: Backend,
    every_s: float = REFRESH_S,
    tell: Callable[[frozenset[str]], None] = lambda names: None,
) -> None:
    """Teach ``understanding`` the names of the products, and ``tell`` them; ends at once where there are none."""
    if not isinstance(backend, Catalogued):
        return
    known: tuple[ProductNames, ...] = ()
    while True:
        try:
            names = await backend.catalogue()
            if names != known:
                # About a second for 10,000 products: off the event loop.
                understanding.know(await asyncio.to_thread(ProductLexicon, names))
                tell(frozenset(name for _, called in names for name in called))
                known = names
                log.logger().info("catalogue taken in", count=len(names))
            wait_s = every_s
        except DialogueError as error:
            log.logger().warning("catalogue not taken in", code=error.code)
            wait_s = min(_RETRY_S, every_s)
        await asyncio.sleep(wait_s)

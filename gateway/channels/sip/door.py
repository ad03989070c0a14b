"""Channel ``sip``: no HTTP routes, ports of its own that live as long as the application.

One process serves the port: with several workers it is the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.channels import Door
from gateway.channels.sip.server import SipServer
from gateway.services import SERVICES

_FIRST_WORKER = 1
"""Workers count from one (``gateway.workers``)."""


def routes() -> Door:
    """No routes: a port of its own, where ``sip.port`` says so."""
    return Door((), life)


async def life(app: web.Application) -> AsyncIterator[None]:
    """Listen as long as the application lives. Raises ``DoorFailed``."""
    services = app[SERVICES]
    if not services.settings.sip.port or services.voice is None or services.worker not in {None, _FIRST_WORKER}:
        yield
        return
    server = SipServer(services)
    # Before the group, which would wrap the error that names the setting.
    await server.bind()
    async with asyncio.TaskGroup() as group:
        server.serve(group)
        yield
        await server.stop()

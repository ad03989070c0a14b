"""Registration with a trunk (RFC 3261 section 10): bound, kept, and its name looked up again, never per datagram.

aiosipua refreshes a binding; a trunk that does not answer, refuses, or has moved is asked again here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiosipua import Registration, RegistrationState, SipDigestAuth, SipUAC

from gateway import log
from gateway.config import Sip

_PORT = 5060
_AT_FIRST_S, _AT_MOST_S = 1.0, 60.0
"""Between two tries to register: at first, and after many."""
_LOOK_UP_S = 300.0
"""How long an address is believed; the resolver does not say what the name server's TTL was."""
LookUp = Callable[[str], Awaitable[list[str]]]
"""Addresses of a name. Raises ``OSError``."""


async def _resolved(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    return [str(entry[4][0]) for entry in found]


class Trunk:
    """``keep`` as long as we want calls of it, then ``leave``."""

    def __init__(self, settings: Sip, uac: SipUAC, user_agent: str, look_up: LookUp = _resolved) -> None:
        """``settings.registrar`` is a host or host:port; ``look_up`` gives addresses. Raises ``ValueError``."""
        self._look_up = look_up
        place = urlsplit(f"//{settings.registrar}")
        self._host, self._port = place.hostname or "", place.port or _PORT
        password = settings.trunk_password.get_secret_value() if settings.trunk_password else ""
        self._registration = Registration(
            uac,
            f"sip:{settings.trunk_user}@{self._host}",
            (self._host, self._port),
            auth=SipDigestAuth(username=settings.trunk_user, password=password),
            user_agent=user_agent,
        )
        self._registration.on_registered = lambda _it: log.logger().info("sip registered")
        self._registration.on_failed = lambda _it, status, _why: log.logger().error(
            "sip registration failed", status=status
        )
        self._address = ""

    @property
    def call_id(self) -> str:
        """Of the requests that register."""
        return self._registration.call_id

    def is_at(self, host: str) -> bool:
        """Whether this is the trunk's address."""
        return bool(self._address) and host == self._address

    async def keep(self) -> None:
        """Register, and again when it is lost or the trunk has moved. Runs until it is cancelled."""
        wait_s = _AT_FIRST_S
        looked_up_s = -_LOOK_UP_S
        clock = asyncio.get_running_loop().time
        while True:
            is_bound = self._registration.state is RegistrationState.REGISTERED
            has_moved = False
            if not is_bound or clock() - looked_up_s >= _LOOK_UP_S:
                has_moved = await self._looked_up()
                looked_up_s = clock()
            if self._address and (has_moved or not is_bound):
                self._registration.register()
            wait_s = _AT_FIRST_S if is_bound else min(_AT_MOST_S, wait_s * 2)
            await asyncio.sleep(wait_s)

    async def _looked_up(self) -> bool:
        """Find the trunk's address; whether it is another than before. A name server that fails changes nothing."""
        try:
            addresses = await self._look_up(self._host)
        except OSError as error:
            log.logger().error("sip trunk not found", error=type(error).__name__)
            return False
        if self._address in addresses or not addresses:
            return False
        self._address = addresses[0]
        self._registration.registrar = (self._address, self._port)
        return True

    def leave(self) -> None:
        """Unbind."""
        if self._address:
            self._registration.unregister()

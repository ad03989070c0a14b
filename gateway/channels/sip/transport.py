"""The UDP socket of SIP with what aiosipua leaves to its user: who is heard, and requests that come twice.

A request that is sent again (RFC 3261 section 17.2) gets the last response again, and never makes a second call.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosipua import SipRequest, SipResponse
from aiosipua.transport import UdpSipTransport

Address = tuple[str, int]
_REMEMBERED = 2000
_TRANSACTION_S = 32.0
"""64 x T1: for so long a request may come again."""
_MAX_DATAGRAM = 16_384


@dataclass(slots=True)
class _Transaction:
    began_s: float
    response: SipResponse | None = None


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, owner: GuardedUdp) -> None:
        self._owner = owner

    def connection_made(self, transport: Any) -> None:
        self._owner.opened(transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._owner.received(data, (str(addr[0]), int(addr[1])))


@dataclass
class GuardedUdp(UdpSipTransport):
    """``hears`` tells whose datagrams are looked at; ``clock`` gives monotonic seconds."""

    hears: Callable[[str], bool] = field(default=lambda _address: True)
    clock: Callable[[], float] = field(default=lambda: asyncio.get_running_loop().time())
    _known: OrderedDict[tuple[str, str], _Transaction] = field(default_factory=OrderedDict, init=False, repr=False)

    async def start(self) -> None:
        """Bind. The library's own protocol object asserts a class that its transport lacks on Python 3.11."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Protocol(self), local_addr=self.local_addr)

    def opened(self, transport: Any) -> None:
        """The socket is there; port 0 has become a real one."""
        self._udp_transport = transport
        self.local_addr = (self.local_addr[0], int(transport.get_extra_info("sockname")[1]))

    def received(self, data: bytes, addr: Address) -> None:
        """A datagram."""
        # Phones keep the way through a NAT open with two line ends (RFC 5626).
        if len(data) <= _MAX_DATAGRAM and data.strip() and self.hears(addr[0]):
            self._dispatch(data, addr)

    def is_new(self, request: SipRequest) -> bool:
        """Whether ``request`` has not come before; else its response, if there is one yet, has been sent again."""
        key = _key(request)
        if key is None or request.method == "ACK":
            return True
        now = self.clock()
        while self._known and (
            len(self._known) > _REMEMBERED or now - next(iter(self._known.values())).began_s > _TRANSACTION_S
        ):
            self._known.popitem(last=False)
        known = self._known.get(key)
        if known is None:
            self._known[key] = _Transaction(now)
            return True
        if known.response is not None:
            super().send_reply(known.response)
        return False

    def send_reply(self, response: SipResponse) -> None:
        """Send, and keep for when the request comes again."""
        known = self._known.get(_key(response) or ("", ""))
        if known is not None:
            known.response = response
        super().send_reply(response)


def _key(message: SipRequest | SipResponse) -> tuple[str, str] | None:
    """The transaction: its branch and method (RFC 3261 section 17.2.3)."""
    vias, cseq = message.via, message.cseq
    if not vias or not vias[0].branch or cseq is None:
        return None
    return f"{vias[0].branch} {vias[0].host}", cseq.method

"""The sockets of SIP (RFC 3261 section 18), UDP and TCP on one port, with what aiosipua leaves to its user.

Who is heard; requests that come twice, which get the last response again and never make a second call (section 17.2);
answers that go back on the connection that brought the request; requests of ours that are sent again until they are
answered (section 17.1.2: aiosipua sends a BYE once, and a phone whose BYE was lost would listen for ever).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiosipua import SipRequest, SipResponse
from aiosipua.transport import SipTransport

from gateway.channels.sip.streams import Address, Stream, Streams

_REMEMBERED = 2000
_T1_S, _T2_S = 0.5, 4.0
_TRANSACTION_S = 32.0
"""64 x T1: for so long a request may come again."""
_MAX_DATAGRAM = 16_384
_SENT_ONCE = frozenset({"ACK", "INVITE"})
Key = tuple[str, str]


@dataclass(slots=True)
class _Transaction:
    began_s: float
    stream: Stream | None
    response: SipResponse | None = None


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, owner: SipSockets) -> None:
        self._owner = owner

    def connection_made(self, transport: Any) -> None:
        self._owner.opened(transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._owner.received(data, (str(addr[0]), int(addr[1])))


class SipSockets(SipTransport):
    """``start``, ``stop``: once each. Answers of the last half minute and requests without one are remembered."""

    def __init__(
        self,
        address: Address,
        *,
        hears: Callable[[bytes, str], bool] = lambda _data, _host: True,
        lets_in: Callable[[str], bool] = lambda _host: True,
        tcp: bool = False,
    ) -> None:
        """``hears`` tells which messages of which hosts are looked at, ``lets_in`` who may connect by TCP."""
        super().__init__(local_addr=address)
        self._hears = hears
        self._udp: Any = None
        self._streams = Streams(self._arrived, lets_in) if tcp else None
        self._arriving: Stream | None = None
        """The connection of the message that is being looked at."""
        self._known: OrderedDict[Key, _Transaction] = OrderedDict()
        self._unanswered: dict[Key, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Bind. Raises ``OSError``."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Protocol(self), local_addr=self.local_addr)
        if self._streams is not None:
            try:
                await self._streams.open(*self.local_addr)
            except OSError:
                self._udp.close()
                raise

    def opened(self, transport: Any) -> None:
        """The socket is there; port 0 has become a real one."""
        self._udp = transport
        self.local_addr = (self.local_addr[0], int(transport.get_extra_info("sockname")[1]))

    async def stop(self) -> None:
        """Close; nothing is sent again."""
        for timer in self._unanswered.values():
            timer.cancel()
        self._unanswered.clear()
        if self._streams is not None:
            await self._streams.close()
        if self._udp is not None:
            self._udp.close()

    # --- what comes --------------------------------------------------------------------------------------------------

    def received(self, data: bytes, addr: Address) -> None:
        """A datagram."""
        # Phones keep the way through a NAT open with two line ends (RFC 5626).
        if len(data) <= _MAX_DATAGRAM and data.strip():
            self._arrived(data, addr, None)

    def _arrived(self, data: bytes, addr: Address, stream: Stream | None) -> None:
        if not self._hears(data, addr[0]):
            return
        self._arriving = stream
        try:
            self._dispatch(data, addr)
        finally:
            self._arriving = None

    def is_new(self, request: SipRequest) -> bool:
        """Whether ``request`` has not come before; else its response, if there is one yet, has been sent again."""
        key = _key(request)
        if key is None or request.method == "ACK":
            return True
        now = asyncio.get_running_loop().time()
        while self._known and (
            len(self._known) > _REMEMBERED or now - next(iter(self._known.values())).began_s > _TRANSACTION_S
        ):
            self._known.popitem(last=False)
        known = self._known.get(key)
        if known is None:
            self._known[key] = _Transaction(now, self._arriving)
            return True
        if known.response is not None:
            self._reply(known.response, known)
        return False

    def answered(self, response: SipResponse) -> None:
        """A request of ours has its answer: it is not sent again (provisional ones do not count)."""
        key = _key(response)
        if response.status_code >= 200 and key is not None and (timer := self._unanswered.pop(key, None)) is not None:
            timer.cancel()

    # --- what goes ---------------------------------------------------------------------------------------------------

    def send_reply(self, response: SipResponse) -> None:
        """Send where the request came from, and keep for when it comes again."""
        known = self._known.get(_key(response) or ("", ""))
        if known is not None:
            known.response = response
        self._reply(response, known)

    def _reply(self, response: SipResponse, known: _Transaction | None) -> None:
        stream = known.stream if known is not None else self._arriving
        if stream is None:
            super().send_reply(response)
        else:
            _by_tcp(response)
            stream.send(bytes(response))

    def send(self, message: SipRequest | SipResponse, addr: Address) -> None:
        """Over the connection that ``addr`` has with us, else by UDP."""
        stream = self._streams.find(addr) if self._streams is not None else None
        if stream is not None:
            _by_tcp(message)
            stream.send(bytes(message))
            return
        data = bytes(message)
        self._send_datagram(data, addr)
        key = _key(message)
        if isinstance(message, SipRequest) and message.method not in _SENT_ONCE and key is not None:
            self._send_again_later(key, data, addr, _T1_S, _TRANSACTION_S)

    def _send_datagram(self, data: bytes, addr: Address) -> None:
        if self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(data, addr)

    def _send_again_later(self, key: Key, data: bytes, addr: Address, wait_s: float, left_s: float) -> None:
        def again() -> None:
            self._unanswered.pop(key, None)
            self._send_datagram(data, addr)
            if left_s > wait_s:
                self._send_again_later(key, data, addr, min(wait_s * 2, _T2_S), left_s - wait_s)

        self._unanswered[key] = asyncio.get_running_loop().call_later(wait_s, again)


def _by_tcp(message: SipRequest | SipResponse) -> None:
    """aiosipua names UDP in all that is ours: the way back (requests), and where we are reached (both)."""
    if isinstance(message, SipRequest):
        first, *rest = message.headers.get("via")
        message.headers.remove("Via")
        for via in (first.replace("SIP/2.0/UDP", "SIP/2.0/TCP", 1), *rest):
            message.headers.append("Via", via)
    contact = message.headers.get_first("contact")
    if contact is not None and contact.endswith(">") and ";transport=" not in contact:
        message.headers.set_single("Contact", f"{contact[:-1]};transport=tcp>")


def _key(message: SipRequest | SipResponse) -> Key | None:
    """The transaction: its branch and method (RFC 3261 section 17.2.3); None where the headers cannot be read."""
    try:
        vias, cseq = message.via, message.cseq
    except ValueError:
        return None
    if not vias or not vias[0].branch or cseq is None:
        return None
    return f"{vias[0].branch} {vias[0].host}", cseq.method

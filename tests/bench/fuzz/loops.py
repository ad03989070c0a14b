"""One event loop for a fuzzing process: virtual time, and a network that takes whatever is sent."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from tests.virtual_time import VirtualTimeLoop


class Wire(asyncio.DatagramTransport):
    """A socket that nobody is behind."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Keep it."""
        self.sent.append(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Only the address is asked for."""
        return ("127.0.0.1", 5060) if name == "sockname" else default

    def is_closing(self) -> bool:
        """Never."""
        return False

    def close(self) -> None:
        """Nothing was open."""


class _Loop(VirtualTimeLoop):
    def __init__(self) -> None:
        super().__init__()
        self.wires: list[Wire] = []

    async def create_datagram_endpoint(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        protocol, wire = protocol_factory(), Wire()
        self.wires.append(wire)
        protocol.connection_made(wire)
        return wire, protocol


@cache
def loop() -> _Loop:
    """The loop of this process."""
    return _Loop()

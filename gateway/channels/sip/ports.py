"""Even UDP ports for RTP, the neighbour of each for RTCP (RFC 3550 section 11)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import Busy

_RETRY_S = 5


class Ports:
    """Those from ``first`` to ``last``. A port rests as long as it can: late packets do not reach the next call."""

    def __init__(self, first: int, last: int) -> None:
        self._free = deque(range(first + first % 2, last, 2))

    @contextmanager
    def taken(self) -> Iterator[int]:
        """A port for one call. Raises ``Busy`` when all are taken."""
        if not self._free:
            raise Busy("all RTP ports are taken; widen sip.rtp_port to sip.rtp_port_last", retry_after_s=_RETRY_S)
        port = self._free.popleft()
        try:
            yield port
        finally:
            self._free.append(port)

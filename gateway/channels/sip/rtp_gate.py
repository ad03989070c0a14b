"""Whose RTP belongs to a call. Pure: fed with headers and seconds.

The port of a call is found by anybody who sends to all of them; who is believed then hears the caller ("RTP bleed").
So the sound comes from where the offer says, or from a host that is trusted to send us calls (symmetric RTP, RFC 4961:
behind a NAT the offered address is not the one that sends), and once it came from one address it stays with that:

    nobody --first packet of a trusted host--> latched --nothing for a second--> nobody
"""

from __future__ import annotations

from collections.abc import Callable, Collection

Address = tuple[str, int]
_QUIET_S = 1.0
"""Another source may take over after so long: a NAT that gave another port, a trunk that moved the call."""
_OTHER_STREAM_S = 0.1
"""Another SSRC of the same source may take over after so long."""
_MOST_PACKETS = 200
_PACKETS_PER_S = 250.0
"""A call has 50 to 100 a second; what was held up on the way comes in a burst."""
_HEADER_BYTES = 12


class RtpGate:
    """One call's."""

    def __init__(
        self, trusts: Callable[[str], bool], payload_types: Collection[int], event_type: int | None = None
    ) -> None:
        """``trusts`` a host besides the offered one; ``payload_types`` of sound and keys that were agreed on."""
        self._trusts = trusts
        self._event_type = event_type
        self._types = frozenset(payload_types) | ({event_type} if event_type is not None else set())
        self._offered: str | None = None
        self._source: Address | None = None
        self._stream: bytes | None = None
        self._heard_s = 0.0
        self._tokens = float(_MOST_PACKETS)
        self._tokens_s: float | None = None
        self.refused = 0
        """Packets."""

    def offer(self, remote: Address) -> None:
        """The caller says where their sound comes from; at first, and when they say so again."""
        self._offered = remote[0]
        self._source = None

    def hears(self, data: bytes, source: Address, now_s: float) -> bool:
        """Whether an RTP packet is the call's."""
        if not (self._is_media(data) and self._is_source(source, now_s) and self._takes(now_s)):
            self.refused += 1
            return False
        if data[1] & 0x7F != self._event_type:
            # Keys may come as a stream of their own beside the sound; sound is one stream.
            if not self._is_stream(data[8:12], now_s):
                self.refused += 1
                return False
            self._stream = data[8:12]
        self._source, self._heard_s = source, now_s
        return True

    def hears_report(self, source: Address) -> bool:
        """Whether an RTCP packet is the call's: of the same host."""
        host = source[0]
        return host == self._source[0] if self._source is not None else self._is_trusted(host)

    def _is_media(self, data: bytes) -> bool:
        return len(data) > _HEADER_BYTES and data[0] >> 6 == 2 and data[1] & 0x7F in self._types

    def _is_source(self, source: Address, now_s: float) -> bool:
        if source == self._source:
            return True
        is_free = self._source is None or now_s - self._heard_s >= _QUIET_S
        return is_free and self._is_trusted(source[0])

    def _is_trusted(self, host: str) -> bool:
        return host == self._offered or self._trusts(host)

    def _is_stream(self, stream: bytes, now_s: float) -> bool:
        return self._stream in {None, stream} or now_s - self._heard_s >= _OTHER_STREAM_S

    def _takes(self, now_s: float) -> bool:
        passed = 0.0 if self._tokens_s is None else now_s - self._tokens_s
        self._tokens = min(float(_MOST_PACKETS), self._tokens + passed * _PACKETS_PER_S)
        self._tokens_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

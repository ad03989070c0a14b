"""The sound of one SIP call: aiortp's session (sockets, packets, keys, RTCP) with what it leaves open.

    RTP --> RtpGate --> InOrder --> Coder --> Splice --> on_audio
                   `--> telephone-event (RFC 4733) --> on_key
    send, 20 ms --> packets of ptime --> Coder --> RTP

aiortp would follow whoever sends (``rtp_gate``), keeps packets back (``InOrder`` does not), and takes those of other
than 20 ms for loss (``splice``). It counts the timestamps of G.722 that it sends twice as fast as RFC 3551 says; here
the coding's clock does.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence

from aiortp import PayloadType, RtpPacket, RTPSession, get_codec

from gateway.channels.sip.codecs import Coder, coder
from gateway.channels.sip.offer import NOWHERE, Agreed
from gateway.channels.sip.rtp_gate import RtpGate
from gateway.channels.sip.splice import Splice
from gateway.telephony.in_order import InOrder

_COMFORT_NOISE = 13
_NO_EVENTS = -1
"""A payload type that no packet has."""
_PATIENCE = 3
"""Packets that wait for one that is missing: 60 ms at 20 ms each."""


class _Rtp(RTPSession):
    """``create``, then give it its parts: what comes before is dropped."""

    gate: RtpGate | None = None
    order: InOrder[RtpPacket]
    splice: Splice
    coder: Coder
    last_sign_s = 0.0
    """When RTP or RTCP of the caller came last, on the loop's clock."""

    def _handle_rtp(self, data: bytes, addr: tuple[str, int]) -> None:
        now_s = asyncio.get_running_loop().time()
        source = (str(addr[0]), int(addr[1]))
        if self.gate is None or not self.gate.hears(data, source, now_s):
            return
        self.last_sign_s = now_s
        try:
            self._take(RtpPacket.parse(data), source)
        except ValueError:
            return

    def _take(self, packet: RtpPacket, source: tuple[str, int]) -> None:
        self._latch_rtp_addr(source)
        is_key = packet.payload_type == self._dtmf_payload_type
        if packet.ssrc != self._remote_ssrc:
            if is_key:
                # A stream of its own: it says nothing about the sound.
                self._dtmf_receiver.handle_packet(packet)
                return
            self._remote_ssrc_changed(packet.ssrc)
            self.order = InOrder(_PATIENCE)
            self.splice.reset()
        if self._stream_stats is not None:
            self._stream_stats.add(packet)
        if is_key:
            self._dtmf_receiver.handle_packet(packet)
        self.hear(self.order.put(packet.sequence_number, packet))

    def hear(self, packets: Sequence[RtpPacket]) -> None:
        """Decode what is in order. Keys and comfort noise have numbers too, and no sound."""
        for packet in packets:
            if packet.payload_type != self._payload_type:
                continue
            pcm = self.splice.put(packet.timestamp, self.coder.decode(packet.payload))
            if pcm and self.on_audio is not None:
                self.on_audio(pcm, packet.timestamp)

    def _handle_rtcp(self, data: bytes, addr: tuple[str, int]) -> None:
        source = (str(addr[0]), int(addr[1]))
        if self.gate is not None and self.gate.hears_report(source):
            self.last_sign_s = asyncio.get_running_loop().time()
            super()._handle_rtcp(data, source)


class Media:
    """``open`` once, ``close`` always. ``on_audio`` gets the caller's sound as it comes; ``on_key`` a key."""

    def __init__(
        self,
        agreed: Agreed,
        trusts: Callable[[str], bool],
        on_audio: Callable[[bytes], None],
        on_key: Callable[[str], None],
    ) -> None:
        """``trusts`` hosts that may send the call's sound besides the one that the offer names."""
        self._agreed = agreed
        self._on_audio, self._on_key = on_audio, on_key
        self._gate = RtpGate(trusts, (agreed.payload_type, _COMFORT_NOISE), agreed.event_type)
        self._coder = coder(agreed.coding, agreed.ptime_ms)
        self._packet_bytes = agreed.coding.rate_hz * agreed.ptime_ms // 1000 * 2
        self._packet_ticks = agreed.coding.clock_hz * agreed.ptime_ms // 1000
        self._timestamp = secrets.randbits(32)
        self._waiting = bytearray()
        self._rtp: _Rtp | None = None
        self._opened_s = 0.0

    async def open(self, host: str, port: int) -> None:
        """Hear at ``port``, and RTCP at the next. Raises ``OSError``."""
        agreed, coding = self._agreed, self._agreed.coding
        rtp = await _Rtp.create(
            local_addr=(host, port),
            remote_addr=agreed.remote,
            payload_type=agreed.payload_type,
            codec=get_codec(PayloadType.PCMU),  # one must be there; ours codes
            clock_rate=coding.clock_hz,
            dtmf_payload_type=_NO_EVENTS if agreed.event_type is None else agreed.event_type,
            cname=secrets.token_hex(8),
            plc=False,
            symmetric_rtp=True,
        )
        assert isinstance(rtp, _Rtp)
        rtp.on_audio = lambda pcm, _timestamp: self._on_audio(pcm)
        rtp.on_dtmf = lambda digit, _duration: self._on_key(digit)
        self._gate.offer(agreed.remote)
        rtp.order = InOrder(_PATIENCE)
        rtp.coder, rtp.splice, rtp.gate = self._coder, Splice(coding.clock_hz, coding.rate_hz), self._gate
        self._rtp = rtp
        self._opened_s = asyncio.get_running_loop().time()

    @property
    def quiet_s(self) -> float:
        """Since the caller's last packet."""
        since = max(self._opened_s, self._rtp.last_sign_s if self._rtp is not None else 0.0)
        return asyncio.get_running_loop().time() - since

    @property
    def refused(self) -> int:
        """RTP packets that were not the call's."""
        return self._gate.refused

    def send(self, pcm: bytes, *, is_held: bool = False) -> None:
        """20 ms of our voice. Time goes on while the caller holds us, but nothing is sent."""
        self._waiting += pcm
        while self._rtp is not None and len(self._waiting) >= self._packet_bytes:
            packet = bytes(self._waiting[: self._packet_bytes])
            del self._waiting[: self._packet_bytes]
            if not is_held:
                self._rtp.send_audio(self._coder.encode(packet), self._timestamp)
            self._timestamp = (self._timestamp + self._packet_ticks) & 0xFFFFFFFF

    def paused(self) -> None:
        """The time since the caller's last sound has been filled with silence: nothing is made up for it."""
        if self._rtp is not None:
            self._rtp.hear(self._rtp.order.flush())
            self._rtp.splice.reset()

    def moved(self, agreed: Agreed) -> None:
        """The caller has said again where they are: within the call the coding stays, the address may change."""
        if agreed.remote == self._agreed.remote or agreed.remote[0] in NOWHERE:
            return
        self._agreed = agreed
        self._gate.offer(agreed.remote)
        if self._rtp is not None:
            self._rtp.update_remote(agreed.remote)

    async def close(self) -> None:
        """Free the ports; a second time does nothing."""
        if self._rtp is not None:
            await self._rtp.close()
            await asyncio.sleep(0)  # the library cancels a task of its own and does not wait for it

"""One customer on WebRTC: their track and data channel in, a voice session, our track and data channel out.

    remote track --> AudioIn --+--> inbound --> VoiceSession --> outbox --+--> PacedLine --> our track
    data channel --> decode ---+                                          +--> encode --> data channel
                                        <-- Played, as our track sends

Cancelling ``run`` ends everything. Queues are bounded: audio that nobody takes is dropped, a client that does not read
its data channel is let go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from gateway import events as ev
from gateway import log
from gateway.channels.web_codec import decode, encode
from gateway.channels.webrtc.gaps import Gaps
from gateway.channels.webrtc.order import hear_at_once
from gateway.channels.webrtc.track import RATE_HZ, AnswerTrack
from gateway.errors import ProtocolError
from gateway.paced import PacedLine
from gateway.session import VoiceSession
from speech.audio import Resampler
from speech.types import LISTEN_RATE_HZ

CHANNEL = "kefu"
"""Label of the data channel that the client opens."""
_CONNECT_S = 15.0
_INBOUND_WAITING = 256
_MESSAGES_WAITING = 256
_MAX_BUFFERED_BYTES = 1 << 20
_CODING_LINES, _MOST_LINES = ("a=rtpmap:", "a=rtcp-fb:", "a=fmtp:"), 200
"""Lines of an offer about codings, and how many of each are read: the time for them is that of their product."""
_MAX_BAD_MESSAGES = 20


class Peer:
    """``answer`` once, then ``run`` once."""

    label = CHANNEL

    def __init__(self, ice_servers: list[RTCIceServer]) -> None:
        """``ice_servers``: STUN and TURN, for networks in which the gateway is not reached directly."""
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers))
        self._inbound: asyncio.Queue[ev.Inbound | None] = asyncio.Queue(_INBOUND_WAITING)
        self._line = PacedLine(RATE_HZ)
        self._track = AnswerTrack(self._line, self._report)
        self._remote: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._connected = asyncio.Event()
        self._gone = asyncio.Event()
        self._channel: Any = None
        self._unsent: deque[str] = deque(maxlen=_MESSAGES_WAITING)
        """Messages from before the data channel was open."""
        self._early = Resampler(LISTEN_RATE_HZ, RATE_HZ)
        """What was spoken before the tracks were there comes over the data channel, at 16 kHz."""
        self._patience = _MAX_BAD_MESSAGES

    async def answer(self, offer: str) -> str:
        """The SDP answer to a client's ``offer``. Raises ``ProtocolError`` for what cannot be answered."""
        if not is_readable(offer):
            raise ProtocolError("field 'sdp' offers more codings than are looked at", param="sdp")
        self._pc.on("track", self._on_track)
        self._pc.on("datachannel", self._on_channel)
        self._pc.on("connectionstatechange", self._on_state)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            voices = [one.receiver for one in self._pc.getTransceivers() if one.kind == "audio"]
            if not voices:
                raise ProtocolError("field 'sdp' offers no audio", param="sdp")
            for receiver in voices:
                hear_at_once(receiver)
            self._pc.addTrack(self._track)
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except ProtocolError:
            raise
        except Exception as error:  # aiortc's parser raises whatever comes: the offer is the client's
            raise ProtocolError("field 'sdp' is no offer that can be answered", param="sdp") from error
        return str(self._pc.localDescription.sdp)

    async def run(self, session: VoiceSession) -> None:
        """Serve until the customer, the session or the connection ends. The connection is closed then."""
        try:
            if not await self._is_connected():
                log.logger(session_id=session.id).warning("webrtc did not connect", channel="webrtc")
                return
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(self._hear(), name="webrtc-hear")
                sending = group.create_task(self._send(session), name="webrtc-send")
                leaving = group.create_task(self._leave(), name="webrtc-leave")
                await session.run(self._events())
                await asyncio.wait([sending], timeout=2)
                for task in (hearing, sending, leaving):
                    task.cancel()
        finally:
            await self.close()

    async def _is_connected(self) -> bool:
        """Wait for the customer's candidates to be reached, for a while."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Hang up; a second time does nothing."""
        self._gone.set()
        self._track.stop()
        await self._pc.close()

    def hang_up(self) -> None:
        """Let ``run`` end."""
        self._gone.set()

    # --- what comes in -----------------------------------------------------------------------------------------------

    def _on_track(self, track: Any) -> None:
        if track.kind == "audio" and not self._remote.done():
            self._remote.set_result(track)

    def _on_channel(self, channel: Any) -> None:
        if channel.label != self.label or self._channel is not None:
            return
        self._channel = channel
        channel.on("message", self._on_message)
        while self._unsent:
            channel.send(self._unsent.popleft())

    def _on_state(self) -> None:
        if self._pc.connectionState == "connected":
            self._connected.set()
        elif self._pc.connectionState in {"failed", "closed"}:
            self._gone.set()

    def _on_message(self, data: str | bytes) -> None:
        try:
            event = decode(data)
        except ProtocolError as error:
            self._patience -= 1
            self._tell(ev.ErrorOut(error.code, error.message, fatal=self._patience <= 0))
            if self._patience <= 0:
                self.hang_up()
            return
        if isinstance(event, ev.AudioIn):
            self._put(ev.AudioIn(self._early.push(event.pcm)))
        elif not isinstance(event, ev.Played | ev.Start):
            # Our own line knows what was played.
            self._put(event)

    def _put(self, event: ev.Inbound) -> None:
        try:
            self._inbound.put_nowait(event)
        except asyncio.QueueFull:
            if not isinstance(event, ev.AudioIn | ev.Played):
                self._tell(ev.ErrorOut("busy", "too many messages at once; this one was dropped"))

    async def _hear(self) -> None:
        track, gaps = await self._remote, Gaps(RATE_HZ)
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                self._gone.set()
                return
            self._put(ev.AudioIn(gaps.push(mono_pcm(frame), frame.pts)))

    async def _leave(self) -> None:
        await self._gone.wait()
        while not self._inbound.empty():
            self._inbound.get_nowait()
        self._inbound.put_nowait(None)

    async def _events(self) -> AsyncGenerator[ev.Inbound]:
        while (event := await self._inbound.get()) is not None:
            yield event

    # --- what goes out -----------------------------------------------------------------------------------------------

    async def _send(self, session: VoiceSession) -> None:
        async for event in session.outbox:
            self._line.take(event)
            if not isinstance(event, ev.AudioOut):
                self._tell(event)

    def _tell(self, event: ev.Outbound) -> None:
        self._say(str(encode(event)))

    def _say(self, message: str) -> None:
        if self._channel is None or self._channel.readyState != "open":
            self._unsent.append(message)
        elif self._channel.bufferedAmount > _MAX_BUFFERED_BYTES:
            self.hang_up()
        else:
            self._channel.send(message)

    def _report(self) -> None:
        if (played := self._line.played()) is not None:
            self._put(played)


def is_readable(offer: str) -> bool:
    """Whether an offer has no more codings than any browser's: they are read on the event loop."""
    return all(offer.count(line) <= _MOST_LINES for line in _CODING_LINES)


def mono_pcm(frame: Any) -> bytes:
    """A decoded frame (s16, packed) as s16le mono; channels are averaged."""
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)
    return bytes(np.asarray(mono).astype("<i2").tobytes())

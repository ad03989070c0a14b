"""One SIP call: its dialog (aiosipua), its sound (``media``) and its conversation (``PacedCall``).

ringing --agree, open--> talking <--re-INVITE, UPDATE--> held
                            |  BYE, CANCEL, nothing heard for 30 s, held for 10 min
                            v
                          gone
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aiosipua import IncomingCall, SdpMessage
from aiosipua.sdp import SdpNegotiationError

from gateway.channels.sip.control import SipControl
from gateway.channels.sip.media import Media
from gateway.channels.sip.offer import Agreed, agree, answer
from gateway.paced import FRAME_MS
from gateway.telephony.paced_call import PacedCall

_QUIET_FRAMES = 10
"""After so long without sound (a phone that sends no silence, hold) its time goes on as silence."""
_SIGNAL = re.compile(r"^\s*(?:signal\s*=)?\s*([0-9*#])\s*$", re.IGNORECASE | re.MULTILINE)
KEY_TYPES = frozenset({"application/dtmf-relay", "application/dtmf"})
"""Bodies of INFO that bring a key; older than RFC 4733, never a standard, sent by many phones."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Where a call's sound comes in."""

    bind_host: str
    host: str
    """As the caller sees it."""
    port: int
    trusts: Callable[[str], bool]
    """Hosts that may send it besides the one that the offer names."""
    silent_s: float
    """Without sound and RTCP for so long the caller is gone; phones that send no silence still report."""
    held_s: float
    """So long the caller may hold us."""


class SipCall:
    """Made when an INVITE comes that can be agreed on. ``gone`` may come at any time."""

    def __init__(self, invite: IncomingCall, agreed: Agreed) -> None:
        """``task`` serves the call, and is given by whoever makes it."""
        self.invite = invite
        self.rate_hz = agreed.coding.rate_hz
        self.control: SipControl | None = None
        self.task: asyncio.Task[None] | None = None
        self._agreed = agreed
        self._where: Sound | None = None
        self._session = str(secrets.randbits(31))
        self._answers = 0
        self._media: Media | None = None
        self._paced: PacedCall | None = None
        self._silence = bytes(agreed.coding.rate_hz * FRAME_MS // 1000 * 2)
        self._frames_without_sound = 0
        self._frames_held = 0
        self._keys_come_by: Literal["rtp", "info"] | None = None

    async def talk(self, paced: PacedCall, sound: Sound) -> None:
        """Answer and serve until the call is over. Raises ``OSError`` when its ports cannot be opened."""
        assert self.invite.sdp_offer is not None
        media = Media(self._agreed, sound.trusts, self._sound, lambda key: self.key(key, "rtp"))
        self._where = sound
        try:
            await media.open(sound.bind_host, sound.port)
            self._media, self._paced = media, paced
            self.invite.accept(self._answer(self.invite.sdp_offer))
            await paced.serve(self._send)
        finally:
            await media.close()

    def gone(self) -> None:
        """The caller has left, maybe before they were answered."""
        if self._paced is not None:
            self._paced.gone()
        elif self.task is not None:
            self.task.cancel()

    @property
    def refused_packets(self) -> int:
        """RTP that came to the call's port and was not the call's."""
        return self._media.refused if self._media is not None else 0

    # --- sound and keys ----------------------------------------------------------------------------------------------

    def _sound(self, pcm: bytes) -> None:
        if self._agreed.is_held:
            return  # music, for a person who waits
        self._frames_without_sound = 0
        if self._paced is not None:
            self._paced.sound(pcm)

    async def _send(self, frame: bytes) -> None:
        """Every 20 ms: our voice, and a look at the caller's."""
        assert self._media is not None
        assert self._paced is not None
        assert self._where is not None
        is_held = self._agreed.is_held
        self._media.send(frame, is_held=is_held)
        self._frames_without_sound += 1
        if self._frames_without_sound > _QUIET_FRAMES:
            self._media.paused()
            self._paced.sound(self._silence)
        self._frames_held = self._frames_held + 1 if is_held else 0
        is_dead = self._media.quiet_s > self._where.silent_s and not is_held
        if is_dead or self._frames_held * FRAME_MS > self._where.held_s * 1000:
            self.invite.hangup()
            self._paced.gone()

    def key(self, key: str, by: Literal["rtp", "info"]) -> None:
        """A key. Phones that send each twice, as sound and as a message, are believed in the first way they chose."""
        self._keys_come_by = self._keys_come_by or by
        if self._paced is not None and self._keys_come_by == by:
            self._paced.key(key)

    def info(self, body: str) -> None:
        """An INFO that brings a key (``Signal=5``, or the key alone); others are none of ours."""
        if (signal := _SIGNAL.search(body)) is not None:
            self.key(signal.group(1), "info")

    # --- within the call ---------------------------------------------------------------------------------------------

    def renegotiated(self, offer: SdpMessage | None) -> SdpMessage:
        """Our answer to a new offer within the call: hold, resume, another address. Raises ``SdpNegotiationError``."""
        if self._media is None or self.invite.sdp_answer is None:
            raise SdpNegotiationError("the call has not been answered")
        if offer is None:
            return self.invite.sdp_answer
        agreed = agree(offer, (self._agreed.coding.name,), self.invite.source_addr[0])
        if agreed.payload_type != self._agreed.payload_type:
            raise SdpNegotiationError("a coding keeps its number within a call")
        self._media.moved(agreed)
        self._agreed = agreed
        return self._answer(offer)

    def _answer(self, offer: SdpMessage) -> SdpMessage:
        self._answers += 1
        assert self._where is not None
        host, port = self._where.host, self._where.port
        return answer(offer, self._agreed, host, port, session=self._session, version=self._answers)

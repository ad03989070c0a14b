"""What can be done to a SIP call: BYE, and REFER (RFC 3515), with what the other side says of the transfer."""

from __future__ import annotations

import asyncio

from aiosipua import IncomingCall, SipUAC

from gateway.telephony.control import ControlFailed, Transfer

_TRANSFER_S = 20.0


class SipControl:
    """One call's control. ``progress`` is fed by the door with the NOTIFYs of the transfer."""

    def __init__(self, call: IncomingCall, uac: SipUAC, domain: str) -> None:
        """``domain`` makes a SIP address of a number: sip:NUMBER@domain."""
        self._call = call
        self._uac = uac
        self._domain = domain
        self._outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def transfers(self) -> bool:
        """Phones and PBXs take REFER."""
        return True

    async def hang_up(self) -> None:
        """BYE; nothing when the call is over."""
        self._call.hangup()

    async def transfer(self, to: Transfer) -> None:
        """Ask the caller's side to call somebody else, and hang up when it does. Raises ``ControlFailed``."""
        target = to.to if to.to.startswith(("sip:", "sips:", "tel:")) else f"sip:{to.to}@{self._domain}"
        try:
            self._uac.send_refer(self._call.dialog, target, self._call.source_addr)
        except ValueError:
            return  # the caller has left
        try:
            async with asyncio.timeout(_TRANSFER_S):
                status = await self._outcome
        except TimeoutError:
            status = 408
        if status >= 300:
            raise ControlFailed(f"the transfer was answered {status}")
        self._call.hangup()

    def progress(self, status: int) -> None:
        """The other side's own answer (sipfrag): 1xx while it tries."""
        if status >= 200 and not self._outcome.done():
            self._outcome.set_result(status)

"""Call control: what can be done to a call from outside its media stream, by the provider's REST or the dialplan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class ControlFailed(Exception):
    """The provider did not do what was asked; the message says what it answered, without numbers or names."""

    code = "call_control"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a caller is to be put through."""

    to: str
    """A telephone number (E.164), a SIP address, or a name that the dialplan knows."""
    summary: str = ""
    """What a person is told before they are connected; empty: a cold transfer."""
    language: str = "zh"


class CallControl(Protocol):
    """One call's control. Each method may be called once the call is gone: that is no error."""

    @property
    def transfers(self) -> bool:
        """Whether this call can be put through to somebody."""
        ...

    async def hang_up(self) -> None:
        """End the call. Raises ``ControlFailed``."""
        ...

    async def transfer(self, to: Transfer) -> None:
        """Put the caller through. Raises ``ControlFailed``."""
        ...


class SocketControl:
    """Where closing the media socket is all there is: the caller hears what the provider's own script says next."""

    transfers = False

    async def hang_up(self) -> None:
        """The socket is closed by whoever serves it."""

    async def transfer(self, to: Transfer) -> None:
        """Not possible."""
        raise ControlFailed("this call cannot be transferred: no call control is configured")

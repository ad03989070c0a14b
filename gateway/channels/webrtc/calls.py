"""WebRTC calls in progress by their id: they outlive the requests that began them. For every channel over WebRTC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack
from typing import Any, Generic, TypeVar

from aiohttp import web

from gateway import log
from gateway.channels.webrtc.peer import Peer
from gateway.config import IceServer, Webrtc
from gateway.errors import ProtocolError
from gateway.services import Services

P = TypeVar("P", bound=Peer)


class Calls(Generic[P]):
    """Of one channel."""

    def __init__(self, channel: str) -> None:
        """``channel`` names it in the log."""
        self._channel = channel
        self._peers: dict[str, P] = {}
        self._group: asyncio.TaskGroup

    async def life(self, _app: web.Application) -> AsyncIterator[None]:
        """As long as the application lives; then everybody is hung up on."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            yield
            for peer in self._peers.values():
                peer.hang_up()

    async def begin(
        self,
        services: Services,
        call: str,
        offer: str,
        peer_of: Callable[[list[Any]], P],
        admit: Callable[[P], Awaitable[Coroutine[Any, Any, object]]],
    ) -> str:
        """Answer ``offer`` (SDP) with a new peer, and serve it from then on as the call ``call``.

        ``admit`` uses the caller's token up once the offer has proved good, and gives what serves the peer and closes
        it. Raises what it does, ``Busy``, and ``ProtocolError`` for an offer that cannot be answered.
        """
        with ExitStack() as stack:
            stack.enter_context(services.admission.enter())
            peer = peer_of(_ice_servers(services.settings.webrtc))
            try:
                answer = await peer.answer(offer)
                serving = await admit(peer)
            except BaseException:
                # Whatever it was, the peer's ports are open.
                await peer.close()
                raise
            self._peers[call] = peer
            self._group.create_task(self._serve(call, serving, stack.pop_all()), name=self._channel)
        return answer

    def hang_up(self, call: str) -> None:
        """End a call; its id is the right to. Raises ``ProtocolError``."""
        peer = self._peers.get(call)
        if peer is None:
            raise ProtocolError("there is no such call", code="call_not_found", status=404)
        peer.hang_up()

    async def _serve(self, call: str, serving: Coroutine[Any, Any, object], held: ExitStack) -> None:
        with held:
            try:
                await serving
            except Exception as error:  # noqa: BLE001 - one call that breaks must not end the others
                log.logger().error(
                    "webrtc call failed", channel=self._channel, error=type(error).__name__, exc_info=True
                )
            finally:
                del self._peers[call]


def _ice_servers(settings: Webrtc) -> list[Any]:
    """STUN and TURN, as aiortc wants them."""
    return [_ice(server) for server in settings.ice_servers]


def _ice(server: IceServer) -> Any:
    from aiortc import RTCIceServer

    credential = server.credential.get_secret_value() if server.credential else None
    return RTCIceServer(list(server.urls), server.username or None, credential)

"""Calls in progress over WebRTC: whatever goes wrong while one begins, its ports are closed and its place is free."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.channels.webrtc.calls import Calls
from gateway.channels.webrtc.peer import Peer
from gateway.errors import ProtocolError
from tests.gateway.doors import served


class _Peer(Peer):
    """Answers anything; opens no ports."""

    def __init__(self, ice_servers: list[Any]) -> None:
        self.is_closed = False

    async def answer(self, offer: str) -> str:
        return f"answer to {offer}"

    async def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("error", [ProtocolError("no"), RuntimeError("the shop is on fire")])
async def test_a_call_that_does_not_begin_leaves_nothing(error: Exception) -> None:
    peer = _Peer([])

    async def admit(_peer: _Peer) -> Any:
        raise error

    async with served() as door:
        calls: Calls[_Peer] = Calls("webrtc")
        with pytest.raises(type(error)):
            await calls.begin(door.services, "c-1", "offer", lambda _servers: peer, admit)
        assert peer.is_closed
        assert door.services.metrics.registry.get_sample_value("kefu_active_sessions") == 0
        with pytest.raises(ProtocolError):
            calls.hang_up("c-1")

"""A caller on SIP: aiosipua's user agent, PCMA over RTP by aiortp, with its adaptive playout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosipua import SipUAC, SipUAS, build_sdp
from aiosipua.rtp_bridge import CallSession
from aiosipua.transport import UdpSipTransport

from tests.bench.doors.call import Call, House, speaking
from tests.bench.doors.ear import Ear
from tests.bench.line import Microphone, now_ms
from tests.gateway.free_ports import free_udp_port

_RATE_HZ = 8_000
_PCMA = 8
_ANSWER_S = 10.0


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, owner: _Udp) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._owner._dispatch(data, (str(addr[0]), int(addr[1])))


class _Udp(UdpSipTransport):
    """The library's transport, whose own protocol object asserts a class that it lacks on Python 3.11."""

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._udp_transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=self.local_addr
        )


@asynccontextmanager
async def sip(house: House) -> AsyncIterator[Call]:
    """Dial, speak, hang up."""
    transport = _Udp(("127.0.0.1", free_udp_port()))
    uac = SipUAC(transport)
    uas = SipUAS(transport, uac=uac)
    await uas.start()
    server = ("127.0.0.1", house.sip_port)
    rtp = free_udp_port()
    try:
        dialled = uac.send_invite(
            from_uri="sip:13900000000@127.0.0.1",
            to_uri="sip:kefu@127.0.0.1",
            remote_addr=server,
            sdp_offer=build_sdp(local_ip="127.0.0.1", rtp_port=rtp, payload_type=_PCMA, codec_name="PCMA"),
        )
        await _answered(dialled)
        opened_ms, ear = now_ms(), Ear(_RATE_HZ, live=True)
        assert dialled.sdp_answer is not None
        media = CallSession("127.0.0.1", rtp, dialled.sdp_answer, supported_codecs=[_PCMA], playout=True)
        await media.start()
        media.on_audio = lambda pcm, _at: ear.push(pcm, now_ms())

        async def say(pcm: bytes) -> None:
            media.rtp_session.send_audio_pcm_auto(pcm)

        try:
            async with speaking(Call(ear, Microphone(say, _RATE_HZ), opened_ms)) as call:
                yield call
        finally:
            uac.send_bye(dialled.dialog, server)
            await media.close()
    finally:
        await uas.stop()
        await asyncio.sleep(0)


async def _answered(dialled: Any) -> None:
    """Wait for the answer. Raises ``ConnectionRefusedError``."""
    answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    dialled.on_answer = lambda _call: answered.set_result(200)
    dialled.on_rejected = lambda _call, status, _reason: answered.set_result(status)
    async with asyncio.timeout(_ANSWER_S):
        if (status := await answered) != 200:
            raise ConnectionRefusedError(f"SIP {status}")

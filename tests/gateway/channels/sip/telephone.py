"""A gateway that answers SIP, and who calls it: Debian's sipp, and a phone made of aiosipua."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiosipua import SipDigestAuth, SipUAC, SipUAS, build_sdp, notify_refer
from aiosipua.rtp_bridge import CallSession

from gateway.channels.sip.transport import SipSockets
from gateway.config import Phone as PhoneSettings
from gateway.config import Settings, Sip
from speech.audio import Resampler, pcm_from_float
from tests.fakes import audio_of
from tests.fakes_core import House
from tests.gateway.doors import Door, house_with, served
from tests.gateway.free_ports import free_sip_port, free_udp_port

SCENARIOS = Path(__file__).parent
needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="Debian's sip-tester is not installed")


@asynccontextmanager
async def telephone(house: House | None = None, **sip: Any) -> AsyncIterator[tuple[Door, int]]:
    """A gateway that answers SIP on a free port of this machine."""
    house = house or house_with()
    port, rtp = free_sip_port(), free_udp_port()
    phone = PhoneSettings(**sip.pop("phone", {}))
    given = {"host": "127.0.0.1", "allow": ("127.0.0.0/8",), "rtp_port": rtp, "rtp_port_last": rtp + 120, **sip}
    house.settings = Settings(sip=Sip(port=port, **given), phone=phone)
    async with served(house) as door:
        yield door, port


async def sipp(port: int, *arguments: str, limit_s: float = 40) -> tuple[int, str]:
    """Exit status and error output of a sipp run against our port."""
    command = ["sipp", f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(free_sip_port()), "-nostdin", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, cwd="/tmp"
    )
    async with asyncio.timeout(limit_s):
        _, errors = await process.communicate()
    return process.returncode or 0, errors.decode(errors="replace")


class Phone:
    """A caller on aiosipua: speaks a script, records what it hears, presses keys."""

    def __init__(self, port: int, *, password: str = "") -> None:
        self._server = ("127.0.0.1", port)
        self.transport = SipSockets(("127.0.0.1", 0))
        self.uac = SipUAC(self.transport)
        self.uas = SipUAS(self.transport, uac=self.uac)
        self.heard = bytearray()
        self.over = asyncio.Event()
        self.referred: list[str] = []
        self._auth = SipDigestAuth("shop", password) if password else None
        self.media: CallSession | None = None
        self.status = 0
        self._call: Any = None

    async def call(self) -> Any:
        await self.uas.start()
        self.uas.on_bye = lambda *_: self.over.set()
        self.uas.on_refer = self._refer
        rtp = free_udp_port()
        offer = build_sdp(local_ip="127.0.0.1", rtp_port=rtp, payload_type=8, codec_name="PCMA")
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        call = self._call = self.uac.send_invite(
            from_uri="sip:13900000000@127.0.0.1",
            to_uri="sip:kefu@127.0.0.1",
            remote_addr=self._server,
            sdp_offer=offer,
            auth=self._auth,
        )
        call.on_answer = lambda _call: answered.set_result(200)
        call.on_rejected = lambda _call, status, _reason: answered.set_result(status)
        async with asyncio.timeout(5):
            self.status = await answered
        if self.status == 200:
            answer = call.sdp_answer
            assert answer is not None
            self.media = CallSession("127.0.0.1", rtp, answer, supported_codecs=[8])
            await self.media.start()
            self.media.on_audio = lambda pcm, _at: self.heard.extend(pcm)
        return call

    def _refer(self, call: Any, to: str) -> None:
        self.referred.append(to)
        notify_refer(call, 200, "OK")

    async def say(self, script: str) -> None:
        """``#`` is 32 ms of sound."""
        to_8k = Resampler(16_000, 8000)
        samples = audio_of(script)
        wave = np.sign(np.sin(np.arange(samples.size) / 6)).astype(np.float32)
        pcm = to_8k.push(pcm_from_float(samples * wave)) + to_8k.flush()
        loop = asyncio.get_running_loop()
        due = loop.time()
        assert self.media is not None
        for at in range(0, len(pcm), 320):
            self.media.rtp_session.send_audio_pcm_auto(pcm[at : at + 320].ljust(320, b"\0"))
            due += 0.02
            await asyncio.sleep(max(0, due - loop.time()))

    def press(self, key: str, at_s: int) -> None:
        """A key as telephone-events (RFC 4733)."""
        assert self.media is not None
        self.media.rtp_session.send_dtmf(key, 160, timestamp=at_s * 8000)

    async def close(self) -> None:
        if self.media is not None:
            await self.media.close()
        await self.uas.stop()
        if self._call is not None and self._call._session_timer is not None:
            # The library forgets the timer of a call that the other side has ended.
            self._call._session_timer.cancel()
        await asyncio.sleep(0)

"""SIP as it comes from the network: datagrams to a whole server of ours, whose calls have no sound; streams; SDP."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

from aiortc.sdp import SessionDescription
from aiosipua import SipRequest, SipResponse, serialize_sdp
from aiosipua.sdp import SdpMessage, SdpNegotiationError, parse_sdp
from pydantic import SecretStr

from gateway.admission import Admission
from gateway.channels.sip.call import SipCall, Sound
from gateway.channels.sip.codecs import CodecName
from gateway.channels.sip.control import SipControl
from gateway.channels.sip.guard import Guard
from gateway.channels.sip.offer import agree, answer
from gateway.channels.sip.server import SipServer
from gateway.channels.sip.streams import _message
from gateway.channels.sip.transport import SipSockets
from gateway.channels.webrtc.peer import is_readable
from gateway.config import Settings, Sip
from gateway.metrics import Metrics
from gateway.telephony.wire import KEYS
from tests.bench.fuzz.cases import Message
from tests.bench.fuzz.judge import Subject
from tests.bench.fuzz.loops import loop
from tests.bench.fuzz.sip_requests import SDP, WEBRTC_SDP, WORDS, seeds

_CALLER = ("127.0.0.1", 5070)
_CODECS: tuple[CodecName, ...] = ("pcma", "pcmu", "g722", "opus")
"""Those first that are opened at once."""
_END_S = 120.0
_TURNS = 4
"""Of the event loop after a message: a call's task begins, answers, and ends."""


class _Paced:
    """In place of a call's conversation, which waits to be ended."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    async def serve(self, _send: Any) -> None:
        """See ``PacedCall``."""
        await self._over.wait()

    def sound(self, pcm: bytes) -> None:
        """The caller is heard."""

    def key(self, key: str) -> None:
        """The caller pressed a key, which is one."""
        if key not in KEYS:
            raise AssertionError(f"{key!r} is no key")

    def gone(self) -> None:
        """The caller has left."""
        self._over.set()


class _Server(SipServer):
    """Its calls have no conversation."""

    async def _talk(self, call: SipCall, port: int) -> None:
        sound = Sound("127.0.0.1", "127.0.0.1", port, trusts=lambda _host: False, silent_s=30, held_s=600)
        call.invite.ringing()
        call.control = SipControl(call.invite, self._uac, "127.0.0.1")
        paced: Any = _Paced()
        await call.talk(paced, sound)


class _Swallowed(logging.Handler):
    """aiosipua logs what its user raises, and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.error = record.exc_info[1]


@cache
def _shared() -> Any:
    """What cases share: services of nobody, and the library's log."""
    swallowed = _Swallowed()
    for name in ("aiosipua", "aiosipua.transport"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [swallowed]
        logger.setLevel(logging.ERROR)
    sip = Sip(
        port=5060,
        host="127.0.0.1",
        allow=("127.0.0.0/8",),
        requests_per_minute=60_000,
        codecs=_CODECS,
        transports=("udp",),
    )
    return SimpleNamespace(metrics=Metrics(), swallowed=swallowed, settings=Settings(sip=sip))


class _Case:
    """A server and what strangers send to it; texts are seconds that pass."""

    def __init__(self) -> None:
        shared = _shared()
        services: Any = SimpleNamespace(
            settings=shared.settings, clock=loop().time, metrics=shared.metrics, admission=Admission(100)
        )
        self._metrics, self._swallowed = shared.metrics, shared.swallowed
        loop().wires.clear()
        self._server = _Server(services)
        self._group: asyncio.TaskGroup
        loop().run_until_complete(self._begin())

    async def _begin(self) -> None:
        await self._server.bind()
        self._wire = loop().wires[0]
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._server.serve(self._group)

    def __call__(self, message: Message) -> object:
        broken = self._broken()
        self._wire.sent.clear()
        self._swallowed.error = None
        loop().run_until_complete(self._step(message))
        if self._swallowed.error is not None:
            raise self._swallowed.error
        if self._broken() != broken:
            raise AssertionError("a call broke")
        return tuple(self._wire.sent)

    async def _step(self, message: Message) -> None:
        if isinstance(message, str):
            await asyncio.sleep(float(message) if message in {"0.5", "40"} else 0)
        else:
            self._server._sockets.received(message, _CALLER)
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    def _broken(self) -> float:
        return float(self._metrics.errors.labels("internal")._value.get())

    def close(self) -> None:
        """Every call ends."""
        loop().run_until_complete(self._end())

    async def _end(self) -> None:
        await self._server.stop()
        async with asyncio.timeout(_END_S):
            await self._group.__aexit__(None, None, None)


# --- calls and messages -----------------------------------------------------------------------------------------------


class _Call(_Case):
    """Requests within the call are given the tag that our answer to the INVITE had."""

    def __init__(self) -> None:
        super().__init__()
        self._tag = b""

    def __call__(self, message: Message) -> object:
        if isinstance(message, bytes) and self._tag:
            message = message.replace(
                b"To: <sip:kefu@127.0.0.1>\r\n", b"To: <sip:kefu@127.0.0.1>" + self._tag + b"\r\n", 1
            )
        sent = super().__call__(message)
        for one in sent if isinstance(sent, tuple) else ():
            if not self._tag and (found := _TAG.search(one)) is not None:
                self._tag = found.group(1)
        return sent


_TAG = re.compile(rb"^To: [^\r]*>(;tag=[^\r;]+)", re.MULTILINE)


class _Messages:
    """What is done with a message before there is a call: heard, told apart, challenged, its offer answered."""

    def __init__(self) -> None:
        shared = _shared()
        services: Any = SimpleNamespace(settings=shared.settings, clock=loop().time, metrics=shared.metrics)
        settings = shared.settings.sip.model_copy(update={"users": {"shop": SecretStr("secret")}})
        self._guard = Guard(settings, services, is_ours=lambda call_id: call_id == "c1", is_trunk=lambda _host: False)
        self._sockets = SipSockets(("127.0.0.1", 0), hears=self._guard.hears)
        self._sockets.on_message = self._take
        self._swallowed = shared.swallowed
        self._said: list[object] = []

    def __call__(self, message: Message) -> object:
        self._said, self._swallowed.error = [], None
        loop().run_until_complete(self._received(message if isinstance(message, bytes) else message.encode()))
        if self._swallowed.error is not None:
            raise self._swallowed.error
        return self._said

    async def _received(self, data: bytes) -> None:
        self._sockets.received(data, _CALLER)

    def _take(self, message: SipRequest | SipResponse, _addr: Any) -> None:
        # The server answers 400 to what aiosipua cannot read within a message that it could.
        with suppress(ValueError):
            if isinstance(message, SipResponse):
                self._sockets.answered(message)
            elif self._sockets.is_new(message):
                if (challenge := self._guard.challenge(message)) is not None:
                    self._sockets.send_reply(challenge)
                self._said.append(bytes(message))
                self._offer(parse_sdp(message.text))

    def _offer(self, offer: SdpMessage) -> None:
        with suppress(SdpNegotiationError):
            agreed = agree(offer, _CODECS, _CALLER[0])
            self._said.append(serialize_sdp(answer(offer, agreed, "127.0.0.1", 40_000, session="1", version=1)))


# --- TCP and SDP -----------------------------------------------------------------------------------------------------


async def _framed(data: bytes) -> object:
    reader = asyncio.StreamReader(limit=16_384)
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    try:
        while (message := await _message(reader)) is not None:
            found.append(message)
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
        pass
    return found


def _stream() -> Any:
    def feed(message: Message) -> object:
        data = message.encode() if isinstance(message, str) else message
        return loop().run_until_complete(_framed(data))

    return feed


def _sdp() -> Any:
    """aiortc's parser, behind our bound on an offer; whatever it raises refuses the offer."""

    def feed(message: Message) -> object:
        offer = message if isinstance(message, str) else message.decode("utf-8", "replace")
        return str(SessionDescription.parse(offer)) if is_readable(offer) else None

    return feed


SUBJECTS = [
    Subject("sip", seeds, _Messages, (), WORDS),
    Subject("sip_calls", seeds, _Call, (), WORDS),
    Subject(
        "sip_stream",
        lambda: [(b"\r\n\r\n" + b"".join(map(_only_bytes, seed)),) for seed in seeds()],
        _stream,
        (),
        WORDS,
    ),
    Subject(
        "sdp",
        lambda: [(WEBRTC_SDP,), (SDP,)],
        _sdp,
        (Exception,),
        WORDS,
        # Written out, which only we do, each section repeats the session's fingerprints.
        size=lambda given: given * given // 16 + 65_536,
        usual_bytes=4096,
    ),
]


def _only_bytes(message: Message) -> bytes:
    return message if isinstance(message, bytes) else b""

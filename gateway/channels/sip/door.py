"""A SIP server of our own: trunks and phones call it, REGISTER binds it to a trunk.

    INVITE --> gate --> admission --> 180 --> RTP bound, 200 + SDP --> PacedCall --> BYE / REFER
    re-INVITE hold, resume    CANCEL, BYE --> the caller has left    OPTIONS --> 200

One process serves the port: with several workers it is the first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from aiosipua import (
    IncomingCall,
    Registration,
    RegistrationState,
    SdpMessage,
    SipDigestAuth,
    SipRequest,
    SipResponse,
    SipUAC,
    SipUAS,
)
from aiosipua.rtp_bridge import CallSession
from aiosipua.sdp import SdpNegotiationError

from gateway import log
from gateway.admission import RateLimit
from gateway.channels import Door
from gateway.channels.sip.control import SipControl
from gateway.channels.sip.gate import AllowList, Digest
from gateway.channels.sip.transport import Address, GuardedUdp
from gateway.config import Sip
from gateway.errors import DoorFailed, GatewayError, TooManyRequests
from gateway.services import SERVICES, Services
from gateway.telephony.door import open_line
from gateway.telephony.paced_call import PacedCall
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted

_RATE_HZ = 8000
_PCMU, _PCMA = 0, 8
_USER_AGENT = "kefu"
_FIRST_WORKER = 1
"""Workers count from one (``gateway.workers``)."""
_REGISTER_S, _REGISTER_AT_MOST_S = 1.0, 60.0
"""Between two tries to register: at first, and after many."""
_ANSWERS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
"""Our direction to an offered one (RFC 3264 section 6.1)."""


def routes() -> Door:
    """No routes: a port of its own, where ``sip.port`` says so."""
    return Door((), life)


async def life(app: web.Application) -> AsyncIterator[None]:
    """Listen as long as the application lives."""
    services = app[SERVICES]
    if not services.settings.sip.port or services.voice is None or services.worker not in {None, _FIRST_WORKER}:
        yield
        return
    server = SipServer(services)
    # Before the group, which would wrap the error that names the setting.
    await server.bind()
    async with asyncio.TaskGroup() as group:
        server.serve(group)
        yield
        await server.stop()


class SipServer:
    """The port and its calls. ``bind``, at once ``serve``, and ``stop``: each once."""

    def __init__(self, services: Services) -> None:
        """Settings and engines are those of ``services``."""
        settings = services.settings.sip
        self._services = services
        self._settings = settings
        self._group: asyncio.TaskGroup
        self._allow = AllowList(settings.allow)
        self._digest = Digest(_passwords(settings), services.clock) if settings.users else None
        self._rate = RateLimit(settings.requests_per_minute, services.clock)
        self._transport = GuardedUdp((settings.host, settings.port), hears=self._hears)
        public = (settings.public_host, settings.port) if settings.public_host else None
        self._uac = SipUAC(self._transport, advertised_addr=public)
        self._uas = SipUAS(
            self._transport, user_agent=_USER_AGENT, uac=self._uac, advertised_addr=public, session_expires=1800
        )
        self._calls: dict[str, _Call] = {}
        self._ports = _Ports(settings.rtp_port, settings.rtp_port_last)
        self._registration: Registration | None = None
        self._registering: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._transport.local_addr[1]

    async def bind(self) -> None:
        """Open the port. Raises ``DoorFailed``."""
        uas = self._uas
        uas.on_invite = self._invited
        uas.on_reinvite = self._reinvited
        uas.on_bye = lambda call, _request: self._left(call.call_id)
        uas.on_cancel = lambda request, _addr: self._left(request.call_id or "")
        uas.on_ack_timeout = lambda call: self._left(call.call_id)
        uas.on_session_expired = lambda call: self._left(call.call_id)
        uas.on_transfer_progress = self._transferred
        try:
            await uas.start()
        except OSError as error:
            own = self._settings
            raise DoorFailed(
                f"sip.host {own.host}, sip.port {own.port} cannot be opened: {error.strerror or error}"
            ) from error
        take: Any = self._transport.on_message
        self._transport.on_message = lambda message, addr: self._received(message, addr, take)

    def serve(self, group: asyncio.TaskGroup) -> None:
        """Take calls, each a task of ``group``; where a trunk is configured, register with it."""
        self._group = group
        if self._settings.registrar:
            self._registration = self._trunk()
            self._registering = group.create_task(self._keep_registered(self._registration), name="sip-register")

    async def stop(self) -> None:
        """Hang up on everybody and close the port."""
        if self._registration is not None and self._registering is not None:
            self._registering.cancel()
            self._registration.unregister()
        for call in list(self._calls.values()):
            call.gone()
            call.invite.hangup()
        await self._uas.stop()
        await asyncio.sleep(0)  # timers that the library has cancelled

    # --- the gate ----------------------------------------------------------------------------------------------------

    def _hears(self, address: str) -> bool:
        if not self._allow.allows(address):
            self._services.metrics.refused.labels("sip_not_allowed").inc()
            return False
        try:
            self._rate.take(address)
        except TooManyRequests:
            return False
        return True

    def _received(self, message: SipRequest | SipResponse, addr: Address, take: Any) -> None:
        if isinstance(message, SipRequest):
            if not self._transport.is_new(message):
                return
            if not self._proves(message):
                return
        take(message, addr)

    def _proves(self, request: SipRequest) -> bool:
        """Whether a call may begin. Requests within a call are told apart by its tags."""
        if self._digest is None or request.method != "INVITE" or (request.to_addr and request.to_addr.tag):
            return True
        if self._digest.allows(request.get_header("authorization"), "INVITE"):
            return True
        self._services.metrics.refused.labels("sip_unauthorized").inc()
        response = SipResponse(status_code=401, reason_phrase="Unauthorized")
        for name in ("via", "from", "to", "call-id", "cseq"):
            for value in request.headers.get(name):
                response.headers.append(name, value)
        for challenge in self._digest.challenges():
            response.headers.append("WWW-Authenticate", challenge)
        self._transport.send_reply(response)
        return False

    async def _keep_registered(self, registration: Registration) -> None:
        """The library refreshes a binding; a trunk that does not answer, or refuses, is asked again here."""
        wait_s = _REGISTER_S
        while True:
            if registration.state is not RegistrationState.REGISTERED:
                registration.register()
            await asyncio.sleep(wait_s)
            is_bound = registration.state is RegistrationState.REGISTERED
            wait_s = _REGISTER_S if is_bound else min(_REGISTER_AT_MOST_S, wait_s * 2)

    def _trunk(self) -> Registration:
        own = self._settings
        host, _, port = own.registrar.partition(":")
        password = own.trunk_password.get_secret_value() if own.trunk_password else ""
        auth = SipDigestAuth(username=own.trunk_user, password=password)
        registration = Registration(
            self._uac, f"sip:{own.trunk_user}@{host}", (host, int(port or 5060)), auth=auth, user_agent=_USER_AGENT
        )
        registration.on_registered = lambda _it: log.logger().info("sip registered")
        registration.on_failed = lambda _it, status, _why: log.logger().error("sip registration failed", status=status)
        return registration

    # --- calls -------------------------------------------------------------------------------------------------------

    def _invited(self, invite: IncomingCall) -> None:
        task = self._group.create_task(self._serve(invite), name="sip-call")
        # A CANCEL may come while the conversation is being opened.
        self._calls[invite.call_id] = _Call(invite, task)

    async def _serve(self, invite: IncomingCall) -> None:
        call = self._calls[invite.call_id]
        try:
            if invite.sdp_offer is None:
                invite.reject(488)
                return
            with self._services.admission.enter(), self._ports.taken() as port:
                invite.ringing()
                await self._answer(call, invite, port)
        except GatewayError as error:
            # Busy: SIP's 486 lets a trunk try elsewhere.
            self._services.metrics.refused.labels(error.code).inc()
            invite.reject(486)
        except (SdpNegotiationError, ValueError):
            invite.reject(488)
        except Exception as error:  # noqa: BLE001 - one call that breaks must not end the others
            self._services.metrics.errors.labels("internal").inc()
            log.logger().error("sip call failed", error=type(error).__name__, exc_info=True)
            if invite.hangup() is None:
                invite.reject(500)
        finally:
            self._calls.pop(invite.call_id, None)
            self._forget(invite)
            await asyncio.sleep(0)  # its timers are cancelled; let them end

    def _forget(self, invite: IncomingCall) -> None:
        """What the library leaves of a call that we ended ourselves: its entry, its timers, its transaction."""
        self._uas._calls.pop(invite.call_id, None)
        self._uas._remove_invite_transaction(invite.invite)
        invite._stop_retransmissions()

    async def _answer(self, call: _Call, invite: IncomingCall, port: int) -> None:
        assert invite.sdp_offer is not None
        assert self._services.voice is not None
        media = CallSession(
            self._settings.host if self._settings.host != "0.0.0.0" else self._media_host(invite),
            port,
            invite.sdp_offer,
            advertised_ip=self._settings.public_host or None,
            supported_codecs=[_PCMU, _PCMA],
            playout=True,
            symmetric_rtp=True,
        )
        control = SipControl(invite, self._uac, self._settings.domain or invite.source_addr[0])
        facts = CallFacts(invite.call_id, _user(invite.caller), _user(invite.callee))
        line = await open_line(self._services, "sip", CallStarted(facts, AudioFormat(_RATE_HZ)), control)
        paced = PacedCall(self._services, self._services.voice, line, "sip", _RATE_HZ)
        call.media, call.paced, call.control = media, paced, control
        await media.start()
        media.on_audio = lambda pcm, _timestamp: paced.sound(pcm)
        media.on_dtmf = lambda digit, _duration: paced.key(digit)
        try:
            invite.accept(media.sdp_answer)
            await paced.serve(call.send)
        finally:
            await media.close()
            await asyncio.sleep(0)  # the library cancels a task of its own and does not wait for it

    def _media_host(self, invite: IncomingCall) -> str:
        """The address of ours that the caller reaches: of the interface towards them."""
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(invite.source_addr)
            return str(probe.getsockname()[0])

    def _reinvited(self, invite: IncomingCall) -> None:
        """Hold, resume, or another address for the sound."""
        call = self._calls.get(invite.call_id)
        if call is None or call.media is None:
            invite.reject(481)
            return
        invite.accept(call.renegotiated(invite.sdp_offer))

    def _left(self, call_id: str) -> None:
        if (call := self._calls.get(call_id)) is not None:
            call.gone()

    def _transferred(self, call_id: str, status: int, _reason: str) -> None:
        if (call := self._calls.get(call_id)) is not None and call.control is not None:
            call.control.progress(status)


class _Call:
    """One call as the server sees it."""

    def __init__(self, invite: IncomingCall, task: asyncio.Task[None]) -> None:
        self.invite = invite
        self.media: CallSession | None = None
        self.paced: PacedCall | None = None
        self.control: SipControl | None = None
        self._task = task
        self._is_held = False

    def gone(self) -> None:
        """The caller has left, maybe before they were answered."""
        if self.paced is not None:
            self.paced.gone()
        else:
            self._task.cancel()

    async def send(self, frame: bytes) -> None:
        """20 ms of our voice; nothing while the caller holds us."""
        if self.media is not None and self.media.rtp_session is not None and not self._is_held:
            self.media.rtp_session.send_audio_pcm_auto(frame)

    def renegotiated(self, offer: SdpMessage | None) -> SdpMessage:
        """Our answer to a new offer within the call (RFC 3264 section 8)."""
        assert self.media is not None
        answer = self.media.sdp_answer
        if offer is None or offer.audio is None:
            return answer
        wanted = offer.audio.direction or "sendrecv"
        self._is_held = wanted in {"sendonly", "inactive"}
        if offer.rtp_address is not None and offer.rtp_address[0] != "0.0.0.0":
            self.media.update_remote(offer.rtp_address)
        if answer.audio is not None:
            for direction in _ANSWERS:
                answer.audio.attributes.pop(direction, None)
            answer.audio.attributes[_ANSWERS[wanted]] = [""]
        return answer


class _Ports:
    """Even ports for RTP, its neighbour for RTCP (RFC 3550 section 11)."""

    def __init__(self, first: int, last: int) -> None:
        self._free = list(range(first + first % 2, last, 2))

    @contextlib.contextmanager
    def taken(self) -> Any:
        """A port for one call. Raises ``TooManyRequests`` when all are taken."""
        if not self._free:
            raise TooManyRequests("all RTP ports are taken; widen sip.rtp_port to sip.rtp_port_last")
        port = self._free.pop(0)
        try:
            yield port
        finally:
            self._free.append(port)


def _passwords(settings: Sip) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in settings.users.items()}


def _user(uri: str) -> str:
    """The number of a SIP address."""
    return uri.partition(":")[2].partition("@")[0]

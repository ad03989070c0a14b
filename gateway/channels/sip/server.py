"""A SIP server of our own: who is heard, which call a message belongs to, and the calls' beginnings and ends.

message --> heard? --> new? --> proven? --> aiosipua --> INVITE --> agree --> admission --> 180 --> SipCall
                                                     --> within a call: re-INVITE, UPDATE, INFO, BYE, NOTIFY
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any

from aiosipua import DialogState, IncomingCall, SipRequest, SipResponse, SipUAC, SipUAS
from aiosipua.sdp import SdpMessage, SdpNegotiationError, parse_sdp

from gateway import log
from gateway.channels.sip.call import KEY_TYPES, SipCall, Sound
from gateway.channels.sip.control import SipControl
from gateway.channels.sip.guard import Guard, is_within
from gateway.channels.sip.offer import NOWHERE, agree
from gateway.channels.sip.ports import Ports
from gateway.channels.sip.streams import Address
from gateway.channels.sip.transport import SipSockets
from gateway.channels.sip.trunk import Trunk
from gateway.errors import DoorFailed, GatewayError
from gateway.services import Services
from gateway.telephony.door import open_line
from gateway.telephony.paced_call import PacedCall
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted

_USER_AGENT = "kefu"
_SESSION_S = 1800
"""Of session timers (RFC 4028)."""
_RETRY_S = 5
_LIBRARIES = ("aiosipua", "aiortp")
"""They log the addresses, numbers and messages of whoever sends something, and a traceback for each that is garbage."""


class SipServer:
    """The ports and their calls. ``bind``, at once ``serve``, and ``stop``: each once."""

    def __init__(self, services: Services) -> None:
        """Settings and engines are those of ``services``."""
        settings = services.settings.sip
        self._services = services
        self._settings = settings
        self._group: asyncio.TaskGroup
        self._guard = Guard(
            settings,
            services,
            is_ours=lambda call_id: call_id in self._calls or self._registers_by(call_id),
            is_trunk=lambda host: self._trunk is not None and self._trunk.is_at(host),
        )
        self._sockets = SipSockets(
            (settings.host, settings.port),
            hears=self._guard.hears,
            lets_in=self._guard.lets_in,
            tcp="tcp" in settings.transports,
        )
        public = (settings.public_host, settings.port) if settings.public_host else None
        self._uac = SipUAC(self._sockets, advertised_addr=public)
        self._uas = SipUAS(
            self._sockets, user_agent=_USER_AGENT, uac=self._uac, advertised_addr=public, session_expires=_SESSION_S
        )
        self._calls: dict[str, SipCall] = {}
        self._ports = Ports(settings.rtp_port, settings.rtp_port_last)
        self._trunk = Trunk(settings, self._uac, _USER_AGENT) if settings.registrar else None
        self._registering: asyncio.Task[None] | None = None

    async def bind(self) -> None:
        """Open the ports. Raises ``DoorFailed``."""
        for library in _LIBRARIES:
            logging.getLogger(library).setLevel(logging.CRITICAL)
        uas = self._uas
        uas.on_invite = self._invited
        uas.on_reinvite = self._reinvited
        uas.on_update = self._updated
        uas.on_bye = lambda call, _request: self._left(call.call_id)
        uas.on_cancel = lambda request, _addr: self._left(request.call_id or "")
        uas.on_ack_timeout = lambda call: self._left(call.call_id)
        uas.on_session_expired = lambda call: self._left(call.call_id)
        uas.on_transfer_progress = self._transferred
        uas._handlers["INFO"] = self._informed  # aiosipua sends INFO and does not take it
        try:
            await uas.start()
        except OSError as error:
            own = self._settings
            raise DoorFailed(
                f"sip.host {own.host}, sip.port {own.port} cannot be opened: {error.strerror or error}"
            ) from error
        take: Any = self._sockets.on_message
        self._sockets.on_message = lambda message, addr: self._received(message, addr, take)

    def serve(self, group: asyncio.TaskGroup) -> None:
        """Take calls, each a task of ``group``; where a trunk is configured, register with it."""
        self._group = group
        if self._trunk is not None:
            self._registering = group.create_task(self._trunk.keep(), name="sip-register")

    async def stop(self) -> None:
        """Hang up on everybody and close the ports."""
        if self._trunk is not None and self._registering is not None:
            self._registering.cancel()
            self._trunk.leave()
        for call in list(self._calls.values()):
            call.gone()
            call.invite.hangup()
        await self._uas.stop()
        await asyncio.sleep(0)  # timers that the library has cancelled

    # --- messages ----------------------------------------------------------------------------------------------------

    def _registers_by(self, call_id: str) -> bool:
        return self._trunk is not None and self._trunk.call_id == call_id

    def _received(self, message: SipRequest | SipResponse, addr: Address, take: Any) -> None:
        try:
            if isinstance(message, SipResponse):
                self._sockets.answered(message)
            elif not self._sockets.is_new(message) or self._is_astray(message):
                return
            elif (challenge := self._guard.challenge(message)) is not None:
                self._sockets.send_reply(challenge)
                return
            take(message, addr)
        except ValueError:
            # What aiosipua cannot read within a message that it could.
            if isinstance(message, SipRequest) and message.method != "ACK":
                with suppress(ValueError):  # nor does it say where an answer would go
                    self._uas._send_error(message, 400, "Bad Request")
        except Exception as error:  # noqa: BLE001 - the library would drop it without a word
            self._services.metrics.errors.labels("internal").inc()
            log.logger().error("sip message failed", error=type(error).__name__, exc_info=True)

    def _is_astray(self, request: SipRequest) -> bool:
        """What aiosipua would let begin or end a call that is not the request's; it is answered."""
        call_id = request.call_id or ""
        if request.method == "CANCEL" and self._cancelled_by(request) not in {None, call_id}:
            # The library goes by the branch alone, and we would not know which call it has forgotten.
            self._uas._send_error(request, 481, "Call/Transaction Does Not Exist")
        elif request.method == "INVITE" and is_within(request) and not self._is_answered(call_id):
            # The library would begin a call of that name (RFC 3261 section 12.2.2), in place of one that is there.
            self._uas._send_error(request, 481, "Call/Transaction Does Not Exist")
        elif request.method == "INVITE" and not is_within(request) and call_id in self._calls:
            # For a call that is there already, but not within it (RFC 3261 section 8.2.2.2).
            self._uas._send_error(request, 482, "Loop Detected")
        else:
            return False
        return True

    def _cancelled_by(self, request: SipRequest) -> str | None:
        """The Call-ID of the INVITE that a CANCEL's branch names."""
        ways = request.via
        cancelled = self._uas.transactions.get_server(ways[0].branch or "", "INVITE") if ways else None
        return (cancelled.request.call_id or "") if cancelled is not None and cancelled.request is not None else None

    def _is_answered(self, call_id: str) -> bool:
        known = self._uas.get_call(call_id)
        return known is not None and known.dialog.state is DialogState.CONFIRMED

    # --- calls -------------------------------------------------------------------------------------------------------

    def _invited(self, invite: IncomingCall) -> None:
        try:
            if invite.sdp_offer is None:
                raise SdpNegotiationError("an INVITE without an offer")
            agreed = agree(invite.sdp_offer, self._settings.codecs, invite.source_addr[0])
        except SdpNegotiationError:
            invite.reject(488)
            self._forget(invite)
            return
        call = self._calls[invite.call_id] = SipCall(invite, agreed)
        # A CANCEL may come before the task has begun, which then does nothing at all.
        call.task = self._group.create_task(self._serve(call), name="sip-call")
        call.task.add_done_callback(lambda _task: self._forget(invite))

    async def _serve(self, call: SipCall) -> None:
        invite = call.invite
        try:
            with self._services.admission.enter(), self._ports.taken() as port:
                await self._talk(call, port)
        except GatewayError as error:
            # 503 lets a trunk try elsewhere; 486 would tell the caller that somebody is talking.
            self._services.metrics.refused.labels(error.code).inc()
            _refuse(invite, 503, "Service Unavailable", {"Retry-After": str(error.retry_after_s or _RETRY_S)})
        except Exception as error:  # noqa: BLE001 - one call that breaks must not end the others
            self._services.metrics.errors.labels("internal").inc()
            log.logger().error("sip call failed", error=type(error).__name__, exc_info=True)
            if invite.hangup() is None:
                invite.reject(500)
        finally:
            self._forget(invite)
            await asyncio.sleep(0)  # its timers are cancelled; let them end

    async def _talk(self, call: SipCall, port: int) -> None:
        assert self._services.voice is not None
        invite = call.invite
        bind_host = _host_towards(invite.source_addr) if self._settings.host in NOWHERE else self._settings.host
        invite.ringing()
        rate_hz = call.rate_hz
        call.control = SipControl(invite, self._uac, self._settings.domain or invite.source_addr[0])
        facts = CallFacts(invite.call_id, _user(invite.caller), _user(invite.callee))
        line = await open_line(self._services, "sip", CallStarted(facts, AudioFormat(rate_hz)), call.control)
        paced = PacedCall(self._services, self._services.voice, line, "sip", rate_hz)
        trusted = {invite.source_addr[0]}
        sound = Sound(
            bind_host,
            self._settings.public_host or bind_host,
            port,
            trusts=lambda host: host in trusted or self._guard.trusts(host),
            silent_s=self._settings.silent_s,
            held_s=self._settings.held_s,
        )
        await call.talk(paced, sound)

    def _forget(self, invite: IncomingCall) -> None:
        """The call, and what the library leaves of one that we ended ourselves: entry, timers, transaction."""
        # By then the name may be another call's: of a phone that calls again at once.
        if (call := self._calls.get(invite.call_id)) is not None and call.invite is invite:
            del self._calls[invite.call_id]
        if self._uas._calls.get(invite.call_id) is invite:
            del self._uas._calls[invite.call_id]
        self._uas._remove_invite_transaction(invite.invite)
        invite._stop_retransmissions()

    def _left(self, call_id: str) -> None:
        if (call := self._calls.get(call_id)) is not None:
            call.gone()

    # --- within a call -----------------------------------------------------------------------------------------------

    def _reinvited(self, invite: IncomingCall) -> None:
        """Hold, resume, or another address for the sound. What cannot be taken leaves the call as it was."""
        call = self._calls.get(invite.call_id)
        if call is None:
            invite._send_response(481, "Call/Transaction Does Not Exist")
            return
        try:
            invite.accept(call.renegotiated(invite.sdp_offer))
        except SdpNegotiationError:
            invite._send_response(488, "Not Acceptable Here")

    def _updated(self, invite: IncomingCall, request: SipRequest) -> SdpMessage | None:
        """The same by UPDATE (RFC 3311); None refuses an offer, and is right where there is none."""
        call = self._calls.get(invite.call_id)
        if call is None or not request.body or request.content_type != "application/sdp":
            return None
        try:
            return call.renegotiated(parse_sdp(request.text))
        except (SdpNegotiationError, ValueError):
            return None

    def _informed(self, request: SipRequest, _addr: Address) -> None:
        """INFO (RFC 6086): keys of phones that send them as messages."""
        known = self._uas.get_call(request.call_id or "")
        call = self._calls.get(request.call_id or "")
        if known is None or call is None:
            self._uas._send_error(request, 481, "Call/Transaction Does Not Exist")
            return
        if not self._uas._validate_in_dialog(known.dialog, request):
            return
        is_key = (request.content_type or "").partition(";")[0].strip().lower() in KEY_TYPES
        if is_key:
            call.info(request.text)
        status, reason = (200, "OK") if is_key or not request.body else (415, "Unsupported Media Type")
        self._sockets.send_reply(known.dialog.create_response(request, status, reason))

    def _transferred(self, call_id: str, status: int, _reason: str) -> None:
        if (call := self._calls.get(call_id)) is not None and call.control is not None:
            call.control.progress(status)


def _refuse(invite: IncomingCall, status: int, reason: str, headers: dict[str, str]) -> None:
    """``IncomingCall.reject`` with headers."""
    invite._send_response(status, reason, extra_headers=headers)
    invite.dialog.terminate()


def _host_towards(caller: Address) -> str:
    """The address of ours that the caller reaches: of the interface towards them."""
    family = socket.AF_INET6 if ":" in caller[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(caller)
        return str(probe.getsockname()[0])


def _user(uri: str) -> str:
    """The number of a SIP address."""
    return uri.partition(":")[2].partition("@")[0]

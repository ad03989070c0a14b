"""The doors of media streams: a WebSocket that carries a call, and the conversation of a call.

A stream brings the pass that was given to it, or is refused; see ``gateway.auth``. Behind a proxy our own address is
``phone.public_url``, never what the request says.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from aiohttp import WSCloseCode, WSMsgType, web

from dialogue.errors import StoreUnavailable
from dialogue.shop.clock import wall_clock
from gateway import log, patience
from gateway.errors import Busy, GatewayError, ProtocolError
from gateway.services import SERVICES, SOCKETS, Services
from gateway.telephony.call import Admit, Call, Line
from gateway.telephony.control import CallControl
from gateway.telephony.menu_reception import ConsentWatch, MenuReception
from gateway.telephony.reception import Reception
from gateway.telephony.recording import NO_RECORDER, CallRecorder, Recorder
from gateway.telephony.wire import CallStarted, Dialect, Message

_MAX_MESSAGE_BYTES = 128 * 1024
"""A stream brings 20 to 200 ms at a time."""
_CLOSE_S = 1.0
_HEARTBEAT_S = 20.0
PASS = "kefu_pass"
"""Name of the parameter that carries the pass."""


def subject(channel: str, call_id: str) -> str:
    """What a pass is for."""
    return f"{channel}:{call_id}"


async def media_socket(
    request: web.Request,
    dialect: Dialect,
    channel: str,
    admit: Admit,
    *,
    protocols: Sequence[str] = (),
    pings: bool = True,
) -> web.StreamResponse:
    """Serve one call on this WebSocket. Raises ``GatewayError`` for what is refused before the upgrade."""
    services = request.app[SERVICES]
    if services.voice is None:
        raise Busy("speech is switched off on this gateway", code="voice_off")
    socket = web.WebSocketResponse(
        protocols=tuple(protocols),
        heartbeat=_HEARTBEAT_S if pings else None,
        timeout=_CLOSE_S,
        max_msg_size=_MAX_MESSAGE_BYTES,
        compress=False,
    )
    if not socket.can_prepare(request):
        raise ProtocolError("this is a WebSocket; connect with ws:// or wss://", code="not_a_websocket")
    if services.admission.full:
        raise services.admission.busy()
    with ExitStack() as place:

        async def admitted(started: CallStarted) -> Line:
            line = await admit(started)
            # Only now: streams without a pass would take all places.
            place.enter_context(services.admission.enter())
            return line

        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        call = Call(services, services.voice, dialect, channel, lambda message: patience.send(request, socket, message))
        try:
            reason = await call.serve(_Messages(socket), admitted)
            await patience.close(request, socket, WSCloseCode.OK, reason.encode()[:100])
        except GatewayError as error:
            services.metrics.refused.labels(error.code).inc()
            await patience.close(request, socket, WSCloseCode.POLICY_VIOLATION, error.code.encode())
        except Exception as error:  # noqa: BLE001 - an answer over HTTP would be garbage on a socket that is open
            services.metrics.errors.labels("internal").inc()
            log.logger().error("media socket failed", channel=channel, error=type(error).__name__, exc_info=True)
            await patience.close(request, socket, WSCloseCode.INTERNAL_ERROR, b"internal")
        finally:
            request.app[SOCKETS].discard(socket)
    return socket


class _Messages:
    """Messages of a socket. No generator: it outlives a reader who is cancelled."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        message = await self._socket.receive()
        if message.type is not WSMsgType.BINARY and message.type is not WSMsgType.TEXT:
            raise StopAsyncIteration
        data: Message = message.data
        return data


async def open_line(services: Services, channel: str, started: CallStarted, control: CallControl) -> Line:
    """The conversation of this call; a stream that comes back for the same call goes on with it.

    Raises ``Busy``, ``TooManyRequests``.
    """
    facts, phone = started.facts, services.settings.phone
    services.identities.call(facts.from_number or facts.parameters.get("from", ""))
    call = services.tokens.name_of(channel, facts.call_id)
    core = services.conversations.core
    reception: Any = _reception(services, control)
    try:
        conversation = await services.conversations.get(
            f"phone-{call}",
            customer_id=None,
            channel=channel,
            language=phone.language,
            core=replace(core, responder=cast(Any, reception)),
        )
    except StoreUnavailable as error:
        raise Busy("the conversation cannot be opened just now", code=error.code, retry_after_s=2) from error
    if isinstance(reception, MenuReception) and conversation.state.turn_count == 0 and conversation.state.task is None:
        await conversation.apply(*reception.opening(phone.language))

    async def transfer_failed() -> None:
        await conversation.apply(*reception.nobody_reached())

    return Line(conversation, control, phone.agent, _recorder(services, call, started), transfer_failed)


def _reception(services: Services, control: CallControl) -> Reception:
    core = services.conversations.core
    transfers = control.transfers and bool(services.settings.phone.agent)
    if services.menu is None:
        return Reception(core.responder, transfers=transfers)
    return MenuReception(
        core.responder,
        services.menu,
        core.understanding,
        transfers=transfers,
        puts_through=control.transfers,
        clock=wall_clock,
    )


def _recorder(services: Services, call: str, started: CallStarted) -> Recorder:
    folder = services.settings.phone.recordings
    if not folder:
        return NO_RECORDER
    path = Path(folder) / f"{call}-{secrets.token_hex(4)}.wav"
    return CallRecorder(path, started.format.rate_hz, ConsentWatch(services.menu))


def public_url(request: web.Request, *, scheme: str = "https") -> str:
    """The address of this request as the provider sees it; see ``own_url``."""
    return own_url(request, request.raw_path, scheme=scheme)


def own_url(request: web.Request, path: str, *, scheme: str = "https") -> str:
    """Where the provider finds ``path`` of ours: under ``phone.public_url``, without that where the request came to.

    ``scheme`` is https or wss; both lose their s where the public address has none (tests).
    """
    base = request.app[SERVICES].settings.phone.public_url or f"{request.scheme}://{request.host}"
    if not base.startswith("https"):
        scheme = {"https": "http", "wss": "ws"}[scheme]
    return f"{scheme}://{base.partition('://')[2]}{path}"

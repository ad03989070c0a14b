"""Channel ``asterisk``: chan_websocket, AudioSocket, and what the dialplan asks.

    GET  /v1/asterisk/media     WebSocket of chan_websocket (?call=...&from=...&to=... by its option v)
    POST /v1/asterisk/calls     from, to -> a UUID, good for one AudioSocket connection
    GET  /v1/asterisk/next      ?call=   -> "transfer:NUMBER" or "hangup", when the stream is over
    GET  /v1/asterisk/summary   ?call=   -> WAV that tells a person what the call is about
    TCP  asterisk.audiosocket_port       AudioSocket

All HTTP with the Basic credentials of ``[asterisk]``; AudioSocket by the UUID. Examples: deploy/asterisk.
"""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from gateway import log
from gateway.channels import Door
from gateway.channels.asterisk_codec import AsteriskDialect
from gateway.channels.audiosocket_codec import HANG_UP, RATES_HZ, Decoder, Packet, encode
from gateway.channels.exotel import check_basic
from gateway.channels.upload import read_pairs
from gateway.errors import Busy, DoorFailed, GatewayError, ProtocolError
from gateway.services import SERVICES, Services
from gateway.telephony.call import START_S, Line
from gateway.telephony.dialplan import DialplanCalls, DialplanControl, check_workers
from gateway.telephony.door import media_socket, open_line, subject
from gateway.telephony.paced_call import PacedCall
from gateway.telephony.summary import spoken, summary_of
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted

CHANNEL, AUDIOSOCKET = "asterisk", "audiosocket"
_CALLS: web.AppKey[DialplanCalls] = web.AppKey("asterisk_calls", DialplanCalls)
AUDIOSOCKET_PORT: web.AppKey[list[int]] = web.AppKey("audiosocket_port", list)
"""Where AudioSocket listens, once it does."""
_CALL_ID_S = 1.0
_READ_BYTES = 4096
_WRITE_LIMIT_BYTES = 6_400
"""What may wait before our own socket: 200 ms at 16 kHz; a line that takes less is stalled."""
_SOCKET_BYTES = 16_384
"""And in it: the system's default holds minutes of sound for a line that takes none."""
_STALLED_S = 5.0
_KIND_OF: Mapping[int, int] = {rate_hz: kind for kind, rate_hz in RATES_HZ.items()}


def routes() -> Door:
    """The routes and the TCP server of this channel."""
    return Door(
        [
            web.get("/v1/asterisk/media", _media),
            web.post("/v1/asterisk/calls", _announce),
            web.get("/v1/asterisk/next", _next),
            web.get("/v1/asterisk/summary", _summary),
        ],
        _life,
    )


def _admitted(request: web.Request) -> Services:
    services = request.app[SERVICES]
    check_basic(request, "asterisk", services.settings.asterisk.username, services.settings.asterisk.password)
    return services


async def _media(request: web.Request) -> web.StreamResponse:
    services = _admitted(request)
    calls = request.app[_CALLS]
    named = request.query.get("call", "")

    async def admit(started: CallStarted) -> Line:
        # The dialplan asks by the name it gave; without one by the name of Asterisk's channel.
        call_id = named or started.facts.call_id
        facts = CallFacts(call_id, started.facts.from_number, started.facts.to_number, started.facts.parameters)
        return await open_line(
            services, CHANNEL, CallStarted(facts, started.format), DialplanControl(calls, f"{CHANNEL}:{call_id}")
        )

    dialect = AsteriskDialect(request.query.get("from", ""), request.query.get("to", ""))
    # Before 2026 a ping of ours hung the call up.
    return await media_socket(request, dialect, CHANNEL, admit, protocols=("media",), pings=False)


async def _announce(request: web.Request) -> web.Response:
    services = _admitted(request)
    form = dict(await read_pairs(request))
    call_id = str(uuid.UUID(hex=services.tokens.issue_pass(subject(AUDIOSOCKET, ""))))
    facts = CallFacts(call_id, form.get("from", ""), form.get("to", ""))
    request.app[_CALLS].announce(facts)
    return web.Response(text=call_id)


async def _next(request: web.Request) -> web.Response:
    _admitted(request)
    call_id, calls = _asked(request), request.app[_CALLS]
    transfer = calls.next(call_id) or calls.next(f"{CHANNEL}:{call_id}")
    return web.Response(text=f"transfer:{transfer.to}" if transfer is not None and transfer.to else "hangup")


def _asked(request: web.Request) -> str:
    call_id = request.query.get("call", "")
    if not call_id:
        raise ProtocolError("parameter 'call' is missing", param="call")
    return call_id


async def _summary(request: web.Request) -> web.Response:
    services = _admitted(request)
    call_id = _asked(request)
    if services.voice is None:
        raise Busy("speech is switched off on this gateway", code="voice_off")
    text = await summary_of(services, AUDIOSOCKET, call_id) or await summary_of(services, CHANNEL, call_id)
    return web.Response(body=await spoken(services.voice, text), content_type="audio/wav")


# --- AudioSocket -----------------------------------------------------------------------------------------------------


async def _life(app: web.Application) -> AsyncIterator[None]:
    services = app[SERVICES]
    settings = services.settings.asterisk
    if settings.password is not None:
        check_workers(services, CHANNEL)
    app[_CALLS] = DialplanCalls(services.clock)
    if not settings.audiosocket_port or services.voice is None:
        yield
        return
    if services.settings.gateway.workers > 1:
        raise DoorFailed("asterisk.audiosocket_port needs gateway.workers = 1")
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await _serve(services, app[_CALLS], reader, writer)
        finally:
            serving.discard(task)

    host, port = settings.audiosocket_host, settings.audiosocket_port
    try:
        server = await asyncio.start_server(connected, host, port)
    except OSError as error:
        where = f"asterisk.audiosocket_host {host}, asterisk.audiosocket_port {port}"
        raise DoorFailed(f"{where} cannot be opened: {error.strerror or error}") from error
    app[AUDIOSOCKET_PORT] = [server.sockets[0].getsockname()[1]]
    try:
        yield
    finally:
        server.close()
        for task in serving:
            task.cancel()
        if serving:
            await asyncio.wait(serving)


async def _serve(
    services: Services, calls: DialplanCalls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await _serve_call(services, calls, _Packets(reader), writer)
    except GatewayError as error:
        services.metrics.refused.labels(error.code).inc()
    except ConnectionError:
        pass
    except Exception as error:  # noqa: BLE001 - one call must not take the server down
        services.metrics.errors.labels("internal").inc()
        log.logger().error("audiosocket failed", error=type(error).__name__, exc_info=True)
    finally:
        writer.close()


class _Packets:
    """Packets of one connection."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._decoder = Decoder()
        self._ready: list[Packet] = []

    async def next(self, within_s: float | None = None) -> Packet | None:
        """The next one; None at the end. Raises ``ProtocolError`` for garbage, and when none comes in time."""
        try:
            async with asyncio.timeout(within_s):
                while not self._ready:
                    data = await self._reader.read(_READ_BYTES)
                    if not data:
                        return None
                    self._ready = self._decoder.push(data)
        except TimeoutError as error:
            raise ProtocolError("the line says nothing", code="start_expected") from error
        return self._ready.pop(0)

    def back(self, packet: Packet) -> None:
        """Give this one again."""
        self._ready.insert(0, packet)


async def _serve_call(
    services: Services, calls: DialplanCalls, packets: _Packets, writer: asyncio.StreamWriter
) -> None:
    first = await packets.next(_CALL_ID_S)
    if first is None:
        return
    call_id = first.call_id
    services.tokens.redeem_pass(call_id.replace("-", ""), subject(AUDIOSOCKET, ""))
    sound = await packets.next(START_S)
    if sound is None:
        return
    packets.back(sound)
    rate_hz = sound.rate_hz or 8_000
    started = CallStarted(calls.facts(call_id), AudioFormat(rate_hz))
    line = await open_line(services, AUDIOSOCKET, started, DialplanControl(calls, call_id))
    assert services.voice is not None
    call = PacedCall(services, services.voice, line, AUDIOSOCKET, rate_hz)
    writer.transport.set_write_buffer_limits(high=_WRITE_LIMIT_BYTES)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
    kind = _KIND_OF[rate_hz]

    async def send(pcm: bytes) -> None:
        writer.write(encode(Packet(kind, pcm)))
        try:
            async with asyncio.timeout(_STALLED_S):
                await writer.drain()
        except TimeoutError as error:
            # A close would wait for what the line does not take.
            writer.transport.abort()
            raise ConnectionError("the line takes nothing") from error

    with services.admission.enter():
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read(packets, call, rate_hz), name="read")
            reason = await call.serve(send)
            reading.cancel()
    if reason != "disconnected" and not writer.is_closing():
        writer.write(encode(Packet(HANG_UP)))


async def _read(packets: _Packets, call: PacedCall, rate_hz: int) -> None:
    """Until the line ends; wrong packets end it, as they would in Asterisk."""
    try:
        while (packet := await packets.next()) is not None and packet.kind != HANG_UP:
            if packet.rate_hz == rate_hz:
                call.sound(packet.payload)
            elif packet.digit:
                call.key(packet.digit)
    except (ProtocolError, ConnectionError):
        pass
    call.gone()

"""``kefu serve``: start everything and serve until Ctrl-C; no process is left behind."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from aiohttp import web
from rich.console import Console
from rich.status import Status

from gateway import log
from gateway.app import drain, make_app, make_runner
from gateway.cli import ConfigOption, fail, run_or_fail, settings_or_fail
from gateway.cli.setup import prepare
from gateway.collector import settle
from gateway.composition import opened
from gateway.config import Settings
from gateway.ground import ground
from gateway.shared import MOST_WORKERS
from gateway.workers import Workers

_BACKLOG = 1024


def serve(
    config: ConfigOption = None,
    demo: Annotated[bool, typer.Option("--demo", help="Visitors are signed in as the demo customer.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=MOST_WORKERS, help="Processes that serve, on one port.")
    ] = None,
) -> None:
    """Start the gateway, with its model server and, by default, the demo shop."""
    settings = settings_or_fail(config)
    if workers is not None:
        gateway = settings.gateway.model_copy(update={"workers": workers})
        settings = settings.model_copy(update={"gateway": gateway})
    if demo and not settings.gateway.demo_customer:
        settings = _as_demo(settings)
    log.configure(settings.log.level, settings.log.format)
    console = Console(stderr=True, highlight=False)
    run_or_fail(lambda: _run(settings, console))


def _as_demo(settings: Settings) -> Settings:
    from dialogue.shop.demo import DEMO_CUSTOMER_ID

    gateway = settings.gateway.model_copy(update={"demo_customer": DEMO_CUSTOMER_ID})
    return settings.model_copy(update={"gateway": gateway})


def _run(settings: Settings, console: Console) -> None:
    import uvloop

    prepare(settings, console)
    try:
        uvloop.run(_serve(settings, console))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            fail("the disk is full: free some space (the database and logs need it) and start again")
        raise


def _bound(settings: Settings) -> socket.socket:
    """The listening socket, taken before anything slow starts; who connects too early waits until we are ready."""
    host, port = settings.gateway.host, settings.gateway.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Bound is not enough: another process may still bind, and listen first.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            fail(f"port {port} is taken: stop what uses it, or choose another, e.g. 'make run PORT={port + 1}'")
        if error.errno == errno.EACCES:
            fail(f"port {port} needs root rights: choose one above 1023, e.g. 'make run PORT=8080'")
        fail(f"cannot listen on {host}:{port} (gateway.host, gateway.port): {error.strerror or error}")
    return listener


async def _serve(settings: Settings, console: Console) -> None:
    with _bound(settings) as listener:
        stop = _Stop()
        try:
            with console.status("starting") as status:
                serving = _Serving(settings, listener, stop, console, status)
                await (serving.alone() if settings.gateway.workers == 1 else serving.with_workers())
        except asyncio.CancelledError:
            if not stop.is_asked:
                raise


class _Serving:
    """One run of ``kefu serve``."""

    def __init__(
        self, settings: Settings, listener: socket.socket, stop: _Stop, console: Console, status: Status
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._stop = stop
        self._console = console
        self._status = status
        self._started = time.perf_counter()
        self._port = listener.getsockname()[1]

    async def alone(self) -> None:
        """Everything in this process."""
        async with opened(self._settings, progress=self._progress) as services:
            app = make_app(services)
            runner = make_runner(app, 3)
            await runner.setup()
            try:
                site = web.SockSite(runner, self._listener, backlog=_BACKLOG)
                await site.start()
                settle()
                services.metrics.workers.set(1)
                voice = services.voice
                await self._until_stopped(services.info, voice is None or voice.tts.capabilities.commercial_use)
                await site.stop()
                await drain(app, self._settings.gateway.drain_s, self._stop.again)
            finally:
                await runner.cleanup()

    async def with_workers(self) -> None:
        """Model server and database here, customers in worker processes."""
        async with ground(self._settings, self._progress) as settings:
            self._progress("workers")
            async with Workers(settings, self._listener, self._progress) as workers:
                await self._until_stopped(workers.info["info"], workers.info["commercial_use"])
                await workers.drain(self._stop.again)

    def _progress(self, line: str) -> None:
        self._status.update(f"starting: {line}")

    async def _until_stopped(self, info: Mapping[str, Any], commercial_use: bool) -> None:
        self._status.stop()
        seconds = time.perf_counter() - self._started
        _welcome(self._settings, info, commercial_use, self._port, seconds, self._console)
        await self._stop.asked()
        self._console.print("stopping")


class _Stop:
    """Ctrl-C and SIGTERM: during the start they cancel it, later ``asked`` returns."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.again = asyncio.Event()
        """Set when it was asked a second time."""
        self._starting = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        # Once: a second Ctrl-C must not cut the cleaning up, only the draining.
        if self._starting is not None and not self.is_asked:
            self._starting.cancel()
        if self.is_asked:
            self.again.set()
        self._event.set()

    @property
    def is_asked(self) -> bool:
        return self._event.is_set()

    async def asked(self) -> None:
        """The start is over; return when it is time to stop."""
        self._starting = None
        await self._event.wait()


def _welcome(
    settings: Settings, info: Mapping[str, Any], commercial_use: bool, port: int, seconds: float, console: Console
) -> None:
    host = settings.gateway.host if settings.gateway.host not in {"0.0.0.0", "::"} else "127.0.0.1"
    count = settings.gateway.workers
    workers = "" if count == 1 else f", {count} workers"
    console.print(f"\n[bold green]Kefu is ready[/] ({seconds:.1f} s{workers})   [bold]http://{host}:{port}/[/]")
    if demo := info["demo"]:
        console.print(f"  signed in as {demo['customer']}, sample order number [bold]{demo['order_number'] or '-'}[/]")
        console.print(f"  say or type: {'  '.join(f'「{words}」' for words in demo['say'][:4])}", soft_wrap=True)
    if not commercial_use:
        console.print(f"  [yellow]voice:[/] {info['voice_licence']}", soft_wrap=True)
        console.print('  [yellow]a commercially clean voice:[/] \\[tts] voice = "kokoro"  (make run VOICE=kokoro)')
    if settings.gateway.host not in {"127.0.0.1", "localhost", "::1"} and not settings.gateway.api_keys:
        console.print("  [yellow]the REST API is open to everyone who reaches this port; set gateway.api_keys[/]")
    console.print("  Ctrl-C stops everything\n")

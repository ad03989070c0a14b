"""``kefu serve``: start everything and serve until Ctrl-C; no process is left behind."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
import time
from typing import Annotated

import typer
from aiohttp import web
from rich.console import Console

from gateway import log
from gateway.app import make_app
from gateway.cli import ConfigOption, fail, run_or_fail, settings_or_fail
from gateway.cli.setup import prepare
from gateway.composition import opened
from gateway.config import Settings
from gateway.services import Services

_BACKLOG = 1024


def serve(
    config: ConfigOption = None,
    demo: Annotated[bool, typer.Option("--demo", help="Visitors are signed in as the demo customer.")] = False,
) -> None:
    """Start the gateway, with its model server and, by default, the demo shop."""
    settings = settings_or_fail(config)
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
    started = time.perf_counter()
    with _bound(settings) as listener:
        stop = _Stop()
        try:
            with console.status("starting") as status:
                show = lambda line: status.update(f"starting: {line}")  # noqa: E731
                async with opened(settings, progress=show) as services:
                    runner = web.AppRunner(make_app(services), access_log=None, shutdown_timeout=3)
                    await runner.setup()
                    try:
                        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
                        # What is loaded by now lives as long as the process; the collector need not look at it again.
                        gc.collect()
                        gc.freeze()
                        status.stop()
                        _welcome(services, listener.getsockname()[1], time.perf_counter() - started, console)
                        await stop.asked()
                        console.print("stopping")
                    finally:
                        await runner.cleanup()
        except asyncio.CancelledError:
            if not stop.is_asked:
                raise


class _Stop:
    """Ctrl-C and SIGTERM: during the start they cancel it, later ``asked`` returns."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._starting = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        # Once: a second Ctrl-C must not cut the cleaning up.
        if self._starting is not None and not self.is_asked:
            self._starting.cancel()
        self._event.set()

    @property
    def is_asked(self) -> bool:
        return self._event.is_set()

    async def asked(self) -> None:
        """The start is over; return when it is time to stop."""
        self._starting = None
        await self._event.wait()


def _welcome(services: Services, port: int, seconds: float, console: Console) -> None:
    settings = services.settings
    host = settings.gateway.host if settings.gateway.host not in {"0.0.0.0", "::"} else "127.0.0.1"
    console.print(f"\n[bold green]Kefu is ready[/] ({seconds:.1f} s)   [bold]http://{host}:{port}/[/]")
    if demo := services.info["demo"]:
        console.print(f"  signed in as {demo['customer']}, sample order number [bold]{demo['order_number']}[/]")
        console.print(f"  say or type: {'  '.join(f'「{words}」' for words in demo['say'][:4])}", soft_wrap=True)
    voice = services.voice
    if voice is not None and not voice.tts.capabilities.commercial_use:
        console.print(f"  [yellow]voice:[/] {voice.tts.capabilities.licence}", soft_wrap=True)
        console.print('  [yellow]a commercially clean voice:[/] \\[tts] voice = "kokoro"  (make run VOICE=kokoro)')
    if settings.gateway.host not in {"127.0.0.1", "localhost", "::1"} and not settings.gateway.api_keys:
        console.print("  [yellow]the REST API is open to everyone who reaches this port; set gateway.api_keys[/]")
    console.print("  Ctrl-C stops everything\n")

"""One worker: a process that serves the customers whose connections its parent (``gateway.workers``) hands to it.

Over the control socket (SOCK_SEQPACKET, one message each way at a time):

    parent: Assignment (pickled)            | connection + file descriptor | stop
    worker:     progress ... | ready | failed   | took                         | leaving

The end of the control socket means that the parent is dead: the worker stops too. Run by the parent only, as
``python -m gateway.worker CONTROL MEMORY worker=N`` with two inherited file descriptors.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import shutil
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway import log
from gateway.app import drain, make_app, make_runner
from gateway.cli import known_errors
from gateway.collector import settle
from gateway.composition import opened
from gateway.config import Settings
from gateway.metrics import keep_in_files
from gateway.services import Services
from gateway.shared import SharedMemory, Worker

CONNECTION, STOP, TOOK = b"connection", b"stop", b"took"
MOST_BYTES = 2**17
_SHUTDOWN_S = 3
_LAST_S = 20
"""After the draining: a worker that has not ended by then is ended by the kernel (SIGALRM)."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is told."""

    settings: Settings
    number: int
    count: int
    is_restart: bool
    metrics: str
    """Folder of everybody's metrics."""


class Parent:
    """The worker's end of the control socket."""

    def __init__(self, control: socket.socket, metrics: Path) -> None:
        """``control`` has given the assignment; ``metrics`` is deleted when nobody else is left who would."""
        control.setblocking(False)
        self._metrics = metrics
        self._control = control
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        """Set when it was told to stop a second time."""
        self.is_dead = False
        self._starting = asyncio.current_task()
        self._arrived: asyncio.Queue[socket.socket] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(control.fileno(), self._read)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._leave)

    def tell(self, kind: str, **fields: Any) -> None:
        """Send a message; a parent that is gone or does not read misses it."""
        with suppress(OSError):
            self._control.send(json.dumps({"type": kind, **fields}).encode()[:MOST_BYTES])

    def started(self) -> None:
        """From now on stopping sets ``stop`` only; before, it cancels the start."""
        self._starting = None

    async def connections(self, runner: web.AppRunner) -> None:
        """Serve what the parent hands over, until cancelled."""
        loop = asyncio.get_running_loop()
        assert runner.server is not None
        while True:
            connection = await self._arrived.get()
            try:
                await loop.connect_accepted_socket(runner.server, connection)
            except OSError:
                # The customer has gone already.
                connection.close()

    def _read(self) -> None:
        while True:
            try:
                message, files, _, _ = socket.recv_fds(self._control, 64, 4)
            except BlockingIOError:
                return
            except ConnectionError:
                message, files = b"", []
            for file in files:
                self._arrived.put_nowait(socket.socket(fileno=file))
                with suppress(OSError):
                    self._control.send(TOOK)
            if not message:
                self.is_dead = True
                asyncio.get_running_loop().remove_reader(self._control.fileno())
            if message != CONNECTION:
                self._stop()
            if not message:
                return

    def _leave(self) -> None:
        """SIGTERM to this worker alone: the parent is told, so that it sends nobody any more."""
        self.tell("leaving")
        self._stop()

    def _stop(self) -> None:
        if self.is_dead and self._starting is not None:
            # No customer has come yet: there is nothing to end well, and loading models cannot be cancelled.
            shutil.rmtree(self._metrics, ignore_errors=True)
            os._exit(1)
        if self.stop.is_set():
            self.hurry.set()
        elif self._starting is not None:
            self._starting.cancel()
        self.stop.set()


async def serve(assignment: Assignment, memory: SharedMemory, control: socket.socket) -> int:
    """Serve until told to stop; returns the exit status."""
    metrics = Path(assignment.metrics)
    worker = Worker(assignment.number, assignment.count, memory, metrics, assignment.is_restart)
    parent = Parent(control, metrics)
    status = 1
    try:
        async with opened(
            assignment.settings, progress=lambda line: parent.tell("progress", line=line), worker=worker
        ) as services:
            await _serve(services, parent)
        status = 0
    except known_errors() as error:
        parent.tell("failed", message=str(error))
    except asyncio.CancelledError:
        if not parent.stop.is_set():
            raise
        status = 0
    if parent.is_dead:
        shutil.rmtree(metrics, ignore_errors=True)
    return status


async def _serve(services: Services, parent: Parent) -> None:
    app = make_app(services)
    runner = make_runner(app, _SHUTDOWN_S)
    await runner.setup()
    try:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(parent.connections(runner), name="connections")
            settle()
            parent.started()
            services.metrics.workers.set(1)
            voice = services.voice
            clean = voice is None or voice.tts.capabilities.commercial_use
            parent.tell("ready", info=services.info, commercial_use=clean)
            await parent.stop.wait()
            drain_s = 0 if parent.is_dead else services.settings.gateway.drain_s
            signal.alarm(int(drain_s) + _LAST_S)
            await drain(app, drain_s, parent.hurry)
            serving.cancel()
    finally:
        await runner.cleanup()


def main() -> int:
    """Entry point of the process."""
    import uvloop

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control, memory = socket.socket(fileno=int(sys.argv[1])), SharedMemory(int(sys.argv[2]))
    told = control.recv(MOST_BYTES)
    if not told:
        return 1
    # From our own parent, over a socket that nobody else has.
    assignment: Assignment = pickle.loads(told)
    section = assignment.settings.log
    log.configure(section.level, section.format, worker=assignment.number)
    keep_in_files(Path(assignment.metrics), assignment.number)
    return uvloop.run(serve(assignment, memory, control))


if __name__ == "__main__":
    # Under its own name, so that what the parent pickled is found.
    from gateway.worker import main as run

    sys.exit(run())

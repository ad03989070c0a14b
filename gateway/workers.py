"""Several workers behind one port: the parent's side.

    listener --> accept --> the worker with the fewest sessions (file descriptor over its control socket)
                               | died: what it held is freed, a new one after a pause that doubles
                               | leaving: gets nobody any more, a new one when it has gone

The parent accepts for all: a kernel that spreads connections knows neither which of them are calls nor how many calls
a worker has. A connection stays with its worker. While none is ready, customers wait in the listener's backlog.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import pickle
import shutil
import socket
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from gateway import log
from gateway.config import Settings
from gateway.errors import WorkerFailed
from gateway.ground import Progress
from gateway.metrics import forget_worker
from gateway.shared import SharedMemory
from gateway.worker import CONNECTION, MOST_BYTES, STOP, TOOK, Assignment
from gateway.worker_process import COMMAND, WorkerProcess

_START_S = 180.0
_STOP_S = 15.0
"""How long a worker may take to close what is left; then SIGKILL."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _STEADY_S = 0.5, 30.0, 60.0
_ACCEPTS_AT_ONCE = 64
_NO_FILES_PAUSE_S = 0.2


class Workers:
    """``async with``: all are ready inside, none is left outside. Cancelling the start stops those that began."""

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        progress: Progress = lambda line: None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """``settings`` as ``gateway.ground`` gives them; ``listener`` is bound and listening."""
        self.stop_s = _STOP_S
        self._command = command
        self._settings = settings
        self._listener = listener
        self._progress = progress
        self._count = settings.gateway.workers
        self._memory = SharedMemory.create()
        self._metrics = Path(tempfile.mkdtemp(prefix="kefu-workers-"))
        self._living: dict[int, WorkerProcess] = {}
        self._connections = itertools.count(1)
        self._waiting: deque[socket.socket] = deque()
        """Connections that nobody can take yet."""
        self._accepting = False
        self._stopping = False
        self._keepers: list[asyncio.Task[None]] = []
        self.info: Mapping[str, Any] = {}
        """What the first worker said when it was ready: ``info``, ``commercial_use``."""

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                starts = [group.create_task(self._begin(number, is_restart=False)) for number in self._numbers]
        except* (WorkerFailed, OSError) as failed:
            raise failed.exceptions[0] from None
        self.info = starts[0].result().ready.result()
        self._keepers = [
            asyncio.create_task(self._keep(start.result()), name=f"worker {start.result().number}") for start in starts
        ]
        self._accept()

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [worker.pid for worker in self._living.values()]

    @property
    def serving(self) -> int:
        """How many serve."""
        return sum(self._memory.serving)

    @property
    def _numbers(self) -> range:
        return range(1, self._count + 1)

    # --- processes ---------------------------------------------------------------------------------------------------

    async def _begin(self, number: int, *, is_restart: bool) -> WorkerProcess:
        """A worker that is ready. Raises ``WorkerFailed``; it is gone then."""
        worker = WorkerProcess(number, self._memory, self._command)
        self._living[number] = worker
        assignment = Assignment(self._settings, number, self._count, is_restart, str(self._metrics))
        try:
            worker.control.send(pickle.dumps(assignment))
            asyncio.get_running_loop().add_reader(worker.control.fileno(), self._read, worker)
            await self._ready(worker)
        except BaseException:
            await self._end(worker)
            raise
        worker.is_serving = True
        self._memory.serving[number - 1] = 1
        self._progress(f"workers ({self.serving} of {self._count} ready)")
        return worker

    async def _ready(self, worker: WorkerProcess) -> None:
        either: list[asyncio.Future[Any]] = [worker.ready, worker.exited]
        await asyncio.wait(either, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        # Its last words may lie unread.
        self._read(worker)
        if not worker.ready.done():
            how = f"ended (exit {worker.exited.result()})" if worker.exited.done() else "took too long"
            raise WorkerFailed(f"worker {worker.number} {how} during its start; its own words are above")
        worker.ready.result()

    def _read(self, worker: WorkerProcess) -> None:
        """Messages of a worker."""
        while worker.control.fileno() >= 0:
            try:
                data = worker.control.recv(MOST_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                asyncio.get_running_loop().remove_reader(worker.control.fileno())
                self._serves_no_more(worker)
                return
            if data == TOOK:
                worker.on_their_way.popleft().close()
            else:
                self._take(worker, json.loads(data))

    def _take(self, worker: WorkerProcess, message: Mapping[str, Any]) -> None:
        match message:
            case {"type": "progress", "line": str(line)} if not self.info:
                self._progress(f"worker {worker.number}: {line}")
            case {"type": "ready"} if not worker.ready.done():
                worker.ready.set_result(message)
            case {"type": "failed", "message": str(words)} if not worker.ready.done():
                worker.ready.set_exception(WorkerFailed(words))
            case {"type": "leaving"}:
                self._serves_no_more(worker)

    def _serves_no_more(self, worker: WorkerProcess) -> None:
        worker.is_serving = False
        self._memory.serving[worker.number - 1] = 0

    async def _keep(self, worker: WorkerProcess) -> None:
        """One worker after the other under one number, for ever."""
        events = log.logger(worker=worker.number)
        pause_s = _FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            status = await asyncio.shield(worker.exited)
            events.error("worker ended; starting it again", pid=worker.pid, code=f"exit_{status}")
            await self._end(worker)
            if time.monotonic() - started > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            while not worker.is_serving:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                try:
                    worker = await self._begin(worker.number, is_restart=True)
                except (WorkerFailed, OSError) as error:
                    events.error("worker did not start", error=type(error).__name__, reason=str(error))
            events.info("worker serves again", pid=worker.pid)
            for _ in range(len(self._waiting)):
                self._hand_over(self._waiting.popleft())
            self._accept()

    async def _end(self, worker: WorkerProcess, within_s: float = 0.0) -> None:
        """The process is gone, and what it held is free."""
        self._serves_no_more(worker)
        await asyncio.wait([worker.exited], timeout=within_s)
        if not worker.exited.done():
            worker.kill()
            await asyncio.wait([worker.exited])
        if self._living.get(worker.number) is worker:
            del self._living[worker.number]
        self._read(worker)
        while worker.on_their_way and not self._stopping:
            self._hand_over(worker.on_their_way.popleft())
        worker.close()
        self._memory.sessions[worker.number - 1] = 0
        forget_worker(self._metrics, worker.number)

    async def drain(self, hurry: asyncio.Event) -> None:
        """Nobody new is let in. Returns when all workers have ended, after ``drain_s``, or when there is a hurry."""
        await self._close()
        living = [worker.exited for worker in self._living.values()]
        hurried = asyncio.create_task(hurry.wait())
        ended = asyncio.create_task(_all(living))
        await asyncio.wait(
            [hurried, ended], timeout=self._settings.gateway.drain_s, return_when=asyncio.FIRST_COMPLETED
        )
        for task in (hurried, ended):
            task.cancel()
        await asyncio.wait([hurried, ended])

    async def stop(self) -> None:
        """All are gone. May be called twice."""
        await self._close()
        ends = [asyncio.create_task(self._end(worker, self.stop_s)) for worker in list(self._living.values())]
        if ends:
            await asyncio.wait(ends)
        shutil.rmtree(self._metrics, ignore_errors=True)

    async def _close(self) -> None:
        """The port is closed and workers are told to stop; told again, they drain no longer."""
        self._stopping = True
        self._pause()
        # So that who comes now is refused at once, and comes back to the next gateway.
        self._listener.close()
        while self._waiting:
            self._waiting.popleft().close()
        keepers, self._keepers = self._keepers, []
        for keeper in keepers:
            keeper.cancel()
        if keepers:
            await asyncio.wait(keepers)
        for worker in self._living.values():
            with suppress(OSError):
                worker.control.send(STOP)

    # --- connections -------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        """Let customers in."""
        if not self._accepting and not self._stopping:
            self._listener.setblocking(False)
            asyncio.get_running_loop().add_reader(self._listener.fileno(), self._on_connections)
            self._accepting = True

    def _pause(self) -> None:
        if self._accepting:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._accepting = False

    def _on_connections(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            if not any(worker.is_serving for worker in self._living.values()):
                self._pause()
                return
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
                    log.logger().error("no connection can be taken just now", error=type(error).__name__)
                    self._pause()
                    asyncio.get_running_loop().call_later(_NO_FILES_PAUSE_S, self._accept)
                return
            self._hand_over(connection)

    def _hand_over(self, connection: socket.socket) -> None:
        """To the worker with the fewest sessions, in turn where they are equal. One that does not read is passed over.

        The connection stays open here until it has been taken: one that the dead leave behind goes to another, or waits
        for the next to serve.
        """
        for worker in self._by_load():
            try:
                socket.send_fds(worker.control, [CONNECTION], [connection.fileno()])
            except OSError:
                continue
            worker.served_at = next(self._connections)
            worker.on_their_way.append(connection)
            return
        if not self._by_load() and len(self._waiting) < _ACCEPTS_AT_ONCE:
            self._waiting.append(connection)
            return
        connection.close()
        log.logger().error("no worker takes connections", code="workers_stuck")

    def _by_load(self) -> list[WorkerProcess]:
        sessions = self._memory.sessions
        serving = [worker for worker in self._living.values() if worker.is_serving]
        return sorted(serving, key=lambda worker: (sessions[worker.number - 1], worker.served_at))


async def _all(exits: Iterable[asyncio.Future[int]]) -> bool:
    """Return when all have ended."""
    for ended in exits:
        await asyncio.shield(ended)
    return True

"""Starts the bundled Triton on a model repository and keeps it alive: gRPC on a Unix socket, nothing else.

    start -> models ready -> lazy models loading -> attended
                                                      |  server died: new one after a pause that doubles
                                                      |  a model's process died or hangs: unload, load
    stop  -> SIGTERM -> (2 s) SIGKILL to the group -> socket and shared memory removed

Triton never restarts a dead model process and goes on calling it ready; so every model is sent a tiny inference every
few seconds. Should this process be killed, ``reaper`` ends the server and its models.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Self

from inference_server.client import InferenceClient
from inference_server.errors import (
    LaunchError,
)
from inference_server.installation import Installation, flags, locate, server_python
from inference_server.watch import ModelWatch, OnEvent

__all__ = ["REPOSITORY", "Triton", "server_python"]

REPOSITORY = Path(__file__).resolve().parent / "model_repository"

_GRPC_PORT = 8001  # only names the socket file: tritonserver appends it to the path
_MOST_SOCKET_PATH_BYTES = 100  # sun_path holds 108
_START_TIMEOUT_S = 60.0
_DRAIN_S = 2.0  # a clean exit takes up to 6 s in steps of 1 s, and there is nothing in it to save
_POLL_S = 0.02
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 60.0
_LOG_BYTES = 10 * 2**20
_LOG_TAIL_LINES = 8

_REAPER = Path(__file__).with_name("reaper.py")
# Until the reaper watches. exec keeps the death signal; preexec_fn would run Python in a fork of a threaded process.
_DIE_WITH_PARENT = (
    "import ctypes, os, signal, sys;"
    "ctypes.CDLL(None).prctl(1, signal.SIGKILL);"
    "os.getppid() == int(sys.argv[1]) or sys.exit(1);"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


class Triton:
    """One supervised server. ``start`` returns when ``models`` are ready; ``lazy_models`` follow in the background.

    Cancelling ``start`` or leaving ``async with`` stops the server. Raises ``LaunchError`` from ``start`` only; later
    trouble is told to ``on_event`` and repaired.
    """

    def __init__(
        self,
        repository: Path,
        *,
        models: Sequence[str],
        lazy_models: Sequence[str] = (),
        server_python: Path,
        environment: Mapping[str, str] | None = None,
        runtime_dir: Path,
        on_event: OnEvent,
    ) -> None:
        self._repository = repository.absolute()
        self._models = tuple(models)
        self._lazy_models = tuple(lazy_models)
        self._python = server_python
        self._environment = dict(environment or {})
        self._runtime_dir = runtime_dir.absolute()
        self._on_event = on_event
        self._installation: Installation | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reaper: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._watched: list[ModelWatch] = []
        self._shm_prefix = ""
        self._resources = contextlib.AsyncExitStack()
        self._socket = ""
        self._client: InferenceClient

    @property
    def url(self) -> str:
        """For ``InferenceClient``; stays the same over restarts."""
        return f"unix:{self._socket}:{_GRPC_PORT}"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self._runtime_dir / "triton.log"

    @property
    def pid(self) -> int | None:
        """Of the running server process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def loaded(self) -> frozenset[str]:
        """The models that are loaded, as far as is known."""
        return frozenset(watch.name for watch in self._watched if watch.loaded)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the server and wait for its models. Raises ``LaunchError``; nothing is left running then."""
        try:
            self._installation = await locate(self._python)
            self._prepare_files(self._installation)
            self._client = InferenceClient(self.url)
            self._resources.push_async_callback(self._client.close)
            await self._launch(self._installation)
        except BaseException:
            await self.stop()
            raise
        self._supervisor = asyncio.create_task(self._supervise(self._installation), name="triton-supervisor")
        self._supervisor.add_done_callback(self._supervisor_ended)

    async def stop(self) -> None:
        """Stop the server and remove its socket and shared memory. May be called twice."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
            self._supervisor = None
        await self._end_process()
        await self._resources.aclose()

    def _supervisor_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._on_event(f"the Triton supervisor failed: {error!r}")

    def _prepare_files(self, installation: Installation) -> None:
        try:
            self._runtime_dir.mkdir(parents=True, exist_ok=True)
            self._lock()
            installation.copy_backend(self._runtime_dir / "backends")
            for stale in self._runtime_dir.glob("triton-*.sock:*"):
                stale.unlink()
        except OSError as error:
            raise LaunchError(f"cannot prepare {self._runtime_dir}: {error.strerror or error}") from error
        self._socket = str(self._runtime_dir / f"triton-{os.getpid()}.sock")
        if len(os.fsencode(f"{self._socket}:{_GRPC_PORT}")) > _MOST_SOCKET_PATH_BYTES:
            folder = tempfile.TemporaryDirectory(prefix="kefu-")
            self._resources.callback(folder.cleanup)
            self._socket = f"{folder.name}/triton.sock"
        self._resources.callback(self._remove_socket)

    def _lock(self) -> None:
        """One Triton per runtime folder; the lock ends with the process, however it dies."""
        file = self._resources.enter_context((self._runtime_dir / "lock").open("w"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunchError(
                f"another Triton already runs in {self._runtime_dir}: stop it, or choose another folder"
            ) from None

    def _remove_socket(self) -> None:
        Path(f"{self._socket}:{_GRPC_PORT}").unlink(missing_ok=True)

    async def _launch(self, installation: Installation) -> None:
        """One server process, until its models are ready. Raises ``LaunchError``; the process is gone then."""
        started = time.monotonic()
        self._remove_socket()
        self._shm_prefix = f"kefu_{os.getpid()}_{time.monotonic_ns()}_"
        command = flags(
            repository=self._repository,
            backends=self._runtime_dir / "backends",
            socket=self._socket,
            port=_GRPC_PORT,
            models=self._models,
            shm_prefix=self._shm_prefix,
        )
        with self._open_log() as log:
            log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                self._python, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), installation.executable, *command,
                # The models' Python imports from where it works: nothing that lies in the user's folder.
                cwd=self._runtime_dir,
                env=installation.environment(os.environ, self._environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        try:
            await self._start_reaper(self._process.pid)
            await self._ready(self._process, log_start)
        except BaseException:
            await self._end_process(signal.SIGKILL)
            raise
        self._watched = [ModelWatch(self._client, name, self._on_event, loaded=True) for name in self._models]
        self._watched += [ModelWatch(self._client, name, self._on_event, loaded=False) for name in self._lazy_models]
        self._on_event(f"Triton ready in {time.monotonic() - started:.1f} s: {', '.join(self._models)}")

    async def _start_reaper(self, server: int) -> None:
        await self._reap()
        self._reaper = await asyncio.create_subprocess_exec(
            self._python, "-I", "-S", _REAPER, str(os.getpid()), str(server), self._shm_prefix, self._socket,
            stdin=asyncio.subprocess.DEVNULL,
            # What is killed together with this process is not the reaper's group.
            start_new_session=True,
        )  # fmt: skip

    async def _reap(self) -> None:
        """The server is gone, and so is whoever would have ended it."""
        if self._reaper is not None and self._reaper.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._reaper.kill()
            await self._reaper.wait()
        self._reaper = None

    async def _ready(self, process: asyncio.subprocess.Process, log_start: int) -> None:
        exited = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                # The socket opens only when the models are loaded.
                while not exited.done() and not await self._client.ready():
                    await asyncio.wait([exited], timeout=_POLL_S)
        except TimeoutError:
            raise LaunchError(f"Triton was not ready within {_START_TIMEOUT_S:g} s; see {self.log}") from None
        finally:
            exited.cancel()
            await asyncio.wait([exited])
        if process.returncode is not None:
            raise LaunchError(f"Triton did not start (exit {process.returncode}): {self._reasons(log_start)}")

    def _open_log(self) -> BinaryIO:
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        file = self.log.open("ab")
        file.seek(0, os.SEEK_END)
        return file

    def _reasons(self, log_start: int) -> str:
        with self.log.open("rb") as file:
            file.seek(log_start)
            lines = [line for line in file.read().decode("utf-8", errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("E") or "UNAVAILABLE" in line or "Exception" in line]
        return "\n  ".join([f"see {self.log}", *(errors or lines)[-_LOG_TAIL_LINES:]])

    async def _end_process(self, first: signal.Signals = signal.SIGTERM) -> None:
        """End the server and its model processes; returns when they are gone."""
        if self._process is None:
            return
        process, self._process = self._process, None
        try:
            if process.returncode is None:
                process.send_signal(first)
                await asyncio.wait_for(process.wait(), _DRAIN_S)
        except TimeoutError:
            pass
        finally:
            await asyncio.shield(self._sweep(process))

    async def _sweep(self, process: asyncio.subprocess.Process) -> None:
        """Kill what is left of the server's process group and remove its shared memory."""
        # Model processes outlive a killed server by seconds, and their shared memory for ever.
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        await self._reap()
        for left in Path("/dev/shm").glob(f"{self._shm_prefix}*"):  # noqa: ASYNC240
            left.unlink(missing_ok=True)

    async def _supervise(self, installation: Installation) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            if self._process is not None:
                await self._attend(self._process)
                self._on_event(f"Triton ended (exit {self._process.returncode}); starting it again")
                await self._end_process()
            if time.monotonic() - started > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                await self._launch(installation)
            except (LaunchError, OSError) as error:
                # OSError: no process or file can be opened just now; that passes too.
                self._on_event(str(error))

    async def _attend(self, process: asyncio.subprocess.Process) -> None:
        """Watch the models until the server has exited; kill it when a model can be repaired in no other way."""
        async with asyncio.TaskGroup() as group:
            exited = group.create_task(process.wait())
            watchers = [group.create_task(watch.run()) for watch in self._watched]
            await asyncio.wait([exited, *watchers], return_when=asyncio.FIRST_COMPLETED)
            if not exited.done():
                _signal_group(process.pid, signal.SIGKILL)
            await exited
            for watcher in watchers:
                watcher.cancel()


def _signal_group(pid: int, which: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, which)

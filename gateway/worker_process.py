"""A worker process as its parent sees it: started, its control socket, and when it is ready and has ended."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.shared import SharedMemory

COMMAND = (sys.executable, "-P", "-m", "gateway.worker")
"""-P: the folder where Kefu is started is no place to import from, whatever files it has."""


class WorkerProcess:
    """One worker process. ``ready`` and ``exited`` are told by the parent's event loop."""

    def __init__(self, number: int, memory: SharedMemory, command: Sequence[str]) -> None:
        """Starts it; raises ``OSError``."""
        loop = asyncio.get_running_loop()
        self.number = number
        self.ready: asyncio.Future[Mapping[str, Any]] = loop.create_future()
        """What it said when it was."""
        self.exited: asyncio.Future[int] = loop.create_future()
        self.is_serving = False
        self.served_at = 0
        """Grows with each connection it was handed."""
        self.on_their_way: deque[socket.socket] = deque()
        """Connections that it has been handed and has not taken yet."""
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setblocking(False)
        with theirs:
            # Popen uses vfork; the event loop's own way is a fork, in which gRPC's handlers run and close files.
            self._process = subprocess.Popen(
                # The number is for people who look at the list of processes.
                [*command, str(theirs.fileno()), str(memory.fd), f"worker={number}"],
                pass_fds=(theirs.fileno(), memory.fd),
                stdin=subprocess.DEVNULL,
                # Ctrl-C in the terminal is for the parent, who tells the workers.
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._on_exit)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def close(self) -> None:
        """To be called when it has exited."""
        if not self.ready.done():
            self.ready.cancel()
        for connection in self.on_their_way:
            connection.close()
        if self.control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.control.fileno())
            self.control.close()

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.exited.set_result(self._process.wait())

"""Kills a server and its models when the process that started them has died, whatever it died of.

    python -I -S reaper.py PARENT SERVER SHM_PREFIX SOCKET

Triton that is told to end while it loads may take half a minute, and a model process whose server is gone may wait for
it for ever. SERVER leads its process group. Needs nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from pathlib import Path

_LOOK_S = 1.0
"""Between two looks at what is left of a server that has ended: its parent removes that, or dies before it has."""
_SHARED_MEMORY = Path("/dev/shm")


def reap(parent: int, server: int, shm_prefix: str, socket: Path) -> None:
    """Wait until the server's group is gone, or the parent; then kill the group and remove the files that it leaves."""
    running = {pid: fd for pid in (parent, server) if (fd := _pidfd(pid)) is not None}
    while parent in running and _is_there(server):
        ended, _, _ = select.select(running.values(), [], [], None if server in running else _LOOK_S)
        running = {pid: fd for pid, fd in running.items() if fd not in ended}
    if parent in running:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server, signal.SIGKILL)
    for file in [*_SHARED_MEMORY.glob(f"{shm_prefix}*"), *socket.parent.glob(f"{socket.name}*")]:
        file.unlink(missing_ok=True)


def _pidfd(pid: int) -> int | None:
    """Becomes readable when the process ends; None when it has."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    reap(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))

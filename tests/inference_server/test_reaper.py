"""reaper: a server that will not end, and its models, end with the process that started them, and leave no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inference_server import reaper
from tests.triton_process import command_line

pytestmark = pytest.mark.timeout(30)
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
_SERVER = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, '-c', {_DEAF!r}], stdout=subprocess.DEVNULL).pid, flush=True)
{_DEAF}
"""
_PREFIX = f"kefu_test_{os.getpid()}_"


def _reaper(parent: int, server: int, socket: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", reaper.__file__, str(parent), str(server), _PREFIX, str(socket)]
    return subprocess.Popen(command, start_new_session=True)


def _server() -> tuple[subprocess.Popen[str], int]:
    """A server that ends for nobody, and the process of its model."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    with server.stdout:
        return server, int(server.stdout.readline())


def _eventually(happens: Callable[[], bool]) -> None:
    while not happens():
        time.sleep(0.02)


def test_all_ends_with_the_parent(tmp_path: Path) -> None:
    memory, socket = Path(f"/dev/shm/{_PREFIX}region"), tmp_path / "triton.sock"
    memory.touch()
    Path(f"{socket}:8001").touch()
    (tmp_path / "triton.log").touch()
    parent = subprocess.Popen(["sleep", "60"])
    server, model = _server()
    with _reaper(parent.pid, server.pid, socket) as watching:
        parent.kill()
        parent.wait()
        assert watching.wait() == 0
    assert server.wait() == -signal.SIGKILL
    _eventually(lambda: not command_line(model))
    assert not memory.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["triton.log"]


def test_a_model_whose_server_died_ends_with_the_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(["sleep", "60"])
    server, model = _server()
    with _reaper(parent.pid, server.pid, tmp_path / "triton.sock") as watching:
        server.kill()
        server.wait()
        with pytest.raises(subprocess.TimeoutExpired):
            watching.wait(1.5)
        parent.kill()
        parent.wait()
        assert watching.wait() == 0
    _eventually(lambda: not command_line(model))


def test_a_parent_that_lives_keeps_its_server(tmp_path: Path) -> None:
    server, model = _server()
    with _reaper(os.getpid(), server.pid, tmp_path / "triton.sock") as watching:
        with pytest.raises(subprocess.TimeoutExpired):
            watching.wait(1.0)
        assert command_line(model)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        assert watching.wait() == 0

"""launch, watch: the real Triton is repaired when parts of it die; what prevents a start is said in one line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference_server.client import InferenceClient
from inference_server.errors import InferenceError, LaunchError
from inference_server.installation import Installation, locate, server_python
from inference_server.launch import REPOSITORY, Triton
from tests.triton_process import TritonProcess, children, command_line, descendants


def _python_that_says(folder: Path, **changed: Any) -> Path:
    """An executable that answers ``locate``'s question."""
    (folder / "pytriton/tritonserver/python_backend_stubs/3.11").mkdir(parents=True)
    answer = {"pytriton": f"{folder}/pytriton", "libdir": "/lib", "shared": True, "python": "3.11", "numpy": "1.26.4"}
    python = folder / "python"
    python.write_text(f"#!/bin/sh\necho '{json.dumps(answer | changed)}'\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return python


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pytriton": None}, r"has no nvidia-pytriton: run 'make setup'"),
        ({"numpy": "2.4.6"}, r"has numpy 2\.4\.6, Triton's models need numpy < 2"),
        ({"python": "3.14"}, r"knows no Python 3\.14: use Python 3\.11 or 3\.12"),
        ({"shared": False}, r"has no shared libpython3\.11\.so"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_an_unfit_environment_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        await locate(_python_that_says(tmp_path, **changed))


async def test_a_fit_environment_is_found(tmp_path: Path) -> None:
    found = await locate(_python_that_says(tmp_path))
    base = {"PATH": "/bin", "PYTHONPATH": "/x", "LD_LIBRARY_PATH": "/cuda", "KEFU_CACHE": "cache"}
    environment = found.environment(base, {"A": "b"})
    assert environment["KEFU_CACHE"] == f"{Path.cwd()}/cache", "the server works in a folder of its own"
    assert environment["PATH"] == f"{tmp_path}:/bin"
    assert environment["LD_LIBRARY_PATH"] == f"{tmp_path}/nvidia_pytriton.libs:/lib:/cuda"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
    assert environment["A"] == "b"
    assert "PYTHONPATH" not in environment


async def test_a_missing_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="make setup"):
        await locate(tmp_path / "bin" / "python")


def test_a_missing_environment_is_named_before_it_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KEFU_SERVER_PYTHON", str(tmp_path / "python"))
    with pytest.raises(LaunchError, match="make setup"):
        server_python()


def test_the_backend_is_copied_once_and_never_linked(tmp_path: Path) -> None:
    triton = tmp_path / "tritonserver"
    (triton / "backends/python").mkdir(parents=True)
    (triton / "python_backend_stubs/3.11").mkdir(parents=True)
    for name in (
        "backends/python/a.so",
        "backends/python/b.py",
        "python_backend_stubs/3.11/triton_python_backend_stub",
    ):
        (triton / name).write_text(name)
    installation = Installation(tmp_path, triton, (), "3.11")
    installation.copy_backend(tmp_path / "out")
    copied = {path: path.stat().st_ino for path in (tmp_path / "out/python").iterdir()}
    assert {path.name for path in copied} == {"a.so", "b.py", "triton_python_backend_stub"}
    installation.copy_backend(tmp_path / "out")
    assert {path: path.stat().st_ino for path in copied} == copied
    (triton / "backends/python/a.so").write_text("newer")
    installation.copy_backend(tmp_path / "out")
    assert (tmp_path / "out/python/a.so").read_text() == "newer"


def _triton(runtime_dir: Path, repository: Path = REPOSITORY, model: str = "embed") -> Triton:
    return Triton(
        repository, models=[model], server_python=server_python(), runtime_dir=runtime_dir, on_event=lambda line: None
    )


def _servers() -> set[int]:
    return {pid for pid in descendants(os.getpid()) if "tritonserver" in command_line(pid)}


@pytest.mark.triton
async def test_a_model_that_fails_to_load_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "repository/broken/1").mkdir(parents=True)
    config = (REPOSITORY / "embed/config.pbtxt").read_text().replace('"embed"', '"broken"')
    (tmp_path / "repository/broken/config.pbtxt").write_text(config)
    (tmp_path / "repository/broken/1/model.py").write_text("raise RuntimeError('no such weights')")
    others = _servers()  # the one that the whole test session shares
    with pytest.raises(LaunchError, match="no such weights"):
        await _triton(tmp_path / "rt", tmp_path / "repository", "broken").start()
    assert _servers() == others
    assert not list(Path("/dev/shm").glob(f"kefu_{os.getpid()}_*"))  # noqa: ASYNC240


@pytest.mark.triton
async def test_a_folder_in_use_is_refused(triton_server: TritonProcess) -> None:
    with pytest.raises(LaunchError, match="another Triton already runs in"):
        await _triton(triton_server.log.parent).start()


@pytest.mark.triton
def test_nothing_listens_but_a_unix_socket(triton_server: TritonProcess) -> None:
    sockets = {str(fd.readlink()) for fd in Path(f"/proc/{triton_server.server_pid}/fd").iterdir()}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{triton_server.server_pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            assert not (fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets), line
    path = Path(triton_server.url.removeprefix("unix:"))
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert len(str(path)) <= 100


@pytest.mark.triton
def test_models_import_nothing_from_the_folder_where_kefu_is_started(triton_server: TritonProcess) -> None:
    # torch takes a folder that is called triton, as that of the runtime files may be, for a compiler.
    assert Path(f"/proc/{triton_server.model_pid('embed')}/cwd").readlink() == triton_server.log.parent


async def _recovered(url: str, broken: Callable[[], Awaitable[None]], within_s: float) -> float:
    """Break something while one client is connected; seconds until that client is answered by ``embed`` again."""
    inputs = {"TEXT": np.array([["好"]], np.object_), "KIND": np.array([["query"]], np.object_)}
    client = InferenceClient(url)
    await client.infer("embed", inputs)
    await broken()
    started = time.monotonic()
    try:
        async with asyncio.timeout(within_s):
            while True:
                try:
                    await client.infer("embed", inputs)
                except InferenceError:
                    await asyncio.sleep(0.05)
                else:
                    return time.monotonic() - started
    finally:
        await client.close()


@pytest.mark.triton
async def test_a_dead_model_process_is_replaced(triton_server: TritonProcess) -> None:
    before = triton_server.model_pid("embed")

    async def kill() -> None:
        os.kill(before, signal.SIGKILL)

    await _recovered(triton_server.url, kill, within_s=10)
    assert triton_server.model_pid("embed") != before
    assert "model 'embed' does not answer: reloading it" in triton_server.events.read_text()


@pytest.mark.triton
async def test_a_dead_server_is_replaced_and_the_client_goes_on(triton_server: TritonProcess) -> None:
    before = triton_server.server_pid
    orphans = children(before)

    async def kill() -> None:
        triton_server.kill_server()

    await _recovered(triton_server.url, kill, within_s=5)
    assert triton_server.server_pid != before
    assert not [command_line(pid) for pid in orphans if command_line(pid)]


@pytest.mark.triton
async def test_a_crash_is_charged_to_the_test_that_caused_it(triton_server: TritonProcess) -> None:
    before = triton_server.serving_pid()
    assert not triton_server.crash_report(before)
    os.kill(before, signal.SIGSEGV)
    async with asyncio.timeout(10):
        while not (report := triton_server.crash_report(before)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert "Signal (11) received." in report
    triton_server.killed.add(before)  # else it would be charged to this test
    assert await asyncio.to_thread(triton_server.serving_pid) != before


@pytest.mark.triton
async def test_triton_dies_with_its_supervisor(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inference_server", "--models", "embed", "--lazy-models", "--runtime-dir"]
    with subprocess.Popen([*command, str(tmp_path)], stdout=subprocess.PIPE, text=True) as supervisor:  # noqa: ASYNC220
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline().startswith("unix:")
        below = descendants(supervisor.pid)
        assert len(below) == 3  # the server, its model, the reaper
        supervisor.kill()
    async with asyncio.timeout(10):
        while any(command_line(pid) for pid in below):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

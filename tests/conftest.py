"""Fixtures every test may use: the leaked-task check, and a real Triton (``triton_url``) started once per session,
with a check that no test crashes it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.triton_process import TritonProcess

_UNWIND_CHECKS, _UNWIND_S = 100, 0.02


@pytest.fixture
async def _no_leaked_tasks() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    leaked: set[asyncio.Task[object]] = set()
    for _ in range(_UNWIND_CHECKS):  # what was cancelled in time may still be unwinding, grpc's own tasks on a timer
        leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not leaked:
            break
        await asyncio.sleep(_UNWIND_S)
    for task in leaked:
        task.cancel()
    assert not leaked, f"tasks left running: {leaked}"


@pytest.fixture(autouse=True)
def _leaked_task_check(request: pytest.FixtureRequest) -> None:
    """DESIGN 5: whoever starts a task ends it. Applies to every async test."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_leaked_tasks")


@pytest.fixture(scope="session")
def triton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonProcess]:
    """A running Triton under its supervisor: embed, intent and sentiment; ``generate`` is loading, where its weights
    are in the cache. Use it in tests marked ``triton``."""
    with TritonProcess.started(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture(scope="session")
def triton_url(triton_server: TritonProcess) -> str:
    """The url of ``triton_server``, for ``InferenceClient``."""
    return triton_server.url


@pytest.fixture(autouse=True)
def _triton_crash_check(request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin with a server that serves, and fail the very test that crashes it: its supervisor would hide that."""
    if "triton_server" not in request.fixturenames:
        yield
        return
    server: TritonProcess = request.getfixturevalue("triton_server")
    before = server.serving_pid()
    yield
    if report := server.crash_report(before):
        pytest.fail(report, pytrace=False)

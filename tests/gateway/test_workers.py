"""The parent of several workers: who gets a connection, what becomes of the dead, how it starts and stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import Gateway, Settings
from gateway.errors import WorkerFailed
from gateway.worker_process import COMMAND
from gateway.workers import Workers
from tests.triton_process import command_line

STUB = Path(__file__).with_name("stub_worker.py")


def workers(count: int, mode: str = "good", **gateway: float) -> tuple[Workers, int]:
    """Not started yet, and their port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    settings = Settings(gateway=Gateway(workers=count, **{"drain_s": 0.0, **gateway}))
    return Workers(settings, listener, command=(sys.executable, str(STUB), mode)), listener.getsockname()[1]


async def until(holds: Callable[[], bool]) -> None:
    """Other processes take their time."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


class Customer:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Customer:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def say(self, word: str) -> tuple[int, int]:
        """Number and process id of the worker."""
        self._writer.write(word.encode())
        async with asyncio.timeout(10):
            number, pid = (await self._reader.read(64)).split()
        return int(number), int(pid)

    async def hung_up(self) -> bool:
        """Whether the other end closes."""
        async with asyncio.timeout(10):
            try:
                return await self._reader.read(64) == b""
            except ConnectionError:
                return True

    async def close(self) -> None:
        self._writer.close()


async def test_calls_are_spread_evenly_however_connections_alternate() -> None:
    """Every customer fetches a token first, over a connection of its own that stays open: turns alone would put all
    calls into one worker.
    """
    group, port = workers(2)
    async with group:
        everyone, calls = [], Counter[int]()
        for _ in range(40):
            page, line = await Customer.connect(port), await Customer.connect(port)
            everyone += [page, line]
            await page.say("token")
            calls[(await line.say("call"))[0]] += 1
        assert max(calls.values()) - min(calls.values()) <= 2, calls
        assert (await everyone[0].say("again"))[0] == (await everyone[0].say("again"))[0]
        for customer in everyone:
            await customer.close()


async def test_a_burst_is_spread_in_turn() -> None:
    group, port = workers(3)
    async with group:
        customers = await asyncio.gather(*(Customer.connect(port) for _ in range(60)))
        served = Counter([(await customer.say("x"))[0] for customer in customers])
        assert set(served.values()) == {20}
        for customer in customers:
            await customer.close()


async def test_one_that_is_killed_is_started_again_and_the_others_go_on() -> None:
    group, port = workers(2)
    async with group:
        first, second = await Customer.connect(port), await Customer.connect(port)
        number, pid = await first.say("call")
        other, _ = await second.say("call")
        os.kill(pid, signal.SIGKILL)
        await until(lambda: group.serving == 1)
        assert await first.hung_up()
        assert (await second.say("x"))[0] == other
        await until(lambda: group.serving == 2)
        again, new_pid = await _served_by(port)
        while again != number:
            again, new_pid = await _served_by(port)
        assert new_pid != pid
        for customer in (first, second):
            await customer.close()
    assert not command_line(new_pid)


async def test_while_nobody_serves_customers_wait() -> None:
    group, port = workers(1)
    async with group:
        _, pid = await _served_by(port)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not command_line(pid))
        _, again = await _served_by(port)
        assert again != pid


async def test_who_was_sent_to_one_that_dies_before_it_took_them_is_served_by_another() -> None:
    group, port = workers(2)
    async with group:
        _, pid = await _served_by(port)
        os.kill(pid, signal.SIGSTOP)
        customers = [await Customer.connect(port) for _ in range(10)]
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        assert pid not in {(await customer.say("x"))[1] for customer in customers}
        for customer in customers:
            await customer.close()


async def test_one_that_is_leaving_gets_nobody_any_more() -> None:
    group, port = workers(2)
    async with group:
        number, pid = await _served_by(port)
        os.kill(pid, signal.SIGTERM)
        await until(lambda: group.serving == 1)
        assert {(await _served_by(port))[0] for _ in range(6)} == {3 - number}


async def _served_by(port: int) -> tuple[int, int]:
    customer = await Customer.connect(port)
    served = await customer.say("x")
    await customer.close()
    return served


@pytest.mark.parametrize(("mode", "words"), [("broken", "no ears here"), ("silent", "worker . ended .exit 3.")])
async def test_a_start_that_fails_says_why_and_leaves_nothing(mode: str, words: str) -> None:
    group, port = workers(2, mode)
    with pytest.raises(WorkerFailed, match=words):
        await group.__aenter__()
    assert group.pids == []
    with pytest.raises(ConnectionRefusedError):
        await Customer.connect(port)


async def test_stopping_closes_the_door_and_leaves_nothing() -> None:
    group, port = workers(2)
    async with group:
        pids = group.pids
        assert len(pids) == 2
        async with asyncio.timeout(10):
            await group.drain(asyncio.Event())
        with pytest.raises(ConnectionRefusedError):
            await Customer.connect(port)
    assert not [pid for pid in pids if command_line(pid)]


async def test_one_that_does_not_stop_is_killed() -> None:
    group, _ = workers(1, "deaf")
    group.stop_s = 0.2
    async with group:
        pids = group.pids
    assert not [pid for pid in pids if command_line(pid)]


async def test_a_hurry_ends_the_draining() -> None:
    group, _ = workers(1, "deaf", drain_s=60.0)
    group.stop_s = 0.2
    hurry = asyncio.Event()
    async with group:
        asyncio.get_running_loop().call_later(0.1, hurry.set)
        async with asyncio.timeout(10):
            await group.drain(hurry)


async def test_cancelling_the_start_leaves_nothing() -> None:
    group, _ = workers(2)
    starting = asyncio.create_task(group.__aenter__())
    await until(lambda: bool(group.pids))
    pids = group.pids
    starting.cancel()
    await asyncio.wait([starting])
    assert starting.cancelled()
    assert not [pid for pid in pids if command_line(pid)]


def test_a_worker_imports_nothing_from_the_folder_where_kefu_is_started(tmp_path: Path) -> None:
    (tmp_path / "jwt.py").write_text("raise SystemExit(77)\n")
    (tmp_path / "triton").mkdir()
    started = subprocess.run(COMMAND, cwd=tmp_path, check=False, capture_output=True)
    # It ends for want of the socket that its parent would have given it.
    assert started.returncode == 1
    assert b"IndexError" in started.stderr

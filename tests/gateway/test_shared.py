"""What workers share is exact over processes, bounded, and survives the death of any of them."""

from __future__ import annotations

import asyncio
import mmap
import os
import subprocess
import sys
import time

import pytest

from gateway.admission import Admission, RateLimit
from gateway.auth import Grant, Tokens
from gateway.errors import Busy, TooManyRequests, Unauthorized
from gateway.shared import SharedBuckets, SharedMemory, SharedPlaces, SharedUsedTokens, Table, TurnLocks

START = "import sys; from gateway.shared import *; memory = SharedMemory(int(sys.argv[1]));"


def other_process(memory: SharedMemory, code: str) -> subprocess.Popen[str]:
    """Runs ``code`` with ``memory`` in a fresh interpreter."""
    command = [sys.executable, "-c", START + code, str(memory.fd)]
    return subprocess.Popen(
        command, pass_fds=[memory.fd], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip


@pytest.fixture
def memory() -> SharedMemory:
    return SharedMemory.create()


def test_it_fits(memory: SharedMemory) -> None:
    assert memory.size <= os.fstat(memory.fd).st_size


def test_the_cap_on_sessions_is_for_all_workers(memory: SharedMemory) -> None:
    seen: list[int] = []
    one = Admission(3, seen.append, places=SharedPlaces(memory, 1))
    two = Admission(3, places=SharedPlaces(memory, 2))
    with one.enter(), two.enter(), two.enter():
        assert one.full
        with pytest.raises(Busy), one.enter():
            pass
        assert (memory.sessions[0], memory.sessions[1]) == (1, 2)
        assert seen == [1], "a worker tells of its own"
    assert not one.full


def test_many_processes_lose_no_count(memory: SharedMemory) -> None:
    code = "places = SharedPlaces(memory, 1)\nfor _ in range(2000): assert places.take(10**6)"
    processes = [other_process(memory, code) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert SharedPlaces(memory, 2).taken == 6000


def test_a_token_is_good_once_whichever_worker_it_comes_to(memory: SharedMemory) -> None:
    now = 1000.0
    secret = None
    one = Tokens(secret, 60, lambda: now, SharedUsedTokens(memory))
    two = Tokens(secret, 60, lambda: now, SharedUsedTokens(SharedMemory(os.dup(memory.fd))))
    two._secret = one._secret
    token = one.issue(Grant("web-a", None), "voice")
    assert two.redeem(token, "voice").conversation_id == "web-a"
    with pytest.raises(Unauthorized) as caught:
        one.redeem(token, "voice")
    assert caught.value.code == "token_used"


def test_expired_tokens_make_room_and_fresh_ones_never_do(memory: SharedMemory) -> None:
    used = SharedUsedTokens(memory)
    assert all(used.first_use(f"old{number}", 60.0, 0.0) for number in range(20_000))
    assert all(used.first_use(f"new{number}", 160.0, 100.0) for number in range(20_000))
    assert not any(used.first_use(f"new{number}", 160.0, 100.0) for number in range(0, 20_000, 100))


def test_no_room_for_another_token_is_no_entry(memory: SharedMemory) -> None:
    memory.used = Table(mmap.mmap(-1, 4096), 0, 1, 4, "<Qd")
    used = SharedUsedTokens(memory)
    assert [used.first_use(str(number), 60.0, 1.0) for number in range(6)] == [True] * 4 + [False] * 2
    assert not used.first_use("0", 60.0, 1.0), "none was forgotten for it"
    assert used.first_use("later", 160.0, 61.0)


def test_an_address_has_one_bucket_for_all_workers(memory: SharedMemory) -> None:
    limits = [RateLimit(10, lambda: 100.0, SharedBuckets(memory, memory.connects)) for _ in range(2)]
    for number in range(10):
        limits[number % 2].take("192.0.2.1")
    for limit in limits:
        limit.take("192.0.2.2")
        with pytest.raises(TooManyRequests):
            limit.take("192.0.2.1")
    RateLimit(10, lambda: 100.0, SharedBuckets(memory, memory.requests)).take("192.0.2.1")


def test_a_flood_of_addresses_forgets_the_oldest(memory: SharedMemory) -> None:
    now = 0.0
    limit = RateLimit(10, lambda: now, SharedBuckets(memory, memory.connects))
    for number in range(40_000):
        now += 0.001
        limit.take(str(number))
    for _ in range(9):
        limit.take("39999")
    with pytest.raises(TooManyRequests):
        limit.take("39999")


async def test_a_turn_waits_for_the_other_worker_and_a_dead_one_holds_nothing(memory: SharedMemory) -> None:
    code = (
        "import asyncio\n"
        "async def hold():\n"
        "    async with TurnLocks(memory).held('web-a'):\n"
        "        print('held', flush=True); sys.stdin.readline()\n"
        "asyncio.run(hold())"
    )
    locks = TurnLocks(memory)
    with other_process(memory, code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        async with locks.held("web-b"):
            pass
        waiting = asyncio.create_task(_hold(locks, "web-a"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        process.kill()
        async with asyncio.timeout(10):
            await waiting
    async with locks.held("web-a"):
        pass


async def _hold(locks: TurnLocks, conversation_id: str) -> None:
    async with locks.held(conversation_id):
        pass


def test_the_clock_is_the_machines(memory: SharedMemory) -> None:
    process = other_process(memory, "import time; print(time.monotonic())")
    printed, _ = process.communicate(timeout=30)
    assert abs(float(printed) - time.monotonic()) < 30

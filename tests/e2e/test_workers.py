"""Two workers behind one port: one conversation over both, one count of everything, and a death that nobody notices."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import websockets
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.gateway_process import GatewayProcess, free_port
from tests.bench.gateway_process import gateway as running_gateway
from tests.e2e.customer import KEFU, Message, is_ready, post, say
from tests.e2e.shop_database import ShopDatabase
from tests.triton_process import command_line, descendants

ORDER = "42851470"
BACK_WITHIN_S = 60.0
"""A worker loads for 3 s on an idle machine."""


@pytest.fixture(scope="module")
def two_workers(weights: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with running_gateway(tmp_path_factory.mktemp("workers"), GATEWAY_WORKERS="2") as process:
        yield process


def workers(gateway: GatewayProcess) -> dict[int, int]:
    """Process ids by number."""
    lines = {pid: command_line(pid) for pid in descendants(gateway.pid)}
    return {int(line.split("worker=")[1]): pid for pid, line in lines.items() if "gateway.worker" in line}


def say_to_whom(url: str, text: str, conversation: str) -> tuple[int, Message]:
    """One written turn over a connection of its own: the worker who served it, and the answer."""
    body = json.dumps({"text": text, "conversation_id": conversation}).encode()
    request = urllib.request.Request(f"{url}/v1/message", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.headers["X-Kefu-Worker"]), json.load(response)


def left(pids: Iterable[int]) -> list[str]:
    """Of which processes something is left."""
    return [line for line in map(command_line, pids) if line]


def until(holds: Callable[[], bool], seen: Callable[[], str] = str) -> float:
    """Seconds it took; ``seen`` says what there is when it never holds."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < BACK_WITHIN_S, seen()
        time.sleep(0.05)
    return time.monotonic() - started


def sample(url: str, name: str, **labels: str) -> float:
    """Sum of a metric over all label sets that fit, as whichever worker tells it."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as response:
        families = text_string_to_metric_families(response.read().decode())
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in found if labels.items() <= sample.labels.items())


@asynccontextmanager
async def line(url: str, token: str) -> AsyncIterator[tuple[int, ClientConnection]]:
    """A voice line that is only written to: who serves it, and the socket after ``ready``."""
    names = [websockets.Subprotocol(name) for name in ("kefu.v1", f"bearer.{token}")]
    async with connect(url.replace("http", "ws") + "/v1/voice", subprotocols=names, max_size=2**20) as socket:
        await socket.send(json.dumps({"type": "start", "version": 1, "greet": False, "speak": False}))
        assert json.loads(await socket.recv())["type"] == "ready"
        assert socket.response is not None
        yield int(socket.response.headers["X-Kefu-Worker"]), socket


async def write(socket: ClientConnection, text: str) -> str:
    """The whole answer to a typed message."""
    await socket.send(json.dumps({"type": "text", "text": text}))
    words = ""
    async with asyncio.timeout(30):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "reply":
                words += message["text"]
                if message["is_last"]:
                    return words


def test_a_return_made_over_both_workers_is_one_conversation(two_workers: GatewayProcess) -> None:
    shop = ShopDatabase(two_workers.log.parent / "kefu.db")
    with shop.another_delivered_order(ORDER):
        answers = [
            say_to_whom(two_workers.url, text, "e2e-both")
            for text in (f"订单{ORDER}我要退货", "全部", "不想要了", "确认", "谢谢")
        ]
        assert {worker for worker, _ in answers} == {1, 2}
        assert [answer["turn_id"] for _, answer in answers] == [1, 2, 3, 4, 5]
        assert "确认" in answers[2][1]["text"]
        ((return_number, _, _),) = shop.returns(ORDER)
        assert return_number in answers[3][1]["text"].replace(" ", "")


async def test_turns_of_one_conversation_at_once_are_taken_one_by_one(two_workers: GatewayProcess) -> None:
    asked = [asyncio.to_thread(say_to_whom, two_workers.url, "运费怎么算", "e2e-at-once") for _ in range(8)]
    answers = await asyncio.gather(*asked)
    assert {worker for worker, _ in answers} == {1, 2}
    assert sorted(answer["turn_id"] for _, answer in answers) == list(range(1, 9))
    assert all(answer["text"] for _, answer in answers)
    kept = ShopDatabase(two_workers.log.parent / "kefu.db")
    query = "SELECT text, reply FROM turns WHERE conversation_id = ?"
    rows = kept.rows(query, answers[0][1]["conversation_id"])
    assert len(rows) == 8
    assert all(text and reply for text, reply in rows)


async def test_a_voice_session_goes_on_in_the_other_worker(two_workers: GatewayProcess) -> None:
    url = two_workers.url
    issued = await asyncio.to_thread(post, url, "/v1/token", {})
    async with line(url, issued["token"]) as (first, socket):
        assert "哪" in await write(socket, "我想退货"), "it asks which one"
        # This one holds the first worker busy, so that the customer comes back to the other.
        again = await asyncio.to_thread(post, url, "/v1/token", {"resume_token": issued["resume_token"]})
        async with line(url, again["token"]) as (second, other):
            assert second != first
            assert "退货" in (answer := await write(other, "全部")) or "原因" in answer or "为什么" in answer
            assert sample(url, "kefu_active_sessions") == 2
        for _ in range(2):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with line(url, issued["token"]):
                    pass
            assert refused.value.response.status_code == 401, "a token is good once, in whichever worker"


async def test_calls_are_spread_over_the_workers(two_workers: GatewayProcess) -> None:
    url, served = two_workers.url, Counter[int]()
    async with AsyncExitStack() as lines:
        for _ in range(12):
            token = (await asyncio.to_thread(post, url, "/v1/token", {}))["token"]
            served[(await lines.enter_async_context(line(url, token)))[0]] += 1
        assert sample(url, "kefu_active_sessions") == 12
    assert sorted(served.values()) == [6, 6]


def test_whichever_worker_is_asked_tells_of_all(two_workers: GatewayProcess) -> None:
    url = two_workers.url
    before = sample(url, "kefu_turns_total", channel="rest")
    for number in range(4):
        say(url, "你好", f"e2e-counted-{number}")
    assert [sample(url, "kefu_turns_total", channel="rest") for _ in range(4)] == [before + 4] * 4
    assert sample(url, "kefu_workers") == 2


async def test_a_worker_that_is_killed_is_missed_by_nobody_else(two_workers: GatewayProcess) -> None:
    url = two_workers.url
    token = (await asyncio.to_thread(post, url, "/v1/token", {}))["token"]
    before = sample(url, "kefu_turns_total")
    async with line(url, token) as (mine, socket):
        killed = workers(two_workers)[3 - mine]
        os.kill(killed, signal.SIGKILL)
        assert await write(socket, "运费怎么算"), "my line stays"
        for number in range(4):
            worker, answer = await asyncio.to_thread(say_to_whom, url, "你好", "e2e-killed-worker")
            assert (worker, answer["turn_id"]) == (mine, number + 1)
        back_s = await asyncio.to_thread(until, lambda: sample(url, "kefu_workers") == 2)
        print(f"\na worker served again {back_s:.1f} s after it was killed")
        assert sample(url, "kefu_worker_restarts_total") == 1
        assert sample(url, "kefu_turns_total") == before + 5, "what the dead worker had counted stays counted"
        assert await write(socket, "运费怎么算")
    await asyncio.to_thread(until, lambda: say_to_whom(url, "你好", "e2e-killed-worker")[0] == 3 - mine)
    assert workers(two_workers)[3 - mine] != killed
    assert is_ready(url)


def test_ctrl_c_leaves_nothing(two_workers: GatewayProcess) -> None:
    """The last one here: it stops the gateway of this module."""
    below = descendants(two_workers.pid)
    assert len([pid for pid in below if "gateway.worker" in command_line(pid)]) == 2
    os.kill(two_workers.pid, signal.SIGINT)
    until(lambda: not any(command_line(pid) for pid in (two_workers.pid, *below)))
    assert not list(Path("/dev/shm").glob(f"kefu_{two_workers.pid}_*"))
    words = two_workers.log.read_text()
    assert "stopping" in words
    assert "Traceback" not in words, words[words.index("Traceback") :]
    with pytest.raises(urllib.error.URLError):
        is_ready(two_workers.url)


def test_nothing_outlives_a_parent_that_is_killed_in_its_start(weights: None, tmp_path: Path) -> None:
    environment = {
        "KEFU_GATEWAY_PORT": str(free_port()),
        "KEFU_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/kefu.db",
        "KEFU_TRITON_RUNTIME_DIR": str(tmp_path / "triton"),
    }
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(
        [str(KEFU), "serve", "--workers", "2"], env={**os.environ, **environment}, stdout=log, stderr=log
    ) as parent:  # fmt: skip
        until(lambda: sum("gateway.worker" in command_line(pid) for pid in descendants(parent.pid)) == 2)
        below = descendants(parent.pid)
        assert any("tritonserver" in command_line(pid) for pid in below)
        parent.kill()
        gone_s = until(lambda: not left(below), lambda: f"left: {left(below)}")
    print(f"\nall gone {gone_s:.1f} s after their parent")

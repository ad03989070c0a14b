"""Limits per identity: what counts as one, and that every door asks."""

from __future__ import annotations

import pytest

from gateway.admission import RateLimit
from gateway.auth import Grant
from gateway.errors import TooManyRequests
from gateway.identities import Identities
from tests.gateway.doors import house_with, served

BURST = 10
"""What ``RateLimit(10)`` lets through at once."""


def limits() -> Identities:
    return Identities(RateLimit(10, lambda: 0.0), RateLimit(10, lambda: 0.0), "C0001")


def test_a_customer_is_one_identity_in_all_their_conversations() -> None:
    identities = limits()
    for number in range(BURST):
        identities.connect(Grant(f"web-{number}", "C0002"))
    with pytest.raises(TooManyRequests, match="this customer"):
        identities.connect(Grant("web-new", "C0002"))
    identities.connect(Grant("web-new", "C0003"))


def test_without_a_customer_it_is_the_conversation() -> None:
    identities = limits()
    for _ in range(BURST):
        identities.request(Grant("web-1", None))
    with pytest.raises(TooManyRequests, match="this conversation"):
        identities.request(Grant("web-1", None))
    identities.request(Grant("web-2", None))
    identities.connect(Grant("web-1", None))


def test_the_customer_of_the_demo_is_nobody() -> None:
    identities = limits()
    for number in range(3 * BURST):
        identities.connect(Grant(f"web-{number}", "C0001"))


def test_a_number_is_one_identity_however_it_is_written() -> None:
    identities = limits()
    for number in range(BURST):
        identities.call(("+15550100001", "15550100001", "1 (555) 010-0001", "15550100001@10.0.0.9")[number % 4])
    with pytest.raises(TooManyRequests, match="this telephone number"):
        identities.call("+15550100001")
    identities.call("+15550100002")


@pytest.mark.parametrize("withheld", ["", "anonymous", "anonymous@anonymous.invalid", "+266696687", "+86282452253"])
def test_callers_without_a_number_do_not_lock_each_other_out(withheld: str) -> None:
    identities = limits()
    for _ in range(3 * BURST):
        identities.call(withheld)


async def test_a_customer_is_limited_over_rest_whatever_the_conversation() -> None:
    async with served(house_with(api_keys=("key",)), identities=limits()) as door:
        statuses = []
        for number in range(BURST + 1):
            body = {"text": "你好", "customer_id": "C0002", "conversation_id": f"c{number}"}
            async with door.client.post("/v1/message", json=body, headers={"Authorization": "Bearer key"}) as response:
                statuses.append(response.status)
        assert response.headers["Retry-After"]
        assert statuses == [200] * BURST + [429]


async def test_a_conversation_is_limited_on_the_voice_socket() -> None:
    async with served(identities=Identities(RateLimit(10, lambda: 0.0), RateLimit(10, lambda: 0.0))) as door:
        async with door.client.post("/v1/token", json={}) as response:
            resume = (await response.json())["resume_token"]
        statuses = []
        for _ in range(BURST + 1):
            async with door.client.post("/v1/token", json={"resume_token": resume}) as response:
                token = (await response.json())["token"]
            headers = {"Authorization": f"Bearer {token}", "Upgrade": "websocket", "Connection": "Upgrade",
                       "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
            async with door.client.get("/v1/voice", headers=headers) as response:
                statuses.append(response.status)
        assert statuses == [101] * BURST + [429]

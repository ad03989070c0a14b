"""The doors: origins, addresses, rates, headers, errors, static files, shutting down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from gateway.address import client_address
from gateway.admission import RateLimit
from gateway.app import drain, make_app
from gateway.services import SERVICES, SOCKETS
from tests.gateway.doors import Door, house_with, served
from tests.virtual_time import virtual_time

SHOP = "https://shop.example"


async def info(door: Door, **headers: str) -> Any:
    async with door.client.get("/v1/info", headers=headers) as response:
        return response.status, response.headers, await response.json()


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/healthz", "/v1/info", "/v1/none", "/v1/message"])
async def test_security_headers_are_everywhere(path: str) -> None:
    async with served() as door, door.client.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Permissions-Policy"] == "microphone=(self)"


async def test_the_page_and_its_modules_are_served_and_nothing_beside_them() -> None:
    async with served() as door:
        async with door.client.get("/") as response:
            assert response.content_type == "text/html"
        async with door.client.get("/web/app.js") as response:
            assert response.content_type in {"text/javascript", "application/javascript"}
            assert response.headers["Cache-Control"] == "no-cache"
        for path in ("/web/../app.py", "/web/%2e%2e/app.py", "/web/%2e%2e%2fconfig.py", "/web/"):
            async with door.client.get(path) as response:
                assert response.status in {403, 404}, path
                assert "import" not in await response.text()


async def test_other_sites_are_refused() -> None:
    async with served() as door:
        status, headers, body = await info(door, Origin="https://evil.example")
        assert (status, body["error"]["code"]) == (403, "origin_not_allowed")
        assert "Access-Control-Allow-Origin" not in headers
        for path in ("/v1/token", "/v1/message", "/v1/chat/completions"):
            async with door.client.post(path, json={}, headers={"Origin": "https://evil.example"}) as response:
                assert response.status == 403


async def test_the_page_itself_and_listed_origins_are_let_in() -> None:
    async with served(house_with(origins=(SHOP,))) as door:
        status, headers, _ = await info(door, Origin=door.url)
        assert status == 200
        assert "Access-Control-Allow-Origin" not in headers, "its own page needs none"
        status, headers, _ = await info(door, Origin=SHOP)
        assert status == 200
        assert headers["Access-Control-Allow-Origin"] == SHOP
        assert headers["Vary"] == "Origin"


async def test_errors_can_be_read_by_listed_origins() -> None:
    async with (
        served(house_with(origins=(SHOP,))) as door,
        door.client.post("/v1/message", data=b"{", headers={"Origin": SHOP}) as response,
    ):
        assert response.status == 400
        assert response.headers["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize("path", ["/v1/token", "/v1/message", "/v1/chat/completions"])
async def test_preflight(path: str) -> None:
    async with served(house_with(origins=(SHOP,))) as door:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        async with door.client.options(path, headers={"Origin": SHOP, **asked}) as response:
            assert response.status == 204
            assert await response.text() == ""
            assert response.headers["Access-Control-Allow-Origin"] == SHOP
            assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]
            assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        async with door.client.options(path, headers={"Origin": "https://evil.example", **asked}) as response:
            assert response.status == 403
        async with door.client.options(path) as response:
            assert response.status == 405, "no browser asks without an Origin"


async def test_an_address_that_asks_too_often_waits() -> None:
    clock = asyncio.get_running_loop().time
    async with served(requests=RateLimit(2, clock)) as door:
        assert [(await info(door))[0] for _ in range(3)] == [200, 200, 429]
        _, headers, body = await info(door)
        assert body["error"]["code"] == "rate_limited"
        assert 1 <= int(headers["Retry-After"]) <= 30
        for path in ("/healthz", "/readyz", "/metrics", "/web/app.js"):
            async with door.client.get(path) as response:
                assert response.status == 200, path


async def test_connections_have_a_limit_of_their_own() -> None:
    clock = asyncio.get_running_loop().time
    async with served(connects=RateLimit(1, clock)) as door:
        await door.token()
        async with door.client.post("/v1/token", json={}) as response:
            assert response.status == 429
        assert (await info(door))[0] == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
async def test_the_address_is_the_last_one_that_a_trusted_proxy_saw(
    peer: str, forwarded: str | None, address: str
) -> None:
    house = house_with(trusted_proxies=("10.0.0.1", "10.0.0.2"))
    async with asyncio.TaskGroup() as background:
        app = make_app(house.services(house.core(background)))
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        request = make_mocked_request("GET", "/", headers=headers, app=app).clone(remote=peer)
        assert request.app[SERVICES].settings is house.settings
        assert client_address(request) == address


async def test_a_client_cannot_choose_its_address() -> None:
    clock = asyncio.get_running_loop().time
    async with served(requests=RateLimit(2, clock)) as door:
        statuses = [(await info(door, **{"X-Forwarded-For": f"198.51.100.{n}"}))[0] for n in range(4)]
    assert statuses == [200, 200, 429, 429]
    async with served(house_with(trusted_proxies=("127.0.0.1",)), requests=RateLimit(2, clock)) as door:
        statuses = [(await info(door, **{"X-Forwarded-For": f"198.51.100.{n}"}))[0] for n in range(4)]
    assert statuses == [200] * 4


async def test_only_the_named_channels_are_served() -> None:
    house = house_with()
    async with asyncio.TaskGroup() as background:
        app = make_app(house.services(house.core(background)), ["ops"])
    paths = {resource.canonical for resource in app.router.resources()}
    assert "/healthz" in paths
    assert "/v1/voice" not in paths
    assert isinstance(app, web.Application)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8080", "localhost", "LOCALHOST:80", "[::1]:8080", "192.0.2.7", "shop.test.", "box.localhost"],
)
async def test_the_gateways_own_names(host: str) -> None:
    async with served(house_with(hosts=("shop.test",))) as door:
        assert (await info(door, Host=host))[0] == 200
        assert (await info(door, Host=host, Origin=f"http://{host}"))[0] == 200


async def test_a_name_that_was_made_to_point_here_is_refused() -> None:
    """DNS rebinding: the page's origin and the host agree, and both are the attacker's."""
    async with served() as door:
        for headers in ({}, {"Origin": "http://evil.example:8080"}):
            status, _, body = await info(door, Host="evil.example:8080", **headers)
            assert (status, body["error"]["code"]) == (403, "host_not_allowed")
            assert "gateway.hosts" in body["error"]["message"]
        post = {"Host": "evil.example", "Origin": "http://evil.example"}
        async with door.client.post("/v1/token", json={}, headers=post) as response:
            assert response.status == 403
        async with door.client.get("/", headers={"Host": "evil.example"}) as response:
            assert response.status == 403


async def test_servers_may_call_it_by_any_name() -> None:
    """No browser is behind a request without an Origin that is no page: containers, health checks."""
    async with served() as door:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/models"):
            async with door.client.get(path, headers={"Host": "kefu.svc.cluster"}) as response:
                assert response.status == 200, path
        async with door.client.post("/v1/message", json={"text": "你好"}, headers={"Host": "kefu"}) as response:
            assert response.status == 200


async def test_a_trusted_proxy_has_checked_the_name() -> None:
    for settings in ({"trusted_proxies": ("127.0.0.1",)}, {"hosts": ("*",)}, {"origins": ("https://any.example",)}):
        async with served(house_with(**settings)) as door:
            assert (await info(door, Host="any.example"))[0] == 200


async def test_a_worker_signs_its_answers() -> None:
    async with served() as door, door.client.get("/healthz") as response:
        assert "X-Kefu-Worker" not in response.headers
    async with served(worker=2) as door, door.client.get("/healthz") as response:
        assert response.headers["X-Kefu-Worker"] == "2"


@virtual_time
async def test_draining_waits_for_who_is_there_and_not_for_ever() -> None:
    loop = asyncio.get_running_loop()
    house = house_with()
    async with asyncio.TaskGroup() as background:
        app = make_app(house.services(house.core(background)))
        hurry = asyncio.Event()
        started = loop.time()
        await drain(app, 10, hurry)
        assert loop.time() == started, "nobody is there"
        socket: Any = object()
        app[SOCKETS].add(socket)
        loop.call_later(3, app[SOCKETS].discard, socket)
        await drain(app, 10, hurry)
        assert 2.9 < loop.time() - started < 3.2
        app[SOCKETS].add(socket)
        await drain(app, 10, hurry)
        assert 12.9 < loop.time() - started < 13.5
        loop.call_later(1, hurry.set)
        await drain(app, 10, hurry)
        assert loop.time() - started < 14.6


@pytest.mark.parametrize("path", ["/v1/twilio/voice", "/v1/webrtc", "/v1/realtime/calls", "/v1/audio/transcriptions"])
async def test_a_content_type_that_cannot_be_read_is_the_senders_mistake(path: str) -> None:
    async with served() as door, door.client.post(path, data=b"x", headers={"Content-Type": ";x*"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "bad_content_type")

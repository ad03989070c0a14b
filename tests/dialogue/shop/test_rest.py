"""The REST shop: the conformance suite over HTTP on the example server, and everything that a network gets wrong."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.policies import shipped_policies
from dialogue.shop import open_shop, rest_contract
from dialogue.shop.protocol import Shop
from dialogue.shop.rest import RestShop
from dialogue.shop.rest_client import RestSettings
from dialogue.shop.sql import SqlShop
from tests.dialogue.databases import SqliteTemplate, Template, fixed_clock, prepare
from tests.dialogue.shop.conformance import ShopConformance
from tests.dialogue.shop.demo_samples import demo_samples
from tests.dialogue.shop.samples import Samples
from tests.example_shop.server import application

TOKEN = "a-token-of-the-test"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """SQLite alone: which database lies behind the server makes no difference here."""
    file = tmp_path_factory.mktemp("database") / "template.db"
    asyncio.run(prepare(f"sqlite+aiosqlite:///{file}"))
    return SqliteTemplate(file)


@pytest.fixture
async def server(engine: AsyncEngine) -> AsyncIterator[TestServer]:
    async with TestServer(application(SqlShop(engine, fixed_clock), TOKEN), shutdown_timeout=1) as server:
        yield server


@asynccontextmanager
async def connected(url: str, token: str | None = TOKEN, deadline_s: float = 20.0) -> AsyncIterator[Shop]:
    shop: Shop = RestShop(None, None, shipped_policies(), RestSettings(url, token, deadline_s))
    try:
        yield shop
    finally:
        await shop.close()


@pytest.fixture
async def shop(server: TestServer) -> AsyncIterator[Shop]:
    async with connected(str(server.make_url("/"))) as shop:
        yield shop


@pytest.fixture
async def samples(shop: Shop, engine: AsyncEngine) -> Samples:
    return await demo_samples(shop, engine, fixed_clock().date())


class TestRestShop(ShopConformance):
    """Inherits every test of the suite."""


def test_the_openapi_document_is_the_contracts() -> None:
    written = yaml.safe_load(Path(rest_contract.__file__).with_name("rest_openapi.yaml").read_text("utf-8"))
    made = yaml.safe_load(rest_contract.document())
    assert _binding(written) == _binding(made), (
        "run: python -m dialogue.shop.rest_contract > dialogue/shop/rest_openapi.yaml"
    )


_WORDS = {"summary", "description"}


def _binding(document: Any) -> Any:
    """What a shop must keep to: all but the words of docstrings."""
    if isinstance(document, dict):
        kept = {name: value for name, value in document.items() if name not in _WORDS or not isinstance(value, str)}
        return {name: _binding(value) for name, value in kept.items()}
    return [_binding(value) for value in document] if isinstance(document, list) else document


def test_every_method_of_the_protocol_goes_over_http() -> None:
    methods = {name for name, _ in inspect.getmembers(Shop, inspect.iscoroutinefunction)} - {"close"}
    assert methods == set(rest_contract.operations())
    assert all(name in vars(RestShop) for name in methods)
    paths = [(it.verb, it.path) for it in rest_contract.operations().values()]
    assert len(paths) == len(set(paths))


def test_what_is_personal_stands_in_no_address() -> None:
    in_urls = {field for it in rest_contract.operations().values() for field in it.path_fields}
    asked = {
        name
        for it in rest_contract.operations().values()
        if it.verb == "GET"
        for name in rest_contract.arguments(it.name).model_fields
    }
    assert not {"phone", "email", "name", "postal_code", "address", "words", "text"} & (in_urls | asked)


async def test_the_token_is_asked_for(server: TestServer, samples: Samples) -> None:
    for token in (None, "wrong"):
        async with connected(str(server.make_url("/")), token) as shop:
            with pytest.raises(ShopUnavailable, match="401"):
                await shop.order(samples.paid)


def test_without_an_address_it_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(ShopUnavailable, match="url"):
        open_shop("rest", None, shipped_policies())  # type: ignore[arg-type]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handler: Handler, deadline_s: float = 5.0) -> AsyncIterator[Shop]:
    """A shop that answers every request in the same way."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    async with (
        TestServer(app, shutdown_timeout=0.1) as server,
        connected(str(server.make_url("/")), TOKEN, deadline_s) as shop,
    ):
        yield shop


async def _cancel(shop: Shop) -> object:
    return await shop.cancel_order("12345674", "", idempotency_key="a")


async def _read(shop: Shop) -> object:
    return await shop.order("12345674")


GARBAGE = (
    b"", b"null", b"[]", b"{}", b"<html>oops</html>", b'"x"', b"{" * 100_000, b"\xff\xfe", b'{"order_number": 7}',
    b'{"order_number":"1","customer_id":"c","status":"flying","created_at":"2026-11-22T00:00:00Z","lines":[],"total":"1","address":""}',
    b'{"order_number":"1","customer_id":"c","status":"paid","created_at":"2026-11-22T00:00:00","lines":[],"total":"1","address":""}',
    b'{"order_number":"1","customer_id":"c","status":"paid","created_at":"2026-11-22T00:00:00Z","lines":[],"total":"NaN","address":""}',
)  # fmt: skip


@pytest.mark.parametrize("call", [_read, _cancel])
@pytest.mark.parametrize("garbage", GARBAGE)
async def test_garbage_is_no_answer(call: Callable[[Shop], Awaitable[object]], garbage: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=garbage, content_type="application/json")

    async with answering(answer) as shop:
        with pytest.raises(ShopUnavailable):
            await call(shop)


@pytest.mark.parametrize("call", [_read, _cancel])
@pytest.mark.parametrize("status", [301, 400, 401, 403, 405, 500, 502, 503, 504, 429, 204])
async def test_another_status_is_no_answer(call: Callable[[Shop], Awaitable[object]], status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"})

    async with answering(answer) as shop:
        with pytest.raises(ShopUnavailable, match=str(status)):
            await call(shop)


async def test_a_write_that_is_not_there_was_not_done() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    async with answering(answer) as shop:
        assert await _read(shop) is None
        with pytest.raises(ShopUnavailable):
            await _cancel(shop)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"rule": 7}', b'{"rule": "Customer 19900001234!"}', b'["x"]'])
async def test_a_refusal_needs_a_rule(body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=409, body=body)

    async with answering(answer) as shop:
        with pytest.raises(ShopUnavailable):
            await _cancel(shop)


async def test_a_refusal_is_not_asked_again_and_the_key_travels() -> None:
    keys: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        return web.json_response({"rule": "already_shipped"}, status=409)

    async with answering(answer) as shop:
        with pytest.raises(ActionRefused) as refused:
            await _cancel(shop)
    assert refused.value.rule == "already_shipped"
    assert keys == ["a"]


async def test_what_passes_is_asked_again_with_the_same_key(engine: AsyncEngine) -> None:
    real = SqlShop(engine, fixed_clock)
    samples = await demo_samples(real, engine, fixed_clock().date())
    inner = application(real, TOKEN)
    keys: list[str] = []

    @web.middleware
    async def flaky(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        keys.append(request.headers["Idempotency-Key"])
        answer = await handler(request)
        return web.Response(status=503) if len(keys) < 3 else answer  # done, and yet not answered

    inner.middlewares.append(flaky)
    async with TestServer(inner, shutdown_timeout=1) as server, connected(str(server.make_url("/"))) as shop:
        before = await real.product((await real.order(samples.paid)).lines[0].sku)  # type: ignore[union-attr]
        order = await shop.cancel_order(samples.paid, "", idempotency_key="once")
        after = await real.product(order.lines[0].sku)
    assert keys == ["once"] * 3
    assert before is not None
    assert after is not None
    assert after.stock == before.stock + order.lines[0].quantity


async def test_a_shop_that_is_down_or_drops_the_line() -> None:
    async with connected("http://127.0.0.1:9/", deadline_s=5) as shop:
        with pytest.raises(ShopUnavailable):
            await _read(shop)

    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with answering(drop) as shop:
        with pytest.raises(ShopUnavailable):
            await _cancel(shop)


async def test_a_slow_shop_is_left_at_the_deadline() -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with answering(slow, deadline_s=0.2) as shop:
        began = time.monotonic()
        with pytest.raises(ShopUnavailable, match="timeout"):
            await _read(shop)
        assert time.monotonic() - began < 2


async def test_a_cancelled_request_is_no_error_of_the_shop() -> None:
    begun = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(30)
        return web.Response()

    async with answering(slow) as shop:
        task = asyncio.ensure_future(_cancel(shop))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nothing_personal_is_in_an_error_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"name": "林小满", "phone": "19900001234", "address": "听雨街1号"})

    with caplog.at_level(logging.DEBUG):
        async with answering(answer) as shop:
            with pytest.raises(ShopUnavailable) as away:
                await shop.customer_by_phone("19900001234")
    told = f"{away.value} {away.value.__cause__} {caplog.text}"
    assert "1990000" not in told
    assert "林小满" not in told


async def test_the_example_server_refuses_what_is_not_of_the_contract(server: TestServer) -> None:
    import aiohttp

    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def status(path: str, body: object, **more: str) -> int:
            async with session.post(server.make_url(path), data=json.dumps(body), headers=more) as response:
                return response.status

        assert await status("/actions/cancel_order", {"order_number": "1"}) == 400
        assert await status("/actions/cancel_order", {"order_number": "1", "reason": "", "now": True}) == 400
        assert await status("/actions/cancel_order", ["x"]) == 400
        assert (
            await status("/actions/cancel_order", {"order_number": "1", "reason": ""}, **{"Idempotency-Key": ""}) == 400
        )
        assert await status("/actions/cancel_order", {"order_number": "1", "reason": ""}) == 409

"""The document: whole, valid, true of every route; and that the tests' own watch over answers sees what is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from dialogue.domains import Page
from gateway.app import make_app
from gateway.config import Gateway, Settings
from gateway.openapi.document import document, operations
from gateway.openapi.door import served as served_routes
from speech.audio import pcm_from_float
from speech.containers import CONTENT_TYPES, Encoder
from speech.types import LISTEN_RATE_HZ
from tests.fakes import audio_of
from tests.gateway.conformance import Conformance, header_problem, problem, value_problem, whole
from tests.gateway.doors import house_with, served

KEY = "k" * 20


def recording() -> bytes:
    encoder = Encoder("wav", LISTEN_RATE_HZ)
    return encoder.push(pcm_from_float(audio_of("20. 20# 20."))) + encoder.finish()


def with_gateway(**gateway: Any) -> Settings:
    return Settings(gateway=Gateway(**gateway))


def security(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    return {path: operation["security"] for _, path, operation in operations(document(settings))}


@asynccontextmanager
async def app_of(channels: list[str] | None = None) -> AsyncIterator[web.Application]:
    house = house_with()
    async with asyncio.TaskGroup() as background:
        services = house.services(house.core(background))
        yield make_app(services) if channels is None else make_app(services, channels)


async def test_every_route_is_documented_and_nothing_else() -> None:
    async with app_of() as app:
        assert served_routes(app) == {(verb, path) for verb, path, _ in operations(document(Settings()))}


async def test_it_is_served_of_the_channels_that_are_there() -> None:
    async with served() as door, door.client.get("/openapi.json") as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert await response.json() == document(door.services.settings)
    async with app_of(["ops", "openapi"]) as app:
        few = document(Settings(), served_routes(app))
    assert set(few["paths"]) == {"/", "/healthz", "/readyz", "/metrics", "/v1/info", "/openapi.json", "/docs"}


async def test_what_the_page_is_told_is_documented() -> None:
    page = Page(say=("{number} 到哪了",), body="查订单", demo="{customer}").filled("10000001", "林小满")
    demo = {"customer": "林小满", "order_number": "10000001", "say": page["say"]}
    info = {"name": "店", "version": "1", "demo": demo, "voice_licence": "x", "intro": {"zh": page, "en": {"body": ""}}}
    async with served(info=info) as door, door.client.get("/v1/info") as response:
        assert await response.json() == info


async def test_the_page_that_shows_it_is_served_under_names_of_ours_only() -> None:
    async with served() as door:
        async with door.client.get("/docs") as response:
            assert (response.status, response.content_type) == (200, "text/html")
            assert "unsafe" not in response.headers["Content-Security-Policy"]
        for path in ("/docs", "/openapi.json"):
            async with door.client.get(path, headers={"Host": "evil.example"}) as response:
                assert response.status == 403


def test_it_is_valid_openapi_3_1() -> None:
    raw = document(Settings())
    assert raw["openapi"] == "3.1.0"
    schema = schemathesis.openapi.from_dict(raw)
    schema.validate()
    assert len([one for one in schema.get_all_operations() if one.ok() is not None]) == len(list(operations(raw)))
    for name, one in raw["components"]["schemas"].items():
        jsonschema_rs.meta.validate({**one, "$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert jsonschema_rs.Draft202012Validator({**one, "components": raw["components"]}), name


def test_a_document_that_is_not_valid_is_noticed() -> None:
    raw = document(Settings())
    raw["paths"]["/healthz"]["get"]["responses"] = []
    with pytest.raises(jsonschema_rs.ValidationError):
        schemathesis.openapi.from_dict(raw).validate()


def test_operations_have_names_and_words() -> None:
    found = [operation for _, _, operation in operations(document(Settings()))]
    assert len({operation["operationId"] for operation in found}) == len(found)
    tags = {tag["name"] for tag in document(Settings())["tags"]}
    for operation in found:
        assert operation["summary"]
        assert set(operation["tags"]) <= tags


def test_every_component_is_used() -> None:
    raw = document(Settings())
    text = str(raw)
    for kind in ("schemas", "responses", "headers"):
        for name in raw["components"][kind]:
            assert f"'#/components/{kind}/{name}'" in text, name


def test_who_may_ask_is_what_this_gateway_asks_for() -> None:
    opened, closed = security(with_gateway()), security(with_gateway(api_keys=(KEY,)))
    assert (opened["/v1/message"], closed["/v1/message"]) == ([], [{"apiKey": []}])
    assert (opened["/v1/realtime"], closed["/v1/realtime"]) == (
        [{"realtimeSecret": []}],
        [{"apiKey": []}, {"realtimeSecret": []}],
    )
    assert opened["/v1/voice"] == [{"voiceToken": []}]
    assert security(with_gateway(require_token=False))["/v1/voice"] == []
    assert security(with_gateway(require_token=False))["/v1/realtime"] == []
    assert opened["/v1/asterisk/next"] == [{"basic": []}]
    assert closed["/healthz"] == []


def test_limits_are_the_gateways() -> None:
    schemas = document(with_gateway(max_text_chars=7))["components"]["schemas"]
    assert schemas["CustomerText"]["maxLength"] == 7


ASK = {"messages": [{"role": "user", "content": "我的订单什么时候到"}], "stream": True}
STREAMS = {
    "/v1/chat/completions": {"json": {**ASK, "stream_options": {"include_usage": True}}},
    "/v1/audio/speech": {
        "json": {"model": "kefu", "input": "您好。", "stream_format": "sse", "response_format": "pcm"}
    },
    "/v1/audio/transcriptions": {"stream": "true"},
}


@pytest.mark.parametrize("path", STREAMS)
async def test_events_of_streams_are_as_documented(path: str) -> None:
    sent = dict(STREAMS[path])
    if "json" not in sent:
        form = FormData({**sent, "model": "kefu"})
        form.add_field("file", recording(), filename="question.wav")
        sent = {"data": form}
    content = whole()["paths"][path]["post"]["responses"]["200"]["content"]["text/event-stream"]
    shape = content["schema"]["properties"]["data"]
    schema = next(one for one in (shape, *shape.get("anyOf", ())) if "contentSchema" in one)["contentSchema"]
    async with served() as door, door.client.post(path, **sent) as response:
        lines = [line.removeprefix("data: ") for line in (await response.text()).split("\n\n") if line]
    events = [json.loads(line) for line in lines if line != "[DONE]"]
    assert len(events) >= 2
    assert [problem for event in events if (problem := value_problem(event, schema))] == []
    assert value_problem({**events[0], "odd": 1}, schema)


def test_names_come_from_the_code() -> None:
    schemas = document(Settings())["components"]["schemas"]
    assert schemas["ReplyAction"]["enum"] == ["say", "hand_off", "transfer", "hang_up", "collect_digits"]
    assert schemas["SpeechRequest"]["properties"]["response_format"]["enum"] == list(CONTENT_TYPES)
    spoken = document(Settings())["paths"]["/v1/audio/speech"]["post"]["responses"]["200"]["content"]
    assert set(spoken) == {*CONTENT_TYPES.values(), "text/event-stream"}


# --- the watch over answers ------------------------------------------------------------------------------------------

OK = {"status": "ok"}


def health(body: object, status: int = 200) -> str:
    responses = whole()["paths"]["/healthz"]["get"]["responses"]
    return problem("GET", web.json_response(body, status=status), responses)


def test_a_wrong_answer_is_noticed() -> None:
    assert health(OK) == ""
    assert "418" in health(OK, 418)
    assert "status" in health({})
    assert "more" in health({**OK, "more": 1})
    text = web.Response(text="ok")
    assert "text/plain" in problem("GET", text, whole()["paths"]["/healthz"]["get"]["responses"])


def test_a_wrong_header_is_noticed() -> None:
    seconds = {"required": True, "schema": {"type": "integer", "minimum": 1}}
    assert header_problem("Retry-After", "5", seconds) == ""
    assert header_problem("Retry-After", None, seconds)
    assert header_problem("Retry-After", "0", seconds)
    assert header_problem("Retry-After", "soon", seconds)


async def test_the_watch_sees_what_is_answered_over_a_socket() -> None:
    async def odd(_request: web.Request) -> web.Response:
        return web.json_response({"status": "odd"})

    app, conformance = web.Application(), Conformance()
    app.router.add_get("/healthz", odd)
    conformance.attach(app)
    async with TestClient(TestServer(app)) as client, client.get("/healthz") as response:
        assert response.status == 200
    body, header = sorted(conformance.broken)
    assert "status" in body
    assert header == "GET /healthz: without X-Request-Id"
    assert conformance.judged == 1

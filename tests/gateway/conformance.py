"""Holds what a gateway answers to its OpenAPI document, whoever asked: status, content type, headers, body.

Stricter than the document itself: a field that is not documented is an error too. Of a stream the headers are judged;
its events are read in ``test_openapi``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jsonschema_rs
from aiohttp import web

from gateway.config import Settings
from gateway.openapi.document import document, operations

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Schema = dict[str, Any]
_ERROR: Schema = {"$ref": "#/components/responses/BadRequest"}
_JSON = "application/json"


class Conformance:
    """Watches an application; ``broken`` says what did not fit."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.judged = 0
        """Answers that were held to the document."""

    def attach(self, app: web.Application) -> None:
        """Watch this application, which has not started yet."""
        app.middlewares.insert(0, self._judge)
        app.on_response_prepare.append(self._judge_headers)

    @web.middleware
    async def _judge(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if (documented := documented_responses(request)) is not None:
            self.judged += 1
            self._note(request, problem(request.method, response, documented))
        return response

    async def _judge_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        documented = documented_responses(request) or {}
        for name, header in followed(documented.get(str(response.status), {})).get("headers", {}).items():
            self._note(request, header_problem(name, response.headers.get(name), followed(header)))

    def _note(self, request: web.Request, found: str) -> None:
        if found:
            self.broken.append(f"{request.method} {request.path}: {found}")


@contextmanager
def held_to_the_document(app: web.Application) -> Iterator[None]:
    """All that this application, which has not started yet, answers meanwhile fits, or the test fails."""
    conformance = Conformance()
    conformance.attach(app)
    yield
    assert not conformance.broken, f"answers that gateway/openapi does not know: {conformance.broken}"


def documented_responses(request: web.Request) -> Schema | None:
    """By status what the operation may answer; None: it is none of the API (a file of the page, a preflight)."""
    if request.method == "OPTIONS" or request.path.startswith("/web/"):
        return None
    resource = request.match_info.route.resource
    if request.match_info.http_exception is not None or resource is None:
        return {"404": _ERROR, "405": _ERROR, "403": _ERROR, "429": _ERROR}
    verb = "GET" if request.method == "HEAD" else request.method
    return _responses()[verb, resource.canonical]


def problem(method: str, response: web.StreamResponse, documented: Schema) -> str:
    """What is wrong with the status, the content type or the body; empty: nothing."""
    if str(response.status) not in documented:
        return f"{response.status} is not documented"
    content = followed(documented[str(response.status)]).get("content", {})
    if isinstance(response, web.WebSocketResponse | web.FileResponse):
        # The type of a file is known when it is sent.
        return ""
    if not content and not getattr(response, "body", None):
        return ""
    if response.content_type not in content:
        return f"{response.status} as {response.content_type} is not documented"
    body = getattr(response, "body", None)
    if response.content_type != _JSON or not isinstance(body, bytes) or method == "HEAD":
        return ""
    return value_problem(json.loads(body), content[_JSON]["schema"])


def value_problem(value: Any, schema: Schema) -> str:
    """What is wrong with a value; empty: nothing."""
    found = _validator(json.dumps(schema)).iter_errors(value)
    return "; ".join(f"{list(error.instance_path)}: {error.message}" for error in found)


def header_problem(name: str, value: str | None, header: Schema) -> str:
    """What is wrong with a header; empty: nothing."""
    if value is None:
        return f"without {name}" if header.get("required") else ""
    typed = int(value) if header["schema"]["type"] == "integer" and value.isdigit() else value
    return "" if _validator(json.dumps(header["schema"])).is_valid(typed) else f"{name} is {value!r}"


def followed(part: Schema) -> Schema:
    """What a reference names, or the part itself."""
    if "$ref" not in part:
        return part
    _, *names = part["$ref"].split("/")
    found: Any = whole()
    for name in names:
        found = found[name]
    return dict(found)


@cache
def whole() -> Schema:
    """The document, closed: an object has no fields but those that are documented."""
    closed: Schema = _closed(document(Settings()))
    return closed


def _closed(value: Any) -> Any:
    if isinstance(value, list):
        return [_closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _closed(one) for key, one in value.items()}
    if isinstance(value.get("properties"), dict) and "type" in value:
        found.setdefault("additionalProperties", False)
    return found


@cache
def _responses() -> dict[tuple[str, str], Schema]:
    return {(verb, path): operation["responses"] for verb, path, operation in operations(whole())}


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": whole()["components"]})

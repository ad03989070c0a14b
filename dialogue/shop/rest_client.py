"""Requests to a REST shop: an ``Operation`` and its arguments in, a checked value out. Holds one pool of connections.

Everything that is no answer of the contract (no connection, a 5xx, garbage, too slow) is ``ShopUnavailable``; its text
holds the operation and the kind of failure, never arguments or answers, for these are personal data. What may pass is
asked again within the deadline, WRITEs too: their key makes that safe.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import ValidationError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.shop.rest_contract import KEY_HEADER, Operation, arguments, is_optional, operations, result

_TRIES = 3
_WAIT_S = 0.1
_MOST_WAIT_S = 1.0
_MAX_BYTES = 64 * 1024 * 1024
"""Longest answer; a catalogue of 100,000 products is about 20 MB."""
_SLOW = frozenset({"catalogue"})
"""Asked now and then, never in a turn: they have longer."""
_SLOW_FACTOR = 10.0
_PASSING = frozenset({429, 502, 503, 504})
_LONGEST = 200
"""Characters of a number that a shop may have given out."""
_RULE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class _Passing(Exception):
    """May go away by itself."""


@dataclass(frozen=True, slots=True)
class RestSettings:
    """Where the shop is and how it is asked."""

    url: str
    """Base of the contract, e.g. ``https://shop.example.com/kefu/v1``."""
    token: str | None = None
    deadline_s: float = 3.0
    """For a request with all its tries."""


class RestClient:
    """Cancelling a request is always safe: a WRITE then happened whole or not at all, its key tells."""

    def __init__(self, settings: RestSettings) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, name: str, given: Mapping[str, Any], key: str | None = None) -> Any:
        """The result of the operation. Raises ``ActionRefused``, ``ShopUnavailable``."""
        operation = operations()[name]
        if any(not _is_number(given[field]) for field in operation.path_fields):
            return _nothing(name)  # no shop gave out such a number; no proxy on the way has to cope with it
        request = _request(operation, given)
        if request is None:
            if operation.writes:
                raise ActionRefused("bad_arguments")
            return _nothing(name)
        seconds = self._settings.deadline_s * (_SLOW_FACTOR if name in _SLOW else 1)
        try:
            async with asyncio.timeout(seconds):
                async for attempt in _attempts():
                    with attempt:
                        return await self._once(operation, request, key)
        except (TimeoutError, _Passing) as error:
            kind = "timeout" if isinstance(error, TimeoutError) else str(error)
            raise ShopUnavailable(f"the shop did not answer {name}: {kind}") from None
        raise ShopUnavailable(f"the shop did not answer {name}")

    async def _once(self, operation: Operation, request: _Request, key: str | None) -> Any:
        headers = {KEY_HEADER: key} if key is not None else {}
        try:
            async with self._opened().request(
                operation.verb,
                self._base + request.path,
                params=request.query,
                data=request.body,
                headers={**headers, "Content-Type": "application/json"} if request.body is not None else headers,
                allow_redirects=False,
            ) as response:
                body = await _read(response)
                return _answer(operation, response.status, body)
        except aiohttp.ClientError as error:
            raise _Passing(type(error).__name__) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            token = self._settings.token
            # No time limit of its own: the one deadline is ours.
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=aiohttp.ClientTimeout(total=None),
                connector=aiohttp.TCPConnector(limit=100),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        """Release the connections."""
        if self._session is not None:
            await self._session.close()


@dataclass(frozen=True, slots=True)
class _Request:
    path: str
    query: dict[str, str]
    body: bytes | None


def _attempts() -> AsyncRetrying:
    return AsyncRetrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(_WAIT_S, _MOST_WAIT_S),
        retry=retry_if_exception_type(_Passing),
        reraise=True,
    )


def _request(operation: Operation, given: Mapping[str, Any]) -> _Request | None:
    """The request on the wire; None where an argument cannot be written down."""
    try:
        values = json.loads(arguments(operation.name)(**given).model_dump_json())
    except (ValidationError, UnicodeError, ValueError):
        return None
    in_path = {field: quote(str(values.pop(field)), safe="") for field in operation.path_fields}
    path = operation.path.format(**in_path)
    if operation.verb == "GET":
        return _Request(path, {name: str(value) for name, value in values.items() if value is not None}, None)
    return _Request(path, {}, json.dumps(values, ensure_ascii=False).encode())


def _is_number(value: object) -> bool:
    text = str(value)
    return bool(text.strip()) and len(text) <= _LONGEST and not _CONTROL.search(text) and text not in {".", ".."}


def _nothing(name: str) -> Any:
    return None if is_optional(name) else ()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    found = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        found += chunk
        if len(found) > _MAX_BYTES:
            raise ShopUnavailable("the shop's answer has no end")
    return bytes(found)


def _answer(operation: Operation, status: int, body: bytes) -> Any:
    name = operation.name
    if status == 200:
        return _checked(name, body)
    if status == 404 and not operation.writes:
        return _nothing(name)
    if status == 409 and operation.writes:
        raise ActionRefused(_rule(name, body))
    if status in _PASSING:
        raise _Passing(str(status))
    raise ShopUnavailable(f"the shop answered {name} with {status}")


def _checked(name: str, body: bytes) -> Any:
    try:
        value = result(name).validate_json(body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
        raise ShopUnavailable(f"the shop's answer to {name} is not of the contract at '{where}'") from None
    if value is None:
        raise ShopUnavailable(f"the shop's answer to {name} is nothing, and should be 404")
    if any(at.tzinfo is None for at in _instants(value)):
        raise ShopUnavailable(f"the shop's answer to {name} has an instant without an offset")
    return value


def _rule(name: str, body: bytes) -> str:
    try:
        rule = json.loads(body)["rule"]
    except (ValueError, LookupError, TypeError):
        rule = None
    if not isinstance(rule, str) or not _RULE.fullmatch(rule):
        raise ShopUnavailable(f"the shop refused {name} without a rule")
    return rule


def _instants(value: object) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _instants(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _instants(getattr(value, field.name))

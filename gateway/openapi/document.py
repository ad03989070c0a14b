"""The document of one gateway: the YAML beside this file, what the code knows itself, this gateway's settings. Pure.

Taken from the code are the models that requests are checked with, closed sets of names, and limits; what the middleware
does to every route (``gateway.app``) is added to every operation. Tests hold the rest to what the gateway answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_type_hints

import yaml
from pydantic import TypeAdapter

from dialogue.types import Card, ReplyAction
from gateway.channels.openai_audio import SpeechRequest
from gateway.channels.realtime.config import Session
from gateway.config import Settings
from gateway.events import LanguageChoice
from nlu.types import Language, Polarity

SUBJECTS = ("dialogue", "speech", "live", "telephone", "operations")
"""The files with paths, in the order in which they are shown."""
VERBS = ("get", "post", "put", "patch", "delete")
_OF_EVERY_ROUTE = {"403": "Forbidden", "429": "TooMany", "500": "Broken"}
_WITH_BODY = {"408": "Slow", "413": "TooLarge"}
_UNLIMITED = {"operations"}
"""Operations with this tag ask no origin and count no requests."""
_HEADERS = {"X-Request-Id": "RequestId", "X-Kefu-Worker": "Worker"}
Schema = dict[str, Any]


def document(settings: Settings, routes: Iterable[tuple[str, str]] | None = None) -> Schema:
    """The document of a gateway with these settings.

    ``routes``: verbs and paths that it has, as ``("POST", "/v1/message")``; None: all that there are.
    """
    whole = _read("shared")
    for subject in SUBJECTS:
        part = _read(subject)
        whole["paths"].update(part["paths"])
        whole["components"]["schemas"].update(part.get("components", {}).get("schemas", {}))
    whole["components"]["schemas"].update(_of_code(), **_of_settings(settings))
    if routes is not None:
        whole["paths"] = _kept(whole["paths"], {(verb.lower(), path) for verb, path in routes})
    for _, _, operation in operations(whole):
        _complete(operation, settings)
    for response in whole["components"]["responses"].values():
        _add_headers(response)
    return whole


def operations(whole: Mapping[str, Any]) -> Iterator[tuple[str, str, Schema]]:
    """(verb in upper case, path, operation) of everything in a document."""
    for path, item in whole["paths"].items():
        for verb in VERBS:
            if verb in item:
                yield verb.upper(), path, item[verb]


@cache
def _text(name: str) -> str:
    return json.dumps(yaml.safe_load(files(__package__).joinpath(f"{name}.yaml").read_text("utf-8")))


def _read(name: str) -> Schema:
    # By way of JSON: an alias and its anchor are one object in what YAML gives, and operations are changed below.
    read: Schema = json.loads(_text(name))
    return read


def _of_code() -> Schema:
    """Schemas whose home is the code."""
    schemas = {
        "Language": _schema(Language),
        "LanguageChoice": _schema(LanguageChoice),
        "Polarity": _schema(Polarity),
        "ReplyAction": {**_schema(ReplyAction), "description": "What the channel is to do besides showing the reply."},
        "CardKind": _schema(get_type_hints(Card)["kind"]),
        "SpeechRequest": _schema(SpeechRequest),
    }
    return {**schemas, **_prefixed("Realtime", "RealtimeSession", Session)}


def _schema(of: Any) -> Schema:
    schema: Schema = _tidy(TypeAdapter(of).json_schema())
    return schema


def _prefixed(
    prefix: str, name: str, of: Any, mode: Literal["validation", "serialization"] = "serialization"
) -> Schema:
    """The schema of ``of`` as ``name``, and those that it needs, their names prefixed."""
    schema = TypeAdapter(of).json_schema(mode=mode, ref_template=f"#/components/schemas/{prefix}{{model}}")
    parts = {f"{prefix}{part}": found for part, found in schema.pop("$defs", {}).items()}
    found: Schema = _tidy({**parts, name: schema})
    return found


def _tidy(value: Any) -> Any:
    """Without the titles and Python's docstring marks that pydantic adds."""
    if isinstance(value, dict):
        is_titled = isinstance(value.get("title"), str)
        return {key: _tidy(one) for key, one in value.items() if key != "title" or not is_titled}
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    return value.replace("``", "`") if isinstance(value, str) else value


def _of_settings(settings: Settings) -> Schema:
    limit = settings.gateway.max_text_chars
    # What is blank is refused: some character that is no white space to Python either.
    seen = r"[^\s\u0000\u001c-\u001f\u0085]"
    text = {"type": "string", "minLength": 1, "maxLength": limit, "pattern": seen, "description": "Not blank."}
    return {"CustomerText": text}


def _kept(paths: Mapping[str, Schema], routes: set[tuple[str, str]]) -> Schema:
    kept: Schema = {}
    for path, item in paths.items():
        verbs = {verb: operation for verb, operation in item.items() if (verb, path) in routes}
        if verbs:
            kept[path] = verbs
    return kept


def _complete(operation: Schema, settings: Settings) -> None:
    """What every route does, and who may ask on this gateway."""
    common = dict(_OF_EVERY_ROUTE) if not _UNLIMITED & set(operation["tags"]) else {"500": "Broken"}
    common |= _WITH_BODY if "requestBody" in operation else {}
    for status, name in common.items():
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for response in operation["responses"].values():
        if "$ref" not in response:
            _add_headers(response)
    operation["security"] = _security(operation["security"], settings)


def _add_headers(response: Schema) -> None:
    added = {name: {"$ref": f"#/components/headers/{shared}"} for name, shared in _HEADERS.items()}
    response["headers"] = {**added, **response.get("headers", {})}


def _security(wanted: list[Schema], settings: Settings) -> list[Schema]:
    """Without API keys, or without tokens, what asks for nothing else is open."""
    gateway = settings.gateway
    is_open: Mapping[str, Callable[[], bool]] = {
        "apiKey": lambda: not gateway.api_keys and not _is_beside(wanted, "realtimeSecret"),
        "voiceToken": lambda: not gateway.require_token,
        "realtimeSecret": lambda: not gateway.require_token,
    }
    if any(set(one) & {name for name, opened in is_open.items() if opened()} for one in wanted):
        return []
    # A socket that takes a key or a secret takes secrets alone where there are no keys.
    return [one for one in wanted if "apiKey" not in one or gateway.api_keys]


def _is_beside(wanted: list[Schema], name: str) -> bool:
    return any(name in one for one in wanted)

"""The HTTP contract of a REST shop: which request stands for which method of ``Shop``. Data; no I/O.

    READ of one thing      GET  /orders/{order_number}             200 the thing, 404 there is none
    READ of several        GET  /customers/{customer_id}/orders    200 a list, empty where there is nothing
    READ by what is said   POST /customers/find                    in a body: phone numbers do not belong in URLs
    WRITE                  POST /actions/cancel_order              with Idempotency-Key; 200, or 409 {"rule": "..."}

Arguments and results have the names and types of the protocol, so both sides check what they send and get.
``python -m dialogue.shop.rest_contract`` prints the OpenAPI document that lies beside this file.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_type_hints

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from dialogue.shop.protocol import Shop

KEY_HEADER = "Idempotency-Key"
VERSION = "1"
_KEY = "idempotency_key"
Verb = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of ``Shop`` over HTTP."""

    name: str
    verb: Verb
    path: str
    """Below the base URL; fields in braces are arguments, those of GET that are not in it go into the query."""

    @property
    def writes(self) -> bool:
        """Whether it changes something, once for each key."""
        return self.path.startswith("/actions/")

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Arguments that stand in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))


_READS: Mapping[str, tuple[Verb, str]] = {
    "customer": ("GET", "/customers/{customer_id}"),
    "customer_by_phone": ("POST", "/customers/find-by-phone"),
    "customer_by_email": ("POST", "/customers/find-by-email"),
    "customer_by_name": ("POST", "/customers/find-by-name"),
    "payment_methods": ("GET", "/customers/{customer_id}/payment-methods"),
    "orders": ("GET", "/customers/{customer_id}/orders"),
    "coupons": ("GET", "/customers/{customer_id}/coupons"),
    "tickets": ("GET", "/customers/{customer_id}/tickets"),
    "order": ("GET", "/orders/{order_number}"),
    "order_by_tracking": ("GET", "/parcels/{tracking_number}/order"),
    "product": ("GET", "/products/{sku}"),
    "variants": ("GET", "/products/{sku}/variants"),
    "reviews": ("GET", "/products/{sku}/reviews"),
    "related": ("GET", "/products/{sku}/related"),
    "visits": ("GET", "/orders/{order_number}/visits"),
    "cashback": ("GET", "/orders/{order_number}/cashback"),
    "search_products": ("POST", "/products/search"),
    "catalogue": ("GET", "/catalogue"),
}


@cache
def operations() -> Mapping[str, Operation]:
    """Every operation, by the method of ``Shop`` that it stands for; one that takes a key is an action."""
    found = {}
    for name, method in inspect.getmembers(Shop, inspect.iscoroutinefunction):
        if name == "close":
            continue
        default: tuple[Verb, str] = ("POST", f"/reads/{name}")
        verb, path = _READS.get(name, default)
        if _KEY in inspect.signature(method).parameters:
            verb, path = "POST", f"/actions/{name}"
        found[name] = Operation(name, verb, path)
    return found


@cache
def arguments(name: str) -> type[BaseModel]:
    """What the operation takes, the key of a WRITE left out. An unknown field is an error, not overlooked."""
    method = getattr(Shop, name)
    hints = get_type_hints(method)
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
        for parameter in inspect.signature(method).parameters.values()
        if parameter.name not in {"self", _KEY}
    }
    title = "".join(part.capitalize() for part in name.split("_"))
    model: type[BaseModel] = create_model(f"{title}Arguments", __config__=ConfigDict(extra="forbid"), **fields)
    return model


@cache
def result(name: str) -> TypeAdapter[Any]:
    """What the operation gives."""
    hint: Any = get_type_hints(getattr(Shop, name))["return"]
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    return adapter


def is_optional(name: str) -> bool:
    """Whether the operation may give nothing, as 404."""
    return type(None) in getattr(get_type_hints(getattr(Shop, name))["return"], "__args__", ())


def openapi() -> dict[str, Any]:
    """The contract as an OpenAPI 3.1 document."""
    known = operations().values()
    inputs: list[Any] = [(f"{it.name} takes", "validation", TypeAdapter(arguments(it.name))) for it in known]
    inputs += [(f"{it.name} gives", "serialization", result(it.name)) for it in known]
    schemas, definitions = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    by_key: dict[str, dict[str, Any]] = {str(key): schema for (key, _), schema in schemas.items()}
    components = {**definitions.get("$defs", {}), "Refusal": _REFUSAL}
    paths: dict[str, Any] = {}
    for it in known:
        takes = _resolved(by_key[f"{it.name} takes"], components)
        paths.setdefault(it.path, {})[it.verb.lower()] = _described(it, takes, by_key[f"{it.name} gives"])
    for it in known:
        components.pop(arguments(it.name).__name__, None)  # they stand where they are used
    return {
        "openapi": "3.1.0",
        "info": {"title": "A shop behind Kefu", "version": VERSION, "description": _DESCRIPTION},
        "security": [{"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}, "schemas": components},
    }


_DESCRIPTION = (
    "What Kefu asks of a shop. Money is decimal text in yuan, or in the shop's one currency; instants are RFC 3339 with"
    " an offset. A WRITE (/actions/...) runs exactly once for each Idempotency-Key: the same key and body gives"
    " the first result again, also at the same time and after a restart; with another body 409 idempotency_key_reused;"
    " a refused one leaves its key free. Odd input is no error: 404, or an empty list."
)
_REFUSAL = {
    "type": "object",
    "description": "A rule of the shop forbids it; dialogue/shop/rules.py lists the words that Kefu has sentences for.",
    "properties": {"rule": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}},
    "required": ["rule"],
}
_ERRORS = {
    "400": {"description": "The request is not of this contract."},
    "401": {"description": "The token is missing or wrong."},
    "503": {"description": "Not now; Kefu asks again."},
}


def _resolved(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    reference = str(schema.get("$ref", ""))
    found: dict[str, Any] = components[reference.rsplit("/", 1)[-1]] if reference else schema
    return found


def _described(it: Operation, takes: dict[str, Any], gives: dict[str, Any]) -> dict[str, Any]:
    summary = " ".join((inspect.getdoc(getattr(Shop, it.name)) or "").split())
    answers: dict[str, Any] = {"200": _json("The result.", _without_null(gives)), **_ERRORS}
    if is_optional(it.name):
        answers["404"] = {"description": "There is none."}
    if it.writes:
        answers["409"] = _json("Refused.", {"$ref": "#/components/schemas/Refusal"})
    properties: dict[str, Any] = takes.get("properties", {})
    needed = takes.get("required", [])
    parameters = [
        {
            "name": name,
            "in": "path" if name in it.path_fields else "query",
            "required": name in needed,
            "schema": properties[name],
        }
        for name in (properties if it.verb == "GET" else it.path_fields)
    ]
    if it.writes:
        parameters.append(
            {"name": KEY_HEADER, "in": "header", "required": True, "schema": {"type": "string", "maxLength": 255}}
        )
    described: dict[str, Any] = {"operationId": it.name, "summary": summary, "responses": answers}
    if parameters:
        described["parameters"] = parameters
    if it.verb == "POST":
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": takes}}}
    return described


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Nothing is 404, never a null."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema


def document() -> str:
    """The text of ``rest_openapi.yaml``."""
    head = "# Written by `python -m dialogue.shop.rest_contract`; a test holds it to the protocol.\n"
    # Through JSON: what is shared would be written as an anchor and its aliases.
    plain = json.loads(json.dumps(openapi()))
    return head + yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=110)


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201

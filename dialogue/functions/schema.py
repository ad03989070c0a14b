"""A client's function and its parameters, from the JSON schema that it declares. Pure; whatever the schema, no error.

A parameter that Kefu cannot fill (an object, a list) keeps only its name: a function that requires one is never called
by Kefu itself, though a language model may call it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["string", "integer", "number", "other"]
WORDS = "words"
"""Not a slot: the customer's words as they are."""
LANGUAGE = "language"
"""Not a slot: ``zh`` or ``en``."""
MAX_PARAMETERS = 32
_MAX_DESCRIPTION = 200
_MAX_CHOICES = 24

_SLOT_OF_NAME: Mapping[str, str] = {
    name: slot
    for slot, names in {
        "order_number": "order_number order_id order_no order_num order",
        "tracking_number": "tracking_number tracking_id tracking_no tracking waybill_number waybill",
        "phone": "phone phone_number mobile telephone tel",
        "product": "product product_name item item_name goods",
        "sku": "sku product_id item_id",
        "quantity": "quantity count qty",
        "amount": "amount price money",
        "date": "date day",
        "colour": "colour color",
        "size": "size",
        "return_reason": "return_reason reason",
        "city": "city",
        WORDS: "query question message text words utterance request input user_message",
        LANGUAGE: "language lang locale",
    }.items()
    for name in names.split()
}
_SLOT_OF_DESCRIPTION: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (slot, re.compile(pattern, re.IGNORECASE))
    for slot, pattern in (
        ("tracking_number", r"运单号|快递单号|\btracking (number|no|id)\b"),
        ("order_number", r"订单号|订单编号|\border('s)? (number|no|id)\b|\bnumber of the order\b"),
        ("phone", r"手机|电话|\b(phone|mobile) number\b"),
        ("quantity", r"数量|件数|\bquantity\b|\bhow many\b"),
        ("amount", r"金额|\bamount of money\b"),
        ("colour", r"颜色|\bcolou?r\b"),
        ("size", r"尺码|尺寸|\bsize\b"),
        ("date", r"日期|哪一天|\b(date|day)\b"),
        ("return_reason", r"退货原因|原因|\breason\b"),
        ("city", r"城市|\bcity\b"),
        ("product", r"商品|产品|\bproduct\b|\bitem\b"),
        (WORDS, r"客户的(话|问题|原话)|用户的(话|问题|原话)|\b(customer|user)'s (words|question|message|request)\b"),
    )
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    name: str
    kind: Kind
    required: bool
    description: str = ""
    choices: tuple[str, ...] = ()
    """Of an ``enum`` of strings."""
    source: str | None = None
    """The slot that fills it, ``WORDS`` or ``LANGUAGE``; None: only the answer to a question fills it."""
    takes_null: bool = False
    """Strict schemas require every parameter and let those that are optional be null."""


@dataclass(frozen=True, slots=True)
class ClientFunction:
    """A function that the client runs."""

    name: str
    description: str
    schema: Mapping[str, Any]
    """As declared, for a language model."""
    parameters: tuple[Parameter, ...]

    @property
    def can_be_filled(self) -> bool:
        """Whether Kefu can give what it requires."""
        return all(parameter.kind != "other" or not parameter.required for parameter in self.parameters)


def read_function(name: str, description: object, schema: object) -> ClientFunction:
    """The function of this declaration."""
    whole = schema if isinstance(schema, Mapping) else {}
    properties = whole.get("properties")
    required = whole.get("required")
    names = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
    found = properties if isinstance(properties, Mapping) else {}
    parameters = [_parameter(key, value, key in names) for key, value in found.items() if isinstance(key, str)]
    parameters += [Parameter(key, "other", required=True) for key in sorted(names - set(found))]
    told = description if isinstance(description, str) else ""
    return ClientFunction(name, told, dict(whole), tuple(parameters[:MAX_PARAMETERS]))


def reason_against(function: ClientFunction, given: object) -> str | None:
    """What is wrong with the arguments ``given`` by a language model; None where nothing is."""
    if not isinstance(given, dict):
        return "the arguments must be an object"
    known = {parameter.name: parameter for parameter in function.parameters}
    if strange := [name for name in given if name not in known]:
        return f"there is no parameter {str(strange[0])[:40]!r}"
    for parameter in function.parameters:
        value = given.get(parameter.name)
        if parameter.required and value is None:
            return f"{parameter.name} is missing"
        if value is not None and not _fits(parameter, value):
            return f"{parameter.name} has the wrong type or is none of the choices"
    return None


def _fits(parameter: Parameter, value: object) -> bool:
    if parameter.choices:
        return value in parameter.choices
    match parameter.kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return True


def _parameter(name: str, schema: object, required: bool) -> Parameter:
    told = schema if isinstance(schema, Mapping) else {}
    described = told.get("description")
    description = described[:_MAX_DESCRIPTION] if isinstance(described, str) else ""
    variants = told.get("anyOf")
    options = [one for one in variants if isinstance(one, Mapping)] if isinstance(variants, list) else [told]
    kinds = [kind for option in options for kind in _kinds(option)]
    takes_null = "null" in kinds
    enum: list[object] = next((option["enum"] for option in options if isinstance(option.get("enum"), list)), [])
    choices = tuple(choice for choice in enum if isinstance(choice, str))[:_MAX_CHOICES]
    kind = _kind([one for one in kinds if one != "null"], is_choice=bool(choices))
    source = _source(name, description) if kind != "other" and not choices else None
    return Parameter(name, kind, required and not takes_null, description, choices, source, takes_null and required)


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type")
    return [one for one in kind if isinstance(one, str)] if isinstance(kind, list) else [str(kind)] if kind else []


def _kind(kinds: list[str], *, is_choice: bool) -> Kind:
    match kinds:
        case ["string"]:
            return "string"
        case ["integer"]:
            return "integer"
        case ["number"]:
            return "number"
        case []:
            return "string" if is_choice else "other"
        case _:
            return "other"


def _source(name: str, description: str) -> str | None:
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    by_name = _SLOT_OF_NAME.get(plain)
    if by_name is not None:
        return by_name
    return next((slot for slot, pattern in _SLOT_OF_DESCRIPTION if pattern.search(description)), plain)

"""Addresses in parts, as shops abroad keep them: from a customer's words, or one that they have already. Pure.

"101 Highway, Suite 3, New York, NY 10001"     parse: street, unit, city, state, postal code
"the one in Chicago", "the same as order #W1"  meant: of their profile, their orders, and what was told before
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dialogue.shop.types import Customer, Order, PostalAddress
from dialogue.skills.mentions import mentions
from dialogue.state import DialogueState

_UNIT = r"(?i:suite|ste\.?|apt\.?|apartment|unit|room|floor|#)\s*[\w-]+"
_ADDRESS = re.compile(
    rf"(?P<street>\b\d+\w?\s+[A-Za-z][\w.' -]*?)(?:,?\s+(?P<unit>{_UNIT}))?\s*,\s*"
    r"(?P<city>[A-Za-z][A-Za-z.' -]*?)\s*(?:,\s*|\s+)"
    r"(?:(?P<state>[A-Z]{2}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\.?\s*,?\s*)?"
    r"(?P<code>\d{5})(?:-\d{4})?\b(?:\s*,?\s*(?P<country>USA|U\.S\.A?\.?|US|United States)\b)?",
)
_ORDER_NUMBER = re.compile(r"#?\b[A-Za-z]?\d{6,}\b")
_AS_ELSEWHERE = re.compile(
    r"\bsame\b|\blike (?:in|for|on|that of)\b|\bas (?:in|for|on|with)\b|(?P<zh>一样|相同|同一个)", re.IGNORECASE
)
_BEFORE = re.compile(r"\b(?:original|previous|old|former|back to|used to|as it was)\b|原来|之前|改回", re.IGNORECASE)
_JUST_TOLD = re.compile(
    r"\b(?:that|same|this|new) (?:new )?(?:one|address|home|house|place)\b|\bthere too\b|\bit too\b"
    r"|同一个|这个地址|那里",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"\b(?:default|profile|account|user|home|my own|usual|on file)\b(?: \w+){0,2}? ?(?:address|one|home)?\b"
    r"|默认地址|账户地址",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Known:
    """An address that the customer has with the shop."""

    address: PostalAddress
    orders: tuple[Order, ...] = ()
    """That went or go there."""
    is_profile: bool = False


def parse(text: str) -> PostalAddress | None:
    """The whole address that ``text`` gives; None where street, city or postal code are not in it."""
    found = _ADDRESS.search(text)
    if found is None:
        return None
    state, code, unit = found["state"] or "", found["code"], (found["unit"] or "").strip()
    city = found["city"].strip()
    if state and len(state) > 2 and state.lower() not in _states()["names"]:
        city, state = f"{city} {state}", ""
    state = _states()["names"].get(state.lower(), state)
    return PostalAddress(
        found["street"].strip(" ,"),
        unit[:1].upper() + unit[1:],
        city,
        state or _state_of(code),
        code,
        "USA",
    )


def known_addresses(customer: Customer, orders: Sequence[Order]) -> tuple[Known, ...]:
    """The profile's first, each address once; none where the shop keeps them as text."""
    found: dict[PostalAddress, Known] = {}
    if customer.postal_address is not None:
        found[customer.postal_address] = Known(customer.postal_address, is_profile=True)
    for order in orders:
        if order.postal_address is not None:
            before = found.get(order.postal_address, Known(order.postal_address))
            found[order.postal_address] = Known(before.address, (*before.orders, order), before.is_profile)
    return tuple(found.values())


def meant(text: str, known: Sequence[Known], *, now: PostalAddress | None = None) -> tuple[PostalAddress, ...]:
    """The addresses among ``known`` that ``text`` may mean, the one that is to be left (``now``) never; () none."""
    others = [one for one in known if one.address != now]
    if (alike := _AS_ELSEWHERE.search(text)) is not None:
        numbers = {_squeezed(number) for number in _ORDER_NUMBER.findall(text, 0 if alike["zh"] else alike.start())}
        for one in others:
            if any(_squeezed(order.order_number) in numbers for order in one.orders):
                return (one.address,)
    placed = [one for one in others if _names_place(one.address, text)]
    for candidates in (placed, others):
        bought = [one for one in candidates if _names_goods(one, text)]
        if len(bought) == 1 and (placed or re.search(r"\bsent\b|\bshipped\b|\bdeliver", text, re.IGNORECASE)):
            return (bought[0].address,)
    if placed:
        return tuple(one.address for one in placed)
    if _PROFILE.search(text):
        return tuple(one.address for one in others if one.is_profile)
    return ()


def told_before(text: str, state: DialogueState) -> PostalAddress | None:
    """An address of this conversation: the one that was just used, or the account's before it was changed."""
    used = [
        report.action.arguments for report in state.actions if report.result.ok and "address" in report.action.arguments
    ]
    if _BEFORE.search(text):
        return next((made for given in reversed(used) if (made := _made(given.get("previous"))) is not None), None)
    if _JUST_TOLD.search(text):
        return next((made for given in reversed(used) if (made := _made(given["address"])) is not None), None)
    return None


def as_fields(address: PostalAddress) -> dict[str, str]:
    """JSON for a draft and for a WRITE's arguments."""
    return {
        "street": address.street,
        "unit": address.unit,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country,
    }


def _made(fields: Any) -> PostalAddress | None:
    return PostalAddress(**fields) if isinstance(fields, dict) else None


def _names_place(address: PostalAddress, text: str) -> bool:
    street = re.sub(r"^\d+\w?\s+", "", address.street)
    lowered = text.lower()
    return any(
        len(name) > 2 and re.search(rf"\b{re.escape(name.lower())}\b", lowered) for name in (address.city, street)
    )


def _names_goods(one: Known, text: str) -> bool:
    names = [name for order in one.orders for line in order.lines for name in (line.name, line.name_en)]
    return bool(mentions(text, names))


def _squeezed(number: str) -> str:
    return number.lstrip("#").upper()


def _state_of(code: str) -> str:
    """The state that a postal code lies in."""
    ranges = _states()["ranges"]
    place = bisect_right([begin for begin, _ in ranges], int(code[:3])) - 1
    return str(ranges[place][1]) if place >= 0 else ""


@cache
def _states() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "us_states.yaml").read_text("utf-8"))
    # YAML reads a bare "NO" or "on" as truth; every abbreviation here is a text.
    assert all(isinstance(state, str) for _, state in loaded["ranges"])
    return loaded

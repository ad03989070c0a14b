"""The parts of an instruction that list what is wanted: text in, goals in the words of a customer out. Pure.

E.g. ``For #W1, modify Lamp {...} to {...}; via paypal_1.``
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from dialogue.evaluate.tau2.wishes import Goal, GoalKind

_ORDER = r"(?P<order>#W\d+)"
_METHOD = r"(?P<method>(?:credit_card|gift_card|paypal)_\d+)"
_CHANGE = r"[^{}.;:]+?\s*\{[^{}]*\}\s*to\s*(?:one with the following attributes:\s*)?\{[^{}]*\}"
_WANT = r"(?:you want to\s+)?"
LISTED = re.compile(
    rf"Return {_ORDER} via {_METHOD}: (?P<returned>(?:[^.{{}};]+(?:\{{[^{{}}]*\}})?;\s*)+)\s*(?=$|For |"
    rf"Return |Cancel |[A-Z][a-z]+ order)"
    rf"|Cancel order (?P<cancelled>#W\d+) because (?P<reason>no longer needed|ordered by mistake)\.?"
    rf"|For (?:order )?(?P<addressed>#W\d+), {_WANT}change address to (?P<address>\{{[^{{}}]*\}})(?: \(same "
    rf"as #W\d+\))?\.?"
    rf"|For (?:order )?(?P<paid>#W\d+), {_WANT}change payment to (?P<new_method>(?:credit_card|gift_card|"
    rf"paypal)_\d+)\.?"
    rf"|For (?:order )?(?P<changed>#W\d+), {_WANT}(?P<verb>exchange|modify)\s+(?P<changes>{_CHANGE}(?:;\s*{_CHANGE})*)"
    rf"(?:;\s*via (?P<change_method>(?:credit_card|gift_card|paypal)_\d+))?\s*[.;]?",
    re.IGNORECASE,
)
_ONE_CHANGE = re.compile(
    r"(?P<item>[^{};]+?)\s*(?P<before>\{[^{}]*\})\s*to\s*(?:one with the following "
    r"attributes:\s*)?(?P<after>\{[^{}]*\})",
    re.IGNORECASE,
)
_ONE_ITEM = re.compile(r"(?P<item>[^{};]+?)\s*(?P<now>\{[^{}]*\})?;")
_METHODS = {"credit_card": "credit card", "gift_card": "gift card", "paypal": "PayPal account"}


def goal_of(found: re.Match[str]) -> Goal:
    """The goal that a match of ``LISTED`` says."""
    part = found.groupdict()
    if part["returned"] is not None:
        return _return(part["order"], part["returned"], part["method"])
    if part["cancelled"] is not None:
        why = "I no longer need it" if part["reason"].lower() == "no longer needed" else "I ordered it by mistake"
        words = f"I want to cancel order {part['cancelled']} because {why}."
        return Goal("cancel", words, (part["cancelled"],), reason=part["reason"].lower())
    if part["addressed"] is not None:
        address = address_words(_values(part["address"]))
        words = f"I want to change the shipping address of order {part['addressed']} to {address}."
        return Goal("address", words, (part["addressed"],), address=address)
    if part["paid"] is not None:
        method = method_words(part["new_method"])
        words = f"I want to change the payment method of order {part['paid']} to my {method}."
        return Goal("payment", words, (part["paid"],), payment=method)
    return _change(part["changed"], part["verb"].lower(), part["changes"], part["change_method"] or "")


def method_words(method_id: str) -> str:
    """A payment method as its owner names it."""
    kind = method_id.rsplit("_", 1)[0]
    return f"{_METHODS[kind]} {method_id}"


def address_words(parts: Mapping[str, str]) -> str:
    """An address in one line."""
    lines = [parts.get("address1", ""), parts.get("address2", ""), parts.get("city", "")]
    region = f"{parts.get('state', '')} {parts.get('zip', '')}".strip()
    return ", ".join(line for line in (*lines, region, parts.get("country", "")) if line)


def listing(parts: list[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _return(order: str, items: str, method_id: str) -> Goal:
    listed = [(one["item"].strip(), _values(one["now"] or "{}")) for one in _ONE_ITEM.finditer(items)]
    named = tuple(item for item, _ in listed)
    said = [f"{item} with {_options(now)}" if now else item for item, now in listed]
    current = tuple(f"The {item} I have is {_options(now)}." for item, now in listed if now)
    method = method_words(method_id)
    words = f"I want to return the {listing(said)} of order {order}, and have the refund on my {method}."
    return Goal("return", words, (order,), named, current=current, payment=method)


def _change(order: str, verb: str, changes: str, method_id: str) -> Goal:
    items, wanted, current, said = [], [], [], []
    listed = [
        (one["item"].strip(), _values(one["before"]), _values(one["after"])) for one in _ONE_CHANGE.finditer(changes)
    ]
    # What an order that is not on its way shall keep, nobody asks for; a faulty item is exchanged for the same.
    asked = listed if verb == "exchange" else [one for one in listed if one[2]] or listed
    for item, before, after in asked:
        items.append(item)
        wanted.append(tuple(after.values()))
        current.append(f"The {item} I have is {_options(before)}.")
        said.append(f"the {item} {'for' if verb == 'exchange' else 'to'} {_variant(after)}")
    method = method_words(method_id) if method_id else ""
    paid = f" Please use my {method}." if method else ""
    words = f"For order {order} I want to {'exchange' if verb == 'exchange' else 'change'} {listing(said)}.{paid}"
    kind: GoalKind = "exchange" if verb == "exchange" else "modify"
    return Goal(kind, words, (order,), tuple(items), tuple(wanted), tuple(current), payment=method)


def _variant(options: Mapping[str, str]) -> str:
    return f"one with {_options(options)}" if options else "the same one"


def _options(options: Mapping[str, str]) -> str:
    return listing([f"{name} {value}" for name, value in options.items()]) if options else "as it is"


def _values(text: str) -> dict[str, str]:
    """A Python dictionary as it is printed; empty where it is none."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}

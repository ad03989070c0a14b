"""Who the customer is, where the shop opens the account to who knows its e-mail, or its name and postal code.

    signed in, proved before         -> known
    e-mail, or name and postal code  -> known; wrong ones: asked again, three tries, then a person

What the words of any turn of the task say of it is kept in the draft, also before it is asked for. Which ways there are
is policy (``identity.ways``).
"""

from __future__ import annotations

import re

from dialogue.shop.types import Customer
from dialogue.skills import numbers
from dialogue.skills.context import Context
from dialogue.skills.handoff import hand_over
from dialogue.skills.numbers import TRIES, Draft, Pending
from dialogue.types import OF_ACCOUNT, CustomerIdentified
from nlu.types import Expectation

STEP = "identity"
_NAMED = re.compile(
    r"(?:\b(?:i am|i'm|my (?:full )?name(?: is|'s)?|name is|this is|name)\b[:,]?)\s+"
    r"(?P<en>[a-z][\w'.-]*(?:\s+(?!in\b|and\b|from\b|my\b|with\b|zip\b|at\b|living\b|here\b)[a-z][\w'-]*){1,3})"
    r"|(?:我叫|我是|姓名[是为：:]?|名字[是叫：:]*)\s*(?P<zh>[一-鿿·]{2,5}?)(?=[,，。\s]|邮编|$)",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[A-Z][a-z'-]+(?:\s+[A-Z][a-z'-]+){1,2}\b")
_HAN_NAME = re.compile(r"(?<![一-鿿])[一-鿿·]{2,4}(?![一-鿿])")
_NOT_NAMES = re.compile(r"\b(?:not|sure|going|trying|looking|from|calling|in|a|the)\b|\w{4,}ing\b", re.IGNORECASE)
_NOT_A_NAME = re.compile(
    r"\b(?:my|name|is|full|zip|code|postal|email|and|it|it's|i|am|i'm|the|yes|sure|sorry|"
    r"do|not|remember|but|ok|okay|hi|"
    r"hello|in|of|from|live|code's)\b|[^a-z\s'-]",
    re.IGNORECASE,
)


def opens_account(context: Context) -> bool:
    """Whether the customer has shown that the whole account is theirs."""
    return context.state.customer_id is not None and context.state.proof in OF_ACCOUNT


def asks_for_account(context: Context) -> bool:
    """Whether the shop lets customers prove that it is theirs without a sign-in."""
    return any(way in OF_ACCOUNT for way in context.shop.policies.identity.ways)


async def prove(context: Context, skill: str, draft: Draft) -> CustomerIdentified | Pending:
    """The proof, or the question for it. Raises ``ShopUnavailable``."""
    if not context.resumed:
        _read(context, draft)
    ways = context.shop.policies.identity.ways
    if draft.get("email") and "email" in ways:
        customer = await context.shop.customer_by_email(draft["email"])
        if customer is not None:
            return _proved(draft, customer, "email")
    if draft.get("postal_code") and draft.get("name") and "name_and_postal_code" in ways:
        customer = await context.shop.customer_by_name(draft["name"], draft["postal_code"])
        if customer is not None:
            return _proved(draft, customer, "name_and_postal_code")
    return _ask(context, skill, draft)


def _proved(draft: Draft, customer: Customer, how: str) -> CustomerIdentified:
    for name in ("email", "postal_code", "name", "tries"):
        draft.pop(name, None)
    proof = "email" if how == "email" else "name_and_postal_code"
    return CustomerIdentified(customer.customer_id, proof)  # type: ignore[arg-type]


def _read(context: Context, draft: Draft) -> None:
    parse, words = context.turn.parse, context.turn.text
    if slot := parse.slot("email"):
        draft["email"] = str(slot.value)
    if slot := parse.slot("postal_code"):
        draft["postal_code"] = str(slot.value)
    is_asked = (task := context.task_of(skill_of(context))) is not None and task.step == STEP
    name = name_in(words, asked=is_asked, has_code=parse.slot("postal_code") is not None)
    if name:
        draft["name"] = name


def skill_of(context: Context) -> str:
    """The skill whose task runs, empty when none does."""
    return context.state.task.skill if context.state.task else ""


def name_in(words: str, *, asked: bool, has_code: bool) -> str | None:
    """A person's full name: said to be one, or what looks like one beside a postal code or in answer to us."""
    if found := _NAMED.search(words):
        name: str = found["en"] or found["zh"]
        is_capital = all(word[0].isupper() for word in name.split())
        is_said = "name" in found.group().lower()[: -len(name)] or asked
        if found["zh"] or (len(name.split()) > 1 and (is_capital or (is_said and _NOT_NAMES.search(name) is None))):
            return name.strip(" .")
    if not (asked or has_code):
        return None
    if found := _CAPITALS.search(words):
        return found.group()
    if found := _HAN_NAME.search(words):
        return found.group()
    left = _NOT_A_NAME.sub(" ", re.sub(r"\S*[@\d]\S*", " ", words)).split()
    return " ".join(left) if asked and 2 <= len(left) <= 3 else None


def _ask(context: Context, skill: str, draft: Draft) -> Pending:
    step = context.task_of(skill)
    given = draft.pop("email", None) or (draft.get("name") and draft.get("postal_code"))
    ways = context.shop.policies.identity.ways
    lead = ""
    if given and step is not None and step.step == STEP and not context.resumed:
        draft["tries"] = draft.get("tries", 0) + 1
        if draft["tries"] >= TRIES:
            return Pending(hand_over(context, "verification_failed", lead=context.say("identity.no_match_last")))
    if given:
        lead = context.say("identity.no_match")
        draft.pop("postal_code", None)
    key = "identity.ask.both" if {"email", "name_and_postal_code"} <= set(ways) else (
        "identity.ask.email" if "email" in ways else "identity.ask.name"
    )  # fmt: skip
    if draft.get("postal_code") and not draft.get("name"):
        key = "identity.ask.rest_name"
    elif draft.get("name") and not given and "name_and_postal_code" in ways:
        key = "identity.ask.rest_code"
    expectation = Expectation("free", slot="email")
    return numbers.ask(context, skill, draft, STEP, expectation, lead, context.say(key))

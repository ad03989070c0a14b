"""Asking for an order number or a phone's last digits, which may come in pieces, spoken, typed or by keypad.

    asked for 8     「8907」      I have 8 9 0 7, four more please     Expectation.heard 8907
                    「0650」      nlu makes it order number 89070650: settled, read back in the answer
                    「从头来」     Expectation.heard empty again

The pieces live in the task's ``Expectation``: kept while the task is suspended, gone with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dialogue import cues, phrasing
from dialogue.skills.context import Context, Item
from dialogue.skills.handoff import hand_over
from dialogue.types import Asked, ReplyAction
from nlu.types import Expectation

ORDER_DIGITS = 8
PHONE_TAIL_DIGITS = 4
TRIES = 3
"""Wrong answers before a person is called."""

Draft = dict[str, Any]
"""A task's slots being worked on. ``order_number``: as claimed; ``order``: settled, theirs; ``tries``: failed ones."""

_NUMBER_SLOTS = ("order_number", "tracking_number", "phone", "phone_tail", "digits")


@dataclass(frozen=True, slots=True)
class Pending:
    """The order is not settled; these are the turn's events and replies."""

    items: tuple[Item, ...]


def unfinished(context: Context, skill: str, draft: Draft) -> Pending | None:
    """What to ask when this turn's words give a number only in part, wrongly, or take it back; None otherwise."""
    if misheard := _misheard(context, draft):
        forget_order(draft)
        lead = context.say("orders.check_digit", digits=_read_back(context, misheard))
        return again(context, skill, draft, lead, heard=misheard)
    expected = context.state.expectation
    if context.task_of(skill) is None or expected.kind != "digits" or expected.digits is None:
        return None
    parse = context.turn.parse
    if not any(parse.slot(name) for name in _NUMBER_SLOTS):
        return _from_the_start(context, skill, draft) if _takes_back(context) else None
    slot = parse.slot("digits")
    return None if slot is None else _partly(context, skill, draft, str(slot.value))


def ask_number(context: Context, skill: str, draft: Draft, *sentences: str, heard: str = "") -> Pending:
    """Ask for the order number, or for what is missing after ``heard``; one with letters is not collected by digits."""
    if context.shop.policies.identity.order_digits is None:
        expectation = Expectation("free", slot="order_number")
        return ask(context, skill, draft, "ask_number", expectation, context.say("orders.ask_any_number"))
    return _ask_digits(context, skill, draft, "order_number", ORDER_DIGITS, *sentences, heard=heard)


def ask_phone_tail(context: Context, skill: str, draft: Draft, number: str) -> Pending:
    """Ask whose order it is."""
    return _ask_tail(context, skill, draft, context.say("orders.ask_phone_tail", number=number))


def no_match(context: Context, skill: str, draft: Draft) -> Pending:
    """Order number and phone do not belong together."""
    draft["tries"] = draft.get("tries", 0) + 1
    if draft["tries"] >= TRIES:
        return Pending(hand_over(context, "verification_failed", lead=context.say("orders.no_match_last")))
    return _ask_tail(context, skill, draft, context.say("orders.no_match"))


def again(context: Context, skill: str, draft: Draft, lead: str, *, heard: str = "") -> Pending:
    """The number was wrong: ask once more, up to ``TRIES`` times. One that was ``heard`` may be put right in part."""
    draft["tries"] = draft.get("tries", 0) + 1
    if draft["tries"] >= TRIES:
        return Pending(hand_over(context, "order_not_found", lead=lead))
    return ask_number(context, skill, draft, lead, context.say("orders.ask_number_again"), heard=heard)


def ask(
    context: Context,
    skill: str,
    draft: Draft,
    step: str,
    expectation: Expectation,
    *sentences: str,
    action: ReplyAction = ReplyAction.SAY,
    **shown: Any,
) -> Pending:
    """The task at ``step``, waiting for ``expectation``."""
    events = context.open_task(skill, draft, step)
    return Pending((*events, Asked(expectation), context.reply(*sentences, action=action, **shown)))


def forget_order(draft: Draft) -> None:
    """Drop the order and what hangs on it."""
    for name in ("order", "order_number", "phone_tail", "choices", "skus", "lines"):
        draft.pop(name, None)


def _misheard(context: Context, draft: Draft) -> str | None:
    """A number whose check digit is wrong, where it was heard or put together; one typed whole is looked up."""
    slot = context.turn.parse.slot("order_number")
    if slot is None or not slot.fails_check or slot.value == draft.get("order_number"):
        return None
    is_heard = context.turn.modality == "voice" or _is_begun(context)
    return str(slot.value) if is_heard else None


def _is_begun(context: Context) -> bool:
    """Whether digits were heard and others are missing."""
    expected = context.state.expectation
    return 0 < len(expected.heard) < (expected.digits or 0)


def _takes_back(context: Context) -> bool:
    """「从头来」; while digits are missing also 「不对」, for then it is these that are wrong."""
    wrong = context.turn.parse.intent == "deny" or cues.is_correction(context.text)
    return cues.starts_over(context.text) or (bool(context.state.expectation.heard) and wrong)


def _from_the_start(context: Context, skill: str, draft: Draft) -> Pending:
    """Forget the digits heard; of a phone tail that was not begun, the order number before it."""
    expected = context.state.expectation
    lead = context.say("digits.start_over")
    if expected.slot == "phone_tail" and expected.heard:
        return _ask_tail(context, skill, draft, lead, context.say("digits.tail_again"))
    forget_order(draft)
    return ask_number(context, skill, draft, lead, context.say("orders.ask_number_again"))


def _partly(context: Context, skill: str, draft: Draft, said: str) -> Pending | None:
    """``said``: the digits of the number as far as they are known, those heard before included."""
    expected = context.state.expectation
    assert expected.digits is not None
    if len(said) < expected.digits:
        if expected.heard and not said.startswith(expected.heard):
            draft["tries"] = draft.get("tries", 0) + 1
            if draft["tries"] >= TRIES:
                return Pending(hand_over(context, "order_not_found", lead=context.say("orders.no_match_last")))
        slot = expected.slot or "order_number"
        return _ask_digits(context, skill, draft, slot, expected.digits, heard=said)
    if expected.slot == "order_number" and len(said) > expected.digits:
        return again(context, skill, draft, context.say("orders.wrong_length", digits=said, count=ORDER_DIGITS))
    return None


def _ask_tail(context: Context, skill: str, draft: Draft, *sentences: str) -> Pending:
    return _ask_digits(context, skill, draft, "phone_tail", PHONE_TAIL_DIGITS, *sentences)


def _ask_digits(
    context: Context, skill: str, draft: Draft, slot: str, digits: int, *sentences: str, heard: str = ""
) -> Pending:
    """Ask for a number of ``digits``; after ``heard`` only for the rest, whatever the ``sentences``."""
    before = context.state.expectation
    if context.resumed and before.slot == slot:
        heard = before.heard
    expectation = Expectation("digits", slot=slot, digits=digits, heard=heard)
    if 0 < len(heard) < digits:
        sentences = (context.say("digits.heard", digits=_read_back(context, heard), count=expectation.missing),)
    return ask(context, skill, draft, slot, expectation, *sentences, action=ReplyAction.COLLECT_DIGITS)


def _read_back(context: Context, digits: str) -> str:
    return phrasing.digits(digits, context.turn.modality == "voice")

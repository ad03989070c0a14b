"""What to say when the customer is silent: a ladder of three rungs, for what the dialogue waits for. Pure.

    attempt 1   the pending question again, short
    attempt 2   how it can be answered, with an example
    attempt 3   another way: typing, the keypad, a person

Words only: silence changes nothing in the dialogue, so there are no events. The session counts attempts and keeps time.
"""

from __future__ import annotations

import re

from dialogue.state import OFFERED, DialogueState
from dialogue.types import Reply, ReplyAction
from dialogue.wording import Wording, Words, wording

_NUMBERS = frozenset({"order_number", "phone_tail"})
_REPEATED = frozenset({"yes_no", "choice", "open"})
"""What is asked in the words in which it was asked before; a number or an address has words of its own."""
_QUESTION_CHARS = 80
"""A longer question is not repeated to somebody who may not be there."""
_SENTENCE = re.compile(r"[^。！？!?.]*(?:[。！？!?]|\.(?= |$))")


def no_input(
    state: DialogueState,
    turn_id: int,
    attempt: int,
    *,
    can_type: bool = True,
    has_keypad: bool = False,
    wordings: Words = wording,
) -> Reply:
    """What to say at the ``attempt``-th silence in a row (from 1; beyond 3 as the third).

    ``can_type`` and ``has_keypad``: what the channel offers besides the voice.
    """
    words = wordings(state.language)
    asked = what_is_asked(state)
    if attempt <= 1:
        text = words.join(words.say("no_input.lead", turn_id), _question(state, words, asked))
    elif attempt == 2:
        text = words.join(_heard(state, words), words.say(f"no_input.example.{asked}"))
    else:
        text = words.say(f"no_input.elsewhere.{_way(can_type, has_keypad)}")
    names = ("yes", "no", "human") if asked == "yes_no" else ("human",)
    return Reply(
        turn_id,
        text,
        state.language,
        suggestions=tuple(words.say(f"suggest.{name}") for name in names),
        is_last=True,
        action=ReplyAction.COLLECT_DIGITS if state.expectation.kind == "digits" else ReplyAction.SAY,
        tells_result=False,
    )


def what_is_asked(state: DialogueState) -> str:
    """The pending question as a key of ``no_input.ask``; ``open``: free words, ``none``: nothing is asked."""
    expected = state.expectation
    match expected.kind:
        case "digits":
            return expected.slot if expected.slot in _NUMBERS else "number"
        case "free":
            waits = state.task is not None and state.task.step not in {None, OFFERED}
            return "open" if waits else "none"
        case kind:
            return kind


def _question(state: DialogueState, words: Wording, asked: str) -> str:
    """The question in its own words where the customer has just got them, else in general ones."""
    if heard := _heard(state, words):
        return heard
    again = _last_question(state) if asked in _REPEATED else None
    return again or words.say(f"no_input.ask.{asked}")


def _heard(state: DialogueState, words: Wording) -> str:
    """What is known of a number that comes in pieces, and how much is missing."""
    expected = state.expectation
    if not expected.heard or expected.missing is None:
        return ""
    return words.say("digits.heard", digits=" ".join(expected.heard), count=expected.missing)


def _last_question(state: DialogueState) -> str | None:
    """The last question in our last words; None when they hold none, or a long one."""
    ours = next((line.text for line in reversed(state.history) if line.role == "kefu" and "?" in _ascii(line.text)), "")
    found = [sentence.strip() for sentence in _SENTENCE.findall(ours) if _ascii(sentence).rstrip().endswith("?")]
    return found[-1] if found and len(found[-1]) <= _QUESTION_CHARS else None


def _ascii(text: str) -> str:
    return text.replace("？", "?")


def _way(can_type: bool, has_keypad: bool) -> str:
    if can_type:
        return "type_or_keypad" if has_keypad else "type"
    return "keypad" if has_keypad else "person"

"""What the customer answers to Kefu's questions, from what their instruction says and nothing else. Pure."""

from __future__ import annotations

import re

from dialogue.evaluate.tau2.hearing import Asked
from dialogue.evaluate.tau2.listed import listing
from dialogue.evaluate.tau2.sentences import squeezed
from dialogue.evaluate.tau2.wishes import Goal, Wishes
from nlu.types import Expectation

ANY_METHOD = "The original payment method, please."
_NOT_FOUND = re.compile(
    r"\b(?:not find|no (?:customer|account)|does not match|do not match|not found|don't match)\b", re.IGNORECASE
)


_OF_OWN = re.compile(
    r"\bwhich (?:one|item)s? (?:do you mean|is it|are you)\b|\bdo you have\b|\btwo of\b|\bof yours\b", re.IGNORECASE
)


def answer(asked: Asked, said: str, expectation: Expectation, wishes: Wishes, goal: Goal) -> str:
    """The words for what was asked."""
    told = _prepared(said, wishes)
    match asked:
        case "identity":
            return identity(said, wishes)
        case "order_number":
            return _order_number(expectation, goal)
        case "payment":
            return _payment(expectation, goal.payment or wishes.payment)
        case "reason":
            return told or _reason(goal, wishes)
        case "address":
            return told or goal.address or " ".join([*wishes.facts, goal.words])
        case _:
            return told or _which(said, expectation, goal)


def identity(said: str, wishes: Wishes) -> str:
    """Who they are: by mail address where one is known, another where the first was not found; else name and postal
    code."""
    name = " ".join(wishes.name) if wishes.name else ""
    if wishes.emails and not re.search(r"\bphone\b", said, re.IGNORECASE):
        place = 1 if _NOT_FOUND.search(said) and len(wishes.emails) > 1 else 0
        return f"My email is {wishes.emails[place]}."
    if wishes.emails:
        return f"I do not have that at hand. My email is {wishes.emails[0]}."
    known = f"my name is {name} and my zip code is {wishes.postal_code}." if name else ""
    return f"I do not remember my email, {known}" if known else "I do not remember that."


def _prepared(said: str, wishes: Wishes) -> str:
    """An answer that the instruction gives for a question with these words."""
    heard = squeezed(said)
    for question, words in wishes.answers:
        if any(len(word) > 3 and squeezed(word) in heard for word in question.split()):
            return f"{words}."
    return ""


def _order_number(expectation: Expectation, goal: Goal) -> str:
    if goal.order_numbers:
        return f"The order number is {goal.order_numbers[0]}."
    offered = _best_choice(expectation, goal.words)
    if offered:
        return f"{offered}."
    if goal.items:
        return f"I do not know the order number. It is the order with the {listing(list(goal.items))}."
    return f"I do not know the order number. {goal.words}"


def _payment(expectation: Expectation, wanted: str) -> str:
    if wanted:
        return f"My {re.sub(r'^(?:my|the) ', '', wanted)}, please."
    return f"{expectation.choices[0]}." if len(expectation.choices) == 1 else ANY_METHOD


def _reason(goal: Goal, wishes: Wishes) -> str:
    reason = goal.reason or wishes.reason
    if reason == "ordered by mistake":
        return "I ordered it by mistake."
    return "It is no longer needed." if goal.kind == "cancel" or reason else "I just do not want it any more."


def _which(said: str, expectation: Expectation, goal: Goal) -> str:
    """The one that is meant: of what they have by what it is like now, of what they may get by what they want."""
    about_own = bool(_OF_OWN.search(said))
    if about_own and goal.current:
        return _best_choice(expectation, " ".join(goal.current)) or " ".join(goal.current)
    return _best_choice(expectation, _wanted(goal)) or goal.words


def picks(said: str, expectation: Expectation, goal: Goal) -> bool:
    """Whether the wish tells which of what is offered is meant."""
    return bool(_OF_OWN.search(said)) or bool(_best_choice(expectation, _wanted(goal)))


def _wanted(goal: Goal) -> str:
    return f"{goal.words} {' '.join(value for values in goal.options for value in values)}"


def _best_choice(expectation: Expectation, words: str) -> str:
    """The choice that shares most words with ``words``; empty where none does, or two do as much."""
    wanted = {squeezed(word) for word in re.split(r"[\s,;]+", words)} - {""}
    scored = []
    for place, choice in enumerate(expectation.choices):
        offered = {squeezed(word) for word in re.split(r"[\s,;]+", choice)}
        scored.append((len(offered & wanted), -place))
    if not scored or max(scored)[0] == 0:
        return ""
    best, place = max(scored)
    tied = sum(score == best for score, _ in scored) > 1
    return "" if tied else expectation.choices[-place]

"""Sentences with an "if": what has to happen, and what the customer says then. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialogue.evaluate.tau2.sentences import REQUEST_VERBS, begins_with_verb, first_person, spoken, without_wanting
from dialogue.evaluate.tau2.wishes import Branch

_IF = re.compile(
    r"^(?:but\s+|and\s+|so\s+|however,?\s+)?(?:only\s+)?(?:if|in case|when|once|unless)\b\s*", re.IGNORECASE
)
_OTHERWISE = re.compile(r"^(?:but\s+)?(?:otherwise|if not|else)\b[, ]*", re.IGNORECASE)
_CONSEQUENCE = re.compile(
    rf",\s*(?=(?:then\b|you\b|you'd\b|you'll\b|{REQUEST_VERBS}|tell|say|do not|don't|no\b|using|just|keep|"
    rf"use|refund|instead|it's|that's))",
    re.IGNORECASE,
)
_WITHOUT_COMMA = re.compile(
    r"\s+(?=(?:then\b|you want|you'd|you would|you will|you are|you say|you need))", re.IGNORECASE
)
_TRAILING_IF = re.compile(
    r",?\s+(?:but\s+)?(?:only\s+)?if\s+(?=.*\b(?:not|cannot|can't|possible|available|ask)\b)", re.IGNORECASE
)
_REFUSED = re.compile(
    r"\bnot\b|n't\b|\bcannot\b|\bno\b|\bunable\b|\bimpossible\b|\bunavailable\b|\bout of stock\b|\bden(?:y|ies|ied)\b|"
    r"\bmust\b|\brefus|\bissues?\b|\bproblems?\b|\breject|\bonly\b|\bfails?\b",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\bask(?:s|ed)?\b(?: you)?(?: (?:for|about|to|why|which|what))?\s*(?P<what>.*)", re.IGNORECASE)
_CONFIRM = re.compile(r"\bconfirm", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?P<less>less|cheaper|lower|under|below|at most)?(?P<more>more|higher|over|above|greater|exceeds?|at least)?"
    r"\s*(?:than\s+)?\$?\s?(?P<amount>\d+(?:\.\d+)?)\s*(?:\$|bucks|dollars|usd)?",
    re.IGNORECASE,
)
_PROMISE = re.compile(r"\b(?:guarantee|promise|ensure|assure)", re.IGNORECASE)
_NOT_YET = re.compile(
    r"\b(?:do not|don't) say yes (?:immediately|right away|yet|at first),?\s*(?:because|but|and|as)?\s*", re.IGNORECASE
)
_FACT = re.compile(
    r"\b(?:shipped|delivered|arrived|pending|processed|transit|multiple|several|same item)\b", re.IGNORECASE
)
_DONE = re.compile(
    r"\b(?:has|have|had|is|are) (?:been )?(?:confirmed|done|completed?|finished|made|processed)\b", re.IGNORECASE
)
_MOOD = re.compile(
    r"^(?:you\s+)?(?:(?:become|get|are|feel)\s+(?:very\s+)?(?:angry|upset|annoyed|frustrated|mad|sad)|"
    r"add another request|regret it|don't care|do not care)\s*(?:,|and)\s*(?:just\s+)?",
    re.IGNORECASE,
)
_MIND = re.compile(r"\byou change your mind\b[, ]*(?:and|to|that)?\s*", re.IGNORECASE)
_SAY = re.compile(
    r"^(?:then\s+)?(?:you\s+)?(?:(?:will|should|can|just)\s+)*(?:say|tell|answer|reply|mention)s?\s+"
    r"(?:(?:it|them|him|her|the agent)\s+(?:to|that)\s+)?(?:that\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Conditional:
    """A condition and what follows from it, as told to the customer."""

    condition: str
    consequence: str
    is_opposite: bool = False
    """It goes with "if not": the opposite of the condition before it."""
    is_trailing: bool = False
    """The condition comes last: "cancel it if you can"."""


def split(sentence: str) -> Conditional | None:
    """``sentence`` in its two parts; None where it sets no condition."""
    text = sentence.strip()
    if opposite := _OTHERWISE.match(text):
        return Conditional("", text[opposite.end() :].strip(" ,."), is_opposite=True)
    if begins := _IF.match(text):
        rest = text[begins.end() :]
        cut = _CONSEQUENCE.search(rest) or _WITHOUT_COMMA.search(rest)
        if cut is None:
            head, comma, tail = rest.partition(", ")
            return Conditional(head, tail.strip(" .")) if comma else None
        return Conditional(rest[: cut.start()], rest[cut.end() :].strip(" ."))
    trailing = _TRAILING_IF.search(text)
    if trailing:
        return Conditional(text[trailing.end() :].strip(" ."), text[: trailing.start()].strip(" ,."), is_trailing=True)
    return None


def answer_of(conditional: Conditional) -> tuple[str, str] | None:
    """What is asked and what is answered, where the condition is a question of the agent's (but for a confirmation)."""
    asked = _ASKED.search(conditional.condition)
    if asked is None or _CONFIRM.search(conditional.condition):
        return None
    said = _SAY.sub("", conditional.consequence)
    return asked["what"].strip(" .") or conditional.condition, first_person(said.strip(" ."))


def branch_of(conditional: Conditional, before: Branch | None) -> Branch | None:
    """What the customer says when it happens; None where only Kefu can know (then they say the condition too).

    ``before``: the branch that an "otherwise" is the opposite of.
    """
    condition, words = conditional.condition, consequence_words(conditional.consequence)
    if conditional.is_opposite:
        if before is not None and before.when in {"less_than", "more_than"}:
            return Branch("more_than" if before.when == "less_than" else "less_than", words, before.amount)
        return Branch("refused", words)
    if _FACT.search(condition) and not re.search(r"\bthe agent\b|\bpossible\b", condition):
        return None
    if _CONFIRM.search(condition):
        changed = _MIND.search(conditional.consequence)
        text = _NOT_YET.sub("", conditional.consequence)
        text = without_mood(_MIND.sub("", text))
        said = spoken(without_wanting(text), another=changed is None)
        return Branch("confirm", f"I changed my mind. {said}" if changed else said, replaces=changed is not None)
    if _PROMISE.search(condition) and _REFUSED.search(condition):
        return Branch("refused", words, about="guarantee")
    amount = next((found for found in _AMOUNT.finditer(condition) if found["less"] or found["more"]), None)
    if amount is not None:
        return Branch("less_than" if amount["less"] else "more_than", words, float(amount["amount"]))
    if _REFUSED.search(condition):
        return Branch("refused", words, about=condition)
    return None


def consequence_words(consequence: str) -> str:
    """What follows, as the customer says it."""
    text = without_mood(re.sub(r"^(?:then|instead|please)\b[, ]*", "", consequence.strip(), flags=re.IGNORECASE))
    if told := _SAY.match(text):
        said = first_person(text[told.end() :].strip(" ."))
        return f"{said}."
    wish = without_wanting(text)
    return spoken(wish if begins_with_verb(wish) else text)


def without_mood(text: str) -> str:
    """Without how the customer feels about it, which is shown to nobody here: "you become angry and return all"."""
    text = re.sub(r"^then\b[, ]*", "", text.strip(), flags=re.IGNORECASE)
    return (
        re.sub(r"^(?:also\s+)?want to\s+", "", _MOOD.sub("", text), flags=re.IGNORECASE) if _MOOD.match(text) else text
    )


def is_opposite_of_refusal(conditional: Conditional, before: Branch | None) -> bool:
    """An "otherwise" after "if that is not possible": the wish itself says what then."""
    return conditional.is_opposite and before is not None and before.when == "refused"


def comes_later(conditional: Conditional) -> bool:
    """It waits until something is done: a wish like others, only later."""
    return bool(_DONE.search(conditional.condition))

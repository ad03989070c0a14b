"""Chooses what the dialogue does next: ``choose(state, parse, routes) -> Choice``. Pure.

Order of rules, first that fits:
  handed off        -> the hand-off skill (tells that a person answers, or comes back)
  asks for a person -> hand-off
  escalates         -> hand-off, except from the confirmation of a WRITE (danger to somebody outranks that too)
  claimed           -> the skill that knows these words (不取消了 right after a cancellation), unless they answer
  stop words        -> stop the running task
  嗯, 好的, "okay"   -> hardly an answer, unless a yes or no was asked for
  running task      -> continue it when the words answer its question, belong to it or correct it;
                       suspend it (digress) or replace it for another confident request; else the fallback ladder
  no task           -> the intent's skill when confident; else the fallback ladder
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

from dialogue import cues, wishes
from dialogue.state import DECLINED, OFFERED, DialogueState, is_confirming, was_just_told
from nlu.types import INFORM, Expectation, Parse

CONFIDENT = 0.35
"""Probability from which an intent is acted on; a WRITE asks for confirmation anyway."""
SURE = 0.6
"""Probability from which another request interrupts a running task."""
ASIDES = ("wait", "not_understood", "hesitate")
"""Said while a question of ours waits; it goes on waiting."""
SMALL_TALK = ("greet", "thanks", "goodbye", "urge_reply", "praise", *ASIDES)
NO_REQUEST = ("affirm", "deny", "out_of_scope", INFORM, *SMALL_TALK)
_ABOUT_GOODS = frozenset({"complaint", "troubleshoot"})
"""What broken goods sound like; a return or an exchange is what helps."""

_ABOUT_PARCELS = frozenset({"logistics", "order_status"})
_ABOUT_RETURNS = frozenset({"return_request", "exchange_request", "refund_request", "faulty_goods"})
"""A question how these work is one on the return policy."""
_GENERAL = ("freight", "delivery_time", "payment")
"""Intents whose skill answers how something works, the first that is known."""

Mode = Literal["start", "continue", "digress", "aside", "replace", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do next."""

    skill: str
    """A key of ``SKILLS``."""
    mode: Mode
    """start: no task is in the way; continue: the running task takes the words; digress: answer, then come back to the
    running task; aside: answer, while the running task goes on waiting; replace: end the running task, then start;
    resume: end the running task and go on with the suspended one; stop: end every task."""
    reason: str
    """One line for agents and logs; no personal data."""


Claim = Callable[[DialogueState, Parse], bool]


class Routed(Protocol):
    """What the policy must know of a skill."""

    intents: tuple[str, ...]
    writes: bool


@runtime_checkable
class Claiming(Protocol):
    """A skill that knows its words whatever the intent: 「不取消了」 right after a cancellation undoes it."""

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether these words are for this skill. Pure."""
        ...


@dataclass(frozen=True, slots=True)
class Routes:
    """What the policy knows of the skills."""

    intents: Mapping[str, str]
    """Intent to skill."""
    writing: frozenset[str]
    """Skills that end in a WRITE: one replaces another instead of suspending it."""
    claims: Mapping[str, Claim] = field(default_factory=dict)
    """Skill to the test whether words are for it."""
    beside: frozenset[str] = frozenset()
    """Skills that end in a WRITE and yet suspend another that does: a complaint is not instead of a cancellation."""

    @staticmethod
    def of(skills: Mapping[str, Routed]) -> Routes:
        """The routes to these skills, by their names."""
        return Routes(
            {intent: name for name, skill in skills.items() for intent in skill.intents},
            frozenset(name for name, skill in skills.items() if skill.writes),
            {name: skill.claims for name, skill in skills.items() if isinstance(skill, Claiming)},
            frozenset(name for name, skill in skills.items() if getattr(skill, "beside", False)),
        )

    def claimed(self, state: DialogueState, parse: Parse) -> str | None:
        """The first skill that claims the words."""
        return next((name for name, claims in self.claims.items() if claims(state, parse)), None)

    @property
    def numbers(self) -> str:
        """The skill that a number of theirs alone is for."""
        return self.intents.get("order_status", "fallback")

    @property
    def general(self) -> str:
        """The skill that answers how things work."""
        return next((self.intents[intent] for intent in _GENERAL if intent in self.intents), self._answers)

    @property
    def _answers(self) -> str:
        return "faq" if "faq" in self.intents.values() else "fallback"


def choose(state: DialogueState, parse: Parse, routes: Routes) -> Choice:
    """The skill for this message and how it stands to the running task."""
    text = parse.normalized or parse.text
    if state.handed_off:
        return Choice("handoff", "start", "a person has taken over")
    calls_person = parse.intent == "talk_to_human" and parse.confidence >= CONFIDENT
    calls_person = calls_person and not cues.is_bare_number(text)
    if calls_person and not cues.asks_identity(text) and not wishes.wants_call_back(text):
        return Choice("handoff", "start", "asks for a person")
    if state.tension.calls_for_person and (escalated := _escalated(state, parse, text)):
        return escalated
    if state.task is None:
        return _without_task(state, parse, text, routes)
    return _with_task(state, parse, text, routes)


def _without_task(state: DialogueState, parse: Parse, text: str, routes: Routes) -> Choice:
    if claimed := routes.claimed(state, parse):
        return Choice(claimed, "start", "claimed by its words")
    if _is_only_a_number(parse):
        return Choice(routes.numbers, "start", "a bare order number")
    if cues.is_bare_choice(text):
        goods = routes.intents.get("product_question", "fallback") if state.last_products else "fallback"
        return Choice(goods, "start", "a choice of what was shown")
    if cues.is_bare_number(text):
        return Choice("fallback", "start", "a number of nothing known")
    if cues.wants_to_stop(text) or cues.asks_identity(text) or cues.is_chat(text):
        return Choice("smalltalk", "start", "small talk")
    if _asks_nothing(text):
        return Choice("smalltalk", "start", "a backchannel")
    if (cues.asks_on(text) or wishes.asks_parcels(text)) and was_just_told(state):
        return Choice(routes.numbers, "start", "asks for more of the last order")
    skill = _requested(parse, text, routes, CONFIDENT)
    if skill:
        return Choice(skill, "start", f"{parse.intent} {parse.confidence:.2f}")
    if parse.intent in {"affirm", "deny"} and parse.confidence >= CONFIDENT:
        return Choice("smalltalk", "start", f"{parse.intent} with nothing asked")
    if parse.slot("order_number") or parse.slot("tracking_number"):
        return Choice(routes.numbers, "start", "a bare order number")
    if cues.asks_policy(text):
        return Choice(routes.general, "start", "asks how something works")
    if parse.slot("product") and not (parse.intent == "out_of_scope" and parse.confidence >= SURE):
        return Choice(routes.intents.get("product_question", "fallback"), "start", "a product was named")
    return Choice("fallback", "start", f"{parse.intent} {parse.confidence:.2f} is not enough")


def _is_only_a_number(parse: Parse) -> bool:
    """Digits read as an order's or a parcel's number and hardly a word more; no classifier knows what they ask."""
    slot = parse.slot("order_number") or parse.slot("tracking_number")
    return slot is not None and len(parse.text.replace(slot.raw, "").strip(" ，。,.!！")) <= 1


def _with_task(state: DialogueState, parse: Parse, text: str, routes: Routes) -> Choice:
    task = state.task
    assert task is not None
    if task.step == OFFERED:
        return _with_offer(state, parse, text, routes)
    if state.expectation.kind != "yes_no" and parse.intent != INFORM and _asks_nothing(text):
        return Choice("smalltalk", "aside", "a backchannel")
    if parse.intent == "talk_to_human" and cues.asks_identity(text):
        return Choice("smalltalk", "digress", "asks who answers")
    answer = answers(state, parse, text)
    claimed = routes.claimed(state, parse) if not answer or state.expectation.kind == "free" else None
    if claimed == task.skill:
        return Choice(task.skill, "continue", "claimed by its words")
    if claimed:
        return _other_request(state, parse, claimed, routes)
    if task.step == DECLINED and not answer and (dropped := _instead(parse, text, task.skill, routes)):
        return dropped
    if parse.intent in ASIDES and parse.confidence >= CONFIDENT and not answer:
        return Choice("smalltalk", "aside", f"{parse.intent} {parse.confidence:.2f}")
    if cues.wants_to_stop(text) and not (answer and state.expectation.kind == "yes_no"):
        return _stopped(parse, text, task.skill, routes)
    own = {intent for intent, skill in routes.intents.items() if skill == task.skill}
    if not answer and _names_another(parse, text, task.skill, routes):
        return Choice(task.skill, "continue", "another number for what runs")
    if answer:
        return Choice(task.skill, "continue", answer)
    if parse.intent in own and parse.confidence >= CONFIDENT:
        return Choice(task.skill, "continue", f"{parse.intent} belongs to the task")
    skill = _requested(parse, text, routes, SURE)
    if skill and skill != task.skill:
        return _other_request(state, parse, skill, routes)
    if cues.is_correction(text) or parse.slot("order_number") or parse.slot("tracking_number"):
        return Choice(task.skill, "continue", "a correction or a number")
    if cues.asks_identity(text) or cues.is_chat(text):
        return Choice("smalltalk", "digress", "small talk")
    return Choice("fallback", "digress", f"{parse.intent} {parse.confidence:.2f} answers nothing asked")


def _names_another(parse: Parse, text: str, skill: str, routes: Routes) -> bool:
    """「不是这个订单，是…」: what runs is meant for that order, though a number alone sounds like a question on it."""
    if skill not in routes.writing or not cues.is_correction(text) or cues.is_question(text):
        return False
    is_numbered = parse.slot("order_number") is not None or parse.slot("tracking_number") is not None
    return is_numbered and routes.intents.get(parse.intent) == routes.numbers and not cues.looks_up(text)


def _instead(parse: Parse, text: str, skill: str, routes: Routes) -> Choice | None:
    """Another request than the one that was declined."""
    other = _requested(parse, text, routes, CONFIDENT)
    return Choice(other, "replace", f"{parse.intent} after a refusal") if other and other != skill else None


def _escalated(state: DialogueState, parse: Parse, text: str) -> Choice | None:
    """A person; while a WRITE is being confirmed its answer, or an apology before the question is put again. None where
    the person offered is declined."""
    reason = f"tense: {', '.join(state.tension.reasons)}"
    is_offered = state.task is not None and state.task.step == OFFERED
    if state.tension.in_danger or not (is_offered or is_confirming(state)):
        return Choice("handoff", "start", reason)
    if cues.wants_to_stop(text) or parse.intent == "deny" or answers(state, parse, text):
        return None
    return Choice("handoff", "start" if is_offered else "digress", reason)


def _stopped(parse: Parse, text: str, skill: str, routes: Routes) -> Choice:
    """「算了」 ends every task; 「算了，我要换货」 ends the running one for what is wanted instead."""
    instead = _requested(parse, text, routes, CONFIDENT) if cues.wants_instead(text) else None
    if instead is None:
        return Choice(skill, "stop", "stop words")
    return Choice(instead, "continue" if instead == skill else "replace", f"stop words, then {parse.intent}")


def _asks_nothing(text: str) -> bool:
    return cues.is_backchannel(text) or cues.is_hesitation(text)


def _with_offer(state: DialogueState, parse: Parse, text: str, routes: Routes) -> Choice:
    """A hand-off was offered: yes and no are answers, any other request drops the offer."""
    if parse.intent in {"affirm", "deny"} or cues.wants_to_stop(text):
        return Choice("handoff", "continue", f"{parse.intent} to the offer of a person")
    if state.suspended:
        waiting = state.suspended[-1]
        behind = _peel(state)
        if answers(behind, parse, text) or routes.intents.get(parse.intent) == waiting.skill:
            return Choice(waiting.skill, "resume", "the offer of a person was passed over")
    skill = _requested(parse, text, routes, CONFIDENT)
    if skill:
        return Choice(skill, "replace", f"{parse.intent}, the offer of a person was passed over")
    return Choice("fallback", "replace", "the offer of a person was passed over")


def _other_request(state: DialogueState, parse: Parse, skill: str, routes: Routes) -> Choice:
    task = state.task
    assert task is not None
    reason = f"{parse.intent} {parse.confidence:.2f}"
    if state.suspended and state.suspended[-1].skill == skill:
        return Choice(skill, "resume", reason)
    if skill in routes.writing and task.skill in routes.writing and skill not in routes.beside:
        return Choice(skill, "replace", reason)
    return Choice(skill, "digress", reason)


def _requested(parse: Parse, text: str, routes: Routes, least: float) -> str | None:
    """The skill that serves this request, if it is one and likely enough."""
    if parse.confidence < least or (parse.intent in NO_REQUEST and parse.intent not in SMALL_TALK):
        return None
    is_reason = parse.confidence < SURE and _is_only_a_reason(parse)
    if parse.intent in _ABOUT_GOODS and (is_reason or cues.got_bad_goods(text)):
        return routes.intents.get("return_request")
    skill = routes.intents.get(_meant(parse.intent, text))
    if skill in routes.writing and cues.asks_policy(text) and not parse.slot("order_number"):
        return routes.intents.get("return_policy" if parse.intent in _ABOUT_RETURNS else "", routes.general)
    return skill


def _is_only_a_reason(parse: Parse) -> bool:
    """「质量问题」: why something goes back, and nothing else."""
    slot = parse.slot("return_reason")
    return slot is not None and len(parse.text.strip(" ，。,.!！")) - len(slot.raw) <= 2


def _meant(intent: str, text: str) -> str:
    """The intent that the words tell, where the classifier takes every word on a parcel as a question where it is."""
    if intent in _ABOUT_PARCELS and cues.got_less(text):
        return "faulty_goods"
    return "urge_shipping" if intent in _ABOUT_PARCELS and wishes.wants_hurried(text) else intent


def _peel(state: DialogueState) -> DialogueState:
    waiting = state.suspended[-1]
    return replace(state, task=waiting, suspended=state.suspended[:-1], expectation=waiting.expectation)


def answers(state: DialogueState, parse: Parse, text: str) -> str | None:
    """Why the words answer what the dialogue waits for; None when they do not."""
    expected = state.expectation
    if parse.intent == INFORM and expected.kind != "free":
        return "answers the question"
    match expected.kind:
        case "yes_no":
            plain = parse.intent in {"affirm", "deny"} and parse.confidence >= CONFIDENT
            return f"{parse.intent} to a yes or no" if plain else None
        case "digits":
            found = [name for name in (expected.slot, "digits", "phone") if name and parse.slot(name)]
            if found:
                return f"{found[0]} was asked for"
            if _takes_back(state, parse, text):
                return "what was said of the number does not count"
            # A number of the wrong length is still an attempt at the answer; one in another request is not.
            attempt = len(re.sub(r"\D", "", text)) >= 3 and (parse.intent in NO_REQUEST or parse.confidence < SURE)
            return "digits were asked for" if attempt else None
        case "choice":
            is_other = parse.intent not in NO_REQUEST and parse.confidence >= SURE and cues.asks_policy(text)
            return "one of the choices" if not is_other and _picks(parse, text, expected) else None
        case "free" if expected.slot == "email" and (parse.slot("email") or parse.slot("postal_code")):
            return "who they are was asked for"
        case "free" | "address":
            return _free_answer(state, parse, text)


def _takes_back(state: DialogueState, parse: Parse, text: str) -> bool:
    """Whether the digits heard so far are wrong: 「从头来」, and while some are missing also 「不对」."""
    if parse.intent not in NO_REQUEST and parse.confidence >= SURE:
        return False
    return cues.starts_over(text) or (
        bool(state.expectation.heard) and (parse.intent == "deny" or cues.is_correction(text))
    )


def _picks(parse: Parse, text: str, expected: Expectation) -> bool:
    of_orders = expected.slot in {None, "order_number"}
    if cues.wants_all(text) or (of_orders and parse.slot("order_number")):
        return True
    return cues.chosen(text, expected.choices) is not None


def _free_answer(state: DialogueState, parse: Parse, text: str) -> str | None:
    """Free words are an answer unless they are clearly a question or a wish to stop."""
    if state.task is None or state.task.step is None or cues.wants_to_stop(text):
        return None
    if cues.is_question(text) and parse.intent not in NO_REQUEST and parse.confidence >= CONFIDENT:
        return None
    if parse.intent in SMALL_TALK and parse.confidence >= SURE:
        return None
    return "free words were asked for"

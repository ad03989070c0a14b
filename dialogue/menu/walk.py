"""Takes a caller through a menu: where they are and what they said in, where they come and what is said out. Pure.

    Place --answer--> Place ... --> Out: assistant, transfer, hang up

A ``Place`` is JSON in the slots of the task ``menu``, so a call's place is part of the dialogue's events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from dialogue.menu.answers import chosen, digits_of, is_right
from dialogue.menu.hours import is_open
from dialogue.menu.schema import Consent, Menu, Node, Texts
from nlu.types import Expectation, KeyRules, Language, Parse

SKILL = "menu"
_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_READ_BACK_KEYS = ("1", "2")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caller is."""

    node: str
    language: Language
    failures: int = 0
    """Answers to this node that were none."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What was collected, by name."""
    reading: str = ""
    """Digits that were read back and wait for a yes."""
    consent: Consent | None = None

    def slots(self) -> dict[str, Any]:
        """For ``TaskUpdated``; None where something was and is no more."""
        return {
            "failures": self.failures,
            "given": dict(self.given),
            "reading": self.reading,
            "consent": self.consent,
        }

    @staticmethod
    def of(step: str, slots: Mapping[str, Any], language: Language) -> Place:
        """From a task's step and slots."""
        given = {str(name): str(value) for name, value in (slots.get("given") or {}).items()}
        failures, reading = int(slots.get("failures") or 0), str(slots.get("reading") or "")
        return Place(step, language, failures, given, reading, slots.get("consent"))


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a step of the walk ended, at a node that asks or that leads out."""

    place: Place
    node: Node
    said: tuple[str, ...]
    """Sentences, in order."""
    carries: bool = False
    """Whether what the caller said is for whatever comes next."""


def begin(menu: Menu, language: Language, now: datetime) -> Stop:
    """The start of a call."""
    notice = menu.recording.consent == "notice" if menu.recording else False
    return _enter(menu, Place(menu.start, language, consent="granted" if notice else None), now)


def notice_of(menu: Menu, language: Language) -> str:
    """What is said before everything else, and may not be talked over."""
    return text_of(menu.recording.notice, language) if menu.recording and menu.recording.notice else ""


def answer(menu: Menu, place: Place, parse: Parse, now: datetime) -> Stop:
    """The caller has answered."""
    node = menu.nodes[place.node]
    if node.collect is not None:
        return _collected(menu, node, place, parse, now)
    choice = chosen(node, parse)
    if choice is not None:
        moved = replace(
            place,
            node=choice.to,
            language=choice.language or place.language,
            consent=choice.consent or place.consent,
            failures=0,
        )
        return _enter(menu, moved, now)
    if node.otherwise is not None:
        return replace(_enter(menu, replace(place, node=node.otherwise, failures=0), now), carries=True)
    return failed(menu, place, now)


def failed(menu: Menu, place: Place, now: datetime) -> Stop:
    """No answer, or none that counts: asked again, or what ``failed`` says."""
    node = menu.nodes[place.node]
    if place.failures + 1 >= node.tries and node.failed is not None:
        return _enter(menu, replace(place, node=node.failed, failures=0, reading=""), now)
    return Stop(replace(place, failures=place.failures + 1), node, (prompt(menu, place),))


def prompt(menu: Menu, place: Place) -> str:
    """What the node at ``place`` asks."""
    node = menu.nodes[place.node]
    if place.reading and node.collect is not None and node.collect.read_back is not None:
        return filled(node.collect.read_back, place.language, {"digits": " ".join(place.reading)})
    return text_of(node.say, place.language)


def expectation_of(node: Node, place: Place) -> Expectation:
    """What the node waits for, for ears and keypad."""
    if place.reading:
        return Expectation("choice", choices=_READ_BACK_KEYS)
    if (collect := node.collect) is not None:
        end: Literal["#", "*", ""] = "" if collect.end == "none" else collect.end
        keys = KeyRules(collect.max, end, collect.next_digit_s, collect.first_digit_s)
        return Expectation("digits", digits=collect.max if collect.min == collect.max else None, keys=keys)
    return Expectation("choice", choices=tuple(choice.key for choice in node.choices))


def _collected(menu: Menu, node: Node, place: Place, parse: Parse, now: datetime) -> Stop:
    collect = node.collect
    assert collect is not None
    if place.reading:
        right = is_right(parse)
        if right is None:
            again = digits_of(parse)
            if not collect.min <= len(again) <= collect.max:
                return failed(menu, place, now)
            return _keep_or_read(menu, node, replace(place, reading=""), again, now)
        if not right:
            return failed(menu, replace(place, reading=""), now)
        return _keep(menu, node, place, place.reading, now)
    digits = digits_of(parse)
    if not collect.min <= len(digits) <= collect.max:
        if not digits and node.otherwise is not None:
            return replace(_enter(menu, replace(place, node=node.otherwise, failures=0), now), carries=True)
        return failed(menu, place, now)
    return _keep_or_read(menu, node, place, digits, now)


def _keep_or_read(menu: Menu, node: Node, place: Place, digits: str, now: datetime) -> Stop:
    if node.collect is None or node.collect.read_back is None:
        return _keep(menu, node, place, digits, now)
    reading = replace(place, reading=digits)
    return Stop(reading, node, (prompt(menu, reading),))


def _keep(menu: Menu, node: Node, place: Place, digits: str, now: datetime) -> Stop:
    assert node.collect is not None
    assert node.to is not None
    given = {**place.given, node.collect.name: digits}
    return _enter(menu, replace(place, node=node.to, given=given, reading="", failures=0), now)


def _enter(menu: Menu, place: Place, now: datetime) -> Stop:
    """Come to a node; outside the hours to the one in its place."""
    node = menu.nodes[place.node]
    if node.when_closed is not None and menu.hours is not None and not is_open(menu.hours, now):
        return _enter(menu, replace(place, node=node.when_closed), now)
    said = filled(node.say, place.language, place.given) if node.say else ""
    return Stop(place, node, (said,) if said else ())


def text_of(texts: Texts | None, language: Language) -> str:
    """The text in this language, or the one that there is."""
    if not texts:
        return ""
    return texts.get(language) or next(iter(texts.values()))


def filled(texts: Texts | None, language: Language, values: Mapping[str, str]) -> str:
    """The text with {names} replaced; what is not known is left out."""
    return _NAME.sub(lambda match: values.get(match.group(1), ""), text_of(texts, language))


def complete(texts: Texts | None, language: Language, values: Mapping[str, str]) -> str:
    """The same, empty when something is not known."""
    known = all(name in values for name in _NAME.findall(text_of(texts, language)))
    return filled(texts, language, values) if known else ""

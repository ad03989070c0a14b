"""How tense a conversation is, over its turns and not in one sentence: a pure fold of events.

    customer speaks   score x 0.7 unless the words are tense (x 0.4 for thanks or praise), then what was said weighs in
    on our side       not understood, refused, failed, cut off weigh in
    calm | tense from 1.5: an apology and the offer of a person | escalate from 3.0, until it falls below 1.5: a person

Negative sentiment alone makes a conversation tense and never escalates it: 0.8 a turn comes to 2.7 at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dialogue.types import CustomerSaid, DialogueEvent, HandedOff, Misunderstood, Said, TaskEnded
from nlu.types import INFORM, Parse

Level = Literal["calm", "tense", "escalate"]

TENSE, ESCALATE = 1.5, 3.0
DECAY, RELIEF = 0.7, 0.4
"""What is left of the score after a turn without tense words; and after one of thanks or praise."""
WEIGHTS = {
    "danger": 10.0,
    "legal": 3.0,
    "media": 2.0,
    "insult": 1.5,
    "anger": 1.0,
    "repeated": 1.0,
    "complaint": 1.0,
    "shouting": 0.5,
    "person": 0.5,
    "negative": 0.5,
    "negative_streak": 0.8,
    "asked_twice": 0.6,
    "not_understood": 0.5,
    "refused": 0.7,
    "failed": 1.0,
    "cut_off": 0.2,
}
"""Evidence by reason: the kinds of ``nlu.types.Signal``, and what the turns show. Set by judgement; the stories and
``tests/dialogue/test_escalation.py`` hold them to what they must do."""
NEGATIVE_SCORE = 0.8
"""Probability of negative sentiment from which it counts."""
_REASONS = 6
_REQUESTS = 2
"""So many requests back, the same one again is a question asked twice."""
_ALIKE = 0.75
_NO_REQUEST = frozenset({INFORM, "affirm", "deny", "greet", "thanks", "goodbye", "out_of_scope", "wait", "hesitate"})
_RELIEVED = frozenset({"thanks", "praise"})


@dataclass(frozen=True, slots=True)
class Tension:
    """What the turns so far come to. A value."""

    score: float = 0.0
    escalated: bool = False
    reasons: tuple[str, ...] = ()
    """What weighed in since the conversation was last calm, keys of ``WEIGHTS``, newest first."""
    rose: bool = False
    """Whether the customer's last message made it worse."""
    tense_turns: int = 0
    """Messages since it became tense."""
    negatives: int = 0
    """Negative messages in a row; answers to our questions do not count either way."""
    requests: tuple[str, ...] = ()
    """The last requests, letters and digits only."""

    @property
    def level(self) -> Level:
        """calm, tense or escalate."""
        if self.escalated:
            return "escalate"
        return "tense" if self.score >= TENSE else "calm"

    @property
    def in_danger(self) -> bool:
        """Somebody's life or limb, by the last messages."""
        return "danger" in self.reasons

    @property
    def calls_for_person(self) -> bool:
        """Whether to hand over now; not for words that calm down."""
        return self.level == "escalate" and self.rose

    @property
    def calls_for_apology(self) -> bool:
        """Whether an apology and the offer of a person are due: when it becomes tense, and every third turn after."""
        return self.level != "calm" and self.rose and self.tense_turns % 3 == 1


CALM = Tension()


def fold(tension: Tension, event: DialogueEvent, *, waiting: bool = False) -> Tension:
    """``tension`` after ``event``; ``waiting``: a question of ours was open when it came."""
    match event:
        case CustomerSaid(turn):
            return _heard(tension, turn.parse, waiting)
        case Misunderstood():
            return _weighed(tension, ("not_understood",))
        case TaskEnded("refused" | "failed" as outcome):
            return _weighed(tension, (outcome,))
        case Said(complete=False):
            return _weighed(tension, ("cut_off",))
        case HandedOff():
            return CALM
        case _:
            return tension


def _heard(tension: Tension, parse: Parse, waiting: bool) -> Tension:
    kinds = {signal.kind for signal in parse.signals}
    is_pleased = not kinds - {"shouting"} and (parse.sentiment.polarity == "positive" or parse.intent in _RELIEVED)
    negatives = _negatives(tension, parse, waiting)
    request = _request(parse, waiting)
    found: list[str] = [signal.kind for signal in parse.signals if not is_pleased]
    if negatives > tension.negatives:
        found.append("negative_streak" if negatives > 1 else "negative")
    if request and any(_alike(request, earlier) for earlier in tension.requests):
        found.append("asked_twice")
    score = tension.score * (RELIEF if is_pleased else 1 if kinds else DECAY)
    requests = (*tension.requests, request)[-_REQUESTS:] if request else tension.requests
    decayed = _settled(replace(tension, score=score, negatives=negatives, requests=requests, rose=bool(found)))
    risen = _weighed(decayed, tuple(found))
    return replace(risen, tense_turns=0 if risen.level == "calm" else risen.tense_turns + 1)


def _weighed(tension: Tension, reasons: tuple[str, ...]) -> Tension:
    """``tension`` with these reasons on top."""
    if not reasons:
        return tension
    score = tension.score + sum(WEIGHTS[reason] for reason in reasons)
    known = tuple(dict.fromkeys((*reasons, *tension.reasons)))[:_REASONS]
    return replace(tension, score=score, reasons=known, escalated=tension.escalated or score >= ESCALATE)


def _settled(tension: Tension) -> Tension:
    """An escalation is over below ``TENSE``; reasons are forgotten with the score."""
    escalated = tension.escalated and tension.score >= TENSE
    return replace(tension, escalated=escalated, reasons=tension.reasons if tension.score >= 0.3 else ())


def _negatives(tension: Tension, parse: Parse, waiting: bool) -> int:
    """「不想要了」 as the reason for a return is no anger, however negative it reads."""
    if waiting or parse.intent in {INFORM, "affirm", "deny"}:
        return tension.negatives
    is_negative = parse.sentiment.polarity == "negative" and parse.sentiment.score >= NEGATIVE_SCORE
    return tension.negatives + 1 if is_negative else 0


def _request(parse: Parse, waiting: bool) -> str:
    """The request as letters and digits; empty where the message is none."""
    if waiting or parse.intent in _NO_REQUEST:
        return ""
    bare = "".join(char for char in (parse.normalized or parse.text).casefold() if char.isalnum())
    return bare if len(bare) >= 4 else ""


def _alike(text: str, other: str) -> bool:
    """Whether two requests share nearly all their pairs of characters."""
    ours, theirs = ({found[i : i + 2] for i in range(len(found) - 1)} for found in (text, other))
    return len(ours & theirs) >= _ALIKE * len(ours | theirs)

"""What a scene's take was worth: a pure judgement of one take.

Definitions follow tau-bench's interaction metrics (sierra-research/tau2-bench, docs/interaction-metrics.md), on
continuous time instead of 200 ms ticks; README.md lists them. All times are milliseconds on the microphone's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from speech.spoken_text import spoken_sentences
from speech.types import SpeechEnded, Transcript
from tests.turn_taking.facts import Rendering, Take, lost_ms
from tests.turn_taking.scenes import Scene
from tests.turn_taking.words import digits, plain, similarity

NO_YIELD_MS = 2000.0
"""tau: a bot that still talks this long after an interruption did not yield."""
RESPONSE_MS = 2000.0
"""tau: a bot that speaks this soon after what was not meant for it responded to it."""
BREATH_MS = 400.0
"""Longest pause between two clauses of an answer."""
BACK_WITHIN_MS = 1000.0
"""An answer that was held is heard again this soon after the sound that held it."""
LOST_MS = 120.0
"""Half a syllable: less than this of an answer may be lost where it was held."""
_SHORT = 2
_TAIL_MS = 500.0
"""Voice activity may go on this long after the words."""
_INSIDE_MS = 50.0
"""An endpoint decided this close to the true end is on it."""


@dataclass(frozen=True, slots=True)
class Score:
    """One scene judged. None: does not apply."""

    failures: tuple[str, ...]
    """What was wrong, in words; empty: as labelled."""
    yield_ms: float | None = None
    """From the customer's true start to the last audible sample of the answer that was to end; None: not within 2 s."""
    kept: bool | None = None
    """No turn made, the answer heard again within a second, nothing of it lost."""
    never_paused: bool | None = None
    """tau's strict reading of ``kept``: the answer did not even pause."""
    quiet: bool | None = None
    """Where the bot was silent: it did not respond to what was not meant for it."""
    lost_ms: float | None = None
    """How much of the answer was never heard."""
    utterances: int = 0
    """Of the customer."""
    false_endpoints: int = 0
    """Utterances that were ended while the customer was still speaking (pauses inside included)."""
    cut_number: bool | None = None
    missed: bool | None = None
    """A turn that was never answered."""
    false_turns: int = 0
    """Turns made of what was none."""
    response_ms: float | None = None
    """From the true end of the customer's words to the first audible sample of the answer."""

    @property
    def is_correct(self) -> bool:
        """Whether all was as labelled."""
        return not self.failures


def score(scene: Scene, take: Take, renderings: Sequence[Rendering], *, alike: float = 1.0) -> Score:
    """Judge a take.

    ``renderings``: what the voice spoke; ``alike``: how similar a turn's words must be to the label's, 1 for the same.
    """
    if take.fault or take.opening_turn is None:
        return Score((take.fault or "the bot did not speak",))
    failures: list[str] = []
    label = scene.label
    yield_ms = _yield_ms(take, lost_ms(take, _spoken(scene), renderings)) if label.bot == "yield" else None
    if label.bot == "yield" and yield_ms is None:
        failures.append("the bot did not yield" if _is_bot_heard(take) else "the bot was silent already")
    missing_ms = lost_ms(take, _spoken(scene), renderings) if label.bot == "keep" else None
    kept = None
    if missing_ms is not None:
        reasons = _why_not_kept(take, missing_ms)
        failures += reasons
        kept = not reasons and not take.turns
    failures += _wrong_turns(scene, take, alike)
    quiet = _is_quiet(scene, take)
    if quiet is False:
        failures.append("the bot responded to what was not meant for it")
    utterances, false_endpoints = _endpoints(take)
    if false_endpoints:
        failures.append(f"{false_endpoints} utterance(s) ended while the customer spoke")
    response_ms = _response_ms(scene, take)
    missed = response_ms is None if label.turns and not label.optional else None
    if missed:
        failures.append("no answer")
    if response_ms is not None and response_ms < 0:
        failures.append("the bot spoke over the customer")
    if label.prompted_within_ms is not None and not _is_prompted(take, label.prompted_within_ms):
        failures.append("the bot did not speak up")
    return Score(
        failures=tuple(failures),
        yield_ms=yield_ms,
        kept=kept,
        never_paused=len(take.stretches(opening=True)) == 1 if missing_ms is not None else None,
        quiet=quiet,
        lost_ms=missing_ms,
        utterances=utterances,
        false_endpoints=false_endpoints,
        cut_number=_is_number_cut(scene, take, false_endpoints),
        missed=missed,
        false_turns=max(0, len(take.turns) - len(label.turns)),
        response_ms=response_ms,
    )


def _spoken(scene: Scene) -> str:
    return "".join(plain(sentence.spoken) for sentence in spoken_sentences(scene.bot, scene.language))


def _is_bot_heard(take: Take) -> bool:
    """Whether the opening answer was heard when the customer began."""
    begin_ms = take.spans[0].start_ms
    return any(stretch.start_ms <= begin_ms <= stretch.end_ms for stretch in take.stretches(opening=True))


def _draws_breath(take: Take, missing_ms: float) -> bool:
    """Whether the customer began between two clauses of the answer, and the next one was not begun."""
    begin_ms = take.spans[0].start_ms
    heard = [stretch.end_ms for stretch in take.stretches(opening=True) if stretch.start_ms <= begin_ms]
    return missing_ms > LOST_MS and bool(heard) and begin_ms - max(heard) <= BREATH_MS


def _yield_ms(take: Take, missing_ms: float) -> float | None:
    """Until the answer was last heard; 0 in a pause of it. An answer that comes back has not yielded."""
    if not _is_bot_heard(take) and not _draws_breath(take, missing_ms):
        return None
    begin_ms = take.spans[0].start_ms
    last_ms = max((stretch.end_ms for stretch in take.stretches(opening=True)), default=begin_ms)
    latency_ms = last_ms - begin_ms
    return max(0.0, latency_ms) if latency_ms <= NO_YIELD_MS else None


def _why_not_kept(take: Take, missing_ms: float) -> list[str]:
    reasons = []
    if missing_ms > LOST_MS:
        reasons.append(f"{missing_ms:.0f} ms of the answer were never heard")
    heard = take.stretches(opening=True)
    over_ms = max((stretch.end_ms for stretch in heard), default=0.0)
    for span, following in zip_longest(take.spans, take.spans[1:]):
        if following is not None and following.start_ms < span.end_ms + BACK_WITHIN_MS:
            continue
        back = any(
            stretch.start_ms <= span.end_ms + BACK_WITHIN_MS and stretch.end_ms >= span.end_ms for stretch in heard
        )
        if span.end_ms < over_ms and not back:
            reasons.append("the answer came back too late")
    return reasons


def _wrong_turns(scene: Scene, take: Take, alike: float) -> list[str]:
    wanted, found = scene.label.turns, [turn.text for turn in take.turns]
    if scene.label.optional and not found:
        return []
    if len(wanted) != len(found):
        return [f"turns {found} instead of {list(wanted)}"]
    return [
        f"turn '{text}' instead of '{want}'"
        for want, text in zip(wanted, found, strict=True)
        if not _is_alike(want, text, alike)
    ]


def _is_alike(want: str, text: str, alike: float) -> bool:
    """A real recogniser makes anything of one syllable: where likeness is enough, that it was heard is."""
    if alike < 1 and len(plain(want)) <= _SHORT:
        return True
    return similarity(want, text) >= alike


def _is_quiet(scene: Scene, take: Take) -> bool | None:
    """Whether the bot stayed silent where silence was right."""
    if scene.label.turns or scene.label.bot != "any" or scene.label.prompted_within_ms is not None or not take.spans:
        return None
    begin_ms, end_ms = take.spans[0].start_ms, take.spans[-1].end_ms
    return not any(begin_ms <= stretch.start_ms <= end_ms + RESPONSE_MS for stretch in take.stretches(opening=False))


def _endpoints(take: Take) -> tuple[int, int]:
    """(utterances of the customer, those ended inside what they were saying)."""
    spans = [span for span in take.spans if span.is_customers]
    finals = [event for _, event in take.heard if isinstance(event, Transcript) and event.is_final]
    wordless = {event.utterance_id for event in finals if not event.text.strip()}
    count = false = 0
    for _, event in take.heard:
        if not isinstance(event, SpeechEnded) or event.utterance_id in wordless:
            continue
        span = next((span for span in spans if span.start_ms <= event.end_ms <= span.end_ms + _TAIL_MS), None)
        if span is not None:
            count += 1
            false += event.decided_ms < span.end_ms - _INSIDE_MS
    return count, false


def _is_number_cut(scene: Scene, take: Take, false_endpoints: int) -> bool | None:
    """Whether the number came in pieces; None when no number is said. Digits misheard in one turn are no cut."""
    if (number := scene.number) is None:
        return None
    whole = any(number in digits(turn.text) for turn in take.turns)
    return not whole and (len(take.turns) > 1 or false_endpoints > 0)


def _response_ms(scene: Scene, take: Take) -> float | None:
    spans = [span for span in take.spans if span.is_customers]
    if not scene.label.turns or not spans:
        return None
    begin_ms, end_ms = spans[0].start_ms, spans[-1].end_ms
    if scene.label.bot == "keep":
        end_ms = max([end_ms, *(stretch.end_ms for stretch in take.stretches(opening=True))])
    answers = [stretch.start_ms for stretch in take.stretches(opening=False) if stretch.start_ms > begin_ms]
    if len(scene.label.turns) > 1:  # an answer to the first may rightly come before the last
        answers = [at_ms for at_ms in answers if at_ms >= end_ms]
    return min(answers) - end_ms if answers else None


def _is_prompted(take: Take, within_ms: float) -> bool:
    over_ms = max((stretch.end_ms for stretch in take.stretches(opening=True)), default=0.0)
    spoke_up = [stretch.start_ms - over_ms for stretch in take.stretches(opening=False)]
    return bool(spoke_up) and min(spoke_up) <= within_ms

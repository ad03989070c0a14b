"""What happened in one scene, and what can be read from its sound. Pure; milliseconds on the microphone's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speech.types import SpeechEvent
from tests.turn_taking.loudspeaker import Run

UNBROKEN_MS = 60.0
"""A gap in the sound shorter than this is no pause."""
_AUDIBLE = 10 ** (-50 / 20) * 32768
_STEP_MS = 20


@dataclass(frozen=True, slots=True)
class Span:
    """One item of the customer's side as it was."""

    speech: tuple[tuple[float, float], ...]
    """True stretches of sound, between pauses."""
    text: str
    is_customers: bool

    @property
    def start_ms(self) -> float:
        """Where its sound begins."""
        return self.speech[0][0]

    @property
    def end_ms(self) -> float:
        """Where its sound ends."""
        return self.speech[-1][1]


@dataclass(frozen=True, slots=True)
class Rendering:
    """Words that the voice was asked for, and what it made of them."""

    text: str
    """Plain (see ``words.plain``)."""
    pcm: bytes


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """The gateway took these words for a turn."""

    turn_id: int
    text: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """The bot is heard without a pause."""

    turn_id: int
    start_ms: float
    """First audible sample."""
    end_ms: float
    """Last audible sample."""


@dataclass(frozen=True, slots=True)
class Take:
    """What happened in one scene."""

    runs: tuple[Run, ...] = ()
    """What was played."""
    rate_hz: int = 24_000
    opening_turn: int | None = None
    """The turn whose answer was running when the scene began."""
    spans: tuple[Span, ...] = ()
    turns: tuple[TurnTaken, ...] = ()
    """Without the opening one."""
    heard: tuple[tuple[float, SpeechEvent], ...] = ()
    """What listening said, and when."""
    ended_ms: float = 0.0
    fault: str | None = None
    """Why the take is no good."""

    def stretches(self, *, opening: bool) -> list[Stretch]:
        """Where the opening answer (or all others) was heard, in order."""
        found: list[Stretch] = []
        for turn_id, start, pcm in self._joined():
            if (turn_id == self.opening_turn) is opening and (bounds := audible_ms(pcm, self.rate_hz)) is not None:
                at_ms = start * 1000 / self.rate_hz
                found.append(Stretch(turn_id, at_ms + bounds[0], at_ms + bounds[1]))
        return found

    def _joined(self) -> list[tuple[int, int, bytes]]:
        """(turn, position, sound) of runs, those of one turn with no pause between them as one."""
        joined: list[tuple[int, int, bytes]] = []
        for run in self.runs:
            if joined and joined[-1][0] == run.turn_id:
                turn_id, start, pcm = joined[-1]
                gap = run.start - start - len(pcm) // 2
                if gap < UNBROKEN_MS * self.rate_hz / 1000:
                    joined[-1] = (turn_id, start, pcm + bytes(2 * gap) + bytes(run.pcm))
                    continue
            joined.append((run.turn_id, run.start, bytes(run.pcm)))
        return joined


def audible_ms(pcm: bytes, rate_hz: int) -> tuple[float, float] | None:
    """(first, last) position above -50 dBFS in steps of 20 ms; None when there is none."""
    loud = np.flatnonzero(_levels(pcm, rate_hz) >= _AUDIBLE)
    return (float(loud[0] * _STEP_MS), float((loud[-1] + 1) * _STEP_MS)) if loud.size else None


def lost_ms(take: Take, answer: str, renderings: Sequence[Rendering]) -> float:
    """How much of the opening answer was never played.

    ``answer`` is the answer's plain text. A character that several renderings hold is lost as far as it is in the best
    of them; one that nobody rendered counts for its usual length.
    """
    played = b"".join(bytes(run.pcm) for run in take.runs if run.turn_id == take.opening_turn)
    lost: list[float | None] = [None] * len(answer)
    for rendering in renderings:
        first = answer.find(rendering.text)
        if first < 0 or not rendering.text:
            continue
        for index, missing in enumerate(_missing_ms(rendering, played, take.rate_hz), start=first):
            known = lost[index]
            lost[index] = missing if known is None else min(known, missing)
    return sum(
        _unrendered_ms(character) if missing is None else missing
        for character, missing in zip(answer, lost, strict=True)
    )


def _unrendered_ms(character: str) -> float:
    """The usual length of a Latin letter, or of a syllable."""
    return 70.0 if character.isascii() and character.isalpha() else 220.0


def _missing_ms(rendering: Rendering, played: bytes, rate_hz: int) -> list[float]:
    """For each character how much of it was not played; characters are taken to be of equal length."""
    step = 2 * rate_hz * _STEP_MS // 1000
    audible = np.flatnonzero(_levels(rendering.pcm, rate_hz) >= _AUDIBLE)
    missing = [0.0] * len(rendering.text)
    for number, index in enumerate(audible):
        # the middle of each step: where an answer was cut, a step is heard in two halves
        at = int(index) * step
        if rendering.pcm[at + step // 4 : at + 3 * step // 4] not in played:
            missing[number * len(missing) // audible.size] += _STEP_MS
    return missing


def _levels(pcm: bytes, rate_hz: int) -> np.ndarray:
    step = rate_hz * _STEP_MS // 1000
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    padded = np.pad(samples, (0, -samples.size % step)).reshape(-1, step)
    return np.sqrt(np.mean(np.square(padded), axis=1))

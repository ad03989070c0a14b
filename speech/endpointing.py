"""When an utterance begins, pauses and ends: a pure state machine over speech probabilities and words.

::

    speech   ____|===============|____|=====|______________________
    event         ^Started        ^Paused ^Resumed ^Paused    ^Ended
    carries  start_ms = rise      at_ms = fall                end_ms = last fall, decided_ms = now
    waits        |96|            |140||64|  |140|
    words                            ^hear_text: nothing yet    ^hear_text: 400 complete, 600 open, 1200 unfinished,
                                                                 2200 while a number is read out

The wait is chosen again whenever evidence arrives; one that has already passed ends the utterance at once. No clock
and no audio here: positions are whatever the caller counts in.
"""

from __future__ import annotations

from dataclasses import dataclass

from speech.completeness import TextEvidence, evidence_of
from speech.endpoint_wait import EndpointConfig, Evidence, is_number_open, wait_ms
from speech.types import EndpointHint

__all__ = [
    "Ended",
    "EndpointConfig",
    "EndpointEvent",
    "Endpointer",
    "Paused",
    "Resumed",
    "Started",
]


@dataclass(frozen=True, slots=True)
class Started:
    """Speech is confirmed; it began at ``start_ms``."""

    start_ms: float


@dataclass(frozen=True, slots=True)
class Paused:
    """A plausible end: nothing was said since ``at_ms``."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """The last pause was none: speech goes on since ``at_ms``."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance is over: last speech at ``end_ms``, known at ``decided_ms``."""

    end_ms: float
    decided_ms: float


EndpointEvent = Started | Paused | Resumed | Ended

_FREE = EndpointHint()


class Endpointer:
    """One stream's utterances, one after another: every ``Started`` is followed by exactly one ``Ended``.

    ``Paused`` and ``Resumed`` alternate between them. Feed windows in order and without gaps. ``hear_text`` and
    ``hear_turn`` may come at any time, as soon as a recogniser or a model knows something.
    """

    def __init__(self, config: EndpointConfig | None = None) -> None:
        self.config = config or EndpointConfig()
        self._start_ms: float | None = None
        """Start of the utterance, or of a start not yet confirmed."""
        self._open = False
        self._last_speech_ms = 0.0
        """End of the last confirmed speech."""
        self._speech_ms = 0.0
        """Speech since the last silence (in an utterance), or of the start not yet confirmed."""
        self._swell_ms: float | None = None
        """Start of the windows on end that may be a soft beginning."""
        self._now_ms = 0.0
        self._hint = _FREE
        self._reading_number = False
        self._forget_pause()

    def _forget_pause(self) -> None:
        self._paused = False
        self._murky_ms = 0.0
        """Length of this pause's windows that were neither speech nor plainly silence."""
        self._words: TextEvidence | None = None
        self._words_are_coming = False
        self._turn_probability: float | None = None

    @property
    def in_utterance(self) -> bool:
        """Between ``Started`` and ``Ended``."""
        return self._open

    @property
    def is_speaking(self) -> bool:
        """In an utterance, and the last window was speech."""
        return self._open and self._speech_ms > 0

    def push(
        self, start_ms: float, duration_ms: float, probability: float, hint: EndpointHint = _FREE
    ) -> list[EndpointEvent]:
        """Take one window in; at most two events come out."""
        self._now_ms = start_ms + duration_ms
        self._hint = hint
        speaking = self._speech_ms > 0
        is_speech = probability >= (self.config.off if speaking else self.config.on)
        if not self._open:
            self._note_swell(start_ms, probability)
            return self._before_utterance(start_ms, duration_ms, is_speech)
        if is_speech:
            events = self._heard_speech(duration_ms)
        else:
            self._murky_ms += duration_ms if probability >= self.config.murky else 0.0
            events = self._heard_silence()
        if self._open and self._now_ms - (self._start_ms or 0.0) >= self.config.max_utterance_ms:
            events.append(self._end())
        return events

    def expect_text(self) -> None:
        """A decode of everything said so far has begun: in this pause, words are worth waiting for."""
        self._words_are_coming = self._open

    def hear_text(self, text: str, until_ms: float | None = None) -> list[EndpointEvent]:
        """Words of the utterance, which cover what was said until ``until_ms`` (None: everything so far).

        Ends the utterance if the silence is already longer than these words call for. Words that do not reach the
        last speech only tell whether a number is being read out.
        """
        if not self._open:
            return []
        words = evidence_of(text)
        self._reading_number = is_number_open(self.config, self._hint, words)
        if until_ms is not None and until_ms < self._last_speech_ms:
            return []
        self._words, self._words_are_coming = words, False
        return self._decide()

    def miss_text(self) -> list[EndpointEvent]:
        """The decode has failed: no words will come in this pause."""
        self._words_are_coming = False
        return self._decide()

    def hear_turn(self, probability: float, until_ms: float) -> None:
        """An end-of-turn model's probability (0..1) that the turn is over, given the audio until ``until_ms``."""
        if self._open and until_ms >= self._last_speech_ms:
            self._turn_probability = probability

    def restart(self, at_ms: float) -> Ended | None:
        """What the utterance in progress held before ``at_ms`` is over; speech goes on."""
        if not self._open:
            return None
        self._last_speech_ms = min(self._last_speech_ms, at_ms)
        return self._end()

    def flush(self) -> Ended | None:
        """The stream is over: ends the utterance in progress."""
        return self._end() if self._open else None

    def _note_swell(self, start_ms: float, probability: float) -> None:
        """A soft beginning raises the probability some windows before it crosses ``on``."""
        if probability < self.config.swell:
            self._swell_ms = None
        elif self._swell_ms is None:
            self._swell_ms = start_ms

    def _before_utterance(self, start_ms: float, duration_ms: float, is_speech: bool) -> list[EndpointEvent]:
        if not is_speech:
            if self._start_ms is not None and self._now_ms - self._last_speech_ms >= self.config.start_gap_ms:
                self._start_ms, self._speech_ms = None, 0.0
            return []
        if self._start_ms is None:
            swell_ms = start_ms if self._swell_ms is None else self._swell_ms
            self._start_ms = max(swell_ms, start_ms - self.config.swell_ms)
        self._speech_ms += duration_ms
        self._last_speech_ms = self._now_ms
        if self._speech_ms < self.config.min_speech_ms:
            return []
        self._open = True
        return [Started(self._start_ms)]

    def _heard_speech(self, duration_ms: float) -> list[EndpointEvent]:
        self._speech_ms += duration_ms
        if self._paused and self._speech_ms < self.config.resume_ms:
            return []
        self._last_speech_ms = self._now_ms
        resumed = self._paused
        self._forget_pause()
        return [Resumed(self._now_ms - self._speech_ms)] if resumed else []

    def _heard_silence(self) -> list[EndpointEvent]:
        self._speech_ms = 0.0
        events: list[EndpointEvent] = []
        if not self._paused and self._now_ms - self._last_speech_ms >= self.config.pause_ms:
            self._paused = True
            events.append(Paused(self._last_speech_ms))
        return events + self._decide()

    def _decide(self) -> list[EndpointEvent]:
        """End the utterance if the silence has lasted as long as the evidence asks."""
        if not self._paused or self._speech_ms > 0:
            return []
        wait = wait_ms(
            self.config,
            Evidence(
                self._hint,
                self._words,
                self._words_are_coming,
                self._reading_number,
                self._turn_probability,
                self._last_speech_ms - (self._start_ms or 0.0),
            ),
        )
        if wait <= self.config.open_ms:  # long waits forgive a murky fall anyway
            wait += min(max(self._murky_ms - self.config.crisp_ms, 0.0), self.config.murky_ms)
        return [self._end()] if self._now_ms - self._last_speech_ms >= wait else []

    def _end(self) -> Ended:
        ended = Ended(self._last_speech_ms, self._now_ms)
        self._open = self._reading_number = False
        self._start_ms, self._speech_ms, self._swell_ms = None, 0.0, None
        self._forget_pause()
        return ended

"""When an utterance begins, pauses and ends: a pure state machine over speech probabilities.

::

    speech   ____|===============|____|=====|______________________
    event         ^Started        ^Paused ^Resumed ^Paused    ^Ended
    carries  start_ms = rise      at_ms = fall                end_ms = last fall, decided_ms = now
    waits        |96|            |200||64|  |200|
                                            |----- 550 -----|    (450 yes/no, 1200 digits, 1000 unfinished)

No clock and no audio here: positions are whatever the caller counts in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from speech.types import EndpointHint


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Thresholds (probabilities) and waits (milliseconds)."""

    on: float = 0.5
    """Silence becomes speech at this probability."""
    off: float = 0.35
    """Speech stays speech down to this probability."""
    min_speech_ms: float = 96
    """Speech that confirms a start; anything shorter is a click."""
    start_gap_ms: float = 64
    """Silence that voids a start not yet confirmed."""
    resume_ms: float = 64
    """Speech that ends a pause; anything shorter is a click in the silence."""
    pause_ms: float = 200
    """Silence that is a plausible end: decoding may start."""
    free_ms: float = 550
    yes_no_ms: float = 450
    digits_ms: float = 1200
    address_ms: float = 1200
    unfinished_ms: float = 1000
    """Least wait when the words heard so far call for more."""
    max_utterance_ms: float = 30_000
    """An utterance is cut here even in mid-speech."""

    def wait_ms(self, hint: EndpointHint) -> float:
        """Silence that ends an utterance when ``hint`` is expected."""
        waits = {"free": self.free_ms, "yes_no": self.yes_no_ms, "digits": self.digits_ms, "address": self.address_ms}
        return waits[hint.kind]

    @property
    def longest_wait_ms(self) -> float:
        """No silence longer than this leaves an utterance open."""
        return max(self.free_ms, self.yes_no_ms, self.digits_ms, self.address_ms, self.unfinished_ms)


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

_UNFINISHED = re.compile(
    r"(?:然后|就是|就是说|那个|这个|因为|所以|但是|不过|而且|还有|如果|或者|以及|比如|我想|呃|嗯|额"
    r"|\b(?:and|but|or|so|because|if|then|the|my|um|uh|er))$",
    re.IGNORECASE,
)


def sounds_unfinished(text: str) -> bool:
    """Whether ``text`` (Chinese or English) ends in a word that calls for more."""
    return bool(_UNFINISHED.search(text.rstrip(" .,…。，、?？!！~～")))


_FREE = EndpointHint()


class Endpointer:
    """One stream's utterances, one after another: every ``Started`` is followed by exactly one ``Ended``.

    ``Paused`` and ``Resumed`` alternate between them. Feed windows in order and without gaps.
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
        self._paused = False
        self._unfinished = False
        self._now_ms = 0.0

    @property
    def in_utterance(self) -> bool:
        """Between ``Started`` and ``Ended``."""
        return self._open

    def push(
        self, start_ms: float, duration_ms: float, probability: float, hint: EndpointHint = _FREE
    ) -> list[EndpointEvent]:
        """Take one window in; at most two events come out."""
        self._now_ms = start_ms + duration_ms
        speaking = self._speech_ms > 0
        is_speech = probability >= (self.config.off if speaking else self.config.on)
        if not self._open:
            return self._before_utterance(start_ms, duration_ms, is_speech)
        events = self._heard_speech(start_ms, duration_ms) if is_speech else self._heard_silence(hint)
        if self._open and self._now_ms - (self._start_ms or 0.0) >= self.config.max_utterance_ms:
            events.append(self._end())
        return events

    def hear_text(self, text: str) -> None:
        """Words of the utterance so far: an unfinished sentence lengthens the wait; nothing shortens it."""
        if self._open:
            self._unfinished = sounds_unfinished(text)

    def flush(self) -> Ended | None:
        """The stream is over: ends the utterance in progress."""
        return self._end() if self._open else None

    def _before_utterance(self, start_ms: float, duration_ms: float, is_speech: bool) -> list[EndpointEvent]:
        if not is_speech:
            if self._start_ms is not None and self._now_ms - self._last_speech_ms >= self.config.start_gap_ms:
                self._start_ms, self._speech_ms = None, 0.0
            return []
        if self._start_ms is None:
            self._start_ms = start_ms
        self._speech_ms += duration_ms
        self._last_speech_ms = self._now_ms
        if self._speech_ms < self.config.min_speech_ms:
            return []
        self._open = True
        return [Started(self._start_ms)]

    def _heard_speech(self, start_ms: float, duration_ms: float) -> list[EndpointEvent]:
        self._speech_ms += duration_ms
        if self._paused and self._speech_ms < self.config.resume_ms:
            return []
        self._last_speech_ms = self._now_ms
        if not self._paused:
            return []
        self._paused = self._unfinished = False
        return [Resumed(self._now_ms - self._speech_ms)]

    def _heard_silence(self, hint: EndpointHint) -> list[EndpointEvent]:
        self._speech_ms = 0.0
        silence_ms = self._now_ms - self._last_speech_ms
        events: list[EndpointEvent] = []
        if not self._paused and silence_ms >= self.config.pause_ms:
            self._paused = True
            events.append(Paused(self._last_speech_ms))
        wait_ms = self.config.wait_ms(hint)
        if self._unfinished:
            wait_ms = max(wait_ms, self.config.unfinished_ms)
        if silence_ms >= wait_ms:
            events.append(self._end())
        return events

    def _end(self) -> Ended:
        ended = Ended(self._last_speech_ms, self._now_ms)
        self._open = self._paused = self._unfinished = False
        self._start_ms, self._speech_ms = None, 0.0
        return ended

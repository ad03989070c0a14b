"""What has been sent to the customer's speaker, and how much of it has been heard.

Three regimes share this interface: the far end buffers and acknowledges (Twilio, chan_websocket), we pace (RTP,
AudioSocket, WebRTC), or the client buffers and reports (browser, Realtime). ``ReportedPlayout`` is the third: "the
bot is speaking" follows from what the client says it has played, bounded by our own clock so that a client that
stops reporting cannot hold the floor.

    sent    |=====sentence 0=====|==sentence 1==|        (ahead of real time)
    played  |=========>                                   (reports, and our clock between them)
    heard                ^ everything before here

A turn's audio may be played in several *plays*: held at a barge-in, it goes on from there (or from the start of its
sentence) in the next. Positions are milliseconds of the turn's audio, whatever the play; a client counts from the
start of the play, and its reports say which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

# A client reports every 250 ms; silence for longer than this after the audio should have ended means it is gone.
_REPORT_GRACE_MS = 1500.0
# Between hearing "start" and the first audible sample a client takes about this long (network, buffering).
_START_DELAY_MS = 80.0
# Words are not spread evenly over a sentence's audio.
_MARGIN_CHARACTERS = 3
# Clients report whole milliseconds.
_ROUNDING_MS = 1.0


@dataclass(slots=True)
class _Sentence:
    text: str
    start_ms: float
    end_ms: float


class Playout(Protocol):
    """What a session needs from a regime. All times in milliseconds of the turn's audio."""

    def begin(self) -> None:
        """Audio of a new turn; what was sent before is forgotten."""
        ...

    def begin_play(self, play: int, from_ms: float) -> None:
        """The audio from ``from_ms`` on is about to be sent, as the play with this number."""
        ...

    def sent(self, sentence: int, text: str, start_ms: float, end_ms: float) -> None:
        """Audio of ``sentence`` covering this stretch has been handed to the channel."""
        ...

    def finish(self) -> None:
        """No more audio will be sent for this turn."""
        ...

    def report(self, ms: float, play: int | None = None) -> None:
        """The client says this much of a play's audio has been played; None: of the one that runs."""
        ...

    def flush(self) -> float:
        """The channel was told to drop what it holds; returns how far it had come."""
        ...

    @property
    def speaking(self) -> bool:
        """Whether the customer hears the bot now."""
        ...

    @property
    def lead_ms(self) -> float:
        """How far what was sent is ahead of what was played."""
        ...

    def heard(self) -> tuple[str, bool]:
        """The words heard so far, and whether that is everything that was sent."""
        ...


class ReportedPlayout:
    """The client buffers and reports. Not safe across threads; cancelling nothing here matters."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives monotonic seconds."""
        self._clock = clock
        self._sentences: list[_Sentence] = []
        self._play = 0
        self._origin_ms = 0.0
        """Where the play began."""
        self._sent_ms = 0.0
        self._reported_ms = 0.0
        self._heard_ms = 0.0
        """The farthest that any play has come."""
        self._heard_before_ms = 0.0
        """The same before the last flush."""
        self._client_reports = False
        self._delay_ms = _START_DELAY_MS
        """How far the loudspeaker is behind our clock, by the last report; much the same in the next play."""
        self._started_s: float | None = None
        self._finished = True
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """See ``Playout``."""
        self._sentences = []
        self._heard_ms = self._heard_before_ms = 0.0
        self.begin_play(0, 0.0)

    def begin_play(self, play: int, from_ms: float) -> None:
        """See ``Playout``."""
        self._play = play
        self._origin_ms = self._sent_ms = self._reported_ms = from_ms
        self._started_s = None
        self._finished = False

    def sent(self, sentence: int, text: str, start_ms: float, end_ms: float) -> None:
        """See ``Playout``."""
        if self._started_s is None:
            self._started_s = self._clock()
        if sentence >= len(self._sentences):
            self._sentences.append(_Sentence(text, start_ms, end_ms))
        self._sentences[sentence].end_ms = max(end_ms, self._sentences[sentence].end_ms)
        self._sent_ms = max(self._sent_ms, end_ms)

    def finish(self) -> None:
        """See ``Playout``."""
        self._finished = True

    def report(self, ms: float, play: int | None = None) -> None:
        """See ``Playout``. A report beyond what was sent is not believed; one of an earlier play comes too late."""
        if play is not None and play != self._play:
            return
        self._client_reports = True
        if self._started_s is not None and ms > 0 and self._origin_ms + ms + _ROUNDING_MS < self._sent_ms:
            self._delay_ms = max(0.0, (self._clock() - self._started_s) * 1000 - ms)
        self._reported_ms = max(self._reported_ms, min(self._origin_ms + ms, self._sent_ms))
        self._changed.set()

    def truncated(self, ms: float, play: int) -> None:
        """The client says where the play stopped that was just flushed. It knows better than our clock, downwards."""
        if play == self._play and self._started_s is None:
            self._heard_ms = max(self._heard_before_ms, min(self._heard_ms, self._origin_ms + ms))

    def flush(self) -> float:
        """See ``Playout``."""
        self._heard_before_ms = self._heard_ms
        self._heard_ms = max(self._heard_ms, self.played_ms)
        position_ms = self.played_ms
        self._started_s = None
        self._finished = True
        self._changed.set()
        return position_ms

    def _elapsed_ms(self) -> float:
        """Position that the loudspeaker can have reached by now."""
        if self._started_s is None:
            return self._origin_ms
        return self._origin_ms + (self._clock() - self._started_s) * 1000 - _START_DELAY_MS

    @property
    def played_ms(self) -> float:
        """Best knowledge of what has been played: the last report, never more than real time allows.

        A client that has never reported is taken to play in real time.
        """
        if self._started_s is None:
            return self._heard_ms
        by_clock_ms = self._elapsed_ms()
        if self._client_reports:
            by_clock_ms = min(self._reported_ms, by_clock_ms + _START_DELAY_MS)
        return max(self._origin_ms, min(by_clock_ms, self._sent_ms))

    @property
    def sounding(self) -> tuple[float, float] | None:
        """Where the play in progress began and what sounds at this moment, between reports too; None: no play.

        Unlike ``played_ms`` it is no promise that anything was heard, and may lie beyond what was sent.
        """
        if self._started_s is None:
            return None
        elapsed_ms = (self._clock() - self._started_s) * 1000
        return self._origin_ms, self._origin_ms + max(0.0, elapsed_ms - self._delay_ms)

    @property
    def speaking(self) -> bool:
        """See ``Playout``."""
        if self._started_s is None:
            return False
        if self._finished and self._reported_ms + _ROUNDING_MS >= self._sent_ms:
            return False
        return self._elapsed_ms() < self._sent_ms + _REPORT_GRACE_MS

    @property
    def open(self) -> bool:
        """Whether audio has begun and not been played to its end; unlike ``speaking`` also while more is awaited."""
        return self._started_s is not None and (not self._finished or self.speaking)

    @property
    def lead_ms(self) -> float:
        """See ``Playout``. A client that does not report is taken to play in real time."""
        return self._sent_ms - max(self._reported_ms, min(self._elapsed_ms(), self._sent_ms))

    @property
    def sent_ms(self) -> float:
        """How much audio has been sent."""
        return self._sent_ms

    async def until(self, lead_ms: float) -> None:
        """Return when at most ``lead_ms`` of what was sent is still to be played; with 0, when all has been heard."""
        while self.speaking and (lead_ms == 0 or self.lead_ms > lead_ms):
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, min(self.lead_ms - lead_ms, _REPORT_GRACE_MS) / 1000)):
                    await self._changed.wait()

    def heard(self) -> tuple[str, bool]:
        """See ``Playout``. Whole sentences, and of the one that was cut the share of its words that was played."""
        played, parts = max(self._heard_ms, self.played_ms), []
        for sentence in self._sentences:
            if sentence.end_ms <= played + _ROUNDING_MS:
                parts.append(sentence.text)
            elif sentence.start_ms < played:
                share = (played - sentence.start_ms) / (sentence.end_ms - sentence.start_ms)
                parts.append(sentence.text[: int(len(sentence.text) * share)])
        complete = self._finished and bool(self._sentences) and played + _ROUNDING_MS >= self._sent_ms
        return " ".join(part for part in parts if part).strip(), complete

    @property
    def current_sentence(self) -> int:
        """Index of the sentence that sounds now; of the last one when all has been played."""
        played = self.played_ms
        return max(0, sum(sentence.start_ms <= played for sentence in self._sentences) - 1)

    def words_between(self, from_ms: float, to_ms: float) -> str:
        """About what sounded in this stretch of the turn's audio, a few characters more on both sides."""
        parts = []
        for sentence in self._sentences:
            length_ms = max(1.0, sentence.end_ms - sentence.start_ms)
            first = int((from_ms - sentence.start_ms) / length_ms * len(sentence.text)) - _MARGIN_CHARACTERS
            last = int((to_ms - sentence.start_ms) / length_ms * len(sentence.text)) + 1 + _MARGIN_CHARACTERS
            if last > 0 and first < len(sentence.text):
                parts.append(sentence.text[max(0, first) : last])
        return " ".join(parts)

    def just_sounded(self, within_ms: float) -> str:
        """The words that sounded in the last ``within_ms``, whether or not the speech goes on."""
        now_ms = max(self._heard_ms, self.played_ms) if self._started_s is None else self.played_ms
        return self.words_between(now_ms - within_ms, now_ms + _START_DELAY_MS)

    def sentence_start_ms(self, at_ms: float) -> float:
        """Where the sentence began that sounds at ``at_ms``."""
        return max((sentence.start_ms for sentence in self._sentences if sentence.start_ms <= at_ms), default=0.0)

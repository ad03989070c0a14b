"""What has been sent to the customer's speaker, and how much of it has been heard.

Three regimes share this interface: the far end buffers and acknowledges (Twilio, chan_websocket), we pace (RTP,
AudioSocket, WebRTC), or the client buffers and reports (browser, Realtime). ``ReportedPlayout`` is the third: "the
bot is speaking" follows from what the client says it has played, bounded by our own clock so that a client that
stops reporting cannot hold the floor.

    sent    |=====sentence 0=====|==sentence 1==|        (ahead of real time)
    played  |=========>                                   (reports, and our clock between them)
    heard                ^ everything before here
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
# Clients report whole milliseconds.
_ROUNDING_MS = 1.0


@dataclass(slots=True)
class _Sentence:
    text: str
    start_ms: float
    end_ms: float


class Playout(Protocol):
    """What a session needs from a regime. All times in milliseconds, on the turn's playout clock."""

    def begin(self) -> None:
        """New audio begins; what was sent before is forgotten."""
        ...

    def sent(self, sentence: int, text: str, start_ms: float, end_ms: float) -> None:
        """Audio of ``sentence`` covering this stretch has been handed to the channel."""
        ...

    def finish(self) -> None:
        """No more audio will be sent for this turn."""
        ...

    def report(self, ms: float) -> None:
        """The client says this much of the audio has been played."""
        ...

    def flush(self) -> None:
        """The channel was told to drop what it holds."""
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
        self._sent_ms = 0.0
        self._reported_ms = 0.0
        self._client_reports = False
        self._flushed_at_ms = 0.0
        self._started_s: float | None = None
        self._finished = True
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """See ``Playout``."""
        self._sentences = []
        self._sent_ms = self._reported_ms = self._flushed_at_ms = 0.0
        self._started_s = None
        self._finished = False

    def sent(self, sentence: int, text: str, start_ms: float, end_ms: float) -> None:
        """See ``Playout``."""
        if self._started_s is None:
            self._started_s = self._clock()
        if sentence >= len(self._sentences):
            self._sentences.append(_Sentence(text, start_ms, end_ms))
        self._sentences[-1].end_ms = end_ms
        self._sent_ms = max(self._sent_ms, end_ms)

    def finish(self) -> None:
        """See ``Playout``."""
        self._finished = True

    def report(self, ms: float) -> None:
        """See ``Playout``. A report beyond what was sent is not believed."""
        self._client_reports = True
        self._reported_ms = max(self._reported_ms, min(ms, self._sent_ms))
        self._changed.set()

    def flush(self) -> None:
        """See ``Playout``."""
        self._flushed_at_ms = self.played_ms
        self._started_s = None
        self._finished = True
        self._changed.set()

    def _elapsed_ms(self) -> float:
        return 0.0 if self._started_s is None else (self._clock() - self._started_s) * 1000 - _START_DELAY_MS

    @property
    def played_ms(self) -> float:
        """Best knowledge of what has been played: the last report, never more than real time allows.

        A client that has never reported is taken to play in real time.
        """
        if self._started_s is None:
            return self._flushed_at_ms
        if not self._client_reports:
            return max(0.0, min(self._elapsed_ms(), self._sent_ms))
        return max(0.0, min(self._reported_ms, self._elapsed_ms() + _START_DELAY_MS, self._sent_ms))

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
        played, parts = self.played_ms, []
        for sentence in self._sentences:
            if sentence.end_ms <= played + _ROUNDING_MS:
                parts.append(sentence.text)
            elif sentence.start_ms < played:
                share = (played - sentence.start_ms) / (sentence.end_ms - sentence.start_ms)
                parts.append(sentence.text[: int(len(sentence.text) * share)])
        complete = self._finished and bool(self._sentences) and played + _ROUNDING_MS >= self._sent_ms
        return " ".join(part for part in parts if part).strip(), complete

    def unheard_from(self) -> int:
        """Index of the first sentence that was not heard to its end."""
        played = self.played_ms
        return next(
            (i for i, sentence in enumerate(self._sentences) if sentence.end_ms > played + _ROUNDING_MS),
            len(self._sentences),
        )

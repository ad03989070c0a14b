"""Whether an utterance over the bot is the bot: windows of sound counted, until it is or somebody speaks.

::

    bot        ==============================================
    utterance       |-------- echo --------|--- customer ---
    windows           bot bot bot bot ? bot  other other other    every 60 ms
    verdict            do not hold                       ^ hold

Pure: positions are milliseconds on the microphone's sample clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from speech.echo_sound import EchoSound, Source
from speech.types import Samples

_EVERY_MS = 60.0
_IN_A_ROW = 3
"""So many windows of somebody else's are a customer over the echo; one or two come from the room and from pauses."""
_ECHO_SHARE = 0.75
_TAIL_MS = 300.0
"""An utterance that goes on so long after the last echo is due holds something else; reflections end before."""
_KEPT = 16


@dataclass(slots=True)
class _Windows:
    """Of one utterance."""

    bot: int = 0
    other: int = 0
    in_a_row: int = 0
    """The last of them that were somebody else's."""
    last_ms: float | None = None
    last_bot_ms: float = 0.0


class EchoWatch:
    """One session's. ``began`` with every utterance; ``hear`` while it is over the bot and ``is_due``."""

    def __init__(self) -> None:
        """No echo is known."""
        self._sound = EchoSound()
        self._utterances: OrderedDict[int, _Windows] = OrderedDict({-1: _Windows()})

    def began(self, utterance_id: int) -> None:
        """The customer, or an echo, begins."""
        self._utterances[utterance_id] = _Windows()
        while len(self._utterances) > _KEPT:
            self._utterances.popitem(last=False)

    @property
    def is_on(self) -> bool:
        """Whether the utterance in progress is worth more windows: it was the bot's so far, or may well be."""
        return self._sound.is_known or self._now.bot > 0

    def is_due(self, now_ms: float) -> bool:
        """Whether it is time for the next window."""
        return self._now.last_ms is None or now_ms - self._now.last_ms >= _EVERY_MS

    def hear(self, now_ms: float, heard: Samples, played: Samples) -> bool:
        """A window that ends now (see ``EchoSound.source``); returns whether the sound alone may hold the bot."""
        windows = self._now
        windows.last_ms = now_ms
        expected = self.is_on
        match self._sound.source(heard, played):
            case Source.BOT:
                windows.bot += 1
                windows.in_a_row = 0
                windows.last_bot_ms = now_ms
                return False
            case Source.OTHER:
                windows.other += 1
                windows.in_a_row += 1
            case Source.UNKNOWN:
                pass
        return not expected or windows.in_a_row >= _IN_A_ROW

    def is_echo(self, utterance_id: int, end_ms: float) -> bool:
        """Whether all of an utterance that ended at ``end_ms``, or has come so far, is the bot's sound."""
        windows = self._utterances.get(utterance_id)
        if windows is None or not windows.bot or end_ms > windows.last_bot_ms + self._sound.lag_ms + _TAIL_MS:
            return False
        return windows.bot >= _ECHO_SHARE * (windows.bot + windows.other)

    @property
    def _now(self) -> _Windows:
        return next(reversed(self._utterances.values()))

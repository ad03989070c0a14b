"""Tells the voice at the microphone from voices behind it, by level. Pure.

::

    level     ____babble____|=== customer ===|____babble____
    push      near (all we know)   nearer ^  near    behind

Voice activity detection answers to any voice. What lies far below the loudest of the utterance, or, before one, of the
customer's last speech, is behind; what rises far above an utterance that has gone on is nearer, and a new utterance.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

_FAINTEST_DB = -100.0


class Voice(Enum):
    """Whose a window is."""

    NEAR = "near"
    BEHIND = "behind"
    NEARER = "nearer"
    """Near, and what the utterance held before was behind."""


@dataclass(frozen=True, slots=True)
class ForegroundConfig:
    """Levels in decibels, times in milliseconds."""

    behind_db: float = 14
    """So far below the loudest is behind."""
    nearer_db: float = 10
    """So far above the loudest of an utterance is somebody else."""
    nearer_after_ms: float = 640
    """An utterance younger than this only grows louder."""
    speech: float = 0.5
    """Windows of this probability are a voice."""
    remembered_ms: float = 5000
    """The customer's loudness holds so long after their speech, so that one who steps back is soon heard again."""
    forgotten_db_per_s: float = 2
    """Then it fades."""
    rise_windows: int = 6
    """Windows that a voice may take to rise."""
    smooth_windows: int = 3
    """Windows that a level is averaged over: a consonant is no pause."""


class Foreground:
    """One stream's; call ``push`` with every window."""

    def __init__(self, config: ForegroundConfig | None = None) -> None:
        self.config = config or ForegroundConfig()
        self._powers: deque[float] = deque(maxlen=self.config.smooth_windows)
        self._usual_db = _FAINTEST_DB
        """Loudest of the customer's last speech."""
        self._since_ms = 0.0
        """Since the last window that was near."""
        self._utterance_db = _FAINTEST_DB
        """Loudest of the utterance, but for its last windows."""
        self._rising: deque[float] = deque(maxlen=self.config.rise_windows)
        """Levels of those: a voice takes some windows to rise."""
        self._utterance_ms = 0.0

    def push(self, power: float, duration_ms: float, probability: float, *, in_utterance: bool) -> Voice:
        """Judge one window of mean square ``power`` (full scale 1)."""
        self._powers.append(power)
        level_db = 10 * math.log10(max(sum(self._powers) / len(self._powers), 1e-10))
        if not in_utterance:
            self._utterance_db, self._utterance_ms = _FAINTEST_DB, 0.0
            self._rising.clear()
        is_voice = probability >= self.config.speech
        voice = self._judge(level_db, is_voice, in_utterance)
        if in_utterance:
            self._utterance_ms += duration_ms
        self._remember(level_db, duration_ms, is_near=is_voice and voice is not Voice.BEHIND)
        return voice

    def _judge(self, level_db: float, is_voice: bool, in_utterance: bool) -> Voice:
        config = self.config
        if in_utterance and (loudest_db := max(self._utterance_db, *self._rising, _FAINTEST_DB)) > _FAINTEST_DB:
            is_other = is_voice and level_db >= self._utterance_db + config.nearer_db
            if is_other and self._utterance_ms >= config.nearer_after_ms:
                return Voice.NEARER
            return Voice.BEHIND if level_db < loudest_db - config.behind_db else Voice.NEAR
        late_s = max(self._since_ms - config.remembered_ms, 0.0) / 1000
        usual_db = self._usual_db - late_s * config.forgotten_db_per_s
        return Voice.BEHIND if level_db < usual_db - config.behind_db else Voice.NEAR

    def _remember(self, level_db: float, duration_ms: float, *, is_near: bool) -> None:
        if not is_near:
            self._since_ms += duration_ms
            self._utterance_db = max(self._utterance_db, *self._rising, _FAINTEST_DB)
            self._rising.clear()
            return
        if len(self._rising) == self._rising.maxlen:
            self._utterance_db = max(self._utterance_db, self._rising[0])
        self._rising.append(level_db)
        self._usual_db = max(level_db, self._usual_db - self._fading_db(duration_ms))
        self._since_ms = 0.0

    def _fading_db(self, duration_ms: float) -> float:
        late_s = max(self._since_ms - self.config.remembered_ms, 0.0) / 1000
        return (late_s + duration_ms / 1000) * self.config.forgotten_db_per_s

"""One utterance while it is being heard: where it lies, what decodes it, how loud it is, what it is known to say."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import numpy as np

from speech.agreement import agreed_beginning
from speech.errors import AsrError
from speech.types import Recognition, Samples, Transcript

_SILENCE = 1e-10
"""Mean square: -100 dBFS."""


@dataclass(slots=True, eq=False)
class Utterance:
    """Positions are on the recording's clock; ``shift_ms`` leads to the stream's."""

    utterance_id: int
    start_ms: float
    shift_ms: float
    audio_ms: float
    """Where the recogniser begins to hear: before the start, but not within the utterance before."""
    next_partial_ms: float
    is_over: bool = False
    is_behind: bool = False
    """A nearer voice followed: nothing of it was said to us."""
    pause_ms: float | None = None
    """Where the pause began that the endpoint may turn out to be; None while the customer speaks."""
    resumed_ms: float = 0.0
    """Where speech went on after the last pause."""
    added_ms: float = 0.0
    """Speech after what ``speculation`` hears."""
    speculation: asyncio.Task[Recognition | AsrError] | None = None
    speculated_ms: float = -1
    """The pause that ``speculation`` is for."""
    partial: asyncio.Task[None] | None = None
    watch: asyncio.Task[None] | None = None
    """Waits for a microphone that stops."""
    shown: str = ""
    """Text of the last transcript."""
    power: float = 0.0
    """Sum of squares of ``power_samples`` samples of speech."""
    power_samples: int = 0

    def hear(self, speech: Samples) -> None:
        """Count ``speech`` into the level."""
        self.power += float(np.dot(speech, speech))
        self.power_samples += speech.size

    @property
    def level_db(self) -> float:
        """Mean level of the speech, in dBFS."""
        return 10 * math.log10(max(self.power / max(self.power_samples, 1), _SILENCE))

    def partial_transcript(self, result: Recognition, end_ms: float, *, at_pause: bool) -> Transcript:
        """What is known so far."""
        stable = agreed_beginning(self.shown, result.text)
        self.shown = result.text
        return self._transcript(result, end_ms, is_final=False, at_pause=at_pause, stable=stable)

    def final_transcript(self, result: Recognition, end_ms: float) -> Transcript:
        """What was said."""
        return self._transcript(result, end_ms, is_final=True, at_pause=False, stable=result.text)

    def _transcript(
        self, result: Recognition, end_ms: float, *, is_final: bool, at_pause: bool, stable: str
    ) -> Transcript:
        return Transcript(
            self.utterance_id,
            result.text,
            is_final,
            result.language,
            result.confidence,
            self.start_ms + self.shift_ms,
            end_ms + self.shift_ms,
            result.alternatives,
            result.decode_ms,
            at_pause,
            stable,
            self.level_db,
        )

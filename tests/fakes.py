"""Stand-ins for engines and devices, shared by all tests. A fake obeys its protocol; only its answers are scripted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np

from speech.errors import AsrError
from speech.types import LISTEN_RATE_HZ, AsrCapabilities, AudioFrame, Hotwords, Language, Recognition, Samples
from speech.vad import WINDOW_MS, WINDOW_SAMPLES


@dataclass(slots=True)
class AsrCall:
    """What a recogniser was asked."""

    samples: Samples
    language: Language | None
    partial: bool
    hotwords: Hotwords | None = None

    @property
    def ms(self) -> float:
        return self.samples.size * 1000 / LISTEN_RATE_HZ


def _length(call: AsrCall) -> str:
    return f"{call.ms:.0f} ms"


@dataclass(slots=True)
class FakeAsr:
    """``BatchAsr`` that answers ``answer(call)``: a text, or an error to raise. ``gate`` holds answers while clear."""

    answer: Callable[[AsrCall], str | AsrError] = _length
    capabilities: AsrCapabilities = field(default_factory=lambda: AsrCapabilities(frozenset({"zh", "en"})))
    calls: list[AsrCall] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    async def transcribe(
        self,
        samples: Samples,
        *,
        language: Language | None = None,
        partial: bool = False,
        hotwords: Hotwords | None = None,
    ) -> Recognition:
        call = AsrCall(samples, language, partial, hotwords)
        self.calls.append(call)
        result = self.answer(call)
        await self.gate.wait()
        if isinstance(result, AsrError):
            raise result
        return Recognition(result, language or "zh", 0.9 if result else 0.0, decode_ms=1.0)

    async def close(self) -> None:
        self.closed = True


class LoudnessVad:
    """``VadStream`` for which loud windows are speech: scripts are written as audio (see ``audio_of``)."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> list[float]:
        pending = np.concatenate([self._rest, samples])
        count = pending.size // WINDOW_SAMPLES
        self._rest = pending[count * WINDOW_SAMPLES :]
        windows = pending[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES)
        return [0.9 if np.abs(window).mean() > 0.1 else 0.05 for window in windows]


def audio_of(script: str) -> Samples:
    """``"8# 20."``: eight windows (32 ms) of sound, then twenty of silence."""
    runs = [(int(word[:-1] or 1), word[-1]) for word in script.split()]
    return np.concatenate([np.full(n * WINDOW_SAMPLES, 0.5 if kind == "#" else 0.0, np.float32) for n, kind in runs])


async def microphone(
    samples: Samples, *, start_ms: float = 0.0, frame_ms: float = WINDOW_MS
) -> AsyncIterator[AudioFrame]:
    """Frames of 16 kHz audio; between two frames everything else that is ready gets its turn."""
    step = round(frame_ms * LISTEN_RATE_HZ / 1000)
    for at in range(0, samples.size, step):
        pcm = (samples[at : at + step] * 32767).astype("<i2").tobytes()
        yield AudioFrame(pcm, LISTEN_RATE_HZ, start_ms + at * 1000 / LISTEN_RATE_HZ)
        for _ in range(8):
            await asyncio.sleep(0)

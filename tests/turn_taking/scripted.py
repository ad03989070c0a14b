"""Scripted ears and mouth: a recogniser that returns exactly the words it was given, a voice with words in its sound.

Every unit of speech (syllable, word, noise) has a sample magnitude of its own near its loudness, in every sample: a
recogniser that is given any cut of the microphone's audio can read from it which units it holds, and a voice activity
detector how much like speech they are. The bot's voice does the same, so that its echo holds its words.

::

    samples    +v -v +v -v ...      v = loudness of the unit, made unique      20 * log10(v / 32768) dBFS
    VAD        0.1 for the first 60 ms of sound, then the unit's probability, 64 ms of decay
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from speech.types import (
    LISTEN_RATE_HZ,
    AsrCapabilities,
    AudioFrame,
    Language,
    Recognition,
    Samples,
    TtsCapabilities,
)
from speech.vad import WINDOW_MS, WINDOW_SAMPLES
from tests.turn_taking.facts import Rendering
from tests.turn_taking.words import Unit, plain, units

BOT_DB = -18.0
RATE_HZ = 24_000
"""Of the voice."""
_PER_MS = LISTEN_RATE_HZ // 1000
_FRAME_MS = 20


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a magnitude stands for."""

    text: str
    probability: float
    ms: float


class Alphabet:
    """Magnitudes and what they stand for; one for each scene, shared by its ears and its mouth."""

    def __init__(self) -> None:
        self.meanings: dict[int, Meaning] = {}
        self.probability: NDArray[np.float32] = np.zeros(32769, np.float32)

    def add(self, level_db: float, meaning: Meaning) -> int:
        """A magnitude of its own for ``meaning``, at or just above its loudness."""
        magnitude = round(32768 * 10 ** (level_db / 20))
        while magnitude in self.meanings:
            magnitude += 1
        self.meanings[magnitude] = meaning
        self.probability[magnitude] = meaning.probability
        return magnitude

    def read(self, samples: Samples) -> str:
        """The words that at least half of which are in ``samples``."""
        magnitudes = _magnitudes(samples)
        runs: list[list[int]] = []
        for value, count in _runs(magnitudes):
            meaning = self.meanings.get(value)
            if meaning is None or not meaning.text:
                continue
            if runs and runs[-1][0] == value:
                runs[-1][1] += count
            else:
                runs.append([value, count])
        heard = [self.meanings[value] for value, count in runs if count >= self.meanings[value].ms * _PER_MS / 2]
        return "".join(meaning.text for meaning in heard).strip()


def _magnitudes(samples: Samples) -> NDArray[np.int32]:
    rounded: NDArray[np.int32] = np.abs(np.rint(samples * 32768)).astype(np.int32)
    return rounded


def _runs(values: NDArray[np.int32]) -> list[tuple[int, int]]:
    """(value, length) of each run of equal values."""
    if not values.size:
        return []
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    lengths = np.diff(np.concatenate([starts, [values.size]]))
    return [(int(values[at]), int(length)) for at, length in zip(starts, lengths, strict=True)]


@dataclass(slots=True)
class ScriptedAsr:
    """``BatchAsr``: reads the words from the audio, after ``decode_s`` of virtual time."""

    alphabet: Alphabet
    decode_s: float = 0.3
    capabilities: AsrCapabilities = field(default_factory=lambda: AsrCapabilities(frozenset({"zh", "en"})))

    async def transcribe(
        self, samples: Samples, *, language: Language | None = None, partial: bool = False, **_: object
    ) -> Recognition:
        """The words in ``samples``, no others."""
        text = self.alphabet.read(samples)
        await asyncio.sleep(self.decode_s)
        return Recognition(text, language or "zh", 0.9 if text else 0.0, no_speech=0.1 if text else 0.9, decode_ms=300)

    async def close(self) -> None:
        """Nothing to release."""


class ScriptedVadStream:
    """``VadStream`` of one session."""

    ONSET_MS = 60.0
    DECAY = (0.6, 0.4)
    """Probabilities of the windows after speech."""

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._rest: Samples = np.zeros(0, np.float32)
        self._sound_ms = 0.0
        self._silence_ms = 1000.0
        self._decay: list[float] = []

    def push(self, samples: Samples) -> list[float]:
        """Probabilities of the windows that are now complete."""
        pending = np.concatenate([self._rest, samples])
        count = pending.size // WINDOW_SAMPLES
        self._rest = pending[count * WINDOW_SAMPLES :]
        return [self._window(pending[i * WINDOW_SAMPLES : (i + 1) * WINDOW_SAMPLES]) for i in range(count)]

    def _window(self, window: Samples) -> float:
        probability = float(self._alphabet.probability[_magnitudes(window)].mean())
        if probability < 0.1:
            self._silence_ms += WINDOW_MS
            if self._silence_ms > 100:
                self._sound_ms = 0.0
            return self._decay.pop(0) if self._decay else 0.02
        self._silence_ms = 0.0
        self._sound_ms += WINDOW_MS
        if self._sound_ms <= self.ONSET_MS:
            return 0.1
        if probability >= 0.5:
            self._decay = [share * probability for share in self.DECAY]
        return probability


@dataclass(slots=True)
class ScriptedVad:
    """Gives each session a stream."""

    alphabet: Alphabet

    def stream(self) -> ScriptedVadStream:
        """A stream of its own."""
        return ScriptedVadStream(self.alphabet)


class ScriptedTts:
    """``TtsEngine`` at the pace of speech; each 20 ms frame has a magnitude of its own. First sound after 120 ms."""

    capabilities = TtsCapabilities(
        languages=frozenset({"zh", "en"}), rate_hz=RATE_HZ, commercial_use=True, licence="test"
    )
    FIRST_S = 0.12

    def __init__(self) -> None:
        self.units: dict[int, Unit] = {}
        """Magnitude to the syllable or word it is a part of."""
        self._rendered: dict[str, bytes] = {}

    def render(self, text: str, language: Language) -> bytes:
        """All of ``text`` as s16le; the same again for the same text."""
        if text not in self._rendered:
            self._rendered[text] = b"".join(self._frames(unit) for unit in units(text, language))
        return self._rendered[text]

    @property
    def renderings(self) -> list[Rendering]:
        """Everything it was asked to say."""
        return [Rendering(plain(text), pcm) for text, pcm in self._rendered.items()]

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """20 ms frames."""
        await asyncio.sleep(self.FIRST_S)
        pcm = self.render(text, language)
        step = 2 * RATE_HZ * _FRAME_MS // 1000
        for number, at in enumerate(range(0, len(pcm), step)):
            yield AudioFrame(pcm[at : at + step], RATE_HZ, number * _FRAME_MS)

    async def close(self) -> None:
        """Nothing to release."""

    def _frames(self, unit: Unit) -> bytes:
        base = round(32768 * 10 ** (BOT_DB / 20))
        frames = []
        for _ in range(round(unit.ms / _FRAME_MS)):
            magnitude = base + len(self.units)
            self.units[magnitude] = unit
            wave = np.full(RATE_HZ * _FRAME_MS // 1000, magnitude, "<i2")
            wave[1::2] *= -1
            frames.append(wave.tobytes())
        pause = b"\0\0" * (RATE_HZ // 10) if unit.text[-1:] in "，。,.？?！!" else b""
        return b"".join(frames) + pause

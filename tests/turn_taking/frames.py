"""Scripted ears and mouth: scenes as frames in virtual time, with a recogniser that returns exactly what it was given.

Every unit of speech (syllable, word, noise) has a sample magnitude of its own near its loudness, in every sample: a
recogniser that is given any cut of the microphone's audio can read from it which units it holds, and a voice activity
detector how much like speech they are. The bot's voice does the same, so that its echo holds its words.

::

    samples    +v -v +v -v ...      v = loudness of the unit, made unique      20 * log10(v / 32768) dBFS
    VAD        0.1 for the first 60 ms of sound, then the unit's probability, 64 ms of decay
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.config import Settings
from gateway.engines import listen_config
from gateway.voice import Voice
from speech.turn_taking import TurnTakingConfig
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
from tests.turn_taking.scenes import Item, Noise, Scene, Style
from tests.turn_taking.score import Score, score
from tests.turn_taking.stage import OUTPUT_RATE_HZ, Rendered, perform_within
from tests.turn_taking.words import Unit, plain, units
from tests.virtual_time import VirtualTimeLoop

_PER_MS = LISTEN_RATE_HZ // 1000
_LEVEL_DB: dict[Style, float] = {"near": -22, "soft": -30, "far": -42, "tv": -45}
_PROBABILITY: dict[Style, float] = {"near": 0.92, "soft": 0.85, "far": 0.6, "tv": 0.55}
_BOT_DB = -18.0
_ECHO_PROBABILITY = 0.8
_FRAME_MS = 20
_MISHEARD_EVERY = 6
"""Every sixth syllable of an echo is misheard."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a magnitude stands for."""

    text: str
    probability: float
    ms: float


class Alphabet:
    """Magnitudes and what they stand for; one for each scene, shared by its ears and its mouth."""

    def __init__(self) -> None:
        self.meanings: dict[int, _Meaning] = {}
        self.probability: NDArray[np.float32] = np.zeros(32769, np.float32)

    def add(self, level_db: float, meaning: _Meaning) -> int:
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


def _tone(magnitude: int, ms: float) -> Samples:
    wave = np.full(round(ms * _PER_MS), magnitude / 32768, np.float32)
    wave[1::2] *= -1
    return wave


# --- the microphone's side -------------------------------------------------------------------------------------------

_NOISES: dict[Noise, tuple[float, tuple[tuple[float, float], ...]]] = {
    # loudness, then (milliseconds, probability) in turn; Silero's answers to such recordings, rounded
    "cough": (-25, ((260, 0.75),)),
    "throat": (-28, ((380, 0.7),)),
    "laugh": (-25, ((150, 0.8), (90, 0.3), (150, 0.8), (90, 0.3), (150, 0.8))),
    "breath": (-38, ((400, 0.25),)),
    "sneeze": (-22, ((420, 0.8),)),
    "knock": (-25, ((70, 0.4), (180, 0.02), (70, 0.4), (180, 0.02), (70, 0.4))),
    "typing": (-35, ((30, 0.15), (90, 0.02)) * 12),
    "traffic": (-32, ((900, 0.12), (120, 0.4), (1100, 0.15), (80, 0.45), (800, 0.1))),
    "babble": (-34, ()),
    "dog": (-24, ((220, 0.65), (300, 0.02), (220, 0.65))),
    "phone": (-30, ((400, 0.3), (200, 0.02), (400, 0.3))),
    "horn": (-24, ((700, 0.4),)),
    "siren": (-30, ((2500, 0.3),)),
    "door": (-22, ((120, 0.5),)),
}


@dataclass(slots=True)
class ScriptedSounds:
    """``stage.Sounds`` for one scene."""

    alphabet: Alphabet
    mouth: ScriptedTts
    _echoes: dict[int, int] = field(default_factory=dict)

    def render(self, item: Item, language: Language) -> Rendered:
        """Units at their pace; a noise by its profile."""
        if item.noise is not None:
            return self._noise(item)
        parts: list[Samples] = []
        speech: list[tuple[float, float]] = []
        at_ms = 0.0
        for part in item.says:
            if isinstance(part, float):
                parts.append(np.zeros(round(part * _PER_MS), np.float32))
                at_ms += part
                continue
            begin_ms = at_ms
            for unit in units(part, language):
                parts.append(self._unit(unit, item.style, language))
                at_ms += unit.ms
            speech.append((begin_ms, at_ms))
        return Rendered(np.concatenate(parts), tuple(speech))

    def echo(self, pcm: bytes, gain_db: float) -> Samples:
        """The bot's syllables, quieter; some of them misheard."""
        heard = np.frombuffer(pcm, "<i2")
        out = np.zeros(heard.size * LISTEN_RATE_HZ // OUTPUT_RATE_HZ, np.float32)
        source = np.abs(heard[(np.arange(out.size) * OUTPUT_RATE_HZ) // LISTEN_RATE_HZ])
        for value in np.unique(source):
            unit = self.mouth.units.get(int(value))
            if unit is not None:
                out[source == value] = self._echoed(unit, gain_db) / 32768
        out[1::2] *= -1
        return out

    def ambience(self, scene: Scene, from_ms: float, samples: int) -> Samples | None:
        """None: what lies under speech changes no script."""
        return None

    def mix(self, layers: Sequence[Samples]) -> Samples:
        """The loudest masks the others."""
        stacked = np.stack(layers)
        loudest = np.argmax(np.abs(stacked), axis=0)
        return stacked[loudest, np.arange(stacked.shape[1])]

    def _unit(self, unit: Unit, style: Style, language: Language) -> Samples:
        text = unit.text.strip() + (" " if language == "en" else "")
        meaning = _Meaning(text, _PROBABILITY[style], unit.ms)
        return _tone(self.alphabet.add(_LEVEL_DB[style], meaning), unit.ms)

    def _noise(self, item: Item) -> Rendered:
        assert item.noise is not None
        level_db, profile = _NOISES[item.noise]
        if item.style in {"far", "tv"}:
            level_db -= 15
        if item.noise == "babble":
            dice = random.Random(len(item.noise) + item.offset_ms)
            profile = tuple((dice.uniform(120, 400), dice.choice((0.2, 0.3, 0.6, 0.65))) for _ in range(20))
        wanted_ms = item.noise_ms or sum(ms for ms, _ in profile)
        parts: list[Samples] = []
        length_ms = 0.0
        while length_ms < wanted_ms:
            for ms, probability in profile:
                parts.append(_tone(self.alphabet.add(level_db, _Meaning("", probability, ms)), ms))
                length_ms += ms
        samples = np.concatenate(parts)[: round(wanted_ms * _PER_MS)]
        return Rendered(samples, ((0.0, samples.size / _PER_MS),))

    def _echoed(self, unit: Unit, gain_db: float) -> int:
        key = id(unit)
        if key not in self._echoes:
            text = "的" if len(self._echoes) % _MISHEARD_EVERY == _MISHEARD_EVERY - 1 else unit.text
            self._echoes[key] = self.alphabet.add(_BOT_DB + gain_db, _Meaning(text, _ECHO_PROBABILITY, unit.ms))
        return self._echoes[key]


# --- the gateway's ears and mouth ------------------------------------------------------------------------------------


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
        languages=frozenset({"zh", "en"}), rate_hz=OUTPUT_RATE_HZ, commercial_use=True, licence="test"
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
        step = 2 * OUTPUT_RATE_HZ * _FRAME_MS // 1000
        for number, at in enumerate(range(0, len(pcm), step)):
            yield AudioFrame(pcm[at : at + step], OUTPUT_RATE_HZ, number * _FRAME_MS)

    async def close(self) -> None:
        """Nothing to release."""

    def _frames(self, unit: Unit) -> bytes:
        base = round(32768 * 10 ** (_BOT_DB / 20))
        frames = []
        for _ in range(round(unit.ms / _FRAME_MS)):
            magnitude = base + len(self.units)
            self.units[magnitude] = unit
            wave = np.full(OUTPUT_RATE_HZ * _FRAME_MS // 1000, magnitude, "<i2")
            wave[1::2] *= -1
            frames.append(wave.tobytes())
        pause = b"\0\0" * (OUTPUT_RATE_HZ // 10) if unit.text[-1:] in "，。,.？?！!" else b""
        return b"".join(frames) + pause


# --- one scene -------------------------------------------------------------------------------------------------------


def play(scene: Scene) -> Score:
    """Play ``scene`` in virtual time with the default settings and judge it."""
    alphabet, mouth = Alphabet(), ScriptedTts()
    settings = Settings()
    voice = Voice(
        ScriptedAsr(alphabet),
        ScriptedVad(alphabet),
        mouth,
        None,
        listen_config(settings),
        TurnTakingConfig(settings.floor.barge_in_ms),
    )
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        take = runner.run(perform_within(scene, voice, ScriptedSounds(alphabet, mouth), 120))
    return score(scene, take, mouth.renderings)

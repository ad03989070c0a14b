"""Scenes as frames in virtual time: what the microphone picks up is units of words and profiles of noises."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gateway.config import Settings
from gateway.engines import listen_config
from gateway.voice import Voice
from speech.turn_taking import TurnTakingConfig
from speech.types import LISTEN_RATE_HZ, Language, Samples
from tests.turn_taking.caller import OUTPUT_RATE_HZ, Rendered
from tests.turn_taking.scenes import Item, Noise, Scene, Style
from tests.turn_taking.score import Score, score
from tests.turn_taking.scripted import BOT_DB, Alphabet, Meaning, ScriptedAsr, ScriptedTts, ScriptedVad
from tests.turn_taking.stage import perform_within
from tests.turn_taking.words import Unit, units
from tests.virtual_time import VirtualTimeLoop

_PER_MS = LISTEN_RATE_HZ // 1000
_LEVEL_DB: dict[Style, float] = {"near": -22, "soft": -30, "far": -42, "tv": -45}
_PROBABILITY: dict[Style, float] = {"near": 0.92, "soft": 0.85, "far": 0.6, "tv": 0.55}
_ECHO_PROBABILITY = 0.8
_MISHEARD_EVERY = 6
"""Every sixth syllable of an echo is misheard."""
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
        meaning = Meaning(text, _PROBABILITY[style], unit.ms)
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
                parts.append(_tone(self.alphabet.add(level_db, Meaning("", probability, ms)), ms))
                length_ms += ms
        samples = np.concatenate(parts)[: round(wanted_ms * _PER_MS)]
        return Rendered(samples, ((0.0, samples.size / _PER_MS),))

    def _echoed(self, unit: Unit, gain_db: float) -> int:
        key = id(unit)
        if key not in self._echoes:
            text = "的" if len(self._echoes) % _MISHEARD_EVERY == _MISHEARD_EVERY - 1 else unit.text
            self._echoes[key] = self.alphabet.add(BOT_DB + gain_db, Meaning(text, _ECHO_PROBABILITY, unit.ms))
        return self._echoes[key]


def _tone(magnitude: int, ms: float) -> Samples:
    wave = np.full(round(ms * _PER_MS), magnitude / 32768, np.float32)
    wave[1::2] *= -1
    return wave


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

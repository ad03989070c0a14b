"""Noises at 16 kHz: recordings of tau-bench (MIT) where their folder is given, made from filtered noise where not."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from speech.audio import read_audio, resample
from speech.types import LISTEN_RATE_HZ, Samples
from tests.turn_taking.scenes import Noise
from tests.turn_taking.voices import at_level

_PER_MS = LISTEN_RATE_HZ // 1000
_FILES: dict[Noise, str] = {
    "babble": "people_talking.wav",
    "traffic": "engine_idling.wav",
    "dog": "dog_bark.wav",
    "phone": "ringing_phone.wav",
    "horn": "car_horn.wav",
    "siren": "siren.wav",
}
LEVEL_DB: dict[Noise, float] = {
    "cough": -25, "throat": -28, "laugh": -25, "breath": -38, "sneeze": -22, "knock": -25, "typing": -35,
    "traffic": -34, "babble": -36, "dog": -24, "phone": -30, "horn": -24, "siren": -30, "door": -22,
}  # fmt: skip
"""Beside a customer at -22 dBFS."""
BURST_MS: dict[Noise, float] = {"dog": 1000, "phone": 1200, "horn": 800, "siren": 2500, "babble": 2500, "traffic": 3000}
"""How long the lasting ones last when a scene does not say."""


class Noises:
    """``of`` any noise, any length."""

    def __init__(self, folder: Path | None, voices: Callable[[], list[Samples]]) -> None:
        """``folder`` holds tau-bench's recordings; ``voices`` are recordings of speech to make a babble of."""
        self._folder = folder
        self._voices = voices

    def of(self, noise: Noise, ms: float, level_db: float | None = None) -> Samples:
        """``ms`` of it (0: its own length) at this level (default: its own)."""
        samples = self._source(noise)
        length = round((ms or BURST_MS.get(noise, 0.0)) * _PER_MS)
        if length:
            samples = np.tile(samples, -(-length // samples.size))[:length]
        return at_level(samples, LEVEL_DB[noise] if level_db is None else level_db)

    @functools.cache  # noqa: B019 one object a run
    def _source(self, noise: Noise) -> Samples:
        if self._folder is not None and noise in _FILES and (path := self._folder / _FILES[noise]).is_file():
            samples, rate_hz = read_audio(path)
            return resample(samples, rate_hz, LISTEN_RATE_HZ)
        if noise == "babble":
            return self._babble()
        return _made(noise)

    def _babble(self) -> Samples:
        """Several recordings of speech at once, shifted against each other."""
        dice = np.random.default_rng(1)
        out = np.zeros(8 * LISTEN_RATE_HZ, np.float32)
        voices = self._voices()
        for _ in range(40):
            voice = voices[int(dice.integers(len(voices)))]
            out += np.roll(np.pad(voice, (0, max(0, out.size - voice.size)))[: out.size], int(dice.integers(out.size)))
        return out


def _made(noise: Noise) -> Samples:
    dice = np.random.default_rng(zlib.crc32(noise.encode()))
    match noise:
        case "cough":
            return np.concatenate([_burst(dice, 45, 90, 8, 300, 4000), _gap(60), _burst(dice, 60, 220, 5, 200, 3000)])
        case "throat":
            return _burst(dice, 60, 380, 3, 120, 1800) * (1 + np.sin(_time(380) * 2 * np.pi * 28)).astype(np.float32)
        case "laugh":
            parts = [part for _ in range(4) for part in (_voiced(dice, 130, 240), _gap(80))]
            return np.concatenate(parts)
        case "sneeze":
            return np.concatenate([_burst(dice, 90, 160, 1, 300, 2500), _burst(dice, 20, 300, 6, 500, 7000)])
        case "breath":
            return _burst(dice, 150, 400, 2, 400, 3000)
        case "knock":
            return np.concatenate([part for _ in range(3) for part in (_burst(dice, 2, 70, 30, 80, 900), _gap(180))])
        case "door":
            return _burst(dice, 3, 180, 12, 40, 700)
        case "typing":
            return np.concatenate(
                [
                    part
                    for _ in range(16)
                    for part in (_burst(dice, 1, 18, 60, 1500, 6000), _gap(int(dice.integers(60, 160))))
                ]
            )
        case "traffic":
            return _burst(dice, 5, 3000, 0, 40, 500)
        case "dog":
            return np.concatenate([_voiced(dice, 180, 420), _gap(300), _voiced(dice, 180, 400), _gap(340)])
        case "phone":
            return np.concatenate([_tone(400, (440, 480)), _gap(200)])
        case "horn":
            return _tone(800, (420, 530))
        case _:
            sweep = 700 + 300 * np.sin(_time(2500) * 2 * np.pi * 0.8)
            return np.sin(2 * np.pi * np.cumsum(sweep) / LISTEN_RATE_HZ).astype(np.float32)


def _time(ms: float) -> np.ndarray:
    return np.arange(round(ms * _PER_MS)) / LISTEN_RATE_HZ


def _gap(ms: float) -> Samples:
    return np.zeros(round(ms * _PER_MS), np.float32)


def _tone(ms: float, frequencies: tuple[int, ...]) -> Samples:
    return np.sum([np.sin(2 * np.pi * f * _time(ms)) for f in frequencies], axis=0).astype(np.float32)


def _burst(
    dice: np.random.Generator, attack_ms: float, ms: float, decay: float, low_hz: float, high_hz: float
) -> Samples:
    """Noise between two frequencies that rises within ``attack_ms`` and falls by e^-decay."""
    white = dice.standard_normal(round(ms * _PER_MS))
    spectrum = np.fft.rfft(white)
    at_hz = np.fft.rfftfreq(white.size, 1 / LISTEN_RATE_HZ)
    spectrum[(at_hz < low_hz) | (at_hz > high_hz)] = 0
    time_s = _time(ms)
    envelope = np.minimum(time_s * 1000 / attack_ms, 1) * np.exp(-decay * time_s / time_s[-1])
    return (np.fft.irfft(spectrum, white.size) * envelope).astype(np.float32)


def _voiced(dice: np.random.Generator, ms: float, pitch_hz: float) -> Samples:
    """A harmonic sound with breath in it, rising and falling."""
    time_s = _time(ms)
    glide = pitch_hz * (1 - 0.3 * time_s / time_s[-1])
    phase = 2 * np.pi * np.cumsum(glide) / LISTEN_RATE_HZ
    harmonics = np.sum([np.sin(n * phase) / n for n in range(1, 14)], axis=0)
    envelope = np.sin(np.pi * time_s / time_s[-1]) ** 0.5
    return ((harmonics + 0.3 * dice.standard_normal(time_s.size)) * envelope).astype(np.float32)

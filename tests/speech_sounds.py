"""Sounds with the shape of speech, made of noise: syllables of changing colour and loudness, and a room around them."""

from __future__ import annotations

import numpy as np

from speech.types import LISTEN_RATE_HZ, Samples


def syllables(seconds: float, seed: int, *, level_db: float = -20.0) -> Samples:
    """16 kHz; the same for the same ``seed``."""
    dice = np.random.default_rng(seed)
    parts: list[Samples] = []
    size = 0
    while size < seconds * LISTEN_RATE_HZ:
        length = int(dice.uniform(0.09, 0.22) * LISTEN_RATE_HZ)
        spectrum = np.fft.rfft(dice.standard_normal(length))
        hz = np.fft.rfftfreq(length, 1 / LISTEN_RATE_HZ)
        colour = sum(np.exp(-np.square((hz - dice.uniform(200, 3500)) / dice.uniform(150, 500))) for _ in range(3))
        sound = np.fft.irfft(spectrum * colour, length) * np.hanning(length) ** 0.5
        parts.append((sound * dice.uniform(0.3, 1) / (np.sqrt(np.mean(np.square(sound))) + 1e-9)).astype(np.float32))
        if dice.random() < 0.2:
            parts.append(np.zeros(int(dice.uniform(0.05, 0.15) * LISTEN_RATE_HZ), np.float32))
        size = sum(part.size for part in parts)
    samples = np.concatenate(parts)[: int(seconds * LISTEN_RATE_HZ)]
    gain = 10 ** (level_db / 20) / float(np.sqrt(np.mean(np.square(samples))))
    return (samples * np.float32(gain)).astype(np.float32)


def echo_of(samples: Samples, delay_ms: float, gain_db: float, *, room: bool = False, seed: int = 0) -> Samples:
    """``samples`` late and quieter, of the same length; in a room with reflections and noise 15 dB below."""
    dice = np.random.default_rng(seed)
    delay = int(delay_ms * LISTEN_RATE_HZ / 1000)
    sound = np.pad(samples, (delay, 0))[: samples.size] * 10 ** (gain_db / 20)
    if room:
        length = LISTEN_RATE_HZ // 4
        tail = dice.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
        tail *= 0.6 / np.sqrt(np.sum(np.square(tail)))
        tail[0] = 1
        sound = np.convolve(sound, tail)[: samples.size]
        level = float(np.sqrt(np.mean(np.square(sound))))
        sound = sound + dice.standard_normal(samples.size) * level * 10 ** (-15 / 20)
    return sound.astype(np.float32)

"""What callers say and what else a microphone hears: speech by our own voice, silence, noise, tones. 16 kHz samples."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gateway.config import Settings, Tts
from gateway.engines import load_tts
from nlu.types import Language
from speech.audio import float_from_pcm, resample, speech_bounds_ms, write_wav
from speech.speak import SpokenRequest, speak
from speech.types import LISTEN_RATE_HZ, Samples, TtsEngine

ORDER_QUESTION = "我的订单什么时候到"
ORDER_INTENTS = ("order_status", "logistics")
"""What it may be taken for: the same skill answers both."""
RETURN_WISH = "我想退货"
ENGLISH_QUESTION = "Where is my order?"
COMPLAINT = "我的快递怎么还没有到，我已经等了很多天，你们到底什么时候可以送到"
# Slower than the gateway speaks: the caller is not the gateway's own voice played back.
CALLER_SPEED = 0.9
_TRAILING_S = 0.4


@dataclass(frozen=True, slots=True)
class Recordings:
    """Speech by name, kept in ``folder`` as WAV files too."""

    folder: Path
    samples: dict[str, Samples]

    def file(self, name: str, samples: Samples | None = None, rate_hz: int = LISTEN_RATE_HZ) -> Path:
        """A WAV file of the recording with this name, or of ``samples`` (at 16 kHz), written at ``rate_hz``."""
        path = self.folder / f"{name}_{rate_hz}.wav"
        sound = self.samples[name] if samples is None else samples
        write_wav(path, resample(sound, LISTEN_RATE_HZ, rate_hz), rate_hz)
        return path


def make(folder: Path, texts: dict[str, tuple[Language, str]]) -> Recordings:
    """Speak every text once. Blocks for some seconds."""
    return Recordings(folder, asyncio.run(_speak_all(texts)))


async def _speak_all(texts: dict[str, tuple[Language, str]]) -> dict[str, Samples]:
    tts = await asyncio.to_thread(load_tts, Settings(tts=Tts(speed=CALLER_SPEED)))
    try:
        return {name: await _spoken(tts, language, text) for name, (language, text) in texts.items()}
    finally:
        await tts.close()


async def _spoken(tts: TtsEngine, language: Language, text: str) -> Samples:
    pcm = b"".join([frame.audio.pcm async for frame in speak(_one(text, language), tts)])
    speech = resample(float_from_pcm(pcm), tts.capabilities.rate_hz, LISTEN_RATE_HZ)
    return np.concatenate([speech, silence(_TRAILING_S)])


async def _one(text: str, language: Language) -> AsyncIterator[SpokenRequest]:
    yield SpokenRequest(text, language)


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(int(seconds * LISTEN_RATE_HZ), np.float32)


def noise(seconds: float) -> Samples:
    """A fan close by: white noise at -26 dBFS, swelling and fading."""
    rng = np.random.default_rng(11)
    t = np.arange(int(seconds * LISTEN_RATE_HZ)) / LISTEN_RATE_HZ
    swell = 0.75 + 0.25 * np.sin(2 * np.pi * 0.4 * t)
    return np.asarray(0.05 * swell * rng.standard_normal(t.size), np.float32)


def tones(seconds: float) -> Samples:
    """A tune: four chords with harmonics, each struck and dying away."""
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    step = np.arange(LISTEN_RATE_HZ // 2) / LISTEN_RATE_HZ
    bars = [
        np.exp(-3 * step) * sum(np.sin(2 * np.pi * hz * k * step) / k for hz in chord for k in (1, 2, 3))
        for chord in chords
    ]
    tune = np.tile(np.concatenate(bars), int(np.ceil(seconds / 2)))[: int(seconds * LISTEN_RATE_HZ)]
    return np.asarray(0.3 * tune / np.max(np.abs(tune)), np.float32)


def without_pauses(speech: Samples, seconds: float) -> Samples:
    """``speech``, cut to where it sounds, over and over."""
    bounds = speech_bounds_ms(speech, LISTEN_RATE_HZ)
    assert bounds is not None
    first, last = (int(ms * LISTEN_RATE_HZ / 1000) for ms in bounds)
    return np.resize(speech[first:last], int(seconds * LISTEN_RATE_HZ))

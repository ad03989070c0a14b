"""Customers' speech as recordings: spoken once by other voices than the bot's and kept as WAV files.

Each file holds one stretch between pauses, 16 kHz, cut by energy to what is audible: its length is the true length.
Voices say single syllables badly (嗯, 停), so each stretch is heard once on its own by the recogniser, and the next of
``_VOICES`` tries where that one was not understood; ``heard_alone`` tells what the best was taken for. What is measured
is then the taking of turns, less the speaking of the voices.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gateway.config import Settings
from gateway.engines import load_asr, load_tts
from speech.audio import float_from_pcm, read_wav, resample, speech_bounds_ms, write_wav
from speech.types import LISTEN_RATE_HZ, BatchAsr, Language, Samples, TtsEngine
from tests.turn_taking.caller import OPENING
from tests.turn_taking.scenes import Scene
from tests.turn_taking.words import similarity

_PER_MS = LISTEN_RATE_HZ // 1000
_VOICES = (("kokoro", 1.0), ("fast", 0.9), ("fast", 1.12), ("kokoro", 0.9))
"""Voice and pitch; the bot's own (``fast``) only as another person's."""
_UNDERSTOOD = 0.6
Spoken = tuple[str, Language]


def wanted(scenes: Iterable[Scene]) -> list[Spoken]:
    """Every stretch of speech that the scenes need, once."""
    found: dict[Spoken, None] = {}
    for scene in scenes:
        if scene.opening == "spoken":
            found[OPENING[scene.language], scene.language] = None
        for item in scene.customer:
            if item.recording is None:
                found |= {(part, scene.language): None for part in item.says if isinstance(part, str)}
    return list(found)


class Voices:
    """Recordings of what customers say, in ``folder``. ``prepare`` first, then ``of``."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when it is not there."""
        self._folder = folder
        self._kept: dict[Spoken, Samples] = {}

    async def prepare(self, texts: Iterable[Spoken], progress: Callable[[int, int], None]) -> None:
        """Speak what is not on disk yet. Raises ``ModelMissing`` when a voice is not set up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = [text for text in texts if not self._path(*text).is_file()]
        if not missing:
            return
        booth = await Booth.open()
        try:
            for number, (text, language) in enumerate(missing):
                progress(number, len(missing))
                samples, heard = await booth.record(text, language)
                self._path(text, language).with_suffix(".txt").write_text(f"{text}\n{heard}\n", "utf-8")
                write_wav(self._path(text, language), samples, LISTEN_RATE_HZ)
        finally:
            await booth.close()

    def heard_alone(self, text: str, language: Language) -> str:
        """What the recogniser took the stretch for, on its own and clean."""
        return self._path(text, language).with_suffix(".txt").read_text("utf-8").split("\n")[1]

    def of(self, text: str, language: Language) -> Samples:
        """The stretch as prepared."""
        key = (text, language)
        if key not in self._kept:
            self._kept[key] = read_wav(self._path(text, language))[0]
        return self._kept[key]

    def _path(self, text: str, language: Language) -> Path:
        return self._folder / f"{language}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.wav"


@dataclass(frozen=True, slots=True)
class Booth:
    """Voices to speak with and a recogniser that listens whether they can be understood."""

    voices: dict[str, TtsEngine]
    asr: BatchAsr

    @staticmethod
    async def open() -> Booth:
        """Load everything; some seconds."""
        names = sorted({name for name, _ in _VOICES})
        loaded = [await asyncio.to_thread(load_tts, Settings.model_validate({"tts": {"voice": n}})) for n in names]
        return Booth(dict(zip(names, loaded, strict=True)), await asyncio.to_thread(load_asr, Settings()))

    async def record(self, text: str, language: Language) -> tuple[Samples, str]:
        """The first rendering that is understood, or the one that is understood best; and what was understood."""
        best: tuple[float, Samples, str] | None = None
        for name, pitch in _VOICES:
            samples = at_level(await self._speak(name, pitch, text, language), -22)
            quiet = np.zeros(LISTEN_RATE_HZ // 4, np.float32)
            heard = await self.asr.transcribe(np.concatenate([quiet, samples, quiet]), language=language)
            found = similarity(text, heard.text)
            if best is None or found > best[0]:
                best = (found, samples, heard.text)
            if found >= _UNDERSTOOD:
                break
        assert best is not None
        return best[1], best[2].replace("\n", " ")

    async def close(self) -> None:
        """Release the models."""
        for voice in self.voices.values():
            await voice.close()
        await self.asr.close()

    async def _speak(self, name: str, pitch: float, text: str, language: Language) -> Samples:
        tts = self.voices[name]
        pcm = b"".join([frame.pcm async for frame in tts.synthesize(text, language)])
        samples = resample(float_from_pcm(pcm), round(tts.capabilities.rate_hz * pitch), LISTEN_RATE_HZ)
        return trimmed(samples)


def trimmed(samples: Samples) -> Samples:
    """What is audible of a recording at 16 kHz. Raises ``ValueError`` where nothing is."""
    bounds = speech_bounds_ms(samples, LISTEN_RATE_HZ)
    if bounds is None:
        raise ValueError("a recording holds no sound")
    return samples[round(bounds[0] * _PER_MS) : round(bounds[1] * _PER_MS)]


def at_level(samples: Samples, level_db: float) -> Samples:
    """The same at this loudness: root mean square of its loud half in dBFS."""
    power = np.square(samples, dtype=np.float64)
    loud = power[power >= np.median(power)]
    rms = float(np.sqrt(loud.mean())) if loud.size else 0.0
    return samples * np.float32(10 ** (level_db / 20) / max(rms, 1e-6))


def in_a_room(samples: Samples) -> Samples:
    """As from across the room: early reflections and a dull tail, the same length."""
    out = samples.astype(np.float32, copy=True)
    for delay_ms, gain in ((23, 0.55), (41, 0.45), (67, 0.35), (103, 0.25), (151, 0.15)):
        delay = delay_ms * _PER_MS
        out[delay:] += np.float32(gain) * samples[:-delay] if samples.size > delay else 0
    return np.convolve(out, np.full(3, 1 / 3, np.float32), mode="same").astype(np.float32)


def other_voice(samples: Samples) -> Samples:
    """A second person: the same recording lower and slower."""
    return resample(samples, round(LISTEN_RATE_HZ * 0.86), LISTEN_RATE_HZ)

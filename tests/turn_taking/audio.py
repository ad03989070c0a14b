"""The same scenes as sound: recorded voices and noises, mixed as at a telephone, for real engines in real time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from speech.audio import Resampler, float_from_pcm, read_audio, resample
from speech.types import LISTEN_RATE_HZ, AudioFrame, Language, Samples, TtsCapabilities, TtsEngine
from tests.turn_taking.caller import OUTPUT_RATE_HZ, Rendered
from tests.turn_taking.facts import Rendering
from tests.turn_taking.noises import LEVEL_DB, Noises
from tests.turn_taking.scenes import Item, Scene, Style
from tests.turn_taking.voices import Voices, at_level, in_a_room, other_voice
from tests.turn_taking.words import plain

_PER_MS = LISTEN_RATE_HZ // 1000
_STYLE_DB: dict[Style, float] = {"near": -22, "soft": -30, "far": -42, "tv": -45}
_FAR_DB = 15.0
"""A noise across the room is so much quieter."""


@dataclass(slots=True)
class RecordedSounds:
    """``stage.Sounds`` for one scene."""

    voices: Voices
    noises: Noises
    _from_bot: Resampler = field(default_factory=lambda: Resampler(OUTPUT_RATE_HZ, LISTEN_RATE_HZ))
    _background: Samples | None = None

    def render(self, item: Item, language: Language) -> Rendered:
        """Recorded stretches with their pauses between; a noise by its name."""
        if item.noise is not None:
            level_db = LEVEL_DB[item.noise] - (_FAR_DB if item.style in {"far", "tv"} else 0)
            samples = self.noises.of(item.noise, item.noise_ms, level_db)
            return Rendered(samples, ((0.0, samples.size / _PER_MS),))
        if item.recording is not None:
            return _recorded(item.recording, item)
        parts: list[Samples] = []
        speech: list[tuple[float, float]] = []
        at_ms = 0.0
        for part in item.says:
            if isinstance(part, float):
                parts.append(np.zeros(round(part * _PER_MS), np.float32))
                at_ms += part
                continue
            samples = self._styled(self.voices.of(part, language), item.style)
            parts.append(samples)
            speech.append((at_ms, at_ms + samples.size / _PER_MS))
            at_ms += samples.size / _PER_MS
        return Rendered(np.concatenate(parts), tuple(speech))

    def echo(self, pcm: bytes, gain_db: float) -> Samples:
        """The bot's sound, quieter."""
        heard = float_from_pcm(self._from_bot.push(pcm)) * np.float32(10 ** (gain_db / 20))
        size = len(pcm) // 2 * LISTEN_RATE_HZ // OUTPUT_RATE_HZ
        return np.pad(heard, (max(0, size - heard.size), 0))[-size:]

    def ambience(self, scene: Scene, from_ms: float, samples: int) -> Samples | None:
        """The scene's background at its distance below the customer's voice, around and around."""
        if scene.ambience is None:
            return None
        if self._background is None:
            noise, snr_db = scene.ambience
            self._background = self.noises.of(noise, 20_000, _STYLE_DB["near"] - snr_db)
        at = round(from_ms * _PER_MS) % (self._background.size - samples)
        return self._background[at : at + samples]

    def mix(self, layers: Sequence[Samples]) -> Samples:
        """Their sum."""
        return np.clip(np.sum(layers, axis=0), -1, 1).astype(np.float32)

    def _styled(self, samples: Samples, style: Style) -> Samples:
        if style in {"far", "tv"}:
            samples = in_a_room(other_voice(samples))
        return at_level(samples, _STYLE_DB[style])


def _recorded(path: Path, item: Item) -> Rendered:
    """A recording of a person; a pause in ``item.says`` lengthens the silence nearest to the middle of it."""
    samples, rate_hz = read_audio(path)
    samples = resample(samples, rate_hz, LISTEN_RATE_HZ)
    samples = at_level(_spoken_part(samples), _STYLE_DB[item.style])
    length_ms = samples.size / _PER_MS
    pauses = [part for part in item.says if isinstance(part, float)]
    if not pauses:
        return Rendered(samples, ((0.0, length_ms),))
    at = _quietest_near_the_middle(samples)
    silence = np.zeros(round(pauses[0] * _PER_MS), np.float32)
    middle_ms = at / _PER_MS
    return Rendered(
        np.concatenate([samples[:at], silence, samples[at:]]),
        ((0.0, middle_ms), (middle_ms + pauses[0], length_ms + pauses[0])),
    )


def _spoken_part(samples: Samples) -> Samples:
    """Without the room before and after: what is within 20 dB of the loud parts, clicks on their own left out."""
    step = 10 * _PER_MS
    levels = np.sqrt(np.mean(samples[: samples.size // step * step].reshape(-1, step) ** 2, axis=1))
    loud = np.flatnonzero(levels > np.percentile(levels, 95) * 10 ** (-20 / 20))
    pieces = np.split(loud, np.flatnonzero(np.diff(loud) > 40) + 1)
    spoken = [piece for piece in pieces if piece.size >= 8]
    return samples[spoken[0][0] * step : (spoken[-1][-1] + 1) * step]


def _quietest_near_the_middle(samples: Samples) -> int:
    """Where 60 ms of silence lie within the middle third."""
    step, third = 60 * _PER_MS, samples.size // 3
    power = np.convolve(np.square(samples[third : 2 * third]), np.ones(step), mode="valid")
    return third + int(np.argmin(power)) + step // 2


class Tap:
    """``TtsEngine`` that keeps what the one behind it spoke, as far as it was spoken to its end."""

    def __init__(self, tts: TtsEngine) -> None:
        """``tts`` stays open when this is closed: others use it too."""
        self._tts = tts
        self.renderings: list[Rendering] = []

    @property
    def capabilities(self) -> TtsCapabilities:
        """Of the engine behind."""
        return self._tts.capabilities

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """Frames of the engine behind."""
        pcm = bytearray()
        async for frame in self._tts.synthesize(text, language):
            pcm += frame.pcm
            yield frame
        self.renderings.append(Rendering(plain(text), bytes(pcm)))

    async def close(self) -> None:
        """Nothing of its own."""

"""Text to speech: the registry of engines and their options. Sentences in, 20 ms audio frames out.

A new engine is one file here and one line in ``TTS_ENGINES``; its class fits ``TtsEngineType``.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast

from inference_server.weights import WeightSet, WeightsMissing
from speech import spoken_text
from speech.errors import ModelMissing, TtsFailed
from speech.types import TtsEngine

TTS_ENGINES: dict[str, str] = {
    "fast": "speech.tts.fast:FastEngine",
    "kokoro": "speech.tts.kokoro:KokoroEngine",
    "coqui": "speech.tts.coqui:CoquiEngine",
}


@dataclass(frozen=True, slots=True)
class TtsOptions:
    """Which voice and how it speaks; the fields of the configuration's ``[tts]``."""

    voice: str = "fast"
    """A key of ``TTS_ENGINES``."""
    speed: float = 1.0
    """1 is the voice's own pace, 2 twice as fast."""
    threads: int = 1
    """Threads inside one inference."""
    coqui_model: str = ""
    """A Coqui model name, or the path of a checkpoint."""
    coqui_config: str = ""
    """The checkpoint's config.json."""
    coqui_language: Literal["zh", "en", "both"] = "both"


class TtsEngineType(Protocol):
    """What a class named in ``TTS_ENGINES`` provides; its instances are ``TtsEngine``."""

    def required(self, options: TtsOptions) -> tuple[WeightSet, ...]:
        """What set-up must fetch for these options."""
        ...

    def load(self, options: TtsOptions, cache: Path | None) -> TtsEngine:
        """Load the voice; blocks. Raises ``WeightsMissing``, ``TtsFailed``."""
        ...


def required_weights(options: TtsOptions) -> tuple[WeightSet, ...]:
    """What the set-up must have prepared for this voice."""
    return _engine_type(options.voice).required(options)


def load_tts(options: TtsOptions, cache: Path | None = None) -> TtsEngine:
    """Load the voice; blocks for up to a few seconds.

    Raises ``ModelMissing`` when weights are not in the cache and ``TtsFailed`` when the voice does not exist or its
    package is not installed; both messages say what to do.
    """
    engine = _engine_type(options.voice)
    try:
        loaded = engine.load(options, cache)
    except WeightsMissing as error:
        raise ModelMissing(str(error)) from error
    spoken_text.preload()
    return loaded


def _engine_type(voice: str) -> TtsEngineType:
    if voice not in TTS_ENGINES:
        raise TtsFailed(f"voice '{voice}' does not exist; choose one of {', '.join(TTS_ENGINES)}")
    module, _, name = TTS_ENGINES[voice].partition(":")
    return cast(TtsEngineType, getattr(importlib.import_module(module), name))

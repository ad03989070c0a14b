"""Speech recognition engines: one file each, named here.

A new engine is a file with a class that fits ``AsrEngine`` and a line in ``ASR_ENGINES``.
"""

from __future__ import annotations

import dataclasses
import importlib
from dataclasses import dataclass
from typing import Any, Protocol, cast

from inference_server.weights import WeightSet
from speech.asr.overload import AsrObserver, ShedKind
from speech.types import BatchAsr

__all__ = ["ASR_ENGINES", "AsrEngine", "AsrObserver", "AsrOptions", "ShedKind", "load_asr", "required_weights"]

ASR_ENGINES = {"faster_whisper": "speech.asr.faster_whisper:FasterWhisperAsr"}


@dataclass(frozen=True, slots=True)
class AsrOptions:
    """Every engine's settings; an engine's own options take the fields of the same name."""

    engine: str = "faster_whisper"
    model: str = "base"
    device: str = "cpu"
    compute_type: str = "int8"
    threads: int = 1
    workers: int = 2
    queue: int = 16
    beam_size: int = 5
    greedy_above: int = 8
    batch_size: int = 4
    batch_wait_ms: float = 0
    context_s: float | None = None
    noise_reduction: bool = True


class AsrEngine(Protocol):
    """What a class named in ``ASR_ENGINES`` provides; its instances are ``BatchAsr``."""

    options_type: type[Any]
    """Its frozen options dataclass."""

    def __call__(self, options: Any, observe: AsrObserver | None = None) -> BatchAsr:
        """Load the model; blocks. ``observe`` is told what is shed and batched. Raises ``ModelMissing``."""
        ...

    def required_weights(self, options: Any) -> tuple[WeightSet, ...]:
        """What set-up must fetch for these options."""
        ...


def load_asr(settings: AsrOptions, observe: AsrObserver | None = None) -> BatchAsr:
    """The configured engine with its model loaded; blocks about a second. Raises ``ModelMissing``, ``ValueError``."""
    engine = _engine(settings.engine)
    return engine(_own_options(engine, settings), observe)


def required_weights(settings: AsrOptions) -> tuple[WeightSet, ...]:
    """What set-up must fetch for the configured engine. Raises ``ValueError`` for an engine that does not exist."""
    engine = _engine(settings.engine)
    return engine.required_weights(_own_options(engine, settings))


def _engine(name: str) -> AsrEngine:
    if name not in ASR_ENGINES:
        raise ValueError(f"ASR engine '{name}' does not exist; choose one of {', '.join(sorted(ASR_ENGINES))}")
    module, _, attribute = ASR_ENGINES[name].partition(":")
    return cast(AsrEngine, getattr(importlib.import_module(module), attribute))


def _own_options(engine: AsrEngine, settings: AsrOptions) -> Any:
    names = {field.name for field in dataclasses.fields(engine.options_type)}
    given = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return engine.options_type(**{name: value for name, value in given.items() if name in names})

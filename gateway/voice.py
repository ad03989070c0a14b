"""Ears and mouth: the loaded engines that all voice sessions share, with their settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from nlu.hotwords import DomainWords
from speech.end_of_turn import EndOfTurn
from speech.listen import ListenConfig
from speech.tts.cache import PromptCache
from speech.turn_taking import TurnTakingConfig
from speech.types import BatchAsr, TtsEngine
from speech.vad import VadStream


class Vad(Protocol):
    """Shared voice activity detection that gives each session a stream of its own (``SileroVad``)."""

    def stream(self) -> VadStream:
        """A stream for one session."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """Engines are loaded once; each session only holds its own small state."""

    asr: BatchAsr
    vad: Vad
    tts: TtsEngine
    prompts: PromptCache | None
    """Disk cache of fixed prompts."""
    listen: ListenConfig
    floor: TurnTakingConfig = field(default_factory=TurnTakingConfig)
    end_of_turn: EndOfTurn | None = None
    """Hears in the voice whether a turn is over; None: silence and words decide."""
    hotwords: DomainWords | None = None
    """Words of the domain that the recogniser should expect."""

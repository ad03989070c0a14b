"""Models that hear in the voice whether a turn is over: one file each, named here.

A new one is a file with a class that fits ``EndOfTurnEngine`` and a line in ``END_OF_TURN_ENGINES``. None is needed:
without one, silence and words decide.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from inference_server.weights import WeightSet
from speech.types import Samples

END_OF_TURN_ENGINES = {"smart_turn": "speech.end_of_turn.smart_turn:SmartTurn"}
OFF = "off"


class EndOfTurn(Protocol):
    """Judges the voice at a pause; shared by all sessions, bounded inside."""

    async def probability(self, samples: Samples) -> float | None:
        """How probable (0..1) it is that the turn is over after ``samples`` (float32, -1..1, mono, 16 kHz).

        None when it is too busy or fails: then it has no say. Safe to cancel.
        """
        ...

    async def close(self) -> None:
        """Release the model."""
        ...


class EndOfTurnEngine(Protocol):
    """What a class named in ``END_OF_TURN_ENGINES`` provides; its instances are ``EndOfTurn``."""

    weights: WeightSet

    def __call__(self) -> EndOfTurn:
        """Load the model; blocks. Raises ``ModelMissing``."""
        ...


def load_end_of_turn(name: str) -> EndOfTurn | None:
    """The model of that name; None for "off". Blocks. Raises ``ModelMissing``, ``ValueError``."""
    return None if name == OFF else _engine(name)()


def required_weights(name: str) -> tuple[WeightSet, ...]:
    """What set-up must fetch for it. Raises ``ValueError`` for a model that does not exist."""
    return () if name == OFF else (_engine(name).weights,)


def _engine(name: str) -> EndOfTurnEngine:
    if name not in END_OF_TURN_ENGINES:
        known = ", ".join([OFF, *sorted(END_OF_TURN_ENGINES)])
        raise ValueError(f"end-of-turn model '{name}' does not exist; choose one of {known}")
    module, _, attribute = END_OF_TURN_ENGINES[name].partition(":")
    return cast(EndOfTurnEngine, getattr(importlib.import_module(module), attribute))

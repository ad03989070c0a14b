"""Stand-ins for nlu's back ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.errors import ClassifierUnavailable
from nlu.types import Language, ScoredLabel, Sentiment


class FakeClassifier:
    """Answers what it was given; a missing answer is a back end that is away. Remembers what it was asked."""

    name = "triton"

    def __init__(self, labels: Mapping[str, float] | None = None, mood: Sentiment | None = None) -> None:
        self._labels = labels
        self._mood = mood
        self.asked: list[str] = []

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        """The labels given, best first."""
        self.asked.append(text)
        if self._labels is None:
            raise ClassifierUnavailable("away")
        ranked = sorted(self._labels.items(), key=lambda item: -item[1])
        return tuple(ScoredLabel(label, score) for label, score in ranked)

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        """The labels given, for each text."""
        return tuple([await self.classify(text, language) for text in texts])

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        """The mood given."""
        if self._mood is None:
            raise ClassifierUnavailable("away")
        return self._mood


class FakeInferenceClient:
    """Answers ``infer`` with given outputs or an error; keeps the requests."""

    def __init__(self, outputs: Mapping[str, Mapping[str, NDArray[Any]]], error: Exception | None = None) -> None:
        self._outputs = outputs
        self._error = error
        self.requests: list[tuple[str, NDArray[Any], float | None]] = []

    async def infer(
        self, model: str, inputs: Mapping[str, NDArray[Any]], *, deadline_s: float | None = None
    ) -> Mapping[str, NDArray[Any]]:
        """The outputs of ``model``."""
        self.requests.append((model, inputs["TEXT"], deadline_s))
        if self._error is not None:
            raise self._error
        return self._outputs[model]


def answer(labels: Mapping[str, float]) -> dict[str, NDArray[Any]]:
    """Outputs of a text model as Triton sends them: LABEL bytes and SCORE, both [1, k]."""
    names = np.array([[label.encode() for label in labels]], dtype=object)
    return {"LABEL": names, "SCORE": np.array([list(labels.values())], dtype=np.float32)}

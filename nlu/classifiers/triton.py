"""The classifier served by Triton: an embedding with trained heads, models ``intent`` and ``sentiment``.

In: normalised text. Out: calibrated labels. Tensors as in ``inference_server.contracts``. Safe to cancel.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast, get_args

import numpy as np
from numpy.typing import NDArray

from inference_server.errors import InferenceError
from nlu.domains import DEFAULT, load_domain
from nlu.errors import ClassifierUnavailable
from nlu.types import INTENTS, Evidence, Language, Polarity, ScoredLabel, Sentiment

MAX_CHARS = 512
"""The encoder reads no further than its 512 tokens."""
_POLARITIES = get_args(Polarity)


class _Client(Protocol):
    """What is needed of ``inference_server.client.InferenceClient``."""

    async def infer(
        self, model: str, inputs: Mapping[str, NDArray[Any]], *, deadline_s: float | None = None
    ) -> Mapping[str, NDArray[Any]]:
        """One answer; raises ``InferenceError``."""
        ...


class TritonClassifier:
    """Stateless beyond its client, which it does not own: whoever made the client closes it."""

    name = "triton"

    def __init__(self, client: _Client, deadline_s: float = 1.0, labels: Collection[str] = INTENTS) -> None:
        """``deadline_s`` bounds each call, the wait for a free slot included; an intent that is none of ``labels`` is
        passed over."""
        self._client = client
        self._deadline_s = deadline_s
        self._labels = frozenset(labels)

    @classmethod
    def over(cls, client: _Client, deadline_s: float, domain: str = DEFAULT) -> TritonClassifier:
        """Asks ``client`` for the intents of ``domain``."""
        return cls(client, deadline_s, load_domain(domain).labels)

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        """Intents of ``text``, best first. Raises ``ClassifierUnavailable``."""
        (labels,) = await self.classify_all((text,), language)
        return labels

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        """As ``classify``, for a few texts in one call. Raises ``ClassifierUnavailable``."""
        found = [
            tuple(label for label in labels if label.label in self._labels)
            for labels in await self._ask("intent", texts)
        ]
        if not all(found):
            raise ClassifierUnavailable("the intent model gave no known label")
        return tuple(found)

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        """Sentiment of ``text``. Raises ``ClassifierUnavailable``."""
        best = (await self.moods(text))[0]
        return Sentiment(cast(Polarity, best.label), best.score)

    async def moods(self, text: str) -> tuple[ScoredLabel, ...]:
        """All polarities of ``text``, best first. Raises ``ClassifierUnavailable``."""
        labels = tuple(found for found in (await self._ask("sentiment", (text,)))[0] if found.label in _POLARITIES)
        if not labels:
            raise ClassifierUnavailable("the sentiment model gave no known label")
        return labels

    async def _ask(self, model: str, texts: Sequence[str]) -> list[list[ScoredLabel]]:
        """LABEL and SCORE, both [texts, k], as scored labels, best first."""
        inputs = {"TEXT": np.array([[text[:MAX_CHARS]] for text in texts], dtype=object)}
        try:
            outputs = await self._client.infer(model, inputs, deadline_s=self._deadline_s)
        except InferenceError as error:
            raise ClassifierUnavailable(f"{model}: {error.code}") from error
        try:
            return [_ranked(outputs, row) for row in range(len(texts))]
        except (KeyError, ValueError, IndexError) as error:
            raise ClassifierUnavailable(f"{model}: its answer does not follow the contract") from error


def _ranked(outputs: Mapping[str, NDArray[Any]], row: int) -> list[ScoredLabel]:
    pairs = zip(outputs["LABEL"][row], outputs["SCORE"][row], strict=True)
    found = [ScoredLabel(_text(label), _probability(float(score))) for label, score in pairs]
    ranked = sorted(found, key=lambda item: -item.score)
    return [replace(ranked[0], evidence=_nearest(outputs, row)), *ranked[1:]] if ranked else []


def _nearest(outputs: Mapping[str, NDArray[Any]], row: int) -> tuple[Evidence, ...]:
    """NEAREST, NEAREST_LABEL and NEAREST_SCORE, each [texts, k], where the model gives them; else none."""
    columns = [outputs[name][row] for name in ("NEAREST", "NEAREST_LABEL", "NEAREST_SCORE") if name in outputs]
    rows = zip(*columns, strict=True) if len(columns) == 3 else ()
    found = (Evidence("nearest", _text(label), _text(words), round(float(score), 4)) for words, label, score in rows)
    return tuple(one for one in found if one.words and np.isfinite(one.score))


def _text(label: Any) -> str:
    return label.decode() if isinstance(label, bytes) else str(label)


def _probability(score: float) -> float:
    """``score`` held to 0..1; raises ``ValueError`` when it is not a number."""
    if np.isnan(score):
        raise ValueError("score is not a number")
    return min(1.0, max(0.0, score))

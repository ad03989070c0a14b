"""Texts in, ``Parse`` values out, by the product's own path: ``Understanding`` over the shipped heads.

Without a Triton the heads are applied here, to embeddings made in the server's environment. Which texts the path asks
a classifier for (greeting set aside, clauses) it decides itself: a first pass notes them, all are encoded together,
a second pass answers. With a Triton the path is the gateway's, and each answer is timed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference_server.client import InferenceClient
from nlu.classifiers.keyword import KeywordClassifier
from nlu.classifiers.triton import MAX_CHARS, TritonClassifier
from nlu.domains import OUT_OF_SCOPE, load_domain
from nlu.errors import ClassifierUnavailable
from nlu.repair import NO_TERMS, load_terms
from nlu.train.embeddings import (
    CACHE,
    CHECKOUT,
    Embeddings,
    embed,
    server_python,
    subprocess_encoder,
    triton_encoder,
)
from nlu.train.head import Head, head_path
from nlu.types import Classifier, Language, Parse, ScoredLabel, Sentiment
from nlu.understand import Understanding

Progress = Callable[[str, int, int], None]
"""What is being done, how many are done, of how many."""

_IN_FLIGHT = 16
_DEADLINE_S = 30.0
_TIMED = 400
_WARM = 20


def _quiet(what: str, done: int, total: int) -> None:
    return None


class Product(Protocol):
    """Understands many texts."""

    def understand(self, texts: Sequence[str]) -> list[Parse]:
        """One parse per text."""
        ...

    def moods(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Probability by polarity, one dict per text."""
        ...


class _Noting:
    """A classifier that notes what it is asked and knows nothing."""

    name = "noting"

    def __init__(self) -> None:
        self.asked: dict[str, None] = {}

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        self.asked[text] = None
        return (ScoredLabel(OUT_OF_SCOPE, 1.0),)

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        return tuple([await self.classify(text, language) for text in texts])

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        return Sentiment("neutral", 1.0)


class _Known:
    """A classifier over answers that were worked out before; moods are not asked for here."""

    name = "head"

    def __init__(self, labels: dict[str, tuple[ScoredLabel, ...]]) -> None:
        self._labels = labels

    async def classify(self, text: str, language: Language) -> tuple[ScoredLabel, ...]:
        return self._labels[text]

    async def classify_all(self, texts: Sequence[str], language: Language) -> tuple[tuple[ScoredLabel, ...], ...]:
        return tuple(self._labels[text] for text in texts)

    async def sentiment(self, text: str, language: Language) -> Sentiment:
        return Sentiment("neutral", 1.0)


@dataclass(frozen=True, slots=True)
class InProcess:
    """The heads of ``repository`` on embeddings made in the server's environment, kept in ``cache``."""

    repository: Path
    domain: str = "shop"
    cache: Path = CACHE
    told: Progress = _quiet

    def understand(self, texts: Sequence[str]) -> list[Parse]:
        """One parse per text. Raises ``EncoderError``."""
        noting = _Noting()
        reading = understanding_of(self.domain, noting)
        asyncio.run(_understand_all(reading, texts, lambda n, of: self.told("reading", n, of)))
        asked = list(noting.asked)
        head = Head.load(head_path(self.repository, "intent", self.domain))
        answers = _ranked(head, self.probabilities(head, asked))
        known = _Known(dict(zip(asked, answers, strict=True)))
        answering = understanding_of(self.domain, known)
        return asyncio.run(_understand_all(answering, texts, lambda n, of: self.told("understanding", n, of)))

    def moods(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Probability by polarity. Raises ``EncoderError``."""
        head = Head.load(head_path(self.repository, "sentiment"))
        rows = self.probabilities(head, texts)
        return [dict(zip(head.labels, map(float, row), strict=True)) for row in rows]

    def probabilities(self, head: Head, texts: Sequence[str]) -> NDArray[np.float64]:
        """[texts, labels]."""
        cut = [text[:MAX_CHARS] for text in texts]
        return head.probabilities(self.embeddings(cut), cut)

    def embeddings(self, texts: Sequence[str]) -> Embeddings:
        """[texts, 384]."""
        return self.encode(texts, lambda n, of: self.told("embedding", n, of))

    def encode(self, texts: Sequence[str], done: Callable[[int, int], None]) -> Embeddings:
        """[texts, 384]; ``done`` gets (encoded, to encode)."""
        return embed(texts, subprocess_encoder(server_python(CHECKOUT)), self.cache, done)


@dataclass(frozen=True, slots=True)
class Served:
    """The models of a running Triton."""

    url: str
    domain: str = "shop"
    told: Progress = _quiet
    latency_ms: list[float] = field(default_factory=list)
    """Of single messages, one after the other, each text new to the server; filled by ``understand``."""

    def understand(self, texts: Sequence[str]) -> list[Parse]:
        """One parse per text. Raises ``ClassifierUnavailable``."""
        return asyncio.run(self._understand(texts))

    def moods(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Probability by polarity. Raises ``ClassifierUnavailable``."""
        return asyncio.run(self._moods(texts))

    def embeddings(self, texts: Sequence[str]) -> Embeddings:
        """[texts, 384], as this server embeds them. Raises ``EncoderError``."""
        return triton_encoder(self.url)(texts, lambda count: self.told("embedding", count, len(texts)))

    async def _understand(self, texts: Sequence[str]) -> list[Parse]:
        client = InferenceClient(self.url)
        try:
            classifier = TritonClassifier(client, _DEADLINE_S, load_domain(self.domain).labels)
            understanding = understanding_of(self.domain, classifier)
            understanding.load()
            timed: list[Parse] = []
            for text in texts[: _WARM + _TIMED]:
                started = time.perf_counter()
                timed.append(await understanding.understand(text))
                self.latency_ms.append((time.perf_counter() - started) * 1000)
            del self.latency_ms[:_WARM]
            rest = texts[len(timed) :]
            timed += await _understand_all(
                understanding, rest, lambda n, of: self.told("understanding", n, of), _IN_FLIGHT
            )
            if any(parse.degraded for parse in timed):
                raise ClassifierUnavailable(f"the Triton at {self.url} did not answer all messages")
            return timed
        finally:
            await client.close()

    async def _moods(self, texts: Sequence[str]) -> list[dict[str, float]]:
        client = InferenceClient(self.url)
        try:
            classifier = TritonClassifier(client, _DEADLINE_S)
            found = []
            for text in texts:
                labels = await classifier.moods(text)
                found.append({label.label: label.score for label in labels})
                self.told("moods", len(found), len(texts))
            return found
        finally:
            await client.close()


def _ranked(head: Head, probabilities: NDArray[np.float64], most: int = 5) -> list[tuple[ScoredLabel, ...]]:
    """As Triton answers: the best labels, best first."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :most]
    return [
        tuple(ScoredLabel(head.labels[index], float(row[index])) for index in best)
        for row, best in zip(probabilities, order, strict=True)
    ]


def understanding_of(domain: str, classifier: Classifier) -> Understanding:
    """The product's path with the words of ``domain``, as the gateway builds it."""
    terms = load_terms(load_domain(domain).folder) or NO_TERMS
    return Understanding(classifier, fallback=KeywordClassifier(domain=domain), terms=terms)


async def _understand_all(
    understanding: Understanding, texts: Sequence[str], done: Callable[[int, int], None], in_flight: int = 1
) -> list[Parse]:
    parses: list[Parse] = []
    for start in range(0, len(texts), in_flight):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(understanding.understand(text)) for text in texts[start : start + in_flight]]
        parses += [task.result() for task in tasks]
        done(len(parses), len(texts))
    return parses

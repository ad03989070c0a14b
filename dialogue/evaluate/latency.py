"""How long the index in process searches among many made-up entries: time of one search, its embedding left out."""

from __future__ import annotations

import random
import time
from datetime import date
from typing import Any

import numpy as np

from dialogue.knowledge import Entry
from dialogue.knowledge.embedder import unit
from dialogue.knowledge.engine import Asked, Centre
from dialogue.knowledge.entries import entries as shipped
from dialogue.knowledge.index import CANDIDATES
from dialogue.knowledge.lexical import Lexicon, grams
from dialogue.knowledge.local import LocalEngine
from dialogue.knowledge.ranking import ranked
from inference_server.contracts import EMBEDDING_DIM

_QUESTIONS = 200
_WORDS = 6
_SEED = 7


def searching(size: int) -> dict[str, Any]:
    """Words of our own entries shuffled into ``size`` questions, with random vectors; asked our own questions."""
    chance, drawn = random.Random(_SEED), np.random.default_rng(_SEED)
    asked = [text for entry in shipped() for text in entry.questions_zh]
    words = [text[at : at + 2] for text in asked for at in range(0, len(text) - 1, 2)]
    found = [Entry(f"e{place}", ("".join(chance.choices(words, k=_WORDS)),), (), "x", "", "x") for place in range(size)]
    vectors = unit(drawn.standard_normal((size, EMBEDDING_DIM), dtype=np.float32))
    began = time.perf_counter()
    engine = LocalEngine(found, vectors, Centre.of(vectors, [False] * size))
    lexicon = Lexicon(grams(entry.questions_zh[0]) for entry in found)
    built_s = time.perf_counter() - began
    times = []
    for text in chance.sample(asked, _QUESTIONS):
        vector = unit(drawn.standard_normal(EMBEDDING_DIM, dtype=np.float32))
        start = time.perf_counter()
        candidates = engine.find(Asked(text, vector, date(2026, 1, 1)), CANDIDATES)
        ranked(grams(text), candidates, lexicon, by_meaning=True, k=3)
        times.append((time.perf_counter() - start) * 1000)
    return {
        "task": "latency",
        "n": len(times),
        "entries": size,
        "build_s": round(built_s, 1),
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p99_ms": round(float(np.percentile(times, 99)), 2),
    }

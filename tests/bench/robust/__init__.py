"""How much understanding is lost on the way over the telephone: ``python -m tests.bench robust``.

146 sentences of our own (``sentences.tsv``: text, the intents that fit, slots) are spoken by the voice ``fast``, sent
through 300-3400 Hz, 8 kHz, 8-bit mu-law and white noise at 15 dB, and recognised. Intents and slots are read from the
text as written and as recognised, twice: plain (the recogniser as it comes, its first reading, no repair, no catalogue,
products by the shop's search) and robust (noise reduced, the domain's words expected, misheard words put right, n-best,
products by the catalogue's sound). The caller is nobody known: no products of theirs are expected. The slot readers
are the same. A slot is right where name and value are; a product where the best sku is. What is spoken and recognised
is kept in build/bench/robust.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from rich.console import Console

from dialogue.shop.demo import DEFAULT_SEED
from dialogue.shop.demo_rows import demo_rows
from dialogue.shop.search import rank
from dialogue.shop.types import Product
from gateway.expected_words import ExpectedWords
from inference_server.client import InferenceClient
from inference_server.launch import REPOSITORY, Triton, server_python
from nlu.classifiers import load_classifier
from nlu.hotwords import domain_words
from nlu.repair import NO_TERMS
from nlu.slots import ProductLexicon, SlotConfig
from nlu.sounds_like import NOTHING_BY_EAR
from nlu.types import Classifier, DateRange, Expectation, Language, Parse, SlotValue, TimeSpan
from nlu.understand import Understanding
from speech.asr import AsrOptions, load_asr
from speech.audio import resample
from speech.tts import TtsOptions, load_tts
from speech.types import LISTEN_RATE_HZ, Samples
from tests.bench.results import Result, Results
from tests.bench.tts import spoken_samples, telephone

SENTENCES = Path(__file__).with_name("sentences.tsv")
TODAY = date(2026, 11, 19)
LINES = {"noisy": 15.0, "fair": 30.0}
"""Telephone lines, and how far their white noise is below the speech, in dB."""
_MODELS = ("embed", "intent", "sentiment")
WAYS = ("plain", "robust")
_QUIET_S = 0.3
_FREE = Expectation()
Pair = tuple[str, str]
"""A slot's name and value as written in the table."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One row of the table."""

    text: str
    intents: frozenset[str]
    slots: tuple[Pair, ...]

    @property
    def language(self) -> Language:
        """Of the text."""
        return "en" if self.text.isascii() else "zh"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the recogniser made of a sentence."""

    text: str
    alternatives: tuple[str, ...]


@dataclass(slots=True)
class Score:
    """Counts over the sentences."""

    right: int = 0
    of: int = 0
    found: int = 0
    wanted: int = 0
    both: int = 0

    @property
    def intents(self) -> float:
        """Accuracy."""
        return self.right / self.of

    @property
    def slots(self) -> float:
        """F1 over all slots."""
        return 2 * self.both / (self.found + self.wanted) if self.found + self.wanted else 1.0


def sentences(path: Path = SENTENCES) -> list[Sentence]:
    """The table."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Sentence(
            text,
            frozenset(intents.split("|")),
            tuple((name, value) for name, _, value in (slot.partition("=") for slot in slots.split(";") if slot)),
        )
        for text, intents, slots in rows
    ]


def written(value: SlotValue) -> str:
    """A value as in the table."""
    match value:
        case DateRange(start, end):
            return f"{start}/{end}"
        case TimeSpan(start, end):
            hours = [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (start, end)]
            return hours[0] if start == end else "/".join(hours)
    return str(value)


def over_the_line(samples: Samples, snr_db: float, seed: int) -> Samples:
    """With white noise ``snr_db`` below the speech, over the telephone; silence around."""
    quiet = np.zeros(round(_QUIET_S * LISTEN_RATE_HZ), np.float32)
    speech = np.concatenate([quiet, samples, quiet])
    loud = float(np.sqrt(np.mean(np.square(samples))))
    noise = np.random.default_rng(seed).standard_normal(speech.size).astype(np.float32)
    return telephone(speech + noise * np.float32(loud * 10 ** (-snr_db / 20)))


async def recognised(rows: Iterable[Sentence], folder: Path, snr_db: float, *, robust: bool) -> list[Heard]:
    """Each sentence spoken and recognised, from ``folder`` where it was before. ``robust``: with noise reduction and
    the words of the domain."""
    expected = ExpectedWords(domain_words() if robust else None, None, own=False)
    folder /= hashlib.sha256(repr((expected.now(_FREE, 4.0), 2)).encode()).hexdigest()[:8]
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    rows = list(rows)
    paths = {row.text: folder / f"{hashlib.sha256(row.text.encode()).hexdigest()[:16]}.json" for row in rows}
    missing = [row for row in rows if not paths[row.text].is_file()]
    if missing:
        tts, asr = (
            await asyncio.to_thread(load_tts, TtsOptions()),
            await asyncio.to_thread(load_asr, AsrOptions(noise_reduction=robust)),
        )
        try:
            for row in missing:
                samples, *_ = await spoken_samples(tts, row.text, row.language)
                wide = resample(samples, tts.capabilities.rate_hz, LISTEN_RATE_HZ)
                spoken = over_the_line(wide, snr_db, rows.index(row))
                got = await asr.transcribe(
                    spoken, language=row.language, hotwords=expected.now(_FREE, spoken.size / LISTEN_RATE_HZ)
                )
                heard = {"said": row.text, **asdict(Heard(got.text, got.alternatives))}
                paths[row.text].write_text(json.dumps(heard, ensure_ascii=False), "utf-8")
        finally:
            await tts.close()
            await asr.close()
    kept = [json.loads(paths[row.text].read_text("utf-8")) for row in rows]
    return [Heard(entry["text"], tuple(entry["alternatives"])) for entry in kept]


def products() -> tuple[Product, ...]:
    """The demo shop's catalogue."""
    rows = demo_rows(DEFAULT_SEED, datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)).products
    return tuple(Product(**row) for row in rows)


async def score(
    rows: list[Sentence], heard: list[Heard], understanding: Understanding, catalogue: tuple[Product, ...], robust: bool
) -> tuple[Score, list[str]]:
    """How well ``heard`` is understood, and the sentences that were not."""
    total, missed = Score(), []
    for row, one in zip(rows, heard, strict=True):
        alternatives = one.alternatives if robust else ()
        parse = await understanding.understand(one.text, language=row.language, today=TODAY, alternatives=alternatives)
        found, wanted = Counter(_pairs(parse, catalogue, robust)), Counter(row.slots)
        total.of += 1
        total.right += parse.intent in row.intents
        total.found += found.total()
        total.wanted += wanted.total()
        total.both += (found & wanted).total()
        if parse.intent not in row.intents or found != wanted:
            missed.append(f"{row.text} | {one.text} | {parse.normalized} | {parse.intent} {dict(found)} {dict(wanted)}")
    return total, missed


def _pairs(parse: Parse, catalogue: tuple[Product, ...], by_sound: bool) -> list[Pair]:
    names = {product.sku: product.name for product in catalogue}
    pairs = []
    for slot in parse.slots:
        if slot.name != "product":
            pairs.append((slot.name, written(slot.value)))
            continue
        best = [found.label for found in slot.candidates]
        if not by_sound:
            best = [product.sku for product in rank(str(slot.value), catalogue, 1)]
        if best:
            pairs.append(("product", names[best[0]]))
    return pairs


@asynccontextmanager
async def classifier() -> AsyncIterator[Classifier]:
    """The trained head on a Triton of its own."""
    with tempfile.TemporaryDirectory(prefix="kefu-robust-") as folder:
        triton = Triton(
            REPOSITORY,
            models=_MODELS,
            server_python=server_python(),
            runtime_dir=Path(folder),
            on_event=lambda line: None,
        )
        async with triton:
            client = InferenceClient(triton.url)
            try:
                yield load_classifier("triton", client, 5.0)
            finally:
                await client.close()


async def measure(build: Path, console: Console, *, quick: bool = False) -> Results:
    """Both ways on the text as written and over each line; some minutes where nothing was kept."""
    rows = sentences()[:: 5 if quick else 1]
    texts = {(way, "clean"): [Heard(row.text, ()) for row in rows] for way in WAYS}
    for way in WAYS:
        for line, snr_db in LINES.items():
            folder = build / "bench" / "robust" / line
            texts[way, line] = await recognised(rows, folder, snr_db, robust=way == "robust")
    catalogue = products()
    names = ProductLexicon((product.sku, (product.name, product.name_en)) for product in catalogue)
    scores: dict[tuple[str, str], Score] = {}
    async with classifier() as trained:
        ways = {
            "plain": Understanding(trained, terms=NO_TERMS, by_ear=NOTHING_BY_EAR),
            "robust": Understanding(trained, slots=SlotConfig(catalogue=names)),
        }
        for way, understanding in ways.items():
            for line in ("clean", *LINES):
                heard = texts[way, line]
                scores[way, line], missed = await score(rows, heard, understanding, catalogue, way == "robust")
                (build / "bench" / f"robust-{way}-{line}.txt").write_text("\n".join(missed), "utf-8")
    return results(scores, len(rows))


def results(scores: Mapping[tuple[str, str], Score], count: int) -> Results:
    """Accuracy and F1 of each way on each line, and the share of the plain way's loss that the robust one keeps."""
    found: Results = {}
    for (way, line), got in scores.items():
        found[f"robust_intent_{line}_{way}"] = Result(round(got.intents, 4), "", count, more_is_better=True)
        found[f"robust_slot_{line}_{way}"] = Result(round(got.slots, 4), "F1", count, more_is_better=True)
    for line in LINES:
        for what in ("intents", "slots"):
            lost = {
                way: getattr(scores[way, "clean"], what) - getattr(scores[way, line], what)
                for way in ("plain", "robust")
            }
            if lost["plain"] > 0:
                share = round(lost["robust"] / lost["plain"], 3)
                found[f"robust_{what[:-1]}_{line}_lost_share"] = Result(share, "", count, aim=0.5)
    return found

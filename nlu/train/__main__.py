"""``python -m nlu.train [--domain NAME]``: data in, calibrated heads for the model repository and report.json out."""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from rich.console import Console
from rich.progress import Progress

from nlu.domains import DEFAULT, OUT_OF_SCOPE, ROLES, Domain, DomainError, load_domain
from nlu.normalize import normalize
from nlu.train import neighbours
from nlu.train.data import ROOT, DataError, Example, load, variants
from nlu.train.embeddings import (
    CHECKOUT,
    Embeddings,
    EncoderError,
    embed,
    server_python,
    subprocess_encoder,
    triton_encoder,
)
from nlu.train.head import NGRAM_STRENGTH, STRENGTHS, WHITENING, TrainingSet, cross_validate, head_path, train
from nlu.train.ngrams import matrix
from nlu.train.report import Scores, render, report_path, score
from nlu.types import Polarity

MODEL_REPOSITORY = Path("inference_server") / "model_repository"
MINIMUM_PER_LABEL = 60

SPOKEN_FORMS = frozenset(ROLES) - {OUT_OF_SCOPE}
"""Intents that are themselves openers and closers, so that none is put around them."""

Told = Callable[[str, int, int], None]
"""What is being done, how many are done, of how many."""
CachedEncoder = Callable[[Sequence[str], Callable[[int, int], None]], Embeddings]
"""Texts and a callback told (encoded, to encode); rows in the order of the texts."""


@dataclass(frozen=True, slots=True)
class Task:
    """One head to train."""

    name: str
    """Served model."""
    folder: Path
    labels: tuple[str, ...]
    domain: str = DEFAULT
    strengths: tuple[float, ...] = STRENGTHS
    ngram_strength: float = NGRAM_STRENGTH
    whitening: float = WHITENING


def tasks(domain: Domain) -> tuple[Task, ...]:
    """The domain's intents, and the sentiment, which is the same in every domain."""
    intent = Task("intent", domain.intents, domain.labels, domain.name)
    if domain.name != DEFAULT:
        return (intent,)
    # Held-out likelihood over 3 labels wants far less freedom than over dozens; so do reviews that nobody here wrote.
    mood = Task(
        "sentiment", ROOT / "sentiment", get_args(Polarity),
        strengths=(0.02, 0.05, 0.1), ngram_strength=20.0, whitening=0.0,
    )  # fmt: skip
    return (intent, mood)


def prepare(task: Task, examples: Sequence[Example], seed: int, encode: CachedEncoder, told: Told) -> TrainingSet:
    """Examples and their variants, as embeddings and n-grams."""
    texts = [example.text for example in examples]
    source = list(range(len(examples)))
    for index, example in enumerate(examples):
        polite = task.name == "intent" and example.label not in SPOKEN_FORMS
        for text in few(example, variants(example, seed, polite=polite)):
            texts.append(text)
            source.append(index)
    # The served heads see normalised text, so the trained ones do too.
    texts = [normalize(text, examples[index].language).text for text, index in zip(texts, source, strict=True)]
    rows: Embeddings = encode(texts, lambda n, of: told(f"{task.name}: embedding", n, of))
    index_of = {label: index for index, label in enumerate(task.labels)}
    truth = np.array([index_of[example.label] for example in examples], dtype=np.int64)
    return TrainingSet(
        rows, matrix(texts), np.array(source, dtype=np.int64), truth, task.labels, task.ngram_strength, task.whitening
    )


def few(example: Example, texts: Sequence[str]) -> Sequence[str]:
    """One variant of every sixth example, by lot: the utterances themselves hold most forms already, and encoding is
    what training waits for."""
    lot = zlib.crc32(example.text.encode())
    return (texts[lot // 6 % len(texts)],) if texts and lot % 6 == 0 else ()


def run(task: Task, seed: int, encode: CachedEncoder, told: Told) -> tuple[TrainingSet, Scores]:
    """Load, embed and cross-validate one task."""
    examples = load(task.folder, task.labels, MINIMUM_PER_LABEL)
    data = prepare(task, examples, seed, encode, told)
    held_out = cross_validate(data, seed, task.strengths, lambda n, of: told(f"{task.name}: cross-validating", n, of))
    languages = [example.language for example in examples]
    truth = data.labels[data.source]
    scores = score(held_out.probabilities, truth, languages, task.labels, held_out.strength, held_out.temperature)
    return data, scores


def cross_validated(domain: str, seed: int, encode: CachedEncoder, told: Told) -> dict[str, Any]:
    """Held-out scores of every head of ``domain``. Raises ``DataError``, ``DomainError``, ``EncoderError``."""
    return {task.name: run(task, seed, encode, told)[1].to_json() for task in tasks(load_domain(domain))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line that says what to do."""
    options = _options().parse_args(arguments)
    console = Console()
    report: dict[str, object] = {"seed": options.seed}
    try:
        encode = _encoder(options.triton)
        for task in tasks(load_domain(options.domain)):
            if options.only and task.name != options.only:
                continue
            with Progress(console=console, transient=True) as progress:
                data, scores = run(task, options.seed, encode, bars(progress))
            console.print(render(task.name, scores))
            report[task.name] = scores.to_json()
            if not options.evaluate_only:
                path = head_path(options.out, task.name, task.domain)
                train(data, scores.strength, scores.temperature).save(path)
                console.print(f"wrote {path}", highlight=False)
                if task.name == "intent":
                    index = path.with_name(path.name.replace("head", "neighbours"))
                    neighbours.save(index, load(task.folder, task.labels), data.embeddings[: len(data.labels)])
                    console.print(f"wrote {index}", highlight=False)
    except (DataError, DomainError, EncoderError) as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 1
    if not options.evaluate_only:
        path = options.report or report_path(load_domain(options.domain).name)
        kept = json.loads(path.read_text("utf-8")) if options.only and path.exists() else {}
        path.write_text(json.dumps(kept | report, indent=1) + "\n", "utf-8")
    return 0


def bars(progress: Progress) -> Told:
    """Shows each thing that is told of as a bar of its own."""
    known: dict[str, Any] = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in known:
            known[what] = progress.add_task(what, total=total)
        progress.update(known[what], completed=done, total=total)

    return told


def _encoder(triton: str | None) -> CachedEncoder:
    """A Triton may serve other weights tomorrow, so that only what this checkout's encoder says is remembered."""
    if triton:
        served = triton_encoder(triton)
        return lambda texts, done: served(texts, lambda count: done(count, len(texts)))
    local = subprocess_encoder(server_python(CHECKOUT))
    return lambda texts, done: embed(texts, local, done=done)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlu.train", description=__doc__)
    parser.add_argument("--domain", default=DEFAULT, help="a folder of nlu/domains, or the path of one")
    parser.add_argument("--only", choices=("intent", "sentiment"), help="train this head, leave the other as it is")
    parser.add_argument("--out", type=Path, default=MODEL_REPOSITORY, help="model repository to export to")
    parser.add_argument("--report", type=Path, help="where the scores are written")
    parser.add_argument("--triton", metavar="URL", help="embed through this Triton (gRPC) instead of in a process")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--evaluate-only", action="store_true", help="cross-validate and print, write nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

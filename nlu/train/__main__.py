"""``python -m nlu.train``: data in, two calibrated heads for the model repository and report.json out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from rich.console import Console
from rich.progress import Progress

from nlu.normalize import normalize
from nlu.train.data import ROOT, DataError, Example, load, variants
from nlu.train.embeddings import (
    Embeddings,
    EncoderError,
    embed,
    server_python,
    subprocess_encoder,
    triton_encoder,
)
from nlu.train.head import Head, TrainingSet, cross_validate, train
from nlu.train.report import Scores, render, score
from nlu.types import INTENTS, Polarity

CHECKOUT = Path(__file__).parents[2]
MODEL_REPOSITORY = Path("inference_server") / "model_repository"
REPORT = Path(__file__).with_name("report.json")
MINIMUM_PER_LABEL = 60

SPOKEN_FORMS = frozenset({"greet", "affirm", "deny", "thanks", "goodbye"})
"""Intents that are themselves openers and closers, so that none is put around them."""

CachedEncoder = Callable[[Sequence[str], Callable[[int, int], None]], Embeddings]
"""Texts and a callback told (encoded, to encode); rows in the order of the texts."""


@dataclass(frozen=True, slots=True)
class Task:
    """One head to train."""

    name: str
    """Served model and, with an s where there are many, the data folder."""
    folder: Path
    labels: tuple[str, ...]


TASKS = (
    Task("intent", ROOT / "intents", INTENTS),
    Task("sentiment", ROOT / "sentiment", get_args(Polarity)),
)


def prepare(
    examples: Sequence[Example], labels: tuple[str, ...], seed: int, encode: CachedEncoder, progress: Progress
) -> TrainingSet:
    """Examples and their variants, embedded."""
    texts = [example.text for example in examples]
    source = list(range(len(examples)))
    for index, example in enumerate(examples):
        polite = example.label in INTENTS and example.label not in SPOKEN_FORMS
        for text in variants(example, seed, polite=polite):
            texts.append(text)
            source.append(index)
    # The served heads see normalised text, so the trained ones do too.
    texts = [normalize(text, examples[index].language).text for text, index in zip(texts, source, strict=True)]
    bar = progress.add_task("embedding", total=None)
    rows: Embeddings = encode(texts, lambda n, of: progress.update(bar, completed=n, total=of))
    progress.update(bar, completed=len(texts), total=len(texts))
    index_of = {label: index for index, label in enumerate(labels)}
    truth = np.array([index_of[example.label] for example in examples], dtype=np.int64)
    return TrainingSet(rows, np.array(source, dtype=np.int64), truth, labels)


def run(task: Task, seed: int, encode: CachedEncoder, progress: Progress) -> tuple[TrainingSet, Scores]:
    """Load, embed and cross-validate one task."""
    examples = load(task.folder, task.labels, MINIMUM_PER_LABEL)
    data = prepare(examples, task.labels, seed, encode, progress)
    bar = progress.add_task(f"{task.name}: cross-validating", total=None)
    held_out = cross_validate(data, seed, done=lambda n, of: progress.update(bar, completed=n, total=of))
    languages = [example.language for example in examples]
    truth = data.labels[data.source]
    scores = score(held_out.probabilities, truth, languages, task.labels, held_out.strength, held_out.temperature)
    return data, scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line that says what to do."""
    options = _options().parse_args(arguments)
    console = Console()
    report: dict[str, object] = {"seed": options.seed}
    try:
        encode = _encoder(options.triton)
        for task in TASKS:
            with Progress(console=console, transient=True) as progress:
                data, scores = run(task, options.seed, encode, progress)
            console.print(render(task.name, scores))
            report[task.name] = scores.to_json()
            if not options.evaluate_only:
                head: Head = train(data, scores.strength, scores.temperature)
                path = options.out / task.name / "1" / "head.npz"
                head.save(path)
                console.print(f"wrote {path}", highlight=False)
    except (DataError, EncoderError) as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 1
    if not options.evaluate_only:
        REPORT.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 0


def _encoder(triton: str | None) -> CachedEncoder:
    """A Triton may serve other weights tomorrow, so that only what this checkout's encoder says is remembered."""
    if triton:
        served = triton_encoder(triton)
        return lambda texts, done: served(texts, lambda count: done(count, len(texts)))
    local = subprocess_encoder(server_python(CHECKOUT))
    return lambda texts, done: embed(texts, local, done=done)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlu.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL_REPOSITORY, help="model repository to export to")
    parser.add_argument("--triton", metavar="URL", help="embed through this Triton (gRPC) instead of in a process")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--evaluate-only", action="store_true", help="cross-validate and print, write nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

"""Logits of two classifiers on the same test rows in, the comparison out: as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from nlu.train.embeddings import Embeddings
from nlu.train.finetune.data import Rows, Split
from nlu.train.head import STRENGTHS, TrainingSet, calibrate, softmax, train
from nlu.train.ngrams import matrix
from nlu.train.report import Scores, score

Logits = NDArray[np.float64]


def judged(
    development: Logits, test: Logits, split: Split, names: Sequence[str], strength: float = 0.0
) -> tuple[Scores, float]:
    """Scores on the test rows with the temperature of the development rows, and that temperature."""
    temperature = calibrate(development, split.development.labels)
    languages = [example.language for example in split.test.examples]
    found = softmax(test / temperature)
    return score(found, split.test.labels, languages, names, strength, temperature), temperature


def linear_head(vectors: Mapping[str, Embeddings], split: Split, names: Sequence[str]) -> tuple[Scores, float]:
    """The head that ships, embeddings and n-grams, trained on the same rows. ``vectors`` by the side of the split."""
    rows: Rows = split.train
    source = np.arange(len(rows.labels))
    data = TrainingSet(vectors["train"], matrix(rows.texts), source, rows.labels, tuple(names))
    head = train(data, STRENGTHS[0], 1.0)
    development, test = (
        np.asarray(head.logits(vectors[side], matrix(of.texts)), dtype=np.float64)
        for side, of in (("development", split.development), ("test", split.test))
    )
    return judged(development, test, split, names, STRENGTHS[0])


def compared(linear: Scores, tuned: Scores, split: Split) -> dict[str, Any]:
    """What ``report.json`` of a run holds."""
    return {
        "rows": {"train": len(split.train.labels), "development": len(split.development.labels),
                 "test": len(split.test.labels)},
        "linear": _figures(linear),
        "fine_tuned": _figures(tuned),
        "wins": tuned.macro_f1 > linear.macro_f1,
    }  # fmt: skip


def table(comparison: Mapping[str, Any]) -> Table:
    """Both classifiers beside each other."""
    shown = Table(title=f"held out: {comparison['rows']['test']} rows; {comparison['rows']['train']} trained on")
    for column in ("", "linear", "fine-tuned"):
        shown.add_column(column, justify="right" if column else "left")
    for figure, value in comparison["linear"].items():
        shown.add_row(figure.replace("_", " "), _cell(value), _cell(comparison["fine_tuned"][figure]))
    return shown


def _figures(scores: Scores) -> dict[str, float | None]:
    by_language = {f"accuracy_{name}": round(one.accuracy, 4) for name, one in scores.languages.items()}
    return {
        "accuracy": round(scores.accuracy, 4),
        "macro_f1": round(scores.macro_f1, 4),
        **by_language,
        "ece": round(scores.ece, 4),
        "oos_recall": None if scores.oos_recall is None else round(scores.oos_recall, 4),
        "temperature": round(scores.temperature, 4),
    }


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

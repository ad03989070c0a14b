"""Held-out probabilities in, ``Scores`` out: as JSON for report.json and as rich tables for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from sklearn.metrics import confusion_matrix, f1_score

from inference_server.contracts import INTENT_TOP_K
from nlu.domains import DEFAULT, OUT_OF_SCOPE
from nlu.scope import in_scope
from nlu.types import ScoredLabel

REPORT = Path(__file__).with_name("report.json")
IN_SCOPE_ACCEPTANCE = 0.95
_ECE_BINS = 15
_QUANTILES = 400


class ReportError(ValueError):
    """The report is not there or of another form; train again."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Held-out scores of our own utterances that are in scope: what is sure enough to be some business of ours."""

    share: float
    """Of them that the threshold accepts."""
    threshold: float
    scores: tuple[float, ...]
    """Their quantiles, evenly spaced, rising."""

    def auroc(self, out_of_scope: NDArray[np.float64]) -> float | None:
        """The chance that one of ours scores above one of ``out_of_scope``; None for none."""
        if not len(out_of_scope):
            return None
        ours = np.array(self.scores)
        above = len(ours) - np.searchsorted(ours, out_of_scope, side="right")
        level = np.searchsorted(ours, out_of_scope, side="right") - np.searchsorted(ours, out_of_scope, side="left")
        return round(float((above + level / 2).mean() / len(ours)), 4)


def report_path(domain: str) -> Path:
    """Where the training of ``domain`` writes its scores."""
    return REPORT if domain == DEFAULT else REPORT.with_name(f"report.{domain}.json")


def load_acceptance(path: Path = REPORT) -> Acceptance:
    """As the last training found it. Raises ``ReportError``."""
    try:
        found = json.loads(path.read_text("utf-8"))["intent"]["acceptance"]
        return Acceptance(found["share"], found["threshold"], tuple(found["scores"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path}: no acceptance in it; run 'python -m nlu.train'") from error


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """Held-out result in one language."""

    examples: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """``count`` examples of ``label`` were taken for ``taken_for``."""

    label: str
    taken_for: str
    count: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Held-out quality of one head, by 5-fold cross-validation over its own data."""

    examples: int
    accuracy: float
    macro_f1: float
    accuracy_as_heard: float
    """On the variants: no punctuation, fillers, other digits."""
    ece: float
    """Expected calibration error, 15 bins of equal width."""
    strength: float
    temperature: float
    languages: dict[str, LanguageScore]
    f1: dict[str, float]
    """By label."""
    confusions: tuple[Confusion, ...]
    """Most frequent first."""
    matrix: tuple[tuple[int, ...], ...]
    """Rows are labels, columns what they were taken for."""
    oos_recall: float | None = None
    """Share of our out-of-scope examples refused at the threshold that accepts 95 % of the rest."""
    acceptance: Acceptance | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, rounded to four digits, those of ``acceptance`` to six."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded | ({} if self.acceptance is None else {"acceptance": asdict(self.acceptance)})


def score(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    languages: Sequence[str],
    names: Sequence[str],
    strength: float,
    temperature: float,
) -> Scores:
    """``probabilities`` [rows, labels] and ``truth`` [rows]; the first ``len(languages)`` rows are examples as written,
    the others their variants.
    """
    written = len(languages)
    acceptance = accepting(probabilities[:written], truth[:written], names)
    guess = probabilities.argmax(axis=1)
    matrix = confusion_matrix(truth[:written], guess[:written], labels=range(len(names)))
    by_label = f1_score(truth[:written], guess[:written], labels=range(len(names)), average=None, zero_division=0)
    return Scores(
        examples=written,
        accuracy=float((guess == truth)[:written].mean()),
        macro_f1=float(by_label.mean()),
        accuracy_as_heard=float((guess == truth)[written:].mean()) if len(truth) > written else float("nan"),
        ece=expected_calibration_error(probabilities[:written], truth[:written]),
        strength=strength,
        temperature=temperature,
        languages={
            language: _language_score(truth[:written], guess[:written], np.array([x == language for x in languages]))
            for language in sorted(set(languages), reverse=True)
        },
        f1={name: float(value) for name, value in zip(names, by_label, strict=True)},
        confusions=_confusions(matrix, names),
        matrix=tuple(tuple(int(x) for x in row) for row in matrix),
        oos_recall=_oos_recall(probabilities[:written], truth[:written], names, acceptance),
        acceptance=acceptance,
    )


def expected_calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Mean distance of confidence from accuracy over bins of equal width, weighted by their size."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * _ECE_BINS).astype(int), _ECE_BINS - 1)
    gaps = [
        abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
        for b in range(_ECE_BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def render(title: str, scores: Scores) -> RenderableType:
    """Scores, confusion matrix and the most frequent confusions."""
    return Group(_summary(title, scores), _matrix(scores), _confusion_table(scores))


def accepting(probabilities: NDArray[np.float64], truth: NDArray[np.int64], names: Sequence[str]) -> Acceptance | None:
    """The scores of what is in scope; None where no label says what is not."""
    if OUT_OF_SCOPE not in names:
        return None
    ours = _in_scope(probabilities, names)[truth != list(names).index(OUT_OF_SCOPE)]
    quantiles = np.quantile(ours, np.linspace(0, 1, min(_QUANTILES, len(ours))))
    threshold = float(np.quantile(ours, 1 - IN_SCOPE_ACCEPTANCE))
    return Acceptance(IN_SCOPE_ACCEPTANCE, threshold, tuple(round(float(score), 6) for score in quantiles))


def _in_scope(probabilities: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
    """As the product scores what the model answers: from the best few labels."""
    best = np.argsort(-probabilities, axis=1)[:, :INTENT_TOP_K]
    return np.array(
        [
            in_scope([ScoredLabel(names[index], float(row[index])) for index in order])
            for row, order in zip(probabilities, best, strict=True)
        ]
    )


def _oos_recall(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], names: Sequence[str], acceptance: Acceptance | None
) -> float | None:
    if acceptance is None:
        return None
    theirs = truth == list(names).index(OUT_OF_SCOPE)
    return float((_in_scope(probabilities, names)[theirs] < acceptance.threshold).mean()) if theirs.any() else None


def _language_score(truth: NDArray[np.int64], guess: NDArray[np.int64], of: NDArray[np.bool_]) -> LanguageScore:
    f1 = f1_score(truth[of], guess[of], average="macro", zero_division=0)
    return LanguageScore(int(of.sum()), float((truth == guess)[of].mean()), float(f1))


def _confusions(matrix: NDArray[np.int64], names: Sequence[str]) -> tuple[Confusion, ...]:
    found = [
        Confusion(names[row], names[column], int(matrix[row, column]))
        for row in range(len(names))
        for column in range(len(names))
        if row != column and matrix[row, column]
    ]
    return tuple(sorted(found, key=lambda c: (-c.count, c.label, c.taken_for)))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value


def _summary(title: str, scores: Scores) -> Table:
    table = Table(title=f"{title}: held out, 5 folds, {scores.examples} examples")
    for column in ("accuracy", "macro F1", "as heard", "ECE", "OOS recall", "C", "T"):
        table.add_column(column, justify="right")
    for language in scores.languages:
        table.add_column(f"{language} accuracy", justify="right")
    table.add_row(
        f"{scores.accuracy:.3f}",
        f"{scores.macro_f1:.3f}",
        f"{scores.accuracy_as_heard:.3f}",
        f"{scores.ece:.3f}",
        "-" if scores.oos_recall is None else f"{scores.oos_recall:.3f}",
        f"{scores.strength:g}",
        f"{scores.temperature:.2f}",
        *(f"{one.accuracy:.3f}" for one in scores.languages.values()),
    )
    return table


def _matrix(scores: Scores) -> Table:
    table = Table(title="confusion matrix (rows: label, columns: taken for)", padding=0, box=None)
    table.add_column("", no_wrap=True)
    table.add_column("  F1", justify="right", no_wrap=True)
    for index in range(len(scores.f1)):
        table.add_column(f"{index:4d}", justify="right", no_wrap=True)
    for index, (name, f1) in enumerate(scores.f1.items()):
        row = scores.matrix[index]
        cells = (f"[bold]{n}[/]" if i == index else (str(n) if n else "[dim]·[/]") for i, n in enumerate(row))
        table.add_row(f"{index:2d} {name}", f"{f1:.2f}", *cells)
    return table


def _confusion_table(scores: Scores, most: int = 12) -> Table:
    table = Table(title="most frequent confusions")
    for column in ("label", "taken for", "count"):
        table.add_column(column)
    for confusion in scores.confusions[:most]:
        table.add_row(confusion.label, confusion.taken_for, str(confusion.count))
    return table

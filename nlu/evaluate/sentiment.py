"""Reviews that are good or bad in, two-way scores of the three-way sentiment head out.

Rows ``text, label`` with label 1 good, 0 bad. The head has a third answer, neutral; what is compared is the
probability of positive with that of negative, and the share of reviews whose best label was neutral is told beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn.metrics import f1_score, roc_auc_score

from nlu.evaluate.product import Product
from nlu.evaluate.rows import Row, RowsError
from nlu.normalize import normalize

_GOOD = {"1": True, "positive": True, "0": False, "negative": False}


def sentiment(rows: Sequence[Row], product: Product) -> dict[str, Any]:
    """Accuracy and macro F1, by category too where the rows name one. Raises ``RowsError`` for another label."""
    if strange := sorted({str(row["label"]) for row in rows} - set(_GOOD)):
        raise RowsError(f"labels are 0 and 1, not {', '.join(strange)}")
    truth = [_GOOD[str(row["label"])] for row in rows]
    moods = product.moods([normalize(row["text"]).text for row in rows])
    good = [mood["positive"] > mood["negative"] for mood in moods]
    leaning = [mood["positive"] - mood["negative"] for mood in moods]
    categories = sorted({str(row["category"]) for row in rows if "category" in row})
    return {
        "task": "sentiment",
        "n": len(rows),
        "accuracy": _accuracy(truth, good),
        "macro_f1": round(float(f1_score(truth, good, average="macro", zero_division=0)), 4),
        "auroc": round(float(roc_auc_score(truth, leaning)), 4) if len(set(truth)) == 2 else None,
        "neutral": _accuracy(
            [True] * len(moods), [max(mood, key=lambda key: mood[key]) == "neutral" for mood in moods]
        ),
        "categories": {category: _accuracy(*_of(category, rows, truth, good)) for category in categories},
    }


def _accuracy(truth: Sequence[bool], said: Sequence[bool]) -> float:
    return round(sum(t == s for t, s in zip(truth, said, strict=True)) / len(truth), 4)


def _of(
    category: str, rows: Sequence[Row], truth: Sequence[bool], good: Sequence[bool]
) -> tuple[list[bool], list[bool]]:
    chosen = [index for index, row in enumerate(rows) if "category" in row and str(row["category"]) == category]
    return [truth[index] for index in chosen], [good[index] for index in chosen]

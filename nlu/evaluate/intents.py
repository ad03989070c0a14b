"""Parses and the classes a data set gives the same texts in, accuracy and macro F1 out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from nlu.domains import OUT_OF_SCOPE
from nlu.evaluate.mapping import Classes
from nlu.evaluate.product import Product
from nlu.evaluate.rows import Row
from nlu.train.report import expected_calibration_error
from nlu.types import Parse

Scores = dict[str, Any]
_MOST_CONFUSIONS = 40


def cic(rows: Sequence[Row], product: Product, classes: Classes) -> Scores:
    """Rows ``text, coarse``: accuracy over the coarse groups by the best label that has a group."""
    parses = product.understand([row["text"] for row in rows])
    truth = [str(row["coarse"]) for row in rows]
    answers = [classes.answer(_labels(parse), of) for parse, of in zip(parses, truth, strict=True)]
    found = compare(truth, answers)
    return {
        "task": "cic",
        "n": len(rows),
        "coarse_accuracy": found["accuracy"],
        "macro_f1": found["macro_f1"],
        "ece": _ece(parses, truth, answers),
        "refused": _share([parse.intent == OUT_OF_SCOPE for parse in parses]),
        "groups": found["classes"],
        "confusions": found["confusions"],
        "labels": confused_labels(parses, truth, answers),
    }


def bitext(rows: Sequence[Row], product: Product, classes: Classes) -> Scores:
    """Rows ``text, intent, category``: what is right for an intent is right for its category too."""
    parses = product.understand([row["text"] for row in rows])
    truth = [str(row["intent"]) for row in rows]
    found = compare(truth, [classes.answer([parse.intent], of) for parse, of in zip(parses, truth, strict=True)])
    by_category = _by_category(rows, classes)
    categories = [str(row["category"]) for row in rows]
    wide = [by_category.answer([parse.intent], of) for parse, of in zip(parses, categories, strict=True)]
    broad = compare(categories, wide)
    return {
        "task": "bitext",
        "n": len(rows),
        "accuracy": found["accuracy"],
        "macro_f1": found["macro_f1"],
        "category_accuracy": broad["accuracy"],
        "category_macro_f1": broad["macro_f1"],
        "refused": _share([parse.intent == OUT_OF_SCOPE for parse in parses]),
        "intents": found["classes"],
        "categories": broad["classes"],
        "confusions": found["confusions"],
        "labels": confused_labels(parses, categories, wide),
    }


def natcs(rows: Sequence[Row], product: Product, classes: Classes) -> Scores:
    """Rows ``text, intent``: right where the intent has a counterpart, refused where it has none."""
    parses = product.understand([row["text"] for row in rows])
    ours = [index for index, row in enumerate(rows) if row["intent"] in classes.accepted]
    truth = [str(rows[index]["intent"]) for index in ours]
    answers = [classes.answer([parses[index].intent], of) for index, of in zip(ours, truth, strict=True)]
    found = compare(truth, answers)
    others = [parses[index].intent == OUT_OF_SCOPE for index in sorted(set(range(len(rows))) - set(ours))]
    return {
        "task": "natcs",
        "n": len(rows),
        "mapped": len(ours),
        "accuracy": found["accuracy"],
        "macro_f1": found["macro_f1"],
        "unmapped": len(others),
        "unmapped_refused": _share(others),
        "intents": found["classes"],
        "confusions": found["confusions"],
    }


def compare(truth: Sequence[str], answers: Sequence[str]) -> Scores:
    """Accuracy, macro F1 over the classes that occur in ``truth``, each class, and the most frequent confusions."""
    names = sorted(set(truth))
    if not names:
        return {"accuracy": None, "macro_f1": None, "classes": {}, "confusions": []}
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, answers, labels=names, average=None, zero_division=0
    )
    wrong = Counter((of, said) for of, said in zip(truth, answers, strict=True) if of != said)
    return {
        "accuracy": _share([of == said for of, said in zip(truth, answers, strict=True)]),
        "macro_f1": round(float(f1.mean()), 4),
        "classes": {
            name: {
                "n": int(support[index]),
                "precision": round(float(precision[index]), 4),
                "recall": round(float(recall[index]), 4),
                "f1": round(float(f1[index]), 4),
            }
            for index, name in enumerate(names)
        },
        "confusions": [
            {"of": of, "taken_for": said or "none", "count": count}
            for (of, said), count in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CONFUSIONS]
        ],
    }


def confused_labels(parses: Sequence[Parse], truth: Sequence[str], answers: Sequence[str]) -> list[Scores]:
    """Our labels behind the wrong answers, most frequent first."""
    wrong = Counter((of, parse.intent) for parse, of, said in zip(parses, truth, answers, strict=True) if of != said)
    ordered = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CONFUSIONS]
    return [{"of": of, "label": label, "count": count} for (of, label), count in ordered]


def _labels(parse: Parse) -> list[str]:
    """The product's judgement first, then what the classifier thought."""
    return [parse.intent, *(found.label for found in parse.alternatives if found.label != parse.intent)]


def _by_category(rows: Sequence[Row], classes: Classes) -> Classes:
    accepted: dict[str, tuple[str, ...]] = {}
    for category, intent in sorted({(str(row["category"]), str(row["intent"])) for row in rows}):
        labels = (*accepted.get(category, ()), *classes.accepted.get(intent, ()))
        accepted[category] = tuple(dict.fromkeys(labels))
    return Classes(classes.name, accepted, classes.pass_over)


def _ece(parses: Sequence[Parse], truth: Sequence[str], answers: Sequence[str]) -> float:
    """Of the best label's probability against its group being right."""
    confidence = np.array([parse.alternatives[0].score for parse in parses])
    right = np.array([of == said for of, said in zip(truth, answers, strict=True)])
    # Two columns make the binary case of what the report measures: column 0 is "right".
    columns = np.stack([confidence, np.zeros_like(confidence)], axis=1)
    return round(expected_calibration_error(columns, np.where(right, 0, 1)), 4)


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None

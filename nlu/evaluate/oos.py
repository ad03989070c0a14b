"""Utterances that are no business of ours in, how many of them are recognised as such out.

Rows ``text, intent``; intent ``oos`` is out of scope by the data set's own word. Its other intents (CLINC150 has 150,
of banks, kitchens and cars) are right where ``mappings/clinc.yaml`` has a counterpart and should be refused otherwise.

What is in scope comes from nowhere but our own utterances, each scored by a head that did not see it: the threshold
that accepts 95 % of them (``nlu/train/report.json``) is what OOS recall is taken at, and AUROC sets their scores
against those of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlu.domains import OUT_OF_SCOPE
from nlu.evaluate.intents import compare
from nlu.evaluate.mapping import Classes
from nlu.evaluate.product import Product
from nlu.evaluate.rows import Row
from nlu.scope import in_scope
from nlu.train.report import Acceptance

OOS = "oos"


def oos(rows: Sequence[Row], product: Product, classes: Classes, own: Acceptance) -> dict[str, Any]:
    """OOS recall at 95 % acceptance of our own, AUROC, and what the product itself refuses."""
    parses = product.understand([row["text"] for row in rows])
    names = [str(row["intent"]) for row in rows]
    scores = np.array([in_scope(parse.alternatives) for parse in parses])
    refused = np.array([parse.intent == OUT_OF_SCOPE for parse in parses])
    out = np.array([name == OOS for name in names])
    ours = np.array([name in classes.accepted for name in names])
    others = ~out & ~ours
    known = [index for index in range(len(rows)) if ours[index]]
    truth = [names[index] for index in known]
    found = compare(truth, [classes.answer([parses[index].intent], names[index]) for index in known])
    return {
        "task": "oos",
        "n": len(rows),
        "oos": int(out.sum()),
        "in_scope_acceptance": own.share,
        "threshold": round(own.threshold, 4),
        "oos_recall": _mean(scores[out] < own.threshold),
        "auroc": own.auroc(scores[out]),
        "oos_refused_by_product": _mean(refused[out]),
        "other_business": int(others.sum()),
        "other_business_recall": _mean(scores[others] < own.threshold),
        "other_business_refused_by_product": _mean(refused[others]),
        "in_common": len(known),
        "in_common_accuracy": found["accuracy"],
    }


def _mean(values: Any) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None

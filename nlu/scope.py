"""Whether a message is any of our business: the classifier's labels in, one score out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from nlu.domains import OUT_OF_SCOPE
from nlu.types import ScoredLabel


def in_scope(labels: Sequence[ScoredLabel]) -> float:
    """0 (surely not) to 1, of a message's best labels, best first: what is left beside ``out_of_scope``. Where that
    is not among them it has at most the probability of the last."""
    last = labels[-1].score if len(labels) > 1 else 0.0
    return 1 - next((label.score for label in labels if label.label == OUT_OF_SCOPE), last)

"""How well what is bought together is known: one item of a basket is held out and asked for by the rest.

In: baskets, JSON lines with ``items``; the first four fifths are counted, the last fifth is asked. Out: recall at 5 of
the counts, of the cosine, and of what is popular, which knows nothing of the basket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dialogue.evaluate.retrieval import DataError
from dialogue.goods.co_purchase import CoPurchase

AT = 5
_LEARNT = 0.8


def measured(path: Path) -> dict[str, Any]:
    """Scores of one file. Raises ``DataError``."""
    return scores(load(path))


def load(path: Path) -> tuple[tuple[str, ...], ...]:
    """The baskets, in the file's order, each item once. Raises ``DataError``: the file, the line, what is wrong."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    return tuple(_basket(path, place, line) for place, line in enumerate(lines, 1) if line.strip())


def scores(baskets: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Recall at 5 by scorer. Baskets of one item cannot be asked."""
    cut = int(len(baskets) * _LEARNT)
    counts = CoPurchase(baskets[:cut])
    asked = [basket for basket in baskets[cut:] if len(basket) > 1]
    popular = [item for item, _ in sorted(counts.popular.items(), key=lambda pair: (-pair[1], pair[0]))]

    def most_popular(rest: Sequence[str]) -> Sequence[str]:
        return [item for item in popular if item not in rest][:AT]

    return {
        "baskets": len(baskets),
        "asked": sum(len(basket) for basket in asked),
        "times": _recall(asked, lambda rest: counts.with_basket(rest, AT)),
        "cosine": _recall(asked, lambda rest: counts.with_basket(rest, AT, measure="cosine")),
        "popular": _recall(asked, most_popular),
    }


def _recall(asked: Sequence[Sequence[str]], suggest: Callable[[Sequence[str]], Sequence[str]]) -> float:
    hits = [held in suggest([item for item in basket if item != held]) for basket in asked for held in basket]
    return round(sum(hits) / len(hits), 4) if hits else 0.0


def _basket(path: Path, place: int, line: str) -> tuple[str, ...]:
    try:
        items = json.loads(line)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}:{place}: a JSON object with items is expected") from error
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise DataError(f"{path}:{place}: items must be a list of names")
    return tuple(dict.fromkeys(items))

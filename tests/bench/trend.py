"""Whether something grows: the Theil-Sen slope, which one garbage collection or one burst of calls does not move."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def theil_sen(points: Sequence[tuple[float, float]]) -> float | None:
    """Median of the slopes between all pairs of (x, y); None with fewer than two different x."""
    slopes = [
        (y2 - y1) / (x2 - x1) for number, (x1, y1) in enumerate(points) for x2, y2 in points[number + 1 :] if x2 != x1
    ]
    return median(slopes) if slopes else None

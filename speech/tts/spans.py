"""Cuts a vocoder's frames into spans, so that the first can be heard while the rest is not yet made. Pure.

A convolution hears only so far. Given that many frames on either side, a span comes out as it would in one run:

    frames    0 ....................................... total
    spans     [ first ][   growth times first   ][ ... ]
    is run    [-------->    its context
                  <----[------------------------]---->
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_GROWTH = 3
"""Synthesis is ten times faster than speech, so every span can be longer than the one that plays meanwhile."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames ``start`` up to, not including, ``stop``."""

    start: int
    stop: int

    def grown(self, context: int, total: int) -> Span:
        """With ``context`` frames more on both sides, as far as there are any."""
        return Span(max(0, self.start - context), min(total, self.stop + context))


def spans(total: int, *, first: int, most: int) -> Iterator[Span]:
    """Spans that together cover ``total`` frames: ``first`` long, then growing to ``most``.

    The last takes up to twice as much, so that no run is spent on a crumb.
    """
    start, size = 0, min(first, most)
    while total - start > 2 * size:
        yield Span(start, start + size)
        start, size = start + size, min(size * _GROWTH, most)
    if start < total:
        yield Span(start, total)

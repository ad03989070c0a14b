"""Spans of a vocoder: they cover all frames once, begin short and stay bounded."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.tts.spans import Span, spans


@pytest.mark.parametrize(
    ("total", "ends"),
    [
        (0, []),
        (1, [1]),
        (64, [64]),
        (65, [32, 65]),
        (200, [32, 200]),
        (333, [32, 128, 333]),
        (700, [32, 128, 288, 448, 700]),
    ],
)
def test_they_begin_short_and_grow(total: int, ends: list[int]) -> None:
    assert [span.stop for span in spans(total, first=32, most=160)] == ends


@given(st.integers(0, 5000), st.integers(1, 300), st.integers(1, 300))
def test_every_frame_is_in_exactly_one(total: int, first: int, most: int) -> None:
    found = list(spans(total, first=first, most=most))
    assert all(before.stop == after.start for before, after in pairwise(found))
    assert (found[0].start, found[-1].stop) == (0, total) if total else not found
    assert all(0 < span.stop - span.start <= 2 * most for span in found)


def test_context_ends_where_the_clause_does() -> None:
    assert Span(0, 32).grown(18, 40) == Span(0, 40)
    assert Span(30, 32).grown(5, 40) == Span(25, 37)
